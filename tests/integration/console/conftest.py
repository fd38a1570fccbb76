"""A console to visit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import empty_sqlite, engine_of
from tests.integration.console.house import House, house
from winback.testing.world import world
from workers.services import Services


@pytest.fixture
def console(services: Services) -> Iterator[House]:
    """On both databases."""
    with house(services) as found:
        yield found


@pytest.fixture
def one_console(tmp_path: Path) -> Iterator[House]:
    """On SQLite alone, for what no database decides."""
    store = engine_of(empty_sqlite())
    with world(store, tmp_path) as services, house(services) as found:
        yield found
    store.close()
