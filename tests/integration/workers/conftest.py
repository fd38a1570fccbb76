"""Whatever a test of the workers did, a judge from outside looks at it when it is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.judge import passes
from winback.decisions.trace import write_trace
from workers.services import Services


@pytest.fixture(autouse=True)
def _judged(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """The life of each test's cases must pass, as far as it is over."""
    services: Services | None = None
    if "services" in request.fixturenames:
        services = request.getfixturevalue("services")
    yield
    if services is None:
        return
    path = tmp_path / "trace.jsonl"
    with services.store.read() as session, path.open("w", encoding="utf-8") as file:
        write_trace(session, file, "winback", services.clock.now(), finished=True)
    passes(path)
