"""What the tests of the pages share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import sqlite_world
from workers.services import Services


@pytest.fixture
def few(tmp_path: Path) -> Iterator[Services]:
    """One database is enough for what changes nothing."""
    with sqlite_world(tmp_path) as found:
        yield found
