"""One stretch of the decision log, held against an opinion: what a process of its own does for a replay.

Such a process starts afresh, so all that it needs imports little.
"""

import signal
from dataclasses import dataclass

from policies.evidence import judgements
from policies.facts import Moment
from policies.replay import policy_from_text
from winback.decisions.kind import EntryKind
from workers.hindsight.findings import Findings
from workers.hindsight.judged_entry import JudgedEntry, judged_entries
from workers.hindsight.opinion import Judge, Opinion, Shadowed
from workers.hindsight.outcomes import Outcomes
from workers.hindsight.raw import Place, Raw
from workers.hindsight.replayed import Replayed

STRANGE = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What reading raises that this version never wrote."""


@dataclass(frozen=True)
class Task:
    """What is asked of the log: `policy` is the text of one that judges again, `shadow` the hash of one that did.

    `since` is a moment as the bodies of entries write it.
    """

    place: Place
    since: bytes
    policy: str | None = None
    shadow: str = ""


class Stretches:
    """Reads stretches of the log for one task, over one connection."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._raw = Raw(task.place)
        self._outcomes = Outcomes(self._raw)
        self._judge: Judge = Shadowed(task.shadow)
        if task.policy is not None:
            self._judge = Replayed(policy_from_text(task.policy), self._raw)

    def close(self) -> None:
        self._raw.close()

    def read(self, after: int, until: int) -> Findings:
        """What is found in the entries numbered above `after`, up to `until`."""
        found = Findings()
        for entry in judged_entries(self._raw, after, until, self._task.since):
            if entry.evidence is not None and not entry.whole:
                found.altered.add(str(entry))
                continue
            try:
                self._read(entry, found)
            except STRANGE:
                found.unknown.add(str(entry))
        return found

    def _read(self, entry: JudgedEntry, found: Findings) -> None:
        moment: Moment = "propose"
        opinion: Opinion | None = None
        if entry.evidence is not None:
            said = judgements(entry.evidence)
            moment, at = said[0].facts.moment, said[0].facts.now
            opinion = self._judge.judged(entry, said)
        elif entry.pruned:
            found.pruned += 1
            return
        else:
            at = entry.at
            if entry.kind == EntryKind.HELD_OUT:
                opinion = self._judge.held_out(entry)
            elif entry.kind == EntryKind.MODEL_FAILED:
                opinion = self._judge.model_failed(entry)
        if opinion is None:
            found.other += entry.evidence is not None
            return
        happened = self._outcomes.after(at, entry.case, entry.act, entry.outcome)
        _add(found, entry, moment, opinion, happened)


def _add(found: Findings, entry: JudgedEntry, moment: Moment, opinion: Opinion, happened: list[str]) -> None:
    found.tally((moment, opinion.change)).add(entry.case, happened)
    found.inexact += not opinion.exact
    for rule in opinion.movers:
        found.rules[opinion.change, rule] += 1
    if opinion.differing is None:
        return
    if opinion.differing:
        found.differing.add(f"{entry}: {', '.join(opinion.differing)}")
    else:
        found.reproduced += 1


class _Process:
    """What a process of its own keeps between two stretches."""

    task: Task
    stretches: Stretches | None = None


def start(task: Task) -> None:
    """Make a fresh process ready; an interruption is the business of the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Process.task = task


def read(stretch: tuple[int, int]) -> Findings:
    """One stretch, in a process that `start` made ready."""
    _Process.stretches = _Process.stretches or Stretches(_Process.task)
    return _Process.stretches.read(*stretch)
