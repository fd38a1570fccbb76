"""What people said that they want is kept, to the second."""

import pytest

from policies.facts import Facts
from policies.verdict import Decision
from tests.unit.policies.samples import facts, judged, rule

RULE = rule("preferences")


def contacted(at: str, contact: int | None = 7, days: int | None = 14) -> Facts:
    past = {"at": at, "contact": contact, "tool": "book_call", "channel": "email"}
    return facts(contact={"days_between": days}, history=[past])


def test_a_topic_that_was_refused_is_denied() -> None:
    """Their word is about that tool, and about no other."""
    said = judged(RULE, facts(contact={"topics_refused": ["book_call", "send_tutorial"]}))
    assert (said.decision, said.code, said.saw) == (Decision.DENY, "unwanted", (("tool", "send_tutorial"),))
    assert judged(RULE, facts(contact={"topics_refused": ["book_call"]})).decision is None


@pytest.mark.parametrize(
    ("at", "decision"),
    [
        ("2026-02-18T12:00:00Z", None),
        ("2026-02-18T12:00:01Z", Decision.DENY),
        ("2026-03-04T12:00:00Z", Decision.DENY),
    ],
)
def test_days_between_are_kept_to_the_second(at: str, decision: Decision | None) -> None:
    """On the second at which the days are over, the next contact may be."""
    assert judged(RULE, contacted(at)).decision is decision


def test_a_colleagues_contact_is_not_theirs() -> None:
    """Days are counted from contacts with this person, and with nobody knows whom."""
    assert judged(RULE, contacted("2026-03-01T12:00:00Z", contact=8)).decision is None
    assert judged(RULE, contacted("2026-03-01T12:00:00Z", contact=None)).code == "too_soon"


def test_who_said_nothing_is_held_to_nothing() -> None:
    """Without a word of theirs the caps alone decide."""
    assert judged(RULE, contacted("2026-03-04T11:00:00Z", days=None)).code == "wanted"


def test_nobody_to_ask_is_denied() -> None:
    """Where the person is unknown, so is what they want."""
    assert judged(RULE, facts(contact=None)).code == "missing_field"
