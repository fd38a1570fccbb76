"""How many effects a second go the whole way: claimed, judged anew, intended, carried out, completed, logged.

All with durable commits (SQLite `synchronous=FULL`, PostgreSQL as its server is set), over a null channel
that refuses repeats of a key, under a policy of the kinds that most companies have. Beside it, in the same
run on the same machine, two engines for durable work doing one durable step each: a DBOS workflow of one
step, and a Procrastinate job. They judge nothing and write no log. All have done a few before the clock starts.

    python benchmarks/effects.py [--effects 2000] [--json]

Needs PostgreSQL at WINBACK_TEST_POSTGRES; makes databases of its own there and drops them.
"""

import argparse
import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from decision_log import POSTGRES, scratch
from effect_engines import dbos_per_second, procrastinate_per_second
from sqlalchemy import insert
from sqlmodel import col, func, select

from tools.channels.channel import Parcel, Receipt
from winback import event_log
from winback.canonical import content_hash
from winback.clock import SystemClock
from winback.decisions.action import act_of, drop_hash, effect_key
from winback.decisions.kind import EntryKind
from winback.decisions.log import ENTRY, row_of
from winback.decisions.verify import verify
from winback.settings import Log, Settings
from winback.store.migrate import migrate
from winback.store.models import Account, Case, Consent, Contact, Effect, Proposal
from winback.store.store import Store
from winback.store.types import EMAIL, CaseState, EffectState
from winback.testing.world import sample_drop, world
from winback.usage.drop import drop_to_plain
from workers.act import act_all
from workers.owner import this_owner

POLICY = """
version: 1
rules:
  - {id: tools, kind: allow_tools, allow: [{tools: [send_tutorial], mode: auto}]}
  - {id: consent, kind: consent, unknown: deny}
  - {id: account, kind: frequency_cap, scope: account, max: 3, window: {kind: rolling, days: 14}}
  - {id: contact, kind: frequency_cap, scope: contact, max: 2, window: {kind: rolling, days: 7}}
  - {id: everything, kind: frequency_cap, scope: global, max: 1000000, window: {kind: rolling, days: 7}}
  - {id: complaint, kind: cooldown_after, what: [complaint], days: 90}
  - {id: holdout, kind: holdout, share: 0.0, seed: bench}
  - {id: expiry, kind: expires, hours: 168}
  - {id: stop, kind: kill_switch, engaged: false}
"""
WARMING = 256
"""Effects before the clock starts: a process that has done none makes its statements first."""
MESSAGE = {"language": "en", "subject": "Two things about reports", "body": "Hello.\n" * 20,
           "template": "send_tutorial", "template_version": "1", "slots": {}}  # fmt: skip


class NullChannel:
    """Keyed: takes everything at once and remembers the keys it has seen."""

    name, capability, can_tell = "null", "keyed", True

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def send(self, parcel: Parcel) -> Receipt:
        self.seen.add(parcel.key)
        return Receipt("null", parcel.key[:12], "taken", parcel.sent_at)

    def lookup(self, key: str) -> Receipt | None:
        return Receipt("null", key[:12], "taken", datetime.now(UTC)) if key in self.seen else None

    def probe(self) -> None:
        """Nothing to try."""


def fill(store: Store, numbers: range) -> None:
    """Cases with an effect that is due, each of an account and a contact of its own."""
    now = datetime.now(UTC) - timedelta(hours=1)
    plain = drop_to_plain(sample_drop("a"))
    arguments = {"tutorial": "reports-first", "language": "en"}
    salts = {one: content_hash(one) for one in numbers}
    hashes = {
        one: content_hash(act_of("send_tutorial", arguments, MESSAGE, one, one, salts[one])) for one in numbers
    }
    agent = {"source": "model", "model": "m", "embedded": False, "confidence": 0.9, "untrusted_text": False,
             "failure": None}  # fmt: skip
    tables: list[tuple[Any, list[dict[str, Any]]]] = [
        (Account, [{"id": n, "key": f"a-{n}", "name": "", "tags": [], "plan": "starter", "zone": "Europe/Berlin",
                    "value_per_month": 49.0} for n in numbers]),
        (Contact, [{"id": n, "account_id": n, "key": f"c-{n}", "name": "Ann", "email": f"c{n}@example.com",
                    "language": "en", "left": False, "salt": salts[n]} for n in numbers]),
        (Consent, [{"contact_id": n, "channel": "email", "purpose": "retention", "state": "granted"}
                   for n in numbers]),
        (Case, [{"id": n, "account_id": n, "state": CaseState.ACTING, "version": 2,
                 "drop": {**plain, "account": f"a-{n}"}, "opened_at": now, "ends_at": now + timedelta(days=28)}
                for n in numbers]),
        (Proposal, [{"id": n, "case_id": n, "action_hash": hashes[n], "account_id": n, "contact_id": n,
                     "tool": "send_tutorial", "catalogue_id": "reports-first", "label": "", "value": 0.0,
                     "arguments": arguments, "message": MESSAGE, "agent": agent, "why": "", "medium": EMAIL,
                     "audience": "customer", "created_at": now} for n in numbers]),
        (Effect, [{"id": n, "key": effect_key(n, hashes[n]), "case_id": n, "proposal_id": n,
                   "action_hash": hashes[n], "account_id": n, "contact_id": n, "tool": "send_tutorial",
                   "catalogue_id": "reports-first", "channel": "null", "value": 0.0, "part": "message",
                   "medium": EMAIL, "audience": "customer", "payload": {}, "receipt": {}, "problem": "",
                   "epoch": 0, "attempts": 0, "state": EffectState.PENDING, "proposed_at": now, "due_at": now}
                  for n in numbers]),
    ]  # fmt: skip
    with store.engine.begin() as connection:
        for table, rows in tables:
            connection.execute(insert(table), rows)
        connection.execute(ENTRY, [entry for n in numbers for entry in _entries(n, hashes[n], plain, now)])


