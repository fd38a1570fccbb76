"""Reading the evidence of a logged decision: what a policy judged by, and what it said."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import orjson

from policies.facts import Facts
from policies.plain import OPTIONS, Plain, action_from_plain, facts_from_plain
from policies.verdict import Decision

DECISIONS = frozenset(one.value for one in Decision)
KEYS = {"facts", "verdict", "shadow", "options"}
FACTS, SHADOW, VERDICT, END = b'{"facts":{', b'},"shadow":', b',"verdict":{"decision":', b"}}"
RESULTS = b',"results":['
"""What stands between the parts of a record. A quote within a text is escaped, so no text holds any of these."""
RULE, MODE, DECISION, WAITS = 0, 2, 3, 7
"""Places in a rule's word as it is logged (`policies.plain.said_plainly`)."""


class Head(NamedTuple):
    """What a verdict comes down to; `not_before` is written as the log writes it."""

    decision: str
    not_before: str | None


class Told(Protocol):
    """A verdict, logged or fresh."""

    @property
    def head(self) -> Head: ...

    def saying(self, decision: Decision) -> set[str]:
        """The rules in force that say this."""
        ...

    def waits(self) -> dict[str, str]:
        """The rules in force that put the act off, and until when."""
        ...


class Logged:
    """A verdict in the log. The words of its rules are read when somebody asks: most replays do not.

    Raises:
        KeyError, TypeError, ValueError: it is in a form that this version does not know.
    """

    __slots__ = ("_plain", "_text", "head", "policy_hash")
    head: Head

    def __init__(self, text: bytes, plain: Plain | None = None) -> None:
        self._text, self._plain = text, plain
        head = plain if plain is not None else orjson.loads(text[: text.index(RESULTS)] + b"}")
        if head["decision"] not in DECISIONS:
            raise ValueError(f"{head['decision']!r} is no decision")
        self.head = Head(head["decision"], head["not_before"])
        self.policy_hash: str = head["policy_hash"]

    @property
    def plain(self) -> Plain:
        """All of it, read from JSON."""
        if self._plain is None:
            self._plain = orjson.loads(self._text)
        return self._plain

    def saying(self, decision: Decision) -> set[str]:
        return {one[RULE] for one in self.plain["results"] if one[DECISION] == decision and one[MODE] == "enforce"}

    def waits(self) -> dict[str, str]:
        results = self.plain["results"]
        return {one[RULE]: one[WAITS] for one in results if len(one) > WAITS and one[MODE] == "enforce"}

    @property
    def text(self) -> bytes:
        """All of it as JSON with sorted keys."""
        return self._text or orjson.dumps(self._plain, option=OPTIONS)


class Judgement(NamedTuple):
    """One act that was judged: the facts, and what the policy in force and the shadow said."""

    facts: Facts
    verdict: Logged
    shadow: Logged | None


def judgements(evidence: bytes) -> tuple[Judgement, ...]:
    """What an entry's evidence says: one judgement, or one for each option that was refused.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is in a form that this version does not know.
    """
    return _parts(evidence) or _whole(orjson.loads(evidence))


def _parts(evidence: bytes) -> tuple[Judgement] | None:
    """A record cut at its seams: reading every word of its verdicts takes longer than judging again."""
    last = evidence.rfind(VERDICT)
    first = evidence.rfind(SHADOW, 0, max(last, 0))
    if first < 0 or not (evidence.startswith(FACTS) and evidence.endswith(END)):
        return None
    facts = facts_from_plain(orjson.loads(evidence[len(FACTS) - 1 : first + 1]))
    shadow = evidence[first + len(SHADOW) : last]
    verdict = Logged(evidence[last + len(VERDICT) - len(b'{"decision":') : -1])
    return (Judgement(facts, verdict, None if shadow == b"null" else Logged(shadow)),)


def _whole(plain: Mapping[str, Any]) -> tuple[Judgement, ...]:
    if not plain.keys() <= KEYS:
        raise TypeError(f"unknown keys: {', '.join(sorted(plain.keys() - KEYS))}")
    facts = facts_from_plain(plain["facts"])
    if "options" not in plain:
        return (_judgement(facts, plain),)
    acts = [(replace(facts, action=action_from_plain(one["action"])), one) for one in plain["options"]]
    return tuple(_judgement(*one) for one in acts)


def _judgement(facts: Facts, plain: Mapping[str, Any]) -> Judgement:
    shadow = plain.get("shadow")
    return Judgement(facts, Logged(b"", plain["verdict"]), None if shadow is None else Logged(b"", shadow))
