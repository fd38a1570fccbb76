"""Who is back."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from winback.settings import Detection
from winback.usage.detect.recovery import recovered

Between = Callable[[int, int], list[int]]


def test_back_at_half_the_old_level_is_recovered(
    product: Any, run: Callable[..., Any], weekdays: Between, last: date
) -> None:
    """This week is held against the level before the onset: 5 days a week then, 3 now is back, 1 is not."""
    old = weekdays(30, 200)
    product.add("back", old + weekdays(0, 6)[:3])
    product.add("not yet", old + weekdays(0, 6)[:1])
    product.add("silent", old)
    onset = last - timedelta(days=29)
    asked = dict.fromkeys(("back", "not yet", "silent", "never seen"), onset)
    assert run(recovered, last, asked, Detection()) == {"back"}


def test_a_case_of_a_few_days_is_not_closed(
    product: Any, run: Callable[..., Any], weekdays: Between, last: date
) -> None:
    """Days from before the onset do not count as a recovery."""
    product.add("fresh", weekdays(3, 200))
    assert run(recovered, last, {"fresh": last - timedelta(days=2)}, Detection()) == set()


def test_a_team_is_back_when_its_seats_are(
    product: Any, run: Callable[..., Any], weekdays: Between, last: date
) -> None:
    """An account that lost its champion is not back because a colleague goes on."""
    product.add("led", weekdays(30, 200), contact="carol")
    three_of_five = [age for age in weekdays(0, 200) if (last - timedelta(days=age)).weekday() < 3]
    product.add("led", three_of_five, contact="dave")
    onset = {"led": last - timedelta(days=29)}
    assert run(recovered, last, onset, Detection()) == set()
    product.add("led", weekdays(0, 6), contact="carol")
    assert run(recovered, last, onset, Detection()) == {"led"}


def test_a_champion_is_back_only_in_person(
    product: Any, run: Callable[..., Any], weekdays: Between, last: date
) -> None:
    """Many colleagues who go on bring nobody back when the drop was one person's stopping."""
    product.add("led", weekdays(30, 200), contact="carol")
    for colleague in ("dave", "eve", "finn"):
        product.add("led", weekdays(0, 200), contact=colleague)
    onset = {"led": last - timedelta(days=29)}
    assert run(recovered, last, onset, Detection()) == {"led"}
    assert run(recovered, last, onset, Detection(), champions={"led": "carol"}) == set()
    product.add("led", weekdays(0, 6), contact="carol")
    assert run(recovered, last, onset, Detection(), champions={"led": "carol"}) == {"led"}


def test_nobody_asked_nobody_answered(run: Callable[..., Any], last: date) -> None:
    """No cases, no work."""
    assert run(recovered, last, {}, Detection()) == set()
