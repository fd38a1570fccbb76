"""Kinds of drop by their numbers."""

import pytest

from winback.usage.detect.kind import Change, SeatChange, kind_of
from winback.usage.drop import Driver, DropKind


def change(
    *,
    known: int = 90,
    features: tuple[Driver, ...] = (),
    seats: tuple[SeatChange, ...] = (),
    limit: str | None = None,
) -> Change:
    return Change(known, features, seats, limit)


FELL = (Driver("editor", 4.0, 0.0), Driver("viewer", 4.0, 3.8))
LEFT = (SeatChange("ann", 4.0, 0.0, 0), SeatChange("bob", 2.0, 1.8, 2))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (change(), DropKind.ALL_QUIET),
        (change(known=27), DropKind.STALLED_START),
        (change(known=28), DropKind.ALL_QUIET),
        (change(features=FELL), DropKind.FEATURE_FELL),
        (change(features=FELL[:1]), DropKind.ALL_QUIET),
        (change(features=(FELL[0], Driver("viewer", 4.0, 0.2))), DropKind.ALL_QUIET),
        (change(seats=LEFT), DropKind.CHAMPION_LEFT),
        (change(seats=LEFT, features=FELL), DropKind.CHAMPION_LEFT),
        (change(seats=LEFT, known=20), DropKind.CHAMPION_LEFT),
        (change(seats=LEFT, limit="exports"), DropKind.LIMIT_REACHED),
        (change(seats=LEFT[:1]), DropKind.ALL_QUIET),
    ],
)
def test_the_numbers_tell_the_kind(given: Change, expected: DropKind) -> None:
    """Limit, champion, start, feature, in this order; all quiet when none fits."""
    assert kind_of(given).kind is expected


def test_who_only_pauses_has_not_left() -> None:
    """A champion who was active in the last seven days is not one who left."""
    assert kind_of(change(seats=(SeatChange("ann", 4.0, 0.5, 1), LEFT[1]))).kind is DropKind.ALL_QUIET


def test_when_the_others_stop_too_nobody_left_alone() -> None:
    """If the others fell as well, the account went quiet, not its champion."""
    seats = (SeatChange("ann", 4.0, 0.0, 0), SeatChange("bob", 2.0, 0.2, 0))
    assert kind_of(change(seats=seats)).kind is DropKind.ALL_QUIET


def test_the_champion_is_named() -> None:
    """Who left is part of the answer."""
    assert kind_of(change(seats=LEFT)).champion == "ann"
