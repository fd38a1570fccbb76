"""The life of one case as turns before a judge, told from its entries in the order in which they were written."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from winback.decisions.kind import EntryKind
from winback.decisions.trace_rows import TraceRows
from winback.decisions.trace_turn import SHOWN, Line, Moment, Turn

ASKED_WHEN_DUE = "when it was due the policy asked for a person"
DONE_BEFORE = "this very act was done before"
REFUSALS: Mapping[EntryKind, str] = {
    EntryKind.REJECTED: "a person rejected it",
    EntryKind.EDITED: "a person put an edited one in its place",
    EntryKind.EXPIRED: "nobody decided in time",
    EntryKind.DENIED: "the policy denied it",
}


class Entry(NamedTuple):
    """One entry of a case; `evidence` is that of an intent."""

    when: Moment
    kind: str
    step: int
    said: dict[str, Any]
    evidence: str | None


class CaseTrace:
    """What became of each act of a case. `doubtful` are those that may have been sent: told as executed."""

    def __init__(self, case_id: int, rows: TraceRows) -> None:
        self.turns: list[Turn] = []
        self.doubtful = 0
        self._case, self._rows = case_id, rows
        self._by_action: dict[str, Turn] = {}
        self._by_review: dict[int, Turn] = {}
        self._by_effect: dict[str, Turn] = {}
        self._intents: dict[str, Entry] = {}
        self._open_ends: dict[str, tuple[Turn, Line]] = {}

    def hear(self, entries: Iterable[Entry]) -> "CaseTrace":
        """Raises KeyError or TypeError for an entry that Winback never wrote."""
        for entry in entries:
            if (heard := HEARD.get(EntryKind(entry.kind))) is not None:
                heard(self, entry)
        return self

    def _new(self, entry: Entry, action: str, authority: str, intent: str | None = None) -> Turn:
        name = self._name(entry.step, action)
        turn = Turn(name, intent or f"case {self._case} {self._root(action)[:SHOWN]}", authority, entry.step)
        self.turns.append(turn)
        return turn

    def _name(self, step: int, action: str) -> str:
        return f"case {self._case} step {step} {action[:SHOWN]}"

    def _root(self, action: str) -> str:
        """What the first of a chain of edits was: all of them are for one thing."""
        seen = [action]
        while (parent := self._rows.parent(self._case, seen[-1])) is not None and parent not in seen:
            seen.append(parent)
        return seen[-1]

    def _judged(self, entry: Entry) -> None:
        """A verdict of the policy; of an act that waits already, it asks for a person instead."""
        action = entry.said["action_hash"]
        review = entry.said.get("review")
        authority = f"policy case {self._case} step {entry.step}" if review is None else f"review {review}"
        if review is not None and (earlier := self._by_action.get(action)) and not earlier.over:
            earlier.block(entry.when, ASKED_WHEN_DUE)
        turn = self._by_action[action] = self._new(entry, action, authority)
        proposed = self._rows.proposed(self._case, entry.said)
        turn.propose(entry.when, proposed)
        if review is not None:
            self._by_review[review] = turn
            turn.ask(entry.when, self._rows.shown(review, proposed))
            return
        turn.ask(entry.when, proposed)
        if entry.kind == EntryKind.DENIED:
            turn.refuse(entry.when, REFUSALS[EntryKind.DENIED])
        else:
            turn.decide(entry.when, "allow")
            self._bind(turn, entry)

    def _bind(self, turn: Turn, entry: Entry) -> None:
        if (effect := entry.said["effect"]) is None:
            turn.block(entry.when, DONE_BEFORE)
        else:
            self._by_effect[effect] = turn

    def _reviewed(self, entry: Entry) -> Turn:
        """The turn that a person decided on, named in it."""
        turn = self._reviewed_turn(entry)
        if "by" in entry.said and not turn.decided:
            turn.by.append(entry.said["by"])
        return turn

    def _reviewed_turn(self, entry: Entry) -> Turn:
        review = entry.said["review"]
        return self._by_review.get(review) or self._new(entry, entry.said["action_hash"], f"review {review}")

    def _approved(self, entry: Entry) -> None:
        turn = self._reviewed(entry)
        turn.decide(entry.when, "allow", self._name(turn.step, entry.said["action_hash"]))
        self._bind(turn, entry)

    def _refused(self, entry: Entry) -> None:
        turn = self._reviewed(entry)
        turn.decide(entry.when, "deny", self._name(turn.step, entry.said["action_hash"]))
        turn.block(entry.when, REFUSALS[EntryKind(entry.kind)])

    def _undone(self, entry: Entry) -> None:
        """What was decided is over, and the same act waits again: for whoever approved it first, if anybody."""
        review, action = entry.said["review"], entry.said["action_hash"]
        turn = self._reviewed_turn(entry)
        if entry.said["undid"] == EntryKind.FIRST_APPROVED:
            turn.by.clear()
            return
        if not turn.over:
            turn.block(entry.when, "the approval was taken back")
        again = self._new(entry, action, f"review {review} again at step {entry.step}")
        again.by.extend(turn.by[:-1])
        self._by_review[review] = self._by_action[action] = again
        shown = self._rows.shown(review, self._rows.proposed(self._case, {"tool": "unknown", **entry.said}))
        again.propose(entry.when, shown)
        again.ask(entry.when, shown)

    def _withdrawn(self, entry: Entry) -> None:
        """A person said stop, or the case was closed: what waited is over."""
        reason = "the case was closed" if entry.kind == EntryKind.CLOSED else "the contact said stop"
        for action in entry.said.get("withdrew") or entry.said.get("lapsed") or ():
            if (turn := self._by_action.get(action)) is not None and not turn.over:
                turn.refuse(entry.when, reason)

    def _answered(self, entry: Entry) -> None:
        """A customer's answer is what allows the acts that follow from it."""
        for key in entry.said.get("follows", ()):
            answer = f"answer case {self._case} step {entry.step} {key[:SHOWN]}"
            turn = self._by_effect[key] = self._new(entry, key, answer, answer)
            planned = self._rows.planned(key)
            if planned is not None:
                turn.propose(entry.when, planned)
                turn.ask(entry.when, planned)
            turn.decide(entry.when, "allow")

    def _intended(self, entry: Entry) -> None:
        self._intents[entry.said["effect"]] = entry

    def _turn_of(self, entry: Entry) -> Turn:
        """Whose effect it is; one that no decision named has a turn of its own, without any."""
        key = entry.said["effect"]
        if (turn := self._by_effect.get(key)) is None:
            turn = self._by_effect[key] = self._new(entry, entry.said["action_hash"], "nobody")
        return turn

    def _done(self, entry: Entry) -> None:
        self._execute(entry)

    def _execute(self, entry: Entry) -> Line:
        """It was carried out from its last intent on: what was decided later decided nothing."""
        key, turn = entry.said["effect"], self._turn_of(entry)
        began = self._intents.get(key, entry)
        turn.ends = deadline(began.evidence) or turn.ends
        return turn.execute(began.when, self._rows.ran(key, entry.said))

    def _may_have_been_sent(self, entry: Entry) -> None:
        self._open_ends[entry.said["effect"]] = self._turn_of(entry), self._execute(entry)
        self.doubtful += 1

    def _failed(self, entry: Entry) -> None:
        turn = self._turn_of(entry)
        self._open_ends[entry.said["effect"]] = turn, turn.block(entry.when, "it certainly did not go")

    def _lapsed(self, entry: Entry) -> None:
        self._turn_of(entry).block(entry.when, "it was no longer to be done when it was due")

    def _reopen(self, entry: Entry) -> Turn:
        """The end that was told of it is none: what was decided still holds."""
        turn, line = self._open_ends.pop(entry.said["effect"])
        turn.lines.remove(line)
        self.doubtful -= line.type == "action_executed"
        return turn

    def _settled(self, entry: Entry) -> None:
        """What a person found out takes the place of what was told before."""
        turn = self._reopen(entry)
        if entry.said["sent"]:
            self._execute(entry)
        else:
            turn.block(entry.when, "a person found that it was not sent")


