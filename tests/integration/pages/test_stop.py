"""Unsubscribing: RFC 8058's one click, and the page's button."""

import re

import pytest

from tests.integration.pages.site import BASE, Site, dump, site
from tools.channels.email_message import email_message
from winback.store.models import Contact, Effect
from winback.store.types import EffectState
from winback.testing.world import add_account
from winback.usage.drop import DropKind
from workers.services import Services

FELL = DropKind.FEATURE_FELL
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def by_header(one: Site) -> str:
    """Where the header of the mail that was sent leads."""
    mail = email_message(one.sent.sent[0])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.search(r"<(https://[^>]+)>", str(mail["List-Unsubscribe"]))
    assert found
    return found[1].removeprefix(BASE)


@pytest.mark.parametrize(
    "body",
    [
        {"data": ONE_CLICK},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b"List-Unsubscribe=One-Click"},
        {"content": b"\xff\x00", "headers": {"content-type": "multipart/form-data; boundary=x"}},
    ],
    ids=["urlencoded", "multipart", "no content type", "broken"],
)
def test_one_click(services: Services, body: dict[str, object]) -> None:
    """As a mail program sends it: no cookie, no origin; 200 at once, nothing to follow, a line of text."""
    with site(services, FELL) as one:
        answer = one.client.post(by_header(one), **body)  # type: ignore[arg-type]
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
        assert len(answer.content) < 100
        assert one.row(Contact).unsubscribed_at is not None
        before = dump(one.store)
        assert one.client.post(by_header(one), **body).status_code == 200  # type: ignore[arg-type]
        assert dump(one.store) == before


def test_the_button(services: Services) -> None:
    """The page says what was stopped; looking at it again says so too."""
    with site(services, FELL) as one:
        page = one.get("stop")
        assert 'name="button"' in page.text
        assert one.row(Contact).unsubscribed_at is None
        done = one.post("stop", button="stop")
        assert "All messages are stopped" in done.text
        assert one.row(Contact).unsubscribed_at is not None
        assert "All messages are stopped" in one.get("stop").text
        assert "<button" not in one.get("stop").text


def test_everybody_with_the_address_is_stopped(services: Services) -> None:
    """Under another account, in other letters; nobody else."""
    with site(services, FELL) as one:
        with one.store.write("test") as session:
            add_account(session, "bolt")
            add_account(session, "core")
            session.get_one(Contact, 2).email = "ACME-Ann@example.com"
        one.client.post(by_header(one), data=ONE_CLICK)
        stopped = [one.row(Contact, number).unsubscribed_at is not None for number in (1, 2, 3)]
        assert stopped == [True, True, False]


@pytest.mark.parametrize("state", list(EffectState))
def test_whoever_has_the_link_may_stop(services: Services, state: EffectState) -> None:
    """Even where our books say that the message never arrived."""
    with site(services, FELL) as one:
        with one.store.write("test") as session:
            session.get_one(Effect, 1).state = state
        assert one.post("stop").status_code == 200
        assert one.row(Contact).unsubscribed_at is not None
