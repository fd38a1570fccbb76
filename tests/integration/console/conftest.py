"""A console to visit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import sqlite_world
from tests.integration.console.house import House, house
from tests.integration.console.oidc_visit import ANN, settings
from tests.integration.console.openid import OpenId, serving_openid
from workers.services import Services


@pytest.fixture
def console(services: Services) -> Iterator[House]:
    """On both databases."""
    with house(services) as found:
        yield found


@pytest.fixture
def one_console(tmp_path: Path) -> Iterator[House]:
    """On SQLite alone, for what no database decides."""
    with sqlite_world(tmp_path) as services, house(services) as found:
        yield found


@pytest.fixture
def openid() -> Iterator[OpenId]:
    """An OpenID provider; Ann is signed in there."""
    with serving_openid() as found:
        found.people["sub-1"] = dict(ANN)
        yield found


@pytest.fixture
def here(tmp_path: Path, openid: OpenId) -> Iterator[House]:
    """A console that lets it decide."""
    with sqlite_world(tmp_path) as services, house(services, oidc=settings(openid)) as found:
        yield found
