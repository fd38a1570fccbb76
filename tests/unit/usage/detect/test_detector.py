"""From usage to drops."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from winback.settings import Detection
from winback.usage.detect.detector import detect
from winback.usage.detect.scan import Scan
from winback.usage.drop import Drop, DropKind

Between = Callable[[int, int], list[int]]
SETTINGS = Detection()


def drop_of(scan: Scan, account: str) -> Drop:
    found = [drop for drop in scan.drops if drop.account == account]
    assert found, f"no drop of {account}: {[drop.account for drop in scan.drops]}"
    return found[0]


def test_who_stops_is_found_with_onset_and_reason(
    product: Any, run: Callable[..., Any], weekdays: Between, last: date
) -> None:
    """An account of every working day that stops eight days ago is found, since the day after its last."""
    product.add("quiet", weekdays(8, 200))
    drop = drop_of(run(detect, last, SETTINGS), "quiet")
    assert drop.kind is DropKind.ALL_QUIET
    assert drop.onset == last - timedelta(days=7)
    assert drop.seen_days == 0
    assert drop.expected_days == pytest.approx(4.7, abs=0.5)
    assert drop.alarm > drop.threshold
    assert drop.weeks == (5,) * 10 + (4, 0)
    assert drop.drivers[0].feature == "editor"
    assert drop.drivers[0].after == 0
    assert (drop.seats_before, drop.seats_now) == (1, 0)
    assert drop.reason.startswith(("active on 0 of 7 days", "silent for 8 days"))


def test_steady_use_is_no_drop(product: Any, run: Callable[..., Any], weekdays: Between, last: date) -> None:
    """An account that goes on as ever is not among the drops, and few of the others are."""
    product.add("steady", weekdays(0, 200))
    scan = run(detect, last, SETTINGS)
    assert "steady" not in {drop.account for drop in scan.drops}
    assert len(scan.drops) <= 0.04 * scan.eligible
    assert scan.from_past


def test_a_champion_who_left_is_found_though_the_account_is_still_used(
    product: Any, run: Callable[..., Any], weekdays: Between, last: date
) -> None:
    """The one who carried an account falls silent while a colleague goes on: champion left, by name."""
    for number in range(40):
        product.add(f"team-{number}", weekdays(0, 200)[number % 2 :: 2], contact="bob")
        product.add(f"team-{number}", weekdays(0, 200), contact="ann")
    product.add("led", weekdays(12, 200), contact="carol")
    product.add("led", weekdays(0, 200)[::3], contact="dave")
    drop = drop_of(run(detect, last, SETTINGS), "led")
    assert drop.kind is DropKind.CHAMPION_LEFT
    assert drop.champion == "carol"
    assert (drop.seats_before, drop.seats_now) == (2, 1)


def test_a_limit_reached_before_the_fall_is_the_kind(
    product: Any, run: Callable[..., Any], weekdays: Between, last: date
) -> None:
    """An account that used 95 % of a limited feature in the 30 days before it stopped has reached its limit."""
    product.add("capped", weekdays(11, 200), feature="exports", count=10)
    limits = {"capped": {"exports": 220.0, "seats": 5.0}}
    drop = drop_of(run(detect, last, SETTINGS, limits=limits), "capped")
    assert drop.kind is DropKind.LIMIT_REACHED
    assert drop.limit_feature == "exports"
    roomy = drop_of(run(detect, last, SETTINGS, limits={"capped": {"exports": 400.0}}), "capped")
    assert roomy.kind is DropKind.ALL_QUIET


def test_a_new_account_that_falls_silent_is_a_stalled_start(
    product: Any, run: Callable[..., Any], weekdays: Between, last: date
) -> None:
    """First seen less than 28 days before it fell: a stalled start."""
    product.add("new", weekdays(10, 30))
    assert drop_of(run(detect, last, SETTINGS), "new").kind is DropKind.STALLED_START


def test_what_comes_later_changes_nothing(
    product: Any, run: Callable[..., Any], weekdays: Between, last: date
) -> None:
    """A scan of an earlier date says the same whatever the days after it hold."""
    product.add("quiet", weekdays(40, 200))
    before = run(detect, last - timedelta(days=28), SETTINGS)
    product.rows = [row for row in product.rows if row[3] >= 28]
    product.add("brand new", weekdays(0, 27))
    product.add("quiet", weekdays(0, 27), contact="somebody else")
    assert run(detect, last - timedelta(days=28), SETTINGS) == before
    assert "quiet" in {drop.account for drop in before.drops}


def test_an_outage_for_everybody_is_nobodys_drop(product: Any, run: Callable[..., Any], last: date) -> None:
    """Three days on which nobody could use the product add no alarms."""
    normal = run(detect, last, SETTINGS)
    product.rows = [row for row in product.rows if not 2 <= row[3] <= 4]
    outage = run(detect, last, SETTINGS)
    assert outage.held is None
    assert len(outage.drops) <= len(normal.drops)


def test_a_day_that_is_not_like_its_weekday_holds_all_alarms(
    product: Any, run: Callable[..., Any], weekdays: Between, last: date
) -> None:
    """With under half of the usual activity on the date itself, alarms are held, counted, and it is said why."""
    product.add("quiet", weekdays(11, 200))
    product.rows = [row for row in product.rows if row[3] != 0 or row[0] < "acc-030"]
    scan = run(detect, last, SETTINGS)
    assert scan.drops == ()
    assert scan.withheld >= 1
    assert "usual for a Friday" in (scan.held or "")


def test_late_data_hold_all_alarms(run: Callable[..., Any], last: date) -> None:
    """When the usage of the last days has not come, nobody is alarmed about, and the last day is named."""
    scan = run(detect, last + timedelta(days=9), SETTINGS)
    assert scan.drops == ()
    assert f"no usage since {last}" in (scan.held or "")


def test_a_product_without_past_says_that_its_threshold_is_borrowed(
    product: Any, run: Callable[..., Any], weekdays: Between, last: date
) -> None:
    """In the first weeks the reason and the scan both say that the threshold is not from its own past."""
    product.rows = [row for row in product.rows if row[3] <= 45]
    product.add("quiet", weekdays(14, 45))
    scan = run(detect, last, SETTINGS)
    assert not scan.from_past
    assert "usual elsewhere" in scan.threshold_source
    assert drop_of(scan, "quiet").reason.endswith("threshold borrowed, too little past of its own")


def test_keys_do_not_order_the_answer(
    product: Any, run: Callable[..., Any], weekdays: Between, last: date
) -> None:
    """Drops come by falling risk, and the order of the rows does not matter."""
    product.add("quiet", weekdays(11, 200))
    product.add("quieter", weekdays(15, 200))
    first = run(detect, last, SETTINGS)
    product.rows.reverse()
    assert run(detect, last, SETTINGS) == first
    risks = [drop.risk for drop in first.drops]
    assert risks == sorted(risks, reverse=True)


def test_no_usage_by_the_date_is_an_empty_scan(run: Callable[..., Any]) -> None:
    """A date before the first usage has no accounts and no drops."""
    scan = run(detect, date(2020, 1, 1), SETTINGS)
    assert (scan.accounts, scan.eligible, scan.drops) == (0, 0, ())


def test_small_groups_do_not_break(product: Any, run: Callable[..., Any], weekdays: Between, last: date) -> None:
    """An account alone in its plan is compared with all, and its stop still found."""
    product.add("quiet", weekdays(11, 200))
    assert drop_of(run(detect, last, SETTINGS, groups={"quiet": "enterprise"}), "quiet").seen_days == 0
