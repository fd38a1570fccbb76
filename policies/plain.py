"""Facts and verdicts as JSON, for the decision log, and back again without loss."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import orjson

from policies.facts import (
    AccountFacts,
    ActionFacts,
    AgentFacts,
    ConsentFacts,
    ContactFacts,
    DropFacts,
    Facts,
    Happening,
    PastContact,
    Scalar,
)
from policies.verdict import Decision, Form, Mode, Said, Verdict

Plain = dict[str, Any]
T = TypeVar("T")
OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


def record(facts: Facts, verdict: Verdict, **more: Any) -> bytes:
    """Everything a policy judged by and what it said, as JSON with sorted keys; `more` stands beside it."""
    return orjson.dumps({"facts": facts, "verdict": said_plainly(verdict), **more}, option=OPTIONS)


def said_plainly(verdict: Verdict) -> Plain:
    """The verdict as values for `record`. The word of a rule is a list.

    Rule, kind, mode, decision, code, the names of what it saw, their values, and `not_before` where
    there is one.
    """
    return {
        "decision": verdict.decision.value,
        "policy_hash": verdict.policy_hash,
        "people": verdict.people,
        "not_before": verdict.not_before,
        "results": [
            (*form.head, values) if moment is None else (*form.head, values, moment)
            for form, values, moment in verdict.said
        ],
    }


def facts_to_plain(facts: Facts) -> Plain:
    """Everything a policy judged by, as plain JSON values; `facts_from_plain` gives equal facts."""
    plain: Plain = orjson.loads(orjson.dumps(facts, option=OPTIONS))
    return plain


def verdict_to_plain(verdict: Verdict) -> Plain:
    """The decision with every rule's word; `verdict_from_plain` gives an equal verdict."""
    plain: Plain = orjson.loads(orjson.dumps(said_plainly(verdict), option=OPTIONS))
    return plain


def facts_from_plain(plain: Mapping[str, Any]) -> Facts:
    """A field that an older entry lacks takes its default.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: the value was not made by `facts_to_plain`.
    """
    return _facts(plain)


def action_from_plain(plain: Mapping[str, Any]) -> ActionFacts:
    """As `facts_from_plain`, for the act alone."""
    return _action(plain)


def verdict_from_plain(plain: Mapping[str, Any]) -> Verdict:
    """As `facts_from_plain`, for a verdict."""
    return Verdict(
        decision=Decision(plain["decision"]),
        said=tuple(_said(*one) for one in plain["results"]),
        policy_hash=plain["policy_hash"],
        people=plain["people"],
        not_before=_perhaps(plain.get("not_before")),
    )


def _said(
    rule: str,
    kind: str,
    mode: Mode,
    decision: str | None,
    code: str,
    names: Sequence[str],
    values: Sequence[Scalar | None],
    not_before: str | None = None,
) -> Said:
    form = Form(rule, kind, mode, None if decision is None else Decision(decision), code, tuple(names))
    return form, tuple(values), _perhaps(not_before)


def _perhaps(text: str | None) -> datetime | None:
    return None if text is None else _moment(text)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise ValueError(f"naive datetime {text}: give it a zone")
    return moment.astimezone(UTC)


def _maker(kind: type[T], **reading: Callable[[Any], Any]) -> Callable[[Mapping[str, Any]], T]:
    """What makes a value of its fields, those in `reading` read from JSON first; a missing one takes its default.

    Four times as fast as the `__init__` of a frozen dataclass: replay makes a dozen values for each logged
    decision. Nothing is left unchecked: `_moment` refuses naive datetimes, and other keys are refused.
    """
    setters = [(field.name, getattr(kind, field.name).__set__) for field in fields(kind)]  # type: ignore[arg-type]
    straight = [(name, put) for name, put in setters if name not in reading]
    read = [(name, put, reading[name]) for name, put in setters if name in reading]

    def make(plain: Mapping[str, Any]) -> T:
        if len(plain) != len(setters):
            return kind(**{**plain, **{name: how(plain[name]) for name, how in reading.items() if name in plain}})
        made = object.__new__(kind)
        for name, put in straight:
            put(made, plain[name])
        for name, put, how in read:
            put(made, how(plain[name]))
        return made

    return make


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _consents(plain: Mapping[str, Any]) -> dict[str, ConsentFacts]:
    return {name: _consent(said) for name, said in plain.items()}


def _nobody_or_contact(plain: Mapping[str, Any] | None) -> ContactFacts | None:
    return None if plain is None else _contact(plain)


_action = _maker(ActionFacts, message_problems=tuple)
_consent = _maker(ConsentFacts, on=_day)
_contact = _maker(ContactFacts, consent=_consents, topics_refused=tuple)
_past = _maker(PastContact, at=_moment)
_happening = _maker(Happening, at=_moment, closed_at=_perhaps)
_facts = _maker(
    Facts,
    now=_moment,
    action=_action,
    drop=_maker(DropFacts),
    account=_maker(AccountFacts, tags=tuple),
    contact=_nobody_or_contact,
    agent=_maker(AgentFacts),
    history=lambda found: tuple([_past(one) for one in found]),
    happenings=lambda found: tuple([_happening(one) for one in found]),
    approved_by=tuple,
    proposed_at=_perhaps,
    run_started_at=_perhaps,
)
