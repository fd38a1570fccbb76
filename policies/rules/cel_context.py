"""The facts as an expression in CEL sees them: maps without what nobody knows."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from threading import local
from typing import TYPE_CHECKING, Any

from policies.facts import ConsentFacts, Facts
from policies.rules.cel_names import LISTS, VARIABLES, Uses

if TYPE_CHECKING:
    from cel import Context


class _Latest(local):
    """The context of the act that was judged last, in this thread: the rules of a policy share it."""

    facts: Facts | None = None
    context: "Context"
    holds: dict[str, frozenset[str]]


_latest = _Latest()


def context_for(facts: Facts, uses: Uses) -> "Context":
    """The variables that are used, with the fields that are: the conversion is what an expression costs."""
    if _latest.facts is not facts:
        from cel import Context  # noqa: PLC0415 - the expression was compiled, so it is imported already

        _latest.facts, _latest.context, _latest.holds = facts, Context(), {}
    for name, fields in uses.items():
        held = _latest.holds.get(name)
        if held is None or not fields <= held:
            wanted = fields | (held or frozenset())
            _latest.context.add_variable(name, _variable(facts, name, wanted))
            _latest.holds[name] = wanted
    return _latest.context


def absent(facts: Facts, uses: Uses, key: str) -> str:
    """The full name of a field that an expression asked for and is not there."""
    for name, fields in uses.items():
        if key in fields and name not in LISTS and getattr(getattr(facts, name), key, None) is None:
            return f"{name}.{key}"
    return key


def _variable(facts: Facts, name: str, fields: frozenset[str]) -> Any:
    value = getattr(facts, name)
    if name in LISTS:
        return [_fields_of(one, fields) for one in value]
    return _fields_of(value, fields) if VARIABLES[name] else value


def _fields_of(one: object, fields: frozenset[str]) -> dict[str, Any]:
    """The fields that are known; none of them where there is nobody."""
    found = ((name, getattr(one, name, None)) for name in fields)
    return {name: PLAIN[name](value) if name in PLAIN else value for name, value in found if value is not None}


def _consents(consent: Mapping[str, ConsentFacts]) -> dict[str, dict[str, Any]]:
    return {what: _consent(said) for what, said in consent.items()}


def _consent(said: ConsentFacts) -> dict[str, Any]:
    plain: dict[str, Any] = {"state": said.state, "sourced": said.sourced}
    return plain if said.on is None else {**plain, "on": _midnight(said.on)}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


# A number that may have a fraction always has one in CEL, which does not add whole and broken numbers.
PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "arguments": dict,
    "confidence": float,
    "consent": _consents,
    "lost_days": float,
    "message_problems": list,
    "risk": float,
    "tags": list,
    "topics_refused": list,
    "value": float,
    "value_per_month": float,
}
