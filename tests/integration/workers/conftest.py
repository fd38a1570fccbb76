"""Whatever a test of the workers did, a judge from outside looks at it when it is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.judge import agrees
from workers.services import Services


@pytest.fixture(autouse=True)
def _judged(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """The life of each test's cases passes, and is told whole."""
    services: Services | None = None
    if "services" in request.fixturenames and request.node.get_closest_marker("by_hand") is None:
        services = request.getfixturevalue("services")
    yield
    if services is not None:
        agrees(services, tmp_path / "trace.jsonl")
