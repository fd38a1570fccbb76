"""A new tool starts slowly, doubles with what stayed good, and halts itself."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.counter import Counter
from policies.policy import Policy, policy_text
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


SINCE_MARCH = f"{SETTLED} from 2026-03-01"


def asked(one: AnyRule, now: str) -> dict[str, tuple[str, str | None]]:
    """The stretches that are asked about, by question, to the minute."""
    counters = Policy.of([one]).counters(facts(now=now, operator_zone="Asia/Kolkata"))
    return {c.name: (c.since.isoformat()[:16], c.until.isoformat()[:16] if c.until else None) for c in counters}


def test_since_a_day_nothing_before_it_counts() -> None:
    """For a new policy on an old tool: the good ones and what halts it, from that day of the operator's on."""
    one = ramp(since="2026-03-01", halt=HALT)
    late = asked(one, "2026-03-04T12:00:00Z")
    begins, settled = "2026-02-28T18:30", "2026-03-01T12:00"
    assert late[f"contacts {SINCE_MARCH}"] == (begins, settled)
    assert late[f"bounces {SINCE_MARCH}"] == late[f"complaints {SINCE_MARCH}"] == (begins, settled)
    assert late["bounces in 336h from 2026-03-01"] == (begins, None)
    assert late["complaints in 336h from 2026-03-01"] == (begins, None)
    assert late[TODAY] == ("2026-03-03T18:30", None)
    assert set(late) & set(asked(ramp(halt=HALT), "2026-03-04T12:00:00Z")) == {TODAY}


def test_since_a_day_long_ago_changes_no_stretch() -> None:
    """No more than the last 366 days, or the days of the halt, ever count."""
    now = "2027-06-01T12:00:00Z"
    old, plain = asked(ramp(since="2026-03-01", halt=HALT), now), asked(ramp(halt=HALT), now)
    assert sorted(old.values(), key=str) == sorted(plain.values(), key=str)


def test_a_day_that_lies_ahead_changes_nothing_until_it_comes() -> None:
    """To the moment: before it all counts, from it on nothing that was before."""
    one, plain = ramp(since="2026-03-05", halt=HALT), ramp(halt=HALT)
    before, after = "2026-03-04T18:29:59Z", "2026-03-04T18:30:00Z"
    assert sorted(asked(one, before).values(), key=str) == sorted(asked(plain, before).values(), key=str)
    assert asked(one, after)["bounces in 336h from 2026-03-05"] == ("2026-03-04T18:30", None)


def test_since_needs_the_operators_zone() -> None:
    """A day of a calendar that nobody knows cannot be reckoned, so nothing is asked and the act is denied."""
    act = facts(operator_zone=None)
    one = ramp(since="2026-03-01")
    assert Policy.of([one]).counters(act) == ()
    assert judged(one, act).code == "missing_field"


def test_a_ramp_without_since_is_what_it_was() -> None:
    """Its hash and its questions stay, so that what was logged is judged the same again."""
    assert "since" not in policy_text(Policy.of([ramp()]))
    assert policy_text(Policy.of([ramp(since="2026-03-01")])).count('"since":"2026-03-01"') == 1


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
        {"since": "last week"},
        {"since": "20260301"},
        {"since": "2026-02-30"},
        {"since": 20260301},
        {"since": datetime(2026, 3, 1, tzinfo=UTC)},
    ],
)
def test_values_that_make_no_sense_are_refused(values: dict[str, Any]) -> None:
    """A ramp starts with something, ends above its start, and halts at something."""
    with pytest.raises(ValidationError):
        rule("ramp", **{"start": 5, "double_after": 20, **values})
