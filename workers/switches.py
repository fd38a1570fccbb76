"""Engaging and releasing kill switches: rows in the database without which no effect leaves."""

from collections.abc import Callable, Sequence
from datetime import datetime

from pydantic import ValidationError
from sqlmodel import Session, col, func, select

from policies.load import Known
from policies.rules.kill_switch import KillSwitch
from policies.switch import WHEN, switch_rule
from winback.decisions.kind import EntryKind
from winback.decisions.log import append
from winback.errors import ConflictError, InputError
from winback.spelling import did_you_mean
from winback.store.bookkeeping import Switch
from winback.store.store import Store
from workers.reason import reason_of

EVERYTHING = "everything"
SCOPES = (EVERYTHING, *WHEN)
NEWEST = 200


def switches(session: Session, *, engaged: bool = False) -> list[Switch]:
    """All of them, the engaged ones first and then the newest; or the engaged ones alone."""
    query = select(Switch).order_by(col(Switch.released_at).is_not(None), col(Switch.id).desc())
    if engaged:
        return list(session.exec(query.where(col(Switch.released_at).is_(None))).all())
    return list(session.exec(query.limit(NEWEST)).all())


class Thrown:
    """Whether a switch was thrown since the last time that this was asked; yes, the first time."""

    def __init__(self, look: Callable[[str], tuple[object, ...]]) -> None:
        self._look = look
        self._seen: tuple[object, ...] = ()

    def since(self) -> bool:
        """Engaging makes a row, releasing a moment in it."""
        before, self._seen = self._seen, self._look("SELECT max(id), count(released_at) FROM kill_switch")
        return before != self._seen


def engaged_rules(session: Session) -> tuple[KillSwitch, ...]:
    """What is engaged now, as rules that stand above every policy."""
    return tuple(rule_of(one) for one in reversed(switches(session, engaged=True)))


def rule_of(one: Switch) -> KillSwitch:
    """The rule that a switch is while it is engaged."""
    return switch_rule(one.id or 0, one.scope, one.name, one.reason)


def thrown_last(session: Session) -> str | None:
    """Who engaged or released one last."""
    at = func.coalesce(Switch.released_at, Switch.engaged_at)
    found = session.exec(select(Switch).order_by(at.desc(), col(Switch.id).desc()).limit(1)).first()
    return (found.released_by or found.engaged_by) if found else None


def engage(store: Store, known: Known, who: str, now: datetime, scope: str, name: str, reason: str) -> Switch:
    """Stop everything, or what has a name, from the very next effect on.

    Raises:
        InputError: there is no such scope or name, or no reason was given.
        ConflictError: the same is engaged already.
    """
    name, reason = _name(known, scope, name.strip()), reason_of(reason)
    _check(scope, name, reason)
    with store.write("engage_switch") as session:
        store.lock(session, "switch")
        same = next(
            (one for one in switches(session, engaged=True) if (one.scope, one.name) == (scope, name)), None
        )
        if same is not None:
            raise ConflictError(
                f"is engaged already, by {same.engaged_by}: {same.reason}",
                where=f"switch {same.id}",
                fix="release that one first",
            )
        found = Switch(scope=scope, name=name, reason=reason, engaged_at=now, engaged_by=who[:320])
        session.add(found)
        session.flush()
        append(session, EntryKind.SWITCH_ENGAGED, now, _body(found, who, reason))
    return found


def release(store: Store, who: str, now: datetime, number: int, reason: str) -> Switch:
    """Let pass again what a switch stopped.

    Raises:
        InputError: there is no such switch, or no reason was given.
        ConflictError: it was released already.
    """
    reason = reason_of(reason)
    with store.write("release_switch") as session:
        store.lock(session, "switch")
        found = session.get(Switch, number)
        if found is None:
            raise InputError("there is no such switch", where=f"switch {number}", fix="look at the list")
        if found.released_at is not None:
            raise ConflictError("was released already", where=f"switch {number}", fix="look again")
        found.released_at, found.released_by, found.release_reason = now, who[:320], reason
        session.add(found)
        append(session, EntryKind.SWITCH_RELEASED, now, _body(found, who, reason))
    return found


def _body(one: Switch, who: str, reason: str) -> dict[str, object]:
    return {"switch": one.id, "scope": one.scope, "name": one.name, "by": who, "reason": reason}


def _name(known: Known, scope: str, name: str) -> str:
    if scope not in SCOPES:
        raise InputError(
            "is nothing that a switch can stop",
            where=repr(scope[:40]),
            fix=did_you_mean(scope, SCOPES) or f"take one of {', '.join(SCOPES)}",
        )
    if scope == EVERYTHING:
        if name:
            raise InputError("everything has no name", where=repr(name[:40]), fix="leave it out")
        return name
    if not name:
        raise InputError(f"no {scope} is named", where="the switch", fix="name it")
    names = known.tools if scope == "tool" else known.channels if scope == "channel" else None
    if names is not None and name not in names:
        raise InputError(
            f"unknown {scope} {name[:100]!r}",
            fix=did_you_mean(name, names) or f"known: {', '.join(sorted(names))}",
        )
    return name


def _check(scope: str, name: str, reason: str) -> None:
    try:
        switch_rule(1, scope, name, reason)
    except ValidationError as error:
        problem: Sequence[dict[str, object]] = error.errors()  # type: ignore[assignment]
        said = str(problem[0]["msg"]).removeprefix("Value error, ")
        raise InputError(said, where=f"the {scope} {name[:40]!r}", fix="see docs/policies.md") from None
