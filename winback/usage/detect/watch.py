"""What a scan of one date says of one kind of subject, by what was known on that date."""

from dataclasses import dataclass

from winback.settings import Detection
from winback.usage.detect.alarm import (
    REFERENCE_CAP,
    REFERENCE_WEEKS,
    Alarms,
    Past,
    Signal,
    Threshold,
    calibrate,
    judge,
)
from winback.usage.detect.evidence import Evidence
from winback.usage.detect.grid import WORD_DAYS
from winback.usage.detect.population import ALIVE_DAYS
from winback.usage.detect.subjects import Subjects

WEEK = 7


@dataclass(frozen=True)
class View:
    evidence: Evidence
    signals: tuple[Signal, ...]
    threshold: Threshold
    alarms: Alarms


def days_needed(settings: Detection) -> int:
    """How far back a scan looks: the oldest date of the reference, its word, and who was alive then."""
    return settings.horizon_days + WEEK * REFERENCE_WEEKS + WORD_DAYS + ALIVE_DAYS


def view(subjects: Subjects, age: int, settings: Detection) -> View:
    """All subjects of one date: their signals, what an alarm had to pass then, and who does."""
    signals = subjects.signals(age)
    past = _past(subjects, age, settings)
    threshold = calibrate(past, len(signals), settings.budget, settings.min_lost_days)
    alarms = judge(signals, threshold.ranks, threshold.value, settings.budget, settings.min_lost_days)
    return View(subjects.evidence(age), signals, threshold, alarms)


def _past(subjects: Subjects, age: int, settings: Detection) -> list[Past]:
    """The same weekday of up to 52 weeks whose H days after are over."""
    found = []
    for week in range(REFERENCE_WEEKS):
        then = age + settings.horizon_days + WEEK * week
        if then > subjects.grid.oldest_age:
            break
        healthy = subjects.healthy(then)
        stride = len(healthy) // REFERENCE_CAP + 1
        found.append(Past(subjects.signals(then), healthy[::stride]))
    return found
