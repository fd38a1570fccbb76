"""Caps hold in any interleaving of two workers."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import event, update
from sqlmodel import Session, col, func, select

from tests.conftest import empty_postgres, empty_sqlite, engine_of, lacking
from winback.store.models import Effect, Proposal
from winback.store.store import Store
from winback.store.types import EMAIL
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, PERMISSIVE, add_account, open_case, sample_drop, world
from winback.usage.drop import DropKind
from workers.act import _carry_all_out, act
from workers.claim import claim, claim_all
from workers.counting import CONTACTED
from workers.due import due_effects
from workers.hand import Claim
from workers.policy_watch import watch_policies
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
        with store.write("test") as session:
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


TRIALS = PERMISSIVE.replace("send_tutorial", "offer_trial_upgrade").replace("offer_trial_upgrade, book", "book")
WEEK = "window: {kind: rolling, days: 7}"
ONE_ONLY = {
    **{
        f"cap per {scope}": f"kind: frequency_cap, scope: {scope}, max: 1, {WEEK}"
        for scope in ("account", "contact", "tool", "channel", "global")
    },
    "value per account": f"kind: value_limit, per_account: {{max: VALUE, {WEEK}}}",
    "value in all": f"kind: value_limit, total: {{max: VALUE, {WEEK}}}",
    "ramp": "kind: ramp, start: 1, double_after: 100",
}
"""Rules that let one of two acts go; VALUE is that of one of them."""
MEET_SECONDS = 1.0
"""Long enough for the slower of the two to judge; who is kept waiting by the other costs the test so much."""


def together(services: Services, effect: int) -> None:
    """As `act_all` takes effects that may be intended at once."""
    due = [one for one in due_effects(services) if one.id == effect]
    _carry_all_out(services, claim_all(services, due)[0], lambda: False)


WAYS = [
    *(pytest.param(act, rule, id=name) for name, rule in ONE_ONLY.items()),
    pytest.param(together, ONE_ONLY["cap per global"], id="together"),
]


@pytest.mark.long
@pytest.mark.parametrize(("way", "rule"), WAYS)
def test_of_two_workers_at_the_same_moment_one_acts(
    database_url: str, tmp_path: Path, way: Callable[[Services, int], object], rule: str
) -> None:
    """Each has counted before either commits, if nothing keeps them apart: then both would go out."""
    channel = MemoryChannel()
    with ExitStack() as stack:
        workers = [_worker(stack, database_url, tmp_path, number, channel) for number in range(2)]
        value = _two_effects(workers[0])
        text = TRIALS + f"  - {{id: one, {rule.replace('VALUE', str(value))}}}\n"
        (tmp_path / "policy.yaml").write_text(text, encoding="utf-8")
        for one in workers:
            watch_policies(one)
        _at_once(workers, way)
        with workers[0].store.read() as session:
            reached = session.exec(select(func.count()).where(col(Effect.state).in_(CONTACTED))).one()
    assert (len(channel.sent), reached) == (1, 1)


def _worker(stack: ExitStack, url: str, folder: Path, number: int, channel: MemoryChannel) -> Services:
    """A worker as in a process of its own: its own connections, its own view of the policy."""
    store = Store(url, busy_seconds=30)
    stack.callback(store.close)
    services = stack.enter_context(world(store, folder, TRIALS))
    return replace(services, owner=f"worker-{number}/0/1/1.00", channels={EMAIL: channel})


def _two_effects(services: Services) -> float:
    """Two trials of two cases for one contact, each due; returns what one is worth."""
    with services.store.write("test") as session:
        for key in ("acme", "bolt"):
            open_case(session, add_account(session, key), sample_drop(key, DropKind.LIMIT_REACHED))
    propose_all(services, AS_OF)
    with services.store.write("test") as session:
        first, second = session.exec(select(Effect).order_by(col(Effect.id))).all()
        for table, number in ((Effect, second.id), (Proposal, second.proposal_id)):
            _give(session, table, number, first)
    assert first.value == second.value > 0
    return first.value


def _give(session: Session, table: Any, number: int | None, to: Effect) -> None:
    values = {"account_id": to.account_id, "contact_id": to.contact_id}
    session.connection().execute(update(table).where(table.id == number).values(values))


def _at_once(workers: list[Services], way: Callable[[Services, int], object]) -> None:
    """Both act; each waits before its first change for the other to have judged too, as long as it can."""
    begin, judged = threading.Barrier(len(workers)), threading.Barrier(len(workers))
    failed: list[Exception] = []

    def meet(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE effect"):
            with suppress(threading.BrokenBarrierError):
                judged.wait(MEET_SECONDS)

    def run(services: Services, effect: int) -> None:
        begin.wait(30)
        try:
            way(services, effect)
        except Exception as error:  # noqa: BLE001  told below, in the test's own thread
            failed.append(error)

    for one in workers:
        event.listen(one.store.engine, "before_cursor_execute", meet)
    threads = [threading.Thread(target=run, args=(one, number)) for number, one in enumerate(workers, start=1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
