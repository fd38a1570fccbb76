"""localstripe on loopback: `PORT` as it is, `PORT taught` with what else of Stripe the connector uses.

It is localstripe's own application and store. Here it binds to loopback only, writes no file, and can be told
by `/_config/trouble` how to fail once. Taught, it also takes prices, an end given together with a new
subscription, settings of trials, new metadata of a subscription, and idempotency keys, which localstripe alone
ignores or refuses.
"""

import json
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from localstripe import resources, server

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

troubles: list[dict[str, Any]] = []
calls: list[str] = []
answers: dict[str, tuple[bytes, int, bytes]] = {}


@web.middleware
async def trouble(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What a call is told to come to.

    `status`: answer with it; `done`: with it after the call was carried out; `lose`: hang up after it was
    carried out; `drop`: before that.
    """
    if request.path.startswith("/_config/"):
        return await handler(request)
    calls.append(f"{request.method} {request.path}")
    due = next((one for one in troubles if calls[-1].startswith(one["call"])), None)
    if due is None:
        return await handler(request)
    troubles.remove(due)
    if due["what"] == "done":
        await handler(request)
    if due["what"] in ("status", "done"):
        return web.json_response({"error": due["error"]}, status=due["status"])
    if due["what"] == "lose":
        await handler(request)
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@web.middleware
async def idempotent(request: web.Request, handler: Handler) -> web.StreamResponse:
    """As Stripe does: the first answer again, and an error when the same key comes with other values."""
    key = request.headers.get("Idempotency-Key")
    if request.method != "POST" or key is None:
        return await handler(request)
    asked = request.path.encode() + await request.read()
    if key not in answers:
        answer = await handler(request)
        assert isinstance(answer, web.Response)
        assert isinstance(answer.body, bytes)
        answers[key] = asked, answer.status, answer.body
    before, status, body = answers[key]
    if before != asked:
        error = {"type": "idempotency_error", "message": "Keys can only be used with the same parameters"}
        return web.json_response({"error": error}, status=400)
    return web.Response(body=body, status=status, content_type="application/json")


async def configure(request: web.Request) -> web.Response:
    """Take a trouble, or forget the keys as Stripe does after a day; answer with the calls so far."""
    match await request.json():
        case {"forget": True}:
            answers.clear()
        case {"call": _} as found:
            troubles.append(found)
    return web.json_response(calls)


def teach() -> None:
    """Make localstripe take a subscription in one call."""
    create = resources.Subscription._api_create.__func__

    def taught(
        cls: Any, items: Any = None, cancel_at_period_end: Any = None, trial_settings: Any = None, **data: Any
    ) -> Any:
        items = [{"plan": one.pop("price"), **one} for one in items]
        made = create(cls, items=items, **data)
        made.cancel_at_period_end = cancel_at_period_end == "true"
        made.trial_settings = trial_settings
        made.status = "trialing" if made.trial_end else made.status
        return made

    update = resources.Subscription._update

    def keeping(self: Any, metadata: Any = None, **data: Any) -> None:
        update(self, **data)
        self.metadata.update(metadata or {})

    resources.Subscription._api_create = classmethod(taught)
    resources.Subscription._update = keeping
    server.app.router.add_get("/v1/prices/{id}", server.api_retrieve(resources.Plan, "/v1/prices/{id}"))
    server.app.middlewares.insert(0, idempotent)


def main(port: int, *, taught: bool) -> None:
    """Serve until killed."""
    resources.Store.dump_to_disk = lambda _self: None
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    if taught:
        teach()
    server.app.middlewares.insert(0, trouble)
    server.app.router.add_post("/_config/trouble", configure)
    web.run_app(server.app, host="127.0.0.1", port=port, print=lambda text: sys.stderr.write(json.dumps(text)))


if __name__ == "__main__":
    main(int(sys.argv[1]), taught="taught" in sys.argv[2:])