HEARD: Mapping[EntryKind, Callable[[CaseTrace, Entry], object]] = {
    EntryKind.ALLOWED: CaseTrace._judged,
    EntryKind.QUEUED: CaseTrace._judged,
    EntryKind.DENIED: CaseTrace._judged,
    EntryKind.FIRST_APPROVED: CaseTrace._reviewed,
    EntryKind.APPROVED: CaseTrace._approved,
    EntryKind.REJECTED: CaseTrace._refused,
    EntryKind.EDITED: CaseTrace._refused,
    EntryKind.EXPIRED: CaseTrace._refused,
    EntryKind.UNDONE: CaseTrace._undone,
    EntryKind.UNSUBSCRIBED: CaseTrace._withdrawn,
    EntryKind.CLOSED: CaseTrace._withdrawn,
    EntryKind.ANSWERED: CaseTrace._answered,
    EntryKind.INTENT: CaseTrace._intended,
    EntryKind.DONE: CaseTrace._done,
    EntryKind.MAY_HAVE_BEEN_SENT: CaseTrace._may_have_been_sent,
    EntryKind.FAILED: CaseTrace._failed,
    EntryKind.LAPSED: CaseTrace._lapsed,
    EntryKind.SETTLED: CaseTrace._settled,
    EntryKind.SENT_AGAIN: CaseTrace._reopen,
}


def deadline(evidence: str | None) -> datetime | None:
    """Until when the policy let an act wait, as its rules of kind `expires` said when it was carried out."""
    if evidence is None:
        return None
    judged = json.loads(evidence)
    asked = judged["facts"]["proposed_at"]
    hours = [
        dict(zip(names, values, strict=True))["hours"]
        for _, kind, mode, _, code, names, values, *_ in judged["verdict"]["results"]
        if (kind, mode, code) == ("expires", "enforce", "fresh")
    ]
    return datetime.fromisoformat(asked) + timedelta(hours=min(hours)) if asked and hours else None
