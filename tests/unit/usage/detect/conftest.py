"""A made-up product with 160 steady accounts, weekends and all; tests plant what they need in it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

LAST = date(2025, 6, 27)
DAYS = 240
Row = tuple[str, str | None, str | None, int, int]


class Product:
    """Usage as rows of (account, contact, feature, age in days before LAST, count)."""

    def __init__(self, seed: int = 5, accounts: int = 160) -> None:
        random = np.random.default_rng(seed)
        weekday = np.array([(LAST - timedelta(days=age)).weekday() for age in range(DAYS)])
        level = np.where(weekday >= 5, 0.3, 1.0)
        self.rows: list[Row] = []
        for number in range(accounts):
            active = random.random(DAYS) < random.beta(3, 3) * level
            ages = np.flatnonzero(active)
            self.rows += [(f"acc-{number:03}", "ann", "editor", int(age), 3) for age in ages]

    def add(
        self,
        account: str,
        ages: Sequence[int],
        *,
        contact: str | None = "ann",
        feature: str = "editor",
        count: int = 3,
    ) -> None:
        self.rows += [(account, contact, feature, age, count) for age in ages]

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection with the rows as the relation `usage`."""
        account, contact, feature, age, count = zip(*self.rows, strict=True)
        connection = duckdb.connect()
        table = pa.table(
            {
                "account": pa.array(account, pa.string()),
                "contact": pa.array(contact, pa.string()),
                "feature": pa.array(feature, pa.string()),
                "day": pa.array([LAST - timedelta(days=one) for one in age], pa.date32()),
                "count": pa.array(count, pa.int64()),
            }
        )
        connection.register("given", table)
        connection.execute("CREATE TABLE usage AS SELECT * FROM given")
        return connection


@pytest.fixture
def product() -> Product:
    return Product()


@pytest.fixture
def weekdays() -> Callable[[int, int], list[int]]:
    """Ages from the youngest to the oldest that are Monday to Friday."""

    def between(youngest: int, oldest: int) -> list[int]:
        return [age for age in range(youngest, oldest + 1) if (LAST - timedelta(days=age)).weekday() < 5]

    return between


@pytest.fixture
def run(product: Product) -> Iterator[Callable[..., Any]]:
    """Call a detector's function with the product's connection and relation before its own arguments."""
    opened: list[duckdb.DuckDBPyConnection] = []

    def call(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        opened.append(product.connect())
        return function(opened[-1], "usage", *arguments, **named)

    yield call
    for connection in opened:
        connection.close()


@pytest.fixture
def last() -> date:
    return LAST
