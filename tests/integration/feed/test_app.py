"""The feed over HTTP, on a real server: what a product reads, and who may."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tests.integration.uvicorn_thread import serving_app
from winback.clock import SimulatedClock
from winback.feed.app import make_feed
from winback.store.answers import FeedItem
from winback.store.store import Store
from winback.testing.world import NOON

TOKEN = "t" * 40
WHO = {"account": "acme", "contact": "acme-ann"}


def put(store: Store, *keys: str, **changes: Any) -> None:
    with store.write("test") as session:
        for key in keys:
            values = {"subject": f"About {key}", "body": "Hello\n", "language": "en", "at": NOON, **WHO, **changes}
            session.add(FeedItem(key=key, **values))
            session.flush()


@pytest.fixture
def client(store: Store) -> Iterator[httpx.Client]:
    """A product's server that knows the token."""
    app = make_feed(store, [SecretStr(TOKEN), SecretStr("o" * 40)], SimulatedClock(NOON + timedelta(hours=1)))
    with (
        serving_app(app) as address,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {TOKEN}"}) as client,
    ):
        yield client


def test_a_contact_has_their_own_messages(client: httpx.Client, store: Store) -> None:
    """All that a product shows, and nothing of anybody else; a key alone is nobody, since accounts share keys."""
    put(store, "a")
    put(store, "b", account="bolt")
    put(store, "c", contact="other")
    answer = client.get("/v1/feed", params=WHO)
    assert answer.status_code == 200
    assert answer.json() == {
        "items": [
            {"id": 1, "subject": "About a", "body": "Hello\n", "language": "en", "at": "2026-05-12T10:00:00Z",
             "seen": False},
        ],
        "next": None,
    }  # fmt: skip
    assert client.get("/v1/feed", params={**WHO, "contact": "nobody"}).json() == {"items": [], "next": None}


def test_pages_go_on_where_the_last_one_ended(client: httpx.Client, store: Store) -> None:
    """Following `next` reads each message once, in order; a poll from the last id reads what is new."""
    put(store, *"abcde")
    read: list[str] = []
    after: int | None = 0
    while after is not None:
        page = client.get("/v1/feed", params={**WHO, "after": after, "limit": 2}).json()
        read += [one["subject"] for one in page["items"]]
        after = page["next"]
    assert read == [f"About {key}" for key in "abcde"]
    put(store, "f")
    found = client.get("/v1/feed", params={**WHO, "after": 5}).json()
    assert [one["id"] for one in found["items"]] == [6]


def test_seen_is_written_down_once(client: httpx.Client, store: Store) -> None:
    """The first time counts; an unknown message is none."""
    put(store, "a")
    first = client.post("/v1/feed/1/seen")
    assert (first.status_code, first.json()) == (200, {"id": 1, "seen_at": "2026-05-12T11:00:00Z"})
    assert client.post("/v1/feed/1/seen").json() == first.json()
    assert client.get("/v1/feed", params=WHO).json()["items"][0]["seen"] is True
    assert client.post("/v1/feed/2/seen").status_code == 404
    assert client.get("/v1/feed/1/seen").status_code == 405


def test_what_is_known_is_not_sent_again(client: httpx.Client, store: Store) -> None:
    """The tag holds until something changes, a message seen included."""
    put(store, "a")
    first = client.get("/v1/feed", params=WHO)
    tag = first.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get("/v1/feed", params=WHO, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert client.get("/v1/feed", params=WHO, headers={"If-None-Match": '"other"'}).status_code == 200
    client.post("/v1/feed/1/seen")
    assert client.get("/v1/feed", params=WHO, headers={"If-None-Match": tag}).status_code == 200
    assert first.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    "given", ["", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}", TOKEN]
)
def test_nobody_reads_without_the_token(client: httpx.Client, store: Store, given: str) -> None:
    """Nothing is read or changed, and the answer does not say what was given."""
    put(store, "a")
    for method, path in (("GET", "/v1/feed"), ("POST", "/v1/feed/1/seen")):
        answer = client.request(method, path, params=WHO, headers={"Authorization": given})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert TOKEN[:-1] not in answer.text
    assert client.get("/v1/feed", params=WHO).json()["items"][0]["seen"] is False


def test_either_token_opens_while_they_are_being_changed(client: httpx.Client) -> None:
    """The scheme's case does not matter."""
    assert client.get("/v1/feed", params=WHO, headers={"Authorization": f"bearer {'o' * 40}"}).status_code == 200


@pytest.mark.parametrize(
    "params",
    [
        {"account": "acme"},
        {**WHO, "after": -1},
        {**WHO, "after": 2**40},
        {**WHO, "limit": 0},
        {**WHO, "limit": 101},
        {**WHO, "contact": ""},
        {**WHO, "contact": "a\0b"},
        {**WHO, "contact": "a" * 201},
    ],
)
def test_what_makes_no_sense_is_refused(client: httpx.Client, params: dict[str, Any]) -> None:
    """With 422 and the reason, never with an error of the database."""
    assert client.get("/v1/feed", params=params).status_code == 422


def test_numbers_that_no_row_has_are_refused(client: httpx.Client) -> None:
    """Also such as no database could hold."""
    for number in ("0", "-1", str(2**70), "x"):
        assert client.post(f"/v1/feed/{number}/seen").status_code == 422


def test_a_feed_that_is_open_to_everybody_is_not_made(store: Store) -> None:
    """Without a token, or with an empty one, there is none."""
    for tokens in ([], [SecretStr("")]):
        with pytest.raises(ValueError, match="open to everybody"):
            make_feed(store, tokens, SimulatedClock(NOON))
