"""One act before a judge: proposed, put before whoever decides, decided, and then executed or blocked.

The lines are those of agentack's trace format, schema 2. They are held back until the turn is known whole,
because an approval is named by who gave it.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, Literal, NamedTuple

from winback.canonical import content_hash

SCHEMA = 2
SHOWN = 12
"""Digits of a hash that stand in a name."""
NO_END = "9999-12-31T00:00:00Z"
"""An approval that does not run out by itself. Without a moment agentack would take five minutes."""
Action = dict[str, Any]
_numbers = count()


class Moment(NamedTuple):
    """Where in the log something stands, and when it was."""

    entry: int
    at: datetime


@dataclass(frozen=True)
class Line:
    """A line of the trace before it has its names. Lines of one entry keep the order in which they were made."""

    when: Moment
    type: str
    said: dict[str, Any]
    number: int = field(default_factory=lambda: next(_numbers))


@dataclass
class Turn:
    """A proposal from one verdict to its end. The same act proposed again is another turn.

    `authority` is what decides: the policy, a queue item, or a customer's answer. `by` are the people
    who decided, `ends` when the approval runs out. `intent` ties an edit to what it replaced.
    """

    name: str
    intent: str
    authority: str
    step: int
    lines: list[Line] = field(default_factory=list)
    by: list[str] = field(default_factory=list)
    ends: datetime | None = None
    decided: bool = False

    def propose(self, when: Moment, action: Action) -> None:
        self._say(when, "action_proposed", action=action)

    def ask(self, when: Moment, action: Action) -> None:
        self._say(when, "approval_requested", action=action)

    def decide(self, when: Moment, decision: Literal["allow", "deny"], name: str | None = None) -> None:
        """`name` is that of the act which was decided on, if it is another than this turn's."""
        self.decided = True
        self._say(when, "approval_decision", decision=decision, action_id=name or self.name)

    def execute(self, when: Moment, action: Action) -> Line:
        return self._say(when, "action_executed", action=action)

    def block(self, when: Moment, reason: str) -> Line:
        return self._say(when, "action_blocked", reason=reason)

    def refuse(self, when: Moment, reason: str) -> None:
        """Nobody allowed it, and it is over."""
        if not self.decided:
            self.decide(when, "deny")
        self.block(when, reason)

    @property
    def over(self) -> bool:
        return any(line.type in ("action_executed", "action_blocked") for line in self.lines)

    @property
    def executed(self) -> int:
        return sum(line.type == "action_executed" for line in self.lines)

    def told(self, session_id: str) -> list[tuple[tuple[int, int], dict[str, Any]]]:
        """The lines with their places in the trace."""
        return [((line.when.entry, line.number), self._tell(line, session_id)) for line in self.lines]

    def _say(self, when: Moment, kind: str, **said: Any) -> Line:
        line = Line(when, kind, said)
        self.lines.append(line)
        return line

    def _tell(self, line: Line, session_id: str) -> dict[str, Any]:
        told = {**event(line.type, line.when.at, session_id), "action_id": self.name, "intent_id": self.intent}
        if line.type.startswith("approval") or (line.type.startswith("action_") and self._cited(line)):
            told["approval_id"] = self._approval(session_id)
        if line.type == "approval_decision" and line.said["decision"] == "allow":
            told["expires_at"] = NO_END if self.ends is None else utc(self.ends)
        return {**told, **line.said}

    def _cited(self, line: Line) -> bool:
        """An end cites the decision that led to it, if there was one."""
        return line.type != "action_proposed" and self.decided

    def _approval(self, session_id: str) -> str:
        people = " and ".join(pseudonym(session_id, one) for one in self.by)
        return f"{self.authority} by {people}" if people else self.authority


def pseudonym(session_id: str, person: str) -> str:
    """The same person is the same in one log, and nobody is named."""
    return content_hash([session_id, person])[:SHOWN]


def event(kind: str, at: datetime, session_id: str) -> dict[str, Any]:
    """What every line has."""
    return {"schema_version": SCHEMA, "type": kind, "timestamp": utc(at), "session_id": session_id}


def utc(at: datetime) -> str:
    """ISO 8601 with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
