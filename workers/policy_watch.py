"""Taking over changed policies before a decision, and writing down which were in force and which refused."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import structlog
from sqlmodel import Session, col, select

from policies.policy import Policy, policy_text
from policies.replay import policy_from_text
from winback.decisions.kind import EntryKind
from winback.decisions.log import append
from winback.store.bookkeeping import REFUSED, PolicyVersion
from workers.policy_source import PolicySource, Refused
from workers.services import Services

log = structlog.get_logger(__name__)

Role = Literal["live", "shadow"]
ROLES: tuple[Role, ...] = ("live", "shadow")
MENDED: Final = ""
"""In the place of a reason: the files can be used again."""


@dataclass(frozen=True)
class Standing:
    """Files that are refused now, since when and why, and what stays in force; None: nothing ever was."""

    role: Role
    since: datetime
    reason: str
    author: str
    in_force: PolicyVersion | None


def watch_policies(services: Services, session: Session | None = None) -> None:
    """Called before every decision: a change holds for the very next one.

    Inside a transaction its `session` is given. What that one writes down may yet be undone, so the next
    call looks once more whether it is there.
    """
    for role, source in _sources(services):
        source.refresh()
        _write_down(services, role, source, session)


def note_refusals(services: Services) -> None:
    """What was refused at the start is said and written down, also by what decides nothing."""
    for role, source in _sources(services):
        if source.refused is not None:
            _write_down(services, role, source, None)


def say_refused(role: Role, source: PolicySource) -> None:
    """One line on the screen for each refusal."""
    refused = source.refused
    if refused is not None and source.said != refused:
        kept = source.loaded.hash if source.loaded else "none"
        log.error(
            "policy.refused", role=role, file=str(source.path), reason=refused.reason, author=refused.author,
            in_force=kept,
        )  # fmt: skip
        source.said = refused


def _sources(services: Services) -> Iterator[tuple[Role, PolicySource]]:
    yield "live", services.policies
    if services.shadow is not None:
        yield "shadow", services.shadow


def _write_down(services: Services, role: Role, source: PolicySource, session: Session | None) -> None:
    say_refused(role, source)
    if source.recorded == source.standing:
        return
    if session is not None:
        _write(session, services, role, source)
        return
    if source.refused is None:
        with services.store.write("policy_changed") as own:
            _write(own, services, role, source)
    else:
        with services.store.write("policy_refused") as own:
            _write(own, services, role, source)
    source.recorded = source.standing


def _write(session: Session, services: Services, role: Role, source: PolicySource) -> None:
    """One entry for each change and each refusal, however many processes see it."""
    services.store.lock(session, "policy")
    now = services.clock.now()
    if source.loaded is not None:
        _write_change(session, role, source, now)
    _write_refusal(session, role, source, now)


def _write_change(session: Session, role: Role, source: PolicySource, now: datetime) -> None:
    policy, before = source.policy, newest_version(session, role)
    if before is not None and before.hash == policy.hash:
        return
    author, name = source.author(), source.path.name
    log.info("policy.changed", role=role, before=before and before.hash, now=policy.hash, author=author)
    session.add(
        PolicyVersion(role=role, hash=policy.hash, rules=policy_text(policy), author=author, source=name, at=now)
    )
    session.flush()
    body = {"role": role, "hash": policy.hash, "author": author, "source": name}
    append(session, EntryKind.POLICY_CHANGED, now, {**body, "before": before.hash if before else None})


def _write_refusal(session: Session, role: Role, source: PolicySource, now: datetime) -> None:
    """What stands is kept in a row beside the versions, so that a mended file is seen to be mended."""
    refused, before = source.refused or Refused(MENDED, ""), _newest(session, _refusals(role))
    stood = Refused(before.rules, before.author) if before else Refused(MENDED, "")
    if refused == stood:
        return
    in_force = source.loaded and source.loaded.hash
    session.add(
        PolicyVersion(
            role=_refusals(role), hash=in_force or "", rules=refused.reason, author=refused.author,
            source=source.path.name, at=now,
        )
    )  # fmt: skip
    session.flush()
    if refused.reason != MENDED:
        body = {"role": role, "in_force": in_force, "author": refused.author, "reason": refused.reason}
        append(session, EntryKind.POLICY_REFUSED, now, body)


def newest_version(session: Session, role: Role) -> PolicyVersion | None:
    """The policy that came into force last in that role."""
    return _newest(session, role)


def last_good(session: Session, role: Role) -> Policy | None:
    """That policy itself; None where there is none, or none that this version of Winback can read."""
    version = newest_version(session, role)
    if version is None:
        return None
    try:
        policy = policy_from_text(version.rules)
    except ValueError:
        return None
    if policy.hash != version.hash:
        return None
    return replace(policy, source=Path(version.source), author=version.author)


def standing_refusals(session: Session) -> tuple[Standing, ...]:
    """What is refused now, as far as any process has seen."""
    rows = ((role, _newest(session, _refusals(role))) for role in ROLES)
    return tuple(
        Standing(role, row.at, row.rules, row.author, newest_version(session, role))
        for role, row in rows
        if row is not None and row.rules != MENDED
    )


def _refusals(role: Role) -> str:
    return role + REFUSED


def _newest(session: Session, role: str) -> PolicyVersion | None:
    query = select(PolicyVersion).where(PolicyVersion.role == role).order_by(col(PolicyVersion.id).desc())
    return session.exec(query.limit(1)).first()