def _entries(number: int, action: str, drop: dict[str, Any], now: datetime) -> list[dict[str, Any]]:
    """What the log says of a case whose act was allowed."""
    opened = {"account": number, "drop_hash": drop_hash({**drop, "account": f"a-{number}"}), "drop_kind": "x",
              "onset": "2026-05-03", "as_of": "2026-05-11", "reason": ""}  # fmt: skip
    allowed = {"action_hash": action, "tool": "send_tutorial", "policy": "", "decision": "allow", "rules": [],
               "contact": number, "effect": effect_key(number, action)}  # fmt: skip
    said = ((EntryKind.CASE_OPENED, opened), (EntryKind.ALLOWED, allowed))
    return [row_of(kind, now, body, case_id=number, step=step, evidence=None)
            for step, (kind, body) in enumerate(said, start=1)]  # fmt: skip


def work(url: str, folder: Path, ready: Any, started: Any) -> None:
    """One worker, warmed by a few first ones: everything that is due, until nothing is."""
    event_log.configure(Log(level="error"))
    store = Store(url)
    this_owner.cache_clear()
    with world(store, folder, POLICY) as fakes:
        from dataclasses import replace  # noqa: PLC0415  in the child alone

        services = replace(
            fakes, channels={EMAIL: NullChannel()}, clock=SystemClock(), owner=this_owner(),
            settings=Settings(home=folder),
        )  # fmt: skip
        while act_all(services):
            pass
        ready.wait()
        started.wait()
        while act_all(services):
            pass
    store.close()


def cycle_per_second(url: str, effects: int, workers: int) -> float:
    """Effects a second that went the whole way."""
    store = Store(url)
    migrate(store)
    fill(store, range(1, WARMING + 1))
    context = get_context("spawn")
    ready, started = context.Barrier(workers + 1), context.Event()
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / str(one) for one in range(workers)]
        for one in folders:
            one.mkdir()
        processes = [context.Process(target=work, args=(url, one, ready, started)) for one in folders]
        for one in processes:
            one.start()
        ready.wait()
        fill(store, range(WARMING + 1, WARMING + effects + 1))
        began = time.perf_counter()
        started.set()
        while True:
            with store.read() as session:
                states = [*session.exec(select(Effect.state, func.count()).group_by(col(Effect.state))).all()]
            if dict(states).get(EffectState.DONE.value) == WARMING + effects:
                break
            if not any(one.is_alive() for one in processes):
                raise RuntimeError(f"the workers stopped early: {dict(states)}")
            time.sleep(0.05)
        took = time.perf_counter() - began
        for one in processes:
            one.join()
    assert not verify(store).problems
    store.close()
    return effects / took


@contextlib.contextmanager
def _file() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'bench.db'}"


def measure(effects: int, only: str) -> dict[str, float]:
    """All the figures, or those whose name begins as asked."""
    found: dict[str, float] = {}
    parts: list[tuple[str, Any, Any]] = [
        ("cycle_per_s_sqlite", _file, lambda url: cycle_per_second(url, effects, 1)),
        *(
            (f"cycle_per_s_postgres_{many}", scratch, lambda url, many=many: cycle_per_second(url, effects, many))
            for many in (1, 2, 4)
        ),
        ("dbos_per_s_sqlite", _file, lambda url: dbos_per_second(url, effects // 4)),
        ("dbos_per_s_postgres", scratch, lambda url: dbos_per_second(url, effects // 4)),
        ("procrastinate_per_s", scratch, lambda url: procrastinate_per_second(url, effects)),
    ]
    for name, place, run in parts:
        if name.startswith(only):
            with place() as url:
                found[name] = round(run(url), 1)
    return found


def _ratios(found: dict[str, float]) -> dict[str, float]:
    """Ours over theirs; on PostgreSQL of the number of workers with which we are slowest."""
    slowest = min((rate for name, rate in found.items() if name.startswith("cycle_per_s_postgres")), default=0)
    pairs = (
        ("over_dbos_sqlite", found.get("cycle_per_s_sqlite"), found.get("dbos_per_s_sqlite")),
        ("over_dbos_postgres", slowest, found.get("dbos_per_s_postgres")),
        ("over_procrastinate", slowest, found.get("procrastinate_per_s")),
    )
    return {name: round(ours / theirs, 1) for name, ours, theirs in pairs if ours and theirs}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--effects", type=int, default=2000)
    parser.add_argument("--only", default="", help="figures whose name begins so")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("DBOS__LOG_LEVEL", "ERROR")
    result = measure(options.effects, options.only)
    result |= _ratios(result)
    if options.json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:<26}{value:>12}")


if __name__ == "__main__":
    assert POSTGRES
    main()
