"""The crash matrix on one database: a process without threads that forks each victim.

Prints JSON, for each kind of receiver: the points that were died at, how many cells there were, and what was
wrong in which.
"""

import gc
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import select

from tests.acceptance.crash.place import Place
from tests.acceptance.crash.scenario import SCENARIOS, Scenario
from tests.judge import agrees
from tools.channels.channel import Capability
from winback import event_log, failpoint
from winback.decisions.log import seal
from winback.decisions.verify import verify
from winback.errors import ConflictError
from winback.settings import Log
from winback.store.models import Effect, Run
from winback.store.store import Store
from winback.store.types import EffectState, RunState
from winback.testing import forked
from winback.testing.world import AS_OF, NOON
from workers.act import act_all
from workers.expire import expire_all
from workers.propose import propose_all
from workers.settle import OPEN_ENDS

CAPABILITIES: tuple[Capability, ...] = ("keyed", "lookup", "blind")
LATER = (0, 0.1, 6)
"""Hours after the beginning at which workers run again: at once, after a short wait, after the quiet hours."""
AFTER_INTENT = {
    "claim.after_commit", "send.before", "send.after",
    "done.before_commit", "not_sent.before_commit", "unknown.before_commit",
}  # fmt: skip
"""Who dies here leaves an intent: on a blind receiver nobody can tell."""


def main() -> None:
    """Called with `sqlite` or a PostgreSQL database that may be emptied, and a word of the scenarios meant."""
    url, word = (*sys.argv[1:], "")[:2]
    event_log.configure(Log(level="error"))
    found = {}
    with tempfile.TemporaryDirectory() as name:
        for capability in CAPABILITIES:
            place = Place(None if url == "sqlite" else url, Path(name) / capability, capability)
            meant = [one for one in SCENARIOS if word in one.name and (not one.alike or capability == "blind")]
            found[capability] = judged(place, meant)
    gc.unfreeze()
    print(json.dumps(found))  # noqa: T201


def judged(place: Place, scenarios: Sequence[Scenario]) -> dict[str, Any]:
    """Every cell of one kind of receiver."""
    died: list[str] = []
    wrong: dict[str, list[str]] = {}
    for scenario in scenarios:
        for point in points(place, scenario):
            died.append(point.partition(":")[0])
            if problems := cell(place, scenario, point):
                wrong[f"{scenario.name}, {point}"] = problems
    return {"died_at": sorted(set(died)), "cells": len(died), "wrong": wrong}


def points(place: Place, scenario: Scenario) -> list[str]:
    """Every passage of a point on a scenario's way, as NAME:n: it is gone once without a crash.

    What that compiles, in this process, every child inherits; its state before is kept for them.
    """
    passed: list[str] = []
    place.empty()
    scenario.prepare(place)
    place.keep()
    failpoint.hear(passed.append)
    with scenario.services(place) as services:
        scenario.step(services)
    failpoint.hear(None)
    go_on(place, scenario)
    gc.freeze()
    own = [one for one in passed if scenario.covers(one.partition(".")[0])]
    return [f"{point}:{own[: number + 1].count(point)}" for number, point in enumerate(own)]


def cell(place: Place, scenario: Scenario, point: str) -> list[str]:
    """Die there, go on without the failpoint, and let the receiver's memory judge; returns what is wrong."""
    place.restore()

    def victim() -> None:
        failpoint.arm(point)
        with scenario.services(place) as services:
            scenario.step(services)

    ended = forked.run(victim)
    if ended.died_at != point.partition(":")[0]:
        return [f"it did not die there: {ended}"]
    go_on(place, scenario)
    found = [*invariants(place, scenario), *outcome(place, scenario, point), *_judge(place)]
    place.store.close()
    return found


def _judge(place: Place) -> Iterator[str]:
    """The word of a checker from outside on the trace of what happened."""
    with place.services() as services:
        try:
            agrees(services, place.folder / "trace.jsonl")
        except AssertionError as error:
            yield f"agentack: {error}"[:500]


def go_on(place: Place, scenario: Scenario) -> None:
    """Whoever was at it tries again and may be told that it is done; then workers run until all is quiet."""
    with place.services(scenario.policy, scenario.hours) as services:
        with suppress(ConflictError):
            scenario.step(services)
        for hours in LATER:
            place.set_clock(services, scenario.hours + hours)
            expire_all(services)
            propose_all(services, AS_OF)
            act_all(services)
        seal(services.store, services.clock.now())


def left(store: Store, now: datetime) -> list[Effect]:
    """What should have been carried out and was not; what is due in days may wait."""
    return [one for one in effects_of(store) if one.state == EffectState.IN_FLIGHT or
            (one.state == EffectState.PENDING and one.due_at <= now)]  # fmt: skip


def invariants(place: Place, scenario: Scenario) -> Iterator[str]:
    """What must hold after any crash."""
    delivered = place.receiver().delivered()
    effects = {one.key: one for one in effects_of(place.store)}
    yield from (f"{key[:8]} was delivered {times} times" for key, times in delivered.items() if times > 1)
    if delivered.total() > scenario.deliveries:
        yield f"{delivered.total()} deliveries, not {scenario.deliveries}"
    for key in delivered:
        if key not in effects or effects[key].state not in (EffectState.DONE, EffectState.UNKNOWN):
            yield f"{key[:8]} was delivered and is {effects[key].state if key in effects else 'nowhere'}"
    for key, one in effects.items():
        if one.state == EffectState.DONE and key not in delivered:
            yield f"{key[:8]} is done and was not delivered"
    yield from (f"{one.key[:8]} is left {one.state}" for one in left(place.store, NOON + timedelta(hours=6)))
    with place.store.read() as session:
        slots = session.exec(select(Run.state)).all()
    yield from (f"a slot is left {state}" for state in slots if state in (RunState.DUE, RunState.RUNNING))
    found = verify(place.store)
    yield from (f"log: {one}" for one in found.problems)
    if found.waiting:
        yield f"log: {found.waiting} entries are not sealed"


def outcome(place: Place, scenario: Scenario, point: str) -> Iterator[str]:
    """What must have come of this scenario."""
    delivered = place.receiver().delivered().total()
    states = [one.state for one in effects_of(place.store)]
    before_a_person = any(state in OPEN_ENDS for state in states)
    crashed = point.partition(":")[0]
    may_ask = place.capability == "blind" and (scenario.doubt or crashed in AFTER_INTENT)
    match scenario.expects:
        case "once" if not (delivered == scenario.deliveries and EffectState.DONE in states) and not (
            may_ask and before_a_person
        ):
            yield f"delivered {delivered} times, effects are {states}"
        case "never" if delivered or EffectState.DONE in states:
            yield f"delivered {delivered} times, effects are {states}"
        case "settled" if EffectState.DONE not in states and not before_a_person:
            yield f"nobody sees it: effects are {states}"


def effects_of(store: Store) -> list[Effect]:
    with store.read() as session:
        return list(session.exec(select(Effect)).all())


if __name__ == "__main__":
    main()
