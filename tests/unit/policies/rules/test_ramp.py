"""A new tool starts slowly, doubles with what stayed good, and halts itself."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.counter import Counter
from policies.policy import Policy
from policies.rules import AnyRule
from policies.verdict import Decision
from policies.words import explain
from tests.unit.policies.samples import facts, judged, rule

TODAY = "contacts in day of operator"
SETTLED = "in 8784h to 72h ago"
HALT = {"bounces": 3, "complaints": 1, "days": 14}


def ramp(start: int = 5, double_after: int = 20, **more: Any) -> AnyRule:
    return rule("ramp", start=start, double_after=double_after, **more)


def counts(today: float, contacts: float = 0, bounces: float = 0, complaints: float = 0) -> dict[str, float]:
    return {
        TODAY: today,
        f"contacts {SETTLED}": contacts,
        f"bounces {SETTLED}": bounces,
        f"complaints {SETTLED}": complaints,
    }


@pytest.mark.parametrize(
    ("good", "allowed"), [(0, 5), (19, 5), (20, 10), (39, 10), (40, 20), (60, 40), (80, 50), (100_000, 50)]
)
def test_the_limit_doubles_after_each_number_of_good_contacts(good: int, allowed: int) -> None:
    """5 a day at first, twice as many after every 20 good ones, and never more than 50."""
    one = ramp(max=50)
    assert judged(one, facts(counts=counts(allowed - 1, good))).decision is None
    assert judged(one, facts(counts=counts(allowed, good))).decision is Decision.DENY
    assert dict(judged(one, facts(counts=counts(0, good))).saw) == {"count": 0, "limit": allowed, "good": good}


@settings(max_examples=100, deadline=None)
@given(
    today=st.integers(0, 10**6),
    contacts=st.integers(0, 10**12),
    bounces=st.integers(0, 100),
    complaints=st.integers(0, 100),
)
def test_bounces_and_complaints_are_not_good(today: int, contacts: int, bounces: int, complaints: int) -> None:
    """Less what bounced or led to a complaint, never below none; without an end the limit goes on doubling."""
    saw = dict(judged(ramp(), facts(counts=counts(today, contacts, bounces, complaints))).saw)
    assert saw["good"] == max(0, contacts - bounces - complaints)
    assert saw["limit"] == min(5 * 2 ** min(saw["good"] // 20, 40), 10**12)


def test_doubling_ends_before_numbers_do() -> None:
    """No limit is above 10**12, whatever it starts from: a decision log holds 64 bits."""
    saw = dict(judged(ramp(start=10**9, double_after=1), facts(counts=counts(0, 10**9))).saw)
    assert saw["limit"] == 10**12


@pytest.mark.parametrize(
    ("bounces", "complaints", "what"), [(2, 0, None), (3, 0, "bounces"), (0, 1, "complaints"), (0, 0, None)]
)
def test_it_halts_while_too_much_came_back(bounces: int, complaints: int, what: str | None) -> None:
    """So many bounces or complaints in the last days stop it, and it goes on when they are older."""
    lately = {"bounces in 336h": bounces, "complaints in 336h": complaints}
    said = judged(ramp(halt=HALT), facts(counts={**counts(0), **lately}))
    assert (said.decision, said.code) == ((Decision.DENY, "halted") if what else (None, "on_ramp"))
    if what == "bounces":
        assert explain(said) == "ramp denies: 3 bounces in the last 14 days, and 3 halt it"


def test_it_asks_the_database_for_all_of_its_numbers() -> None:
    """Names are of the whole question; `when` narrows what is counted to its tools and channels."""
    one = ramp(settle_days=5, halt={"complaints": 1, "days": 14}, when={"tools": ["send_tutorial"]})
    act = facts(now="2026-03-04T12:00:00Z")
    far, settled = facts(now="2025-03-03T12:00:00Z").now, facts(now="2026-02-27T12:00:00Z").now
    day, lately = facts(now="2026-03-04T00:00:00Z").now, facts(now="2026-02-18T12:00:00Z").now
    ago, tools = "in 8784h to 120h ago tools=send_tutorial", ("send_tutorial",)
    assert set(Policy.of([one]).counters(act)) == {
        Counter("contacts in day of operator tools=send_tutorial", "contacts", day, tools=tools),
        Counter(f"contacts {ago}", "contacts", far, settled, tools=tools),
        Counter(f"bounces {ago}", "bounces", far, settled, tools=tools),
        Counter(f"complaints {ago}", "complaints", far, settled, tools=tools),
        Counter("complaints in 336h tools=send_tutorial", "complaints", lately, tools=tools),
    }


@pytest.mark.parametrize("unknown", sorted({**counts(0), "bounces in 336h": 0, "complaints in 336h": 0}))
def test_a_number_that_nobody_gave_denies(unknown: str) -> None:
    """Unknown is not zero."""
    given = {**counts(0), "bounces in 336h": 0, "complaints in 336h": 0}
    del given[unknown]
    said = judged(ramp(halt=HALT), facts(counts=given))
    assert (said.decision, said.code) == (Decision.DENY, "missing_field")


@pytest.mark.parametrize(
    "values",
    [
        {"start": 0},
        {"double_after": 0},
        {"max": 4},
        {"settle_days": 0},
        {"halt": {"days": 14}},
        {"halt": {"bounces": 1}},
        {"halt": {"bounces": 0, "days": 1}},
    ],
)
def test_values_that_make_no_sense_are_refused(values: dict[str, Any]) -> None:
    """A ramp starts with something, ends above its start, and halts at something."""
    with pytest.raises(ValidationError):
        rule("ramp", **{"start": 5, "double_after": 20, **values})
