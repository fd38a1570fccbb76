"""Every template in every language says exactly what it said when a person last read it.

After a change that is meant, read the difference that pytest shows and put the new text where the old one is.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prompts.message import MESSAGES, Message, render_message, shown, with_links
from tests.unit.tools.situations import SITUATION, situation
from tools.registry import default_registry
from tools.tool import Situation, Tried
from winback.usage.drop import DropKind

GOLDEN = Path(__file__).parents[2] / "golden" / "messages"
LIMIT = {"kind": DropKind.LIMIT_REACHED, "limit_feature": "exports"}
CASES: dict[str, dict[str, Any]] = {
    "send_tutorial": {},
    "offer_trial_upgrade": {"drop": LIMIT},
    "book_call": {},
    # The same templates where other branches speak.
    "send_tutorial.one_person": {
        "drop": {"seats_before": 1, "drivers": (), "seen_days": 2},
        "had": {"reports-first"},
    },
    "send_tutorial.english_only": {"had": frozenset({"reports-first"}), "owner_name": "", "person": {"name": ""}},
    "offer_trial_upgrade.no_limit": {"plan": "team"},
    "book_call.new_york": {"person": {"zone": "America/New_York", "name": "www.example.com"}},
    "send_tutorial.pages": {"pages": True},
    "offer_trial_upgrade.pages": {"drop": LIMIT, "pages": True},
    "book_call.pages": {"pages": True},
}
INTERNAL: dict[str, dict[str, Any]] = {
    "notify_owner": {
        "person": {"media": ("email",)},
        "tried": (
            Tried(datetime(2026, 9, 1, 8, tzinfo=UTC), "send_tutorial", "email"),
            Tried(datetime(2026, 8, 3, 8, tzinfo=UTC), "by_hand", "phone"),
        ),
        "value_per_month": 49.0,
    },
    "notify_owner.stopped": {
        "drop": {"kind": DropKind.CHAMPION_LEFT, "drivers": (), "risk": 0.2},
        "person": {"stopped": True, "name": "", "language": "hi"},
        "plan": None,
        "owner_name": "Acme Analytics",
    },
    "notify_owner.no_consent": {"drop": {"kind": DropKind.ALL_QUIET, "risk": 0.4}, "plan": "unheard-of"},
    "notify_owner.lately": {
        "person": {"media": ("in_app",)},
        "tried": (Tried(datetime(2026, 10, 10, 8, tzinfo=UTC), "book_call", "email"),),
    },
}
"""Messages to colleagues, in English alone."""
LATER = datetime(2026, 10, 21, 8, 30, tzinfo=UTC)
CALL = {"name": "Asha Rao", "customer": "Asha Rao (Acme)", "owner": "Jonas Weber", "host": "Jonas Weber",
        "start": LATER,
        "zone": "Asia/Kolkata", "minutes": 30, "reason": "active on 0 of 7 days; 4.8 expected",
        "changed": False, "cancelled": False}  # fmt: skip
TRIAL = {"name": "Asha Rao", "owner": "Jonas Weber", "plan": {"en": "Team", "hi": "टीम"},
         "current_plan": {"en": "Starter", "hi": "स्टार्टर"}, "days": 14, "until": LATER.date()}  # fmt: skip
FOLLOWING: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "trial_ends": (TRIAL, ("en", "hi")),
    "call_invitation": (CALL, ("en", "hi")),
    "call_invitation.changed": ({**CALL, "changed": True}, ("en", "hi")),
    "call_invitation.cancelled": ({**CALL, "cancelled": True}, ("en", "hi")),
    "call_for_host": (CALL, ("en",)),
    "call_for_host.cancelled": ({**CALL, "cancelled": True}, ("en",)),
}
"""Messages that follow from an answer: their values, and the languages they are in."""


def rendered(case: str, language: str) -> Message:
    changes = dict(CASES[case])
    person = {"language": language, **changes.pop("person", {})}
    here: Situation = situation(person=person, **changes)
    tool = default_registry().get(case.partition(".")[0])
    best = tool.options(here)[0]
    values = tool.template_values(best, here)
    return render_message(tool.template, language, values, {}, here.company, pages=here.pages)


def agree(name: str, message: Message) -> None:
    told = f"Subject: {message.subject}\n\n{shown(message.body)}"
    golden = GOLDEN / name
    if os.environ.get("WINBACK_GOLDEN") == "write":
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("case", CASES)
def test_message_is_the_one_that_was_read(case: str, language: str) -> None:
    """A message changes only on purpose: run with WINBACK_GOLDEN=write to accept a change."""
    agree(f"{case}.{language}.txt", rendered(case, language))


@pytest.mark.parametrize("case", INTERNAL)
def test_what_colleagues_read_is_what_was_read(case: str) -> None:
    """As above, for a message to the account's manager; it holds no page of the customer's."""
    here = situation(account="Northwind", pages=True, **INTERNAL[case])
    tool = default_registry().get("notify_owner")
    (option,) = tool.options(here)
    values = tool.template_values(option, here)
    message = render_message(tool.template, here.person.language, values, {}, here.company, pages=True)
    assert with_links(message, lambda page: f"https://pages.example.com/{page}") == message
    agree(f"{case}.en.txt", message)


@pytest.mark.parametrize("language", ["en", "hi"])
def test_what_does_not_go_by_mail_speaks_of_no_reply(language: str) -> None:
    """In the product nobody can reply; the way to stop stands there all the same."""
    here = situation(pages=True, person={"language": language})
    tool = default_registry().get("send_tutorial")
    values = tool.template_values(tool.options(here)[0], here)
    said = render_message(tool.template, language, values, {}, here.company, pages=True, medium="in_app")
    assert {"en": "Your reply", "hi": "आपका जवाब"}[language] not in said.body
    agree(f"send_tutorial.in_app.{language}.txt", said)


@pytest.mark.parametrize(("case", "language"), [(case, one) for case in FOLLOWING for one in FOLLOWING[case][1]])
def test_what_follows_is_the_one_that_was_read(case: str, language: str) -> None:
    """As above, for what follows from an answer."""
    template = case.partition(".")[0]
    pages = template != "call_for_host"
    agree(
        f"{case}.{language}.txt",
        render_message(template, language, FOLLOWING[case][0], {}, SITUATION.company, pages=pages),
    )


@pytest.mark.parametrize("case", ["call_for_host", "call_for_host.cancelled", *INTERNAL])
def test_colleagues_read_that_software_did_it_and_how_to_stop_it(case: str) -> None:
    """Who hosts a call or looks after an account is told by whom, and whom to ask for no more."""
    text = (GOLDEN / f"{case}.en.txt").read_text(encoding="utf-8")
    assert "oftware" in text
    assert "To stop: ask whoever runs Winback at Acme Analytics" in text


def test_every_template_has_a_golden_text() -> None:
    """No template in any language goes unread."""
    begins = ("Slot:", "Subject:")
    whole = {path.name for path in MESSAGES.glob("*.txt") if path.read_text(encoding="utf-8").startswith(begins)}
    assert whole <= {path.name for path in GOLDEN.glob("*.txt")}


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("case", CASES)
def test_message_says_why_who_and_how_to_stop(case: str, language: str) -> None:
    """Every message names its sender, that software chose it, and the way to stop."""
    body = shown(rendered(case, language).body)
    software = {"en": "software at", "hi": "सॉफ़्टवेयर"}[language]
    stop = "[link: stop]" if ".pages" in case else "STOP"
    assert "Acme Analytics" in body
    assert software in body
    assert stop in body
    assert ("We are writing because" if language == "en" else "हम इसलिए लिख रहे हैं") in body
