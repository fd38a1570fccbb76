"""A while in which people are left in peace, after something happened."""

from typing import Any

import pytest
from pydantic import ValidationError

from policies.facts import BY_HAND
from policies.rules import AnyRule
from policies.verdict import Decision
from policies.words import explain
from tests.unit.policies.samples import facts, judged, rule

NOW = "2026-03-04T12:00:00Z"
EDGE, PAST = "2026-02-02T12:00:00Z", "2026-02-02T11:59:59Z"  # exactly 30 days, and a second more


def cooldown(*what: str, days: int | None = 30, **more: Any) -> AnyRule:
    return rule("cooldown_after", what=list(what), **({} if days is None else {"days": days}), **more)


def happened(kind: str, at: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "at": at, **more}


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("rejected", "rejected"),
        ("complaint", "complaint"),
        ("reply", "reply"),
        ("bounce", "bounce"),
        ("refused_offer", "refusal"),
    ],
)
@pytest.mark.parametrize(("at", "code"), [(EDGE, "cooling"), (PAST, "rested"), (NOW, "cooling")])
def test_each_happening_cools_to_the_second(what: str, kind: str, at: str, code: str) -> None:
    """What happened within the days counts, the edge included; what is older does not, nor what is not asked."""
    act = facts(happenings=[happened(kind, at)])
    assert judged(cooldown(what), act).code == code
    others = {"rejected", "complaint", "reply", "bounce", "refused_offer", "open_ticket"} - {what}
    assert judged(cooldown(*sorted(others)), act).code == "rested"


@pytest.mark.parametrize(
    ("days", "opened", "closed", "code"),
    [
        (None, "2025-01-01T00:00:00Z", None, "ticket_open"),
        (None, "2025-01-01T00:00:00Z", "2026-03-04T12:00:01Z", "ticket_open"),
        (None, "2025-01-01T00:00:00Z", NOW, "rested"),
        (30, "2025-01-01T00:00:00Z", None, "ticket_open"),
        (30, "2025-01-01T00:00:00Z", EDGE, "cooling"),
        (30, "2025-01-01T00:00:00Z", PAST, "rested"),
    ],
)
def test_a_ticket_holds_while_it_is_open_and_so_many_days_after(
    days: int | None, opened: str, closed: str | None, code: str
) -> None:
    """Open counts however old it is; closed counts for the days that are given, and without days not at all."""
    act = facts(happenings=[happened("ticket", opened, closed_at=closed)])
    assert judged(cooldown("open_ticket", days=days), act).code == code


def test_an_earlier_contact_counts_whoever_made_it() -> None:
    """A contact by another tool, or by hand, cools like one of the same tool."""
    for tool in ("send_tutorial", "book_call", BY_HAND):
        past = [{"at": EDGE, "contact": 8, "tool": tool, "channel": "phone"}]
        assert judged(cooldown("contact"), facts(history=past)).code == "cooling"
    past = [{"at": PAST, "contact": 8, "tool": BY_HAND, "channel": "phone"}]
    assert judged(cooldown("contact"), facts(history=past)).code == "rested"


@pytest.mark.parametrize(("who", "code"), [(7, "cooling"), (8, "rested"), (None, "cooling")])
def test_scope_contact_is_about_one_person_and_what_happened_to_nobody_known(who: int | None, code: str) -> None:
    """A colleague's complaint is not this person's; one of nobody known is everybody's."""
    act = facts(
        happenings=[happened("complaint", EDGE, contact=who)],
        history=[{"at": EDGE, "contact": who, "tool": "book_call", "channel": "email"}],
    )
    assert judged(cooldown("complaint", scope="contact"), act).code == code
    assert judged(cooldown("contact", scope="contact"), act).code == code
    assert judged(cooldown("complaint"), act).code == "cooling"
    assert judged(cooldown("complaint", scope="contact"), facts(contact=None)).code == "missing_field"


@pytest.mark.parametrize(("offer", "code"), [("reports-first", "cooling"), ("tour", "rested"), (None, "cooling")])
def test_a_refused_offer_is_the_same_one_or_an_unknown_one(offer: str | None, code: str) -> None:
    """Another offer may be made; after a refusal of nobody knows what, none."""
    act = facts(happenings=[happened("refusal", EDGE, catalogue_id=offer)])
    assert judged(cooldown("refused_offer"), act).code == code
    unknown = judged(cooldown("refused_offer"), facts(action={"catalogue_id": None}))
    assert (unknown.decision, unknown.code) == (Decision.DENY, "missing_field")


def test_then_is_the_effect_and_the_strictest_one() -> None:
    """`then: review` asks a person, also where a fact is missing."""
    one = cooldown("refused_offer", then="review")
    assert judged(one, facts(happenings=[happened("refusal", EDGE)])).decision is Decision.REVIEW
    assert judged(one, facts(action={"catalogue_id": None})).decision is Decision.REVIEW


def test_it_says_what_happened_when_and_for_how_long() -> None:
    """A person reads what it was and on which day."""
    act = facts(happenings=[happened("complaint", EDGE), happened("ticket", PAST)])
    said = judged(cooldown("complaint", "open_ticket"), act)
    assert dict(said.saw) == {"what": "complaint", "at": "2026-02-02", "days": 30}
    assert explain(said) == "cooldown-after denies: complaint on 2026-02-02, and 30 days must pass"
    open_ticket = judged(cooldown("open_ticket", days=None), act)
    assert explain(open_ticket) == "cooldown-after denies: a support ticket of 2026-02-02 is open"


@pytest.mark.parametrize(
    "values",
    [
        {"what": []},
        {"what": ["complaint"]},
        {"what": ["open_ticket", "complaint"]},
        {"what": ["complaint"], "days": 0},
        {"what": ["complaint"], "days": 367},
        {"what": ["complaint"], "days": 1, "then": "allow"},
        {"what": ["complaint"], "days": 1, "scope": "global"},
        {"what": ["rain"], "days": 1},
    ],
)
def test_values_that_make_no_sense_are_refused(values: dict[str, Any]) -> None:
    """Only a ticket ends by itself, so everything else needs days."""
    with pytest.raises(ValidationError):
        rule("cooldown_after", **values)
