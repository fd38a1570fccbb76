"""The door for a mail provider's webhooks: signed requests alone, each fact once."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlmodel import select
from standardwebhooks import Webhook as Provider

from tests.integration.pages.site import Site, dump, site, with_pages
from winback.errors import InputError
from winback.pages.app import make_pages
from winback.pages.hook import HOOK
from winback.settings_channels import Inbox
from winback.store.models import Contact, Interaction
from winback.usage.drop import DropKind
from workers.services import Services

OLD, NEW, OTHER = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"a", b"b", b"c"))
DOCUMENT = (Path(__file__).parents[3] / "docs" / "inbox.md").read_text(encoding="utf-8")
ADDRESS = "acme-ann@example.com"


def with_secrets(services: Services, *secrets: str) -> Services:
    inbox = Inbox(webhook_secrets=tuple(SecretStr(one) for one in secrets))
    return replace(services, settings=services.settings.model_copy(update={"inbox": inbox}))


@pytest.fixture
def one(services: Services) -> Iterator[Site]:
    with site(with_secrets(services, OLD, NEW), DropKind.FEATURE_FELL) as found:
        yield found


def bounce(one: Site, **changes: Any) -> dict[str, Any]:
    at = one.services.clock.now().isoformat()
    return {"type": "bounce", "key": one.key, "recipient": ADDRESS, "at": at, **changes}


def signed(content: bytes, secret: str = NEW, late: timedelta = timedelta(0)) -> dict[str, str]:
    """The headers with which a provider sends these bytes."""
    now = datetime.now(UTC) - late
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Provider(secret).sign("msg_1", now, content.decode("utf-8", "replace")),
    }


def post(one: Site, told: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    content = told if isinstance(told, bytes) else json.dumps(told).encode()
    return one.client.post(HOOK, content=content, headers=signed(content) if headers is None else headers)


def facts(one: Site) -> list[str]:
    with one.store.read() as session:
        return [str(each.kind) for each in session.exec(select(Interaction)).all()]


@pytest.mark.parametrize("secret", [OLD, NEW], ids=["old", "new"])
def test_a_signed_bounce_is_a_fact(one: Site, secret: str) -> None:
    """With any of the secrets, so that one can be changed without a gap."""
    content = json.dumps(bounce(one)).encode()
    answer = post(one, content, signed(content, secret))
    assert (answer.status_code, answer.text) == (200, "bounce\n")
    assert facts(one) == ["bounce"]


def test_a_complaint_stops(one: Site) -> None:
    """As by mail."""
    assert post(one, bounce(one, type="complaint", hard=True)).text == "complaint\n"
    assert one.row(Contact).unsubscribed_at is not None


def test_a_replayed_request_changes_nothing(one: Site) -> None:
    """The very same bytes and headers again, as a provider repeats what was not answered; later, not at all."""
    content = json.dumps(bounce(one)).encode()
    headers = signed(content)
    assert post(one, content, headers).status_code == 200
    before = dump(one.store)
    again = post(one, content, headers)
    assert (again.status_code, again.text) == (200, "bounce, as before\n")
    assert dump(one.store) == before
    assert post(one, content, signed(content, late=timedelta(minutes=6))).status_code == 401


def test_what_is_not_ours_is_left(one: Site) -> None:
    """It is no mistake of the provider's, so it need not come again."""
    answer = post(one, bounce(one, recipient="ben@example.com"))
    assert (answer.status_code, answer.text) == (
        200, "left: it names another recipient than the message had\n",
    )  # fmt: skip
    assert facts(one) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda _: {},
        lambda good: {**good, "webhook-id": "msg_2"},
        lambda good: {**good, "webhook-timestamp": str(int(good["webhook-timestamp"]) - 1)},
        lambda good: {**good, "webhook-timestamp": "nan"},
        lambda good: {**good, "webhook-signature": "v1"},
        lambda good: {**good, "webhook-signature": "v1,x"},
        lambda good: {**good, "webhook-signature": "v1a," + good["webhook-signature"][3:]},
        lambda good: {name: text for name, text in good.items() if name != "webhook-id"},
    ],
    ids=[
        "unsigned",
        "another id",
        "another time",
        "no time",
        "no signature",
        "no base64",
        "another kind",
        "no id",
    ],
)
def test_what_is_not_signed_is_refused(one: Site, change: Any) -> None:
    """401 in one line, and no row is written."""
    before, content = dump(one.store), json.dumps(bounce(one)).encode()
    answer = post(one, content, change(signed(content)))
    assert (answer.status_code, len(answer.text.splitlines())) == (401, 1)
    assert dump(one.store) == before


def test_other_secrets_other_bytes_other_times(one: Site) -> None:
    """A signature holds for one secret, one content and five minutes."""
    before, content = dump(one.store), json.dumps(bounce(one)).encode()
    assert post(one, content, signed(content, OTHER)).status_code == 401
    assert post(one, content + b" ", signed(content)).status_code == 401
    assert post(one, content, signed(content, late=timedelta(minutes=-6))).status_code == 401
    assert post(one, b"\xff" + content, signed(content)).status_code == 401
    assert dump(one.store) == before


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"bounce",
        b"[]",
        b"[" * 30_000,
        b'{"type": "bounce"}',
        lambda one: bounce(one, key="acme"),
        lambda one: bounce(one, at="2026-05-12T10:00:00"),
        lambda one: bounce(one, sender="ann\n@example.com"),
    ],
    ids=["empty", "words", "list", "deep", "half", "no key", "no zone", "more"],
)
def test_what_is_no_such_document_is_refused(one: Site, told: Any) -> None:
    """400, with one line that says what is wrong; no row is written."""
    before = dump(one.store)
    answer = post(one, told(one) if callable(told) else told)
    assert answer.status_code == 400
    assert len(answer.text.splitlines()) == 1
    assert "docs/inbox.md" in answer.text
    assert dump(one.store) == before


def test_it_is_a_door_for_posts_of_a_bounded_size(one: Site) -> None:
    """And it has the headers that stand on every answer."""
    assert one.client.get(HOOK).status_code == 405
    assert post(one, b" " * 70_000).status_code == 413
    assert post(one, b"").headers["cache-control"] == "no-store"


def test_without_secrets_there_is_no_door(services: Services) -> None:
    """Not even for what is signed."""
    with site(services, DropKind.FEATURE_FELL) as one:
        assert post(one, bounce(one)).status_code == 404
        assert facts(one) == []


def test_what_is_no_secret_stops_the_start(services: Services) -> None:
    """It is named by its place and not shown."""
    with pytest.raises(InputError, match=r"inbox\.webhook_secrets\.1: is no signing secret") as caught:
        make_pages(with_pages(with_secrets(services, OLD, "whsec_zebra")))
    assert "zebra" not in str(caught.value)


def test_the_example_of_the_page(one: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/inbox.md shows a provider's translator to do is taken."""
    (example,) = re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    found: dict[str, Any] = {}
    exec(example.replace("https://hello.example.com", str(one.client.base_url).rstrip("/")), found)  # noqa: S102
    monkeypatch.setenv("INBOX_SECRET", NEW)
    assert found["tell"](bounce(one), "msg_1") == 200
    assert facts(one) == ["bounce"]
