"""Bits of days."""

from datetime import date, timedelta

import duckdb
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from winback.usage.detect.grid import load_accounts, load_seats, mask, popcount, silence

LAST = date(2025, 6, 27)


def usage(rows: list[tuple[str, str | None, int]]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE usage (account VARCHAR, contact VARCHAR, feature VARCHAR, day DATE, count BIGINT)"
    )
    if rows:
        connection.executemany(
            "INSERT INTO usage VALUES (?, ?, NULL, ?, 1)",
            [(account, contact, LAST - timedelta(days=age)) for account, contact, age in rows],
        )
    return connection


@settings(max_examples=40)
@given(st.sets(st.integers(0, 200), min_size=1, max_size=40), st.integers(0, 150))
def test_word_is_the_64_days_up_to_its_age(ages: set[int], age: int) -> None:
    """A word at an age holds exactly the active days of the 64 that end there, none lost, none later."""
    with usage([("a", None, one) for one in ages]) as connection:
        grid = load_accounts(connection, "usage", LAST, None)
    expected = sum(1 << (one - age) for one in ages if age <= one < age + 64)
    assert int(grid.word(age)[0]) == expected
    assert int(grid.first[0]) == max(ages)


@settings(max_examples=40)
@given(st.sets(st.integers(0, 200), min_size=1, max_size=40), st.integers(0, 100), st.integers(0, 120))
def test_active_days_counts_a_range_of_any_length(ages: set[int], youngest: int, more: int) -> None:
    """Counting over a range agrees with counting the days one by one, also beyond one word."""
    with usage([("a", None, one) for one in ages]) as connection:
        grid = load_accounts(connection, "usage", LAST, None)
    counted = grid.active_days(youngest + more, youngest, np.array([0]))[0]
    assert counted == sum(youngest <= one <= youngest + more for one in ages)


@given(st.integers(0, 2**64 - 1))
def test_silence_is_the_days_since_the_last_active_one(word: int) -> None:
    """Silence counts the empty days at the young end, 64 for an empty word."""
    expected = next((age for age in range(64) if word >> age & 1), 64)
    assert int(silence(np.array([word], np.uint64))[0]) == expected


def test_days_before_the_loaded_ones_are_empty_but_first_seen_is_not_forgotten() -> None:
    """A scan that loads only some days still knows since when each account is a customer."""
    with usage([("a", None, 0), ("a", None, 100)]) as connection:
        grid = load_accounts(connection, "usage", LAST, None, days=50)
    assert int(popcount(grid.word(0) & mask(64))[0]) == 1
    assert grid.active_days(150, 0, np.array([0]))[0] == 1
    assert int(grid.first[0]) == 100


def test_seats_are_contacts_and_know_their_account() -> None:
    """Every named contact is a row; usage without a contact is nobody's seat."""
    rows = [("one", "ann", 0), ("two", "ann", 0), ("two", "bob", 3), ("none", None, 1)]
    with usage(rows) as connection:
        grid = load_accounts(connection, "usage", LAST, {"two": "pro"})
        seats = load_seats(connection, "usage", grid)
    assert list(seats.account) == ["one", "two", "two"]
    assert seats.contact is not None
    assert list(seats.contact) == ["ann", "ann", "bob"]
    assert list(grid.account[seats.parent]) == list(seats.account)
    assert list(seats.group) == list(grid.group[seats.parent])


def test_where_nobody_has_a_colleague_there_are_no_seats() -> None:
    """A product whose accounts are one person each has no seats to watch."""
    with usage([("one", "ann", 0), ("two", "bob", 3)]) as connection:
        grid = load_accounts(connection, "usage", LAST, None)
        assert len(load_seats(connection, "usage", grid)) == 0


def test_nothing_at_all_is_an_empty_grid() -> None:
    """No usage by the date gives a grid of nobody, not an error."""
    with usage([]) as connection:
        grid = load_accounts(connection, "usage", LAST, None)
        seats = load_seats(connection, "usage", grid)
    assert len(grid) == len(seats) == 0
    assert grid.oldest_age == 0
