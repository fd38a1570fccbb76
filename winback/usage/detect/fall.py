"""One alarmed subject's fall in words: since when, and by which numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from winback.usage.detect.grid import WORD_DAYS, Floats, Grid, Ints, Words, silence
from winback.usage.detect.onset import onset_age
from winback.usage.detect.reason import reason
from winback.usage.detect.subjects import CHAMPION, SEATS, Accounts, Seats, Subjects
from winback.usage.detect.watch import View
from winback.usage.drop import Channel

TOO_LITTLE_PAST = "; threshold borrowed, too little past of its own"


@dataclass(frozen=True)
class Fall:
    """`place` is in the view's order, `row` in the grid's; `onset` is an age before the view's date."""

    place: int
    row: int
    channel: Channel
    onset: int
    reason: str
    lost_per_week: float


def account_falls(view: View, accounts: Accounts, seats: Seats) -> Iterator[Fall]:
    """A fall for every alarm; a champion's and a team's are dated by the seats' days."""
    age = view.evidence.age
    for place in np.flatnonzero(view.alarms.alarm):
        name = view.signals[view.alarms.winner[place]].name
        row = int(view.evidence.rows[place])
        grid, rows, level = accounts.grid, np.array([row]), _level(view, accounts, int(place))
        if name == CHAMPION:
            grid, rows, level = seats.grid, accounts.team(age).champion[[place]], _everyone(seats, age)
        elif name == SEATS:
            grid, rows, level = seats.grid, np.flatnonzero(seats.grid.parent == row), _everyone(seats, age)
        yield _fall(view, int(place), row, grid, rows, level)


def seat_falls(view: View, seats: Seats) -> Iterator[Fall]:
    """A fall for every seat that alarms."""
    for place in np.flatnonzero(view.alarms.alarm):
        row = int(view.evidence.rows[place])
        yield _fall(view, int(place), row, seats.grid, np.array([row]), _level(view, seats, int(place)))


def _fall(view: View, place: int, row: int, grid: Grid, rows: Ints, level: Floats) -> Fall:
    """`grid` and `rows` hold the days that the signal spoke of, `level` what was usual on them."""
    signal, age = view.signals[view.alarms.winner[place]], view.evidence.age
    reading, words = signal.reading, grid.word(age, rows)
    known = int(grid.first[rows].max()) - age + 1
    why = reason(
        signal.name,
        signal.channel,
        seen=int(reading.seen[place]),
        expected=float(reading.expected[place]),
        days=reading.days,
        share=float(reading.tail.share[place]),
        silent=int(silence(words).min()),
    )
    return Fall(
        place=place,
        row=row,
        channel=signal.channel,
        onset=onset_age(day_bits(words).sum(axis=0), level, known),
        reason=why if view.threshold.from_past else why + TOO_LITTLE_PAST,
        lost_per_week=float(reading.lost[place]) * 7 / reading.days,
    )


def day_bits(words: Words) -> Floats:
    """A row a word, a column a day, the youngest first."""
    return ((words[:, None] >> np.arange(WORD_DAYS, dtype=np.uint64)) & np.uint64(1)).astype(np.float64)


def _level(view: View, subjects: Subjects, place: int) -> Floats:
    levels = subjects.population.levels(view.evidence.age, WORD_DAYS)
    found: Floats = levels[view.evidence.level_row[place]]
    return found


def _everyone(subjects: Subjects, age: int) -> Floats:
    found: Floats = subjects.population.levels(age, WORD_DAYS)[-1]
    return found
