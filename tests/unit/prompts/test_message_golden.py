"""Every template in every language says exactly what it said when a person last read it.

After a change that is meant, read the difference that pytest shows and put the new text where the old one is.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from prompts.message import MESSAGES, Message, render_message
from tests.unit.tools.situations import situation
from tools.registry import default_registry
from tools.tool import Situation
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
}


def rendered(case: str, language: str) -> Message:
    changes = dict(CASES[case])
    person = {"language": language, **changes.pop("person", {})}
    here: Situation = situation(person=person, **changes)
    tool = default_registry().get(case.partition(".")[0])
    best = tool.options(here)[0]
    return render_message(tool.template, language, tool.template_values(best, here), {}, here.company)


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("case", CASES)
def test_message_is_the_one_that_was_read(case: str, language: str) -> None:
    """A message changes only on purpose: run with WINBACK_GOLDEN=write to accept a change."""
    message = rendered(case, language)
    told = f"Subject: {message.subject}\n\n{message.body}"
    golden = GOLDEN / f"{case}.{language}.txt"
    if os.environ.get("WINBACK_GOLDEN") == "write":
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")


def test_every_template_has_a_golden_text() -> None:
    """No template in any language goes unread."""
    whole = {path.name for path in MESSAGES.glob("*.txt") if path.read_text(encoding="utf-8").startswith("Slot:")}
    assert whole <= {path.name for path in GOLDEN.glob("*.txt")}


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("case", CASES)
def test_message_says_why_who_and_how_to_stop(case: str, language: str) -> None:
    """Every message names its sender, that software chose it, and the way to stop."""
    body = rendered(case, language).body
    software, stop = {"en": ("software at", "STOP"), "hi": ("सॉफ़्टवेयर", "STOP")}[language]
    assert "Acme Analytics" in body
    assert software in body
    assert stop in body
    assert ("We are writing because" if language == "en" else "हम इसलिए लिख रहे हैं") in body
