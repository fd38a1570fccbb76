"""The main job over real channels: a mail server, a calendar server, the ledger, and the customer's pages.

Commands run at the machine's own time: with mail that leaves it, a pretended time is refused. So the usage is laid
to end yesterday, and the end of a trial, days ahead, is reached by the composition root on a clock that is set.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from tests.acceptance.conftest import Run
from tests.acceptance.installation import (
    BASE,
    Installation,
    configure_hosts,
    import_company,
    import_learners,
    installation,
)
from tests.acceptance.test_pages import running
from tests.integration.calendars.conftest import PASSWORD
from tests.judge import executed, passes

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@contextmanager
def pages(folder: Path) -> Iterator[httpx.Client]:
    """`winback pages`, and a browser without cookies."""
    with running(folder, "pages", 1) as said:
        found = re.search(rf"The customer's pages: (http://127\.0\.0\.1:\d+), for {BASE}", said[0])
        assert found, said
        with httpx.Client(base_url=found[1]) as client:
            yield client


def approve_all(one: Installation) -> tuple[str, str]:
    """Everything that waits; and of one that does, the contact's mail now goes to somebody who had a message.

    Returns that address, and the case that would write to it again.
    """
    address = str(one.mails()[0]["To"].addresses[0].addr_spec)
    items = one.done("queue", "list")["items"]
    shown = one.done("queue", "show", str(items[0]["item"]))
    person = next(each for each in one.people if each["email"] == shown["recipient"]["address"])
    person["email"] = address
    one.save_people()
    for item in items:
        approved = one.run("queue", "approve", str(item["item"]), "--hash", item["hash"][:12])
        assert approved.code == 0, approved.err
    return address, str(items[0]["case"])


def unsubscribe(site: httpx.Client, mail: EmailMessage) -> None:
    """As a mail program does it (RFC 8058): one POST to where the header leads."""
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.search(rf"<{BASE}(/[^>]+)>", str(mail["List-Unsubscribe"]))
    assert found
    assert site.post(found[1], data=ONE_CLICK).status_code == 200


def stop_holds(one: Installation, address: str, case: str) -> None:
    """The next run writes to all others; the log says why not to them."""
    before = len(one.mails())
    assert len(one.mails(address)) == 1
    acted = one.acted()
    assert set(acted) == {"done"}
    assert acted["done"] == len(one.mails()) - before >= 4
    assert len(one.mails(address)) == 1
    approved, stop = one.done("log", "tail", "--case", case)[-2:]
    assert (approved["kind"], stop["kind"]) == ("approved", "unsubscribed")
    assert stop["withdrew"] == [approved["action_hash"]]


def links_of(mail: EmailMessage) -> list[str]:
    """Every address of the pages in its texts and headers."""
    parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    whole = "\n".join([str(mail["List-Unsubscribe"]), *map(str, parts)])
    return re.findall(re.escape(BASE) + r"(/[a-z]/[A-Za-z0-9._~-]+)", whole)


def link(mail: EmailMessage, page: str) -> str | None:
    return next((one for one in links_of(mail) if one.startswith(f"/{page}/")), None)


def follow_every_link(one: Installation, site: httpx.Client) -> None:
    """As mail scanners do: each opens a page, and nothing comes of it."""
    seen = {found for mail in one.mails() for found in links_of(mail)}
    assert {found[1] for found in seen} == set("ocpuws")
    for found in seen:
        assert site.get(found).status_code == 200, found
    assert one.acted() == {}
    assert one.ledger() == {}
    assert one.calendar.files() == []


def accept_two(one: Installation, site: httpx.Client) -> tuple[str, str]:
    """Two different people accept what they were offered; one of them presses the button twice."""
    offers = [(found, mail["To"].addresses[0].addr_spec) for mail in one.mails() if (found := link(mail, "o"))]
    (first, keeper), (second, leaver) = offers[:2]
    for url in (first, first, second):
        page = site.post(url, data={"answer": "accept"})
        assert page.status_code == 200
        assert "accepted this offer" in page.text or "स्वीकार" in page.text
    return keeper, leaver


def choose_a_time(one: Installation, site: httpx.Client) -> None:
    """The first that the page offers."""
    url = next(found for mail in one.mails() if (found := link(mail, "c")))
    starts = re.findall(r'name="start" value="([^"]+)"', site.get(url).text)
    assert site.post(url, data={"do": "choose", "start": starts[0]}).status_code == 200


def trials_granted(one: Installation, *addresses: str) -> None:
    assert one.ledger() == {(one.account_of(address), "grant"): 1 for address in addresses}
    path = one.folder / "data" / "entitlements" / "current.json"
    standing = json.loads(path.read_text(encoding="utf-8"))["accounts"]
    assert set(standing) == {one.account_of(address) for address in addresses}


def call_arranged(one: Installation) -> None:
    """The calendar server holds the very event that both were invited to by mail."""
    (file,) = one.calendar.files()
    (held,) = Calendar.from_ical(file.read_text(encoding="utf-8")).walk("VEVENT")
    both = [mail for mail in one.mails()[-2:] if "METHOD:REQUEST" in _invitation(mail)]
    (told,) = {str(mail["To"].addresses[0].addr_spec) for mail in both} - {_address(held["organizer"])}
    assert told == _address(held["attendee"])
    assert len(both) == 2
    for mail in both:
        (event,) = Calendar.from_ical(_invitation(mail)).walk("VEVENT")
        assert event["uid"] == held["uid"]
        assert event.decoded("dtstart") == held.decoded("dtstart") > datetime.now(UTC)


def _invitation(mail: EmailMessage) -> str:
    """The part for a calendar, on whatever place in the mail it stands."""
    parts = (part for part in mail.walk() if part.get_content_type() == "text/calendar")
    return next((str(part.get_content()) for part in parts), "")


def _address(value: Any) -> str:
    return str(value).lower().removeprefix("mailto:")


def trials_end(one: Installation, keeper: str, leaver: str) -> None:
    """A notice before, but not to whoever has said stop; and taken back, each once, by itself."""
    mails, now = (len(one.mails(keeper)), len(one.mails(leaver))), datetime.now(UTC)
    one.at(now + timedelta(days=12))
    assert (len(one.mails(keeper)), len(one.mails(leaver))) == (mails[0] + 1, mails[1])
    assert set(one.ledger().elements()) == {(one.account_of(each), "grant") for each in (keeper, leaver)}
    for days in (15, 16):
        one.at(now + timedelta(days=days))
        both = [(one.account_of(each), part) for each in (keeper, leaver) for part in ("grant", "take_back")]
        assert one.ledger() == dict.fromkeys(both, 1)
    path = one.folder / "data" / "entitlements" / "current.json"
    assert json.loads(path.read_text(encoding="utf-8"))["accounts"] == {}


def everything_holds(one: Installation) -> None:
    """The log is whole, an independent judge agrees, and every mail was carried out once."""
    assert one.done("log", "verify")["problems"] == []
    assert one.run("log", "trace", "trace.jsonl").code == 0
    lines = passes(one.folder / "trace.jsonl")
    parts = {part: len(executed(lines, part)) for part in ("grant", "take_back", "event", "notice")}
    assert parts == {"grant": 2, "take_back": 2, "event": 1, "notice": 1}
    numbers = [str(mail["Message-ID"]) for mail in one.mails()]
    assert len(set(numbers)) == len(numbers) == len(executed(lines)) + 3


@pytest.mark.parametrize(
    ("bring", "budget"), [(import_company, 8), (import_learners, 1)], ids=["company", "learners"]
)
def test_the_main_job_over_real_channels(
    here: Run, tmp_path: Path, bring: Any, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mail arrives, a call stands in a calendar, a trial comes and goes, a stop holds in the next run."""
    monkeypatch.setenv("CALDAV_PASSWORD", PASSWORD)
    with installation(here, tmp_path, budget) as one:
        bring(one)
        configure_hosts(one)
        one.save_people()
        first = one.done("run", "--once")
        assert first["acted"]["done"] == len(one.mails()) >= 2
        assert first["proposed"]["queued"] >= 5
        stopped, again = approve_all(one)
        with pages(tmp_path) as site:
            unsubscribe(site, one.mails(stopped)[0])
            stop_holds(one, stopped, again)
            follow_every_link(one, site)
            keeper, leaver = accept_two(one, site)
            choose_a_time(one, site)
            assert one.acted() == {"done": 5}
            trials_granted(one, keeper, leaver)
            call_arranged(one)
            unsubscribe(site, one.mails(leaver)[0])
        trials_end(one, keeper, leaver)
        everything_holds(one)
