"""A scan on the screen."""

import io
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from winback.cli.scan_table import scan_table, sparkline
from winback.usage.detect.scan import Scan
from winback.usage.drop import Channel, Driver, Drop, DropKind

DROP = Drop(
    account="acme",
    as_of=date(2025, 6, 27),
    kind=DropKind.FEATURE_FELL,
    channel=Channel.FAST,
    alarm=6.1,
    threshold=4.7,
    expected_days=4.8,
    seen_days=1,
    lost_days=3.8,
    onset=date(2025, 6, 20),
    reason="active on 1 of 7 days; 4.8 expected, holidays considered",
    drivers=(Driver("editor", 4.5, 0.0), Driver("viewer", 1.0, 1.2)),
    seats_before=1,
    seats_now=1,
    champion=None,
    limit_feature=None,
    risk=0.4,
    weeks=(0, 1, 2, 3, 4, 5, 6, 7, 5, 5, 5, 1),
)


def shown(*drops: Drop) -> str:
    scan = Scan(DROP.as_of, 20, 15, drops, None, 0, 4.7, "somewhere", from_past=True)
    console = Console(file=io.StringIO(), width=200)
    console.print(scan_table(scan))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_table_tells_who_since_when_and_why() -> None:
    """Account, kind, onset, seen and expected, reason, the features that fell, and twelve weeks."""
    text = shown(DROP)
    for part in ("acme", "a feature fell", "2025-06-20", "1/4.8", DROP.reason, "editor 4.5→0.0", "▁▂▃▄▅▆▇▅▅▅▁"):
        assert part in text
    assert "viewer" not in text


def test_keys_are_shown_and_never_obeyed() -> None:
    """A customer's key is neither markup nor a control sequence."""
    text = shown(replace(DROP, account="[red]acme\x1b[2J"))
    assert "[red]acme?[2J" in text


@given(st.lists(st.integers(0, 7), max_size=12))
def test_the_sparkline_has_a_character_a_week_and_rises_with_it(weeks: list[int]) -> None:
    """More active days never give a lower block."""
    line = sparkline(weeks)
    assert len(line) == len(weeks)
    order = " ▁▂▃▄▅▆▇"
    assert [order.index(one) for one in line] == weeks


@pytest.mark.parametrize("days", [-1, 9])
def test_the_sparkline_keeps_to_its_blocks(days: int) -> None:
    """Numbers out of range are drawn at the nearest block."""
    assert sparkline([days]) in " ▇"
