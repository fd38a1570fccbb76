"""When nobody is alarmed about: the day itself is unusual, or its data have not come yet."""

from datetime import timedelta

import numpy as np

from winback.settings import Detection
from winback.usage.detect.grid import WORD_DAYS, Grid, silence
from winback.usage.detect.population import Population

WEEKS = 8
LEAST_USUAL = 5


def hold(grid: Grid, population: Population, age: int, settings: Detection) -> str | None:
    """Why alarms of that date are held, or None."""
    day = grid.last - timedelta(days=age)
    late = _days_late(grid, age)
    if late >= settings.window_days:
        return f"no usage since {day - timedelta(days=late)}: data are late; scan with an earlier date, or import"
    weeks = [7 * week for week in range(1, WEEKS + 1) if age + 7 * week <= grid.oldest_age]
    if not weeks:
        return None
    usual = float(np.median([population.active(age + back) for back in weeks]))
    active = population.active(age)
    if usual < LEAST_USUAL or active >= settings.hold_below * usual:
        return None
    if late:
        last = day - timedelta(days=late)
        return (
            f"no usage on {day} (usual for a {day:%A}: {usual:.0f} accounts); the last is of {last}: data are late"
        )
    return (
        f"{active} accounts active on {day}, usual for a {day:%A}: {usual:.0f}; a holiday, an outage or late data"
    )


def _days_late(grid: Grid, age: int) -> int:
    return int(silence(grid.word(age)).min(initial=WORD_DAYS))
