"""agentack as a judge of what `winback log trace` wrote: an independent checker, in the tests only."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentack import EvaluationReport, Policy, TraceEvent, evaluate_events
from agentack.parser import read_jsonl
from sqlmodel import select

from winback.decisions.trace import JUDGE, write_trace
from winback.store.models import Effect, Review
from winback.store.types import EffectState, ReviewState
from workers.services import Services

Line = dict[str, Any]


def judged(path: Path) -> EvaluationReport:
    """Its word on a file, read by its own parser, under the policy that Winback writes for it."""
    policy = path.with_suffix(".toml")
    policy.write_text(JUDGE, encoding="utf-8")
    return evaluate_events(read_jsonl(path), policy=Policy.from_toml(policy))


def judged_lines(lines: Sequence[Line]) -> EvaluationReport:
    """Its word on lines, for those that were tampered with."""
    events = [TraceEvent.from_dict(line, line=number) for number, line in enumerate(lines, start=1)]
    return evaluate_events(events, policy=Policy(require_approval_for=("*:*",)))


def lines_of(path: Path) -> list[Line]:
    """What stands in a trace."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def executed(lines: Sequence[Line], part: str = "message") -> list[Line]:
    """What was carried out of one kind."""
    return [one for one in lines if one["type"] == "action_executed" and one["action"]["operation"] == part]


def passes(path: Path) -> list[Line]:
    """The lines of a trace that the judge finds complete and in order."""
    report = judged(path)
    assert report.status == "PASS", [finding.to_dict() for finding in report.findings[:5]]
    return lines_of(path)


def agrees(services: Services, path: Path) -> None:
    """What is over passes, and what is not over or was executed is as much as the rows say."""
    with services.store.read() as session, path.open("w", encoding="utf-8") as file:
        traced = write_trace(session, file, "acme-log", services.clock.now(), finished=True)
        states = Counter(session.exec(select(Effect.state)).all())
        waiting = len(session.exec(select(Review.id).where(Review.state == ReviewState.PENDING)).all())
    passes(path)
    assert traced.not_over == waiting + states[EffectState.PENDING] + states[EffectState.IN_FLIGHT]
    assert traced.executed == states[EffectState.DONE] + states[EffectState.UNKNOWN]
    assert traced.doubtful == states[EffectState.UNKNOWN]


def agentack(path: Path, policy: Path) -> int:
    """The exit code of its own command: 0 is PASS, 1 FAIL, 3 INCOMPLETE."""
    command = [sys.executable, "-m", "agentack", "check", str(path), "--policy", str(policy)]
    return subprocess.run(command, capture_output=True, check=False).returncode  # noqa: S603
