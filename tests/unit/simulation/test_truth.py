"""Holding alarms against the truth."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winback.simulation.truth import Cause, Dip, Found, PlantedDrop, Truth, score
from winback.usage.drop import DropKind

DAY = date(2026, 5, 1)
WEEKS = [DAY + timedelta(days=7 * n) for n in range(-2, 9)]
QUIT = PlantedDrop("quit", Cause.QUIT, DAY)
BACK = PlantedDrop("back", Cause.FADED, DAY, recovers_on=DAY + timedelta(days=10))
DIP = Dip("dip", DAY, DAY + timedelta(days=9))
TRUTH = Truth(("quit", "back", "dip", "well"), (QUIT, BACK), (DIP,), (), ())


def alarm(account: str, week: int) -> Found:
    return Found(account, WEEKS[week + 2])


def test_nothing_found():
    """Without alarms everything planted is missed and nothing is false."""
    seen = score(TRUTH, [], WEEKS)
    assert (seen.planted, seen.found, seen.median_days_late, seen.false_alarms) == (2, 0, None, 0)
    assert (seen.dips, seen.dips_flagged) == (1, 0)
    assert seen.by_cause == {Cause.QUIT: (1, 0), Cause.FADED: (1, 0)}


@pytest.mark.parametrize(("week", "found", "false"), [(-1, 0, 1), (0, 1, 0), (4, 1, 0), (5, 0, 0)])
def test_an_alarm_finds_a_drop_for_28_days(week: int, found: int, false: int):
    """Before the day an alarm is false, for 28 days it finds the drop, later it is only late."""
    seen = score(TRUTH, [alarm("quit", week)], WEEKS)
    assert (seen.found, seen.false_alarms) == (found, false)


@pytest.mark.parametrize(("week", "found", "false"), [(1, 1, 0), (2, 1, 0), (3, 0, 1)])
def test_a_week_after_recovery_an_alarm_is_false(week: int, found: int, false: int):
    """An account that recovered is healthy again once the week looked at holds no quiet day."""
    seen = score(TRUTH, [alarm("back", week)], WEEKS)
    assert (seen.found, seen.false_alarms) == (found, false)


def test_the_first_alarm_counts():
    """A drop found twice is one drop, as late as its first alarm; lateness is a median over drops."""
    seen = score(TRUTH, [alarm("quit", 3), alarm("quit", 1), alarm("back", 0)], WEEKS)
    assert (seen.found, seen.median_days_late, seen.false_alarms) == (2, 3.5, 0)


def test_a_dip_is_neither_found_nor_false():
    """An alarm on an account that came back by itself is counted apart."""
    seen = score(TRUTH, [alarm("dip", 1), alarm("dip", 5), alarm("well", 5)], WEEKS)
    assert (seen.found, seen.dips_flagged, seen.false_alarms) == (0, 1, 2)


def test_a_drop_no_scan_could_find_is_not_judged():
    """Only drops with a scan in their 28 days are counted as planted."""
    assert score(TRUTH, [], [DAY - timedelta(days=1)]).planted == 0
    assert score(TRUTH, [], [DAY + timedelta(days=28)]).planted == 1
    assert score(TRUTH, [], []).healthy_account_weeks == 0


def test_healthy_weeks_leave_out_the_ill():
    """Healthy weeks are those of all accounts less those in a drop; false alarms are given per 100 of them."""
    two = [DAY - timedelta(days=7), DAY + timedelta(days=6)]
    seen = score(TRUTH, [Found("well", two[0])], two)
    assert seen.healthy_account_weeks == pytest.approx((4 * 20 - 2 * 7) / 7)
    assert seen.false_alarms_per_100_weeks == pytest.approx(100 / seen.healthy_account_weeks)


@pytest.mark.parametrize("wrong", [Found("nobody", WEEKS[0]), Found("well", WEEKS[0] + timedelta(days=1))])
def test_alarms_of_another_company_are_refused(wrong: Found):
    """An alarm on an account or a day that was never scanned is a mistake of the caller."""
    with pytest.raises(ValueError, match="never scanned"):
        score(TRUTH, [wrong], WEEKS)


@settings(max_examples=80)
@given(st.lists(st.builds(Found, st.sampled_from(TRUTH.accounts), st.sampled_from(WEEKS))))
def test_no_alarm_is_counted_twice(found: list[Found]):
    """Found drops and flagged dips never exceed what was planted, false alarms never exceed the alarms."""
    seen = score(TRUTH, found, WEEKS)
    assert seen.found <= seen.planted == sum(planted for planted, _ in seen.by_cause.values())
    assert seen.found == sum(of for _, of in seen.by_cause.values())
    assert seen.dips_flagged <= seen.dips
    assert seen.found + seen.dips_flagged + seen.false_alarms <= len(found)


def test_causes_are_told_apart_by_kind():
    """Every kind of drop that an established account can have is planted; fading and quitting look alike."""
    assert {cause.kind for cause in Cause} == set(DropKind) - {DropKind.STALLED_START}
    assert Cause.QUIT.kind is Cause.FADED.kind is DropKind.ALL_QUIET
