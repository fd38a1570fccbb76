"""The feed over HTTP, for the server of the customer's product: JSON alone, behind a bearer token."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Path, Query, Request, Response
from pydantic import SecretStr

from winback import __version__
from winback.clock import Clock
from winback.feed.item import MOST, Page, Seen, page_of, see
from winback.store.store import Store

LARGEST = 2**31 - 1
HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization", "X-Content-Type-Options": "nosniff"}
Key = Annotated[str, Query(pattern=r"^[^\x00]{1,200}$", description="As your usage and people files name it.")]
After = Annotated[int, Query(ge=0, le=LARGEST, description="Messages with a higher id; 0 from the first one on.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Most messages in the answer.")]
Number = Annotated[int, Path(ge=1, le=LARGEST)]
Known = Annotated[str | None, Header(alias="If-None-Match")]


def make_feed(store: Store, tokens: Sequence[SecretStr], clock: Clock) -> FastAPI:
    """The application, to be served by itself or mounted.

    Whoever has one of `tokens` reads every contact's messages: it is for a server, never for a browser.

    Raises:
        ValueError: there is no token, or an empty one.
    """
    if not tokens or not all(one.get_secret_value() for one in tokens):
        raise ValueError("a feed without a token would be open to everybody")

    def admit(request: Request) -> None:
        if not _is_known(request.headers.get("Authorization", ""), tokens):
            headers = {**HEADERS, "WWW-Authenticate": 'Bearer realm="winback feed"'}
            raise HTTPException(401, "give the feed's token as a bearer token", headers)

    app = FastAPI(
        title="Winback feed", version=__version__, docs_url=None, redoc_url=None, openapi_url=None,
        dependencies=[Depends(admit)],
    )  # fmt: skip

    @app.get("/v1/feed", response_model=Page)
    def feed(account: Key, contact: Key, after: After = 0, limit: Limit = 50, known: Known = None) -> Response:
        """One contact's messages, the oldest first."""
        with store.read() as session:
            body = page_of(session, account, contact, after, limit).model_dump_json().encode()
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {**HEADERS, "ETag": tag}
        if known is not None and _holds(known, tag):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    @app.post("/v1/feed/{item}/seen")
    def seen(item: Number, response: Response) -> Seen:
        """The person has seen it; saying so again changes nothing."""
        with store.write("feed_seen") as session:
            found = see(session, item, clock.now())
        if found is None:
            raise HTTPException(404, "there is no such message", HEADERS)
        response.headers.update(HEADERS)
        return found

    return app


def _is_known(given: str, tokens: Sequence[SecretStr]) -> bool:
    """Compared in constant time, with every token, whatever is given."""
    scheme, _, token = given.partition(" ")
    same = [secrets.compare_digest(token.strip().encode(), one.get_secret_value().encode()) for one in tokens]
    return scheme.lower() == "bearer" and any(same)


def _holds(known: str, tag: str) -> bool:
    """Whether If-None-Match (RFC 9110) names what would be sent; the comparison is weak, as it is to be."""
    return known.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in known.split(",")}
