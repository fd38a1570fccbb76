"""Caps hold in any interleaving of two workers."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from sqlmodel import col, func, select

from tests.conftest import empty_postgres, empty_sqlite, engine_of, lacking
from winback.store.models import Effect
from winback.store.store import Store
from winback.testing.world import AS_OF, PERMISSIVE, add_account, open_case, world
from workers.act import _carry_all_out
from workers.claim import Claim, claim
from workers.counting import CONTACTED
from workers.propose import propose_all
from workers.services import Services

EFFECTS = 4
CAP = "  - {{id: cap, kind: frequency_cap, scope: {scope}, max: {most}, window: {{kind: rolling, days: 7}}}}\n"
STEPS = st.lists(st.tuples(st.integers(0, 1), st.integers(1, EFFECTS), st.booleans()), min_size=6, max_size=30)


@contextmanager
def opened(url: str | None) -> Iterator[tuple[Store, Path]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = engine_of(empty_postgres(url) if url else empty_sqlite())
        yield store, folder
        store.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@settings(max_examples=12, suppress_health_check=list(HealthCheck), deadline=None)
@given(steps=STEPS, scope=st.sampled_from(["global", "tool", "channel"]), most=st.integers(0, 3))
def test_caps_hold(
    request: pytest.FixtureRequest, kind: str, steps: list[tuple[int, int, bool]], scope: str, most: int
) -> None:
    """Two workers take and finish four effects in any order: never more than the cap reach a customer."""
    url = request.getfixturevalue("postgres_url") if kind == "postgres" else None
    if kind == "postgres" and url is None:
        lacking("no PostgreSQL answers at WINBACK_TEST_POSTGRES or 127.0.0.1:5432")
    with opened(url) as (store, folder), world(store, folder) as services:
        with store.write() as session:
            for number in range(EFFECTS):
                open_case(session, add_account(session, f"account-{number}"))
        propose_all(services, AS_OF)
        (folder / "policy.yaml").write_text(PERMISSIVE + CAP.format(scope=scope, most=most), encoding="utf-8")
        live(services, steps)
        with store.read() as session:
            reached = session.exec(select(func.count()).where(col(Effect.state).in_(CONTACTED))).one()
        assert reached <= most
        assert len(services.channels["email"].sent) <= most  # type: ignore[attr-defined]


def live(services: Services, steps: list[tuple[int, int, bool]]) -> None:
    """Each step: a worker takes an effect, or finishes one that it has taken."""
    workers = [replace(services, owner=f"worker-{number}/0/1/1.00") for number in range(2)]
    taken: list[dict[int, Claim]] = [{}, {}]
    for number, effect, finish in steps:
        if finish and effect in taken[number]:
            _carry_all_out(workers[number], [taken[number].pop(effect)], lambda: False)
        elif isinstance(found := claim(workers[number], effect), Claim):
            taken[number][effect] = found
