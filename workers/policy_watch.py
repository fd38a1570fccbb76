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
from policies.rules.kill_switch import KillSwitch
from policies.switch import with_switches
from winback.decisions.kind import EntryKind
from winback.decisions.log import append
from winback.store.bookkeeping import ENDED, REFUSED, How, PolicyVersion
from workers.policy_source import NOBODY, PolicySource, Refused
from workers.services import Services
from workers.switches import engaged_rules, thrown_last

log = structlog.get_logger(__name__)

Role = Literal["live", "shadow"]
ROLES: tuple[Role, ...] = ("live", "shadow")
LONGEST = 200
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
    engaged = _engaged(services, session)
    for role, source in _sources(services):
        source.refresh(engaged)
        _write_down(services, role, source, session)


def source_of(services: Services, role: Role) -> PolicySource | None:
    """Where the policy in that role comes from; None where no shadow is configured."""
    return dict(_sources(services)).get(role)


def take_over(session: Session, services: Services, role: Role, source: PolicySource, who: str) -> None:
    """What `who` has just done to the files comes into force as theirs, in the caller's transaction."""
    source.refresh(engaged_rules(session))
    _write(session, services, role, source, who)


def watch_files(services: Services) -> None:
    """The same where it is known that no switch was thrown since."""
    for role, source in _sources(services):
        source.refresh()
        _write_down(services, role, source, None)


def _engaged(services: Services, session: Session | None) -> tuple[KillSwitch, ...]:
    if session is not None:
        return engaged_rules(session)
    with services.store.read() as own:
        return engaged_rules(own)


def note_refusals(services: Services) -> None:
    """What was refused at the start is said and written down, also by what decides nothing."""
    engaged = _engaged(services, None)
    for role, source in _sources(services):
        source.refresh(engaged)
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


def _write(session: Session, services: Services, role: Role, source: PolicySource, who: str = "") -> None:
    """One entry for each change and each refusal, however many processes see it."""
    services.store.lock(session, "policy")
    now = services.clock.now()
    if source.loaded is not None:
        _write_change(session, role, source, now, who)
    elif source.gone():
        _write_end(session, role, source, now, who)
    _write_refusal(session, role, source, now)


def _write_change(session: Session, role: Role, source: PolicySource, now: datetime, who: str) -> None:
    policy, before = source.policy, _judging(session, role)
    if before is not None and before.hash == policy.hash:
        if who:  # the same rules in other words
            before.files = source.texts
            session.add(before)
        return
    how, author = (How.CONSOLE, who) if who else _how(session, source, before)
    name = source.path.name
    log.info("policy.changed", role=role, before=before and before.hash, now=policy.hash, author=author)
    session.add(
        PolicyVersion(
            role=role, hash=policy.hash, rules=policy_text(policy), author=author[:LONGEST], source=name, at=now,
            how=how, files=source.texts,
        )
    )  # fmt: skip
    session.flush()
    body = {"role": role, "hash": policy.hash, "author": author, "source": name}
    append(session, EntryKind.POLICY_CHANGED, now, {**body, "before": before.hash if before else None})


def _write_end(session: Session, role: Role, source: PolicySource, now: datetime, who: str) -> None:
    before = _judging(session, role)
    if before is None:
        return
    how, author, name = How.CONSOLE if who else How.DISK, who or NOBODY, source.path.name
    session.add(
        PolicyVersion(
            role=role + ENDED, hash=before.hash, rules="", author=author[:LONGEST], source=name, at=now, how=how
        )
    )  # fmt: skip
    session.flush()
    body = {"role": role, "hash": before.hash, "author": author, "source": name}
    append(session, EntryKind.SHADOW_ENDED, now, body)


def _judging(session: Session, role: Role) -> PolicyVersion | None:
    """The policy that came into force last in that role, unless it was ended since."""
    version, end = newest_version(session, role), _newest(session, role + ENDED)
    return None if version is None or (end is not None and (end.id or 0) > (version.id or 0)) else version


def _how(session: Session, source: PolicySource, before: PolicyVersion | None) -> tuple[How, str]:
    """By what it came into force, and by whom: where the rest is the same, by who threw a switch."""
    kept = readable(before) if before else None
    if kept is not None and with_switches(kept, ()).hash == with_switches(source.policy, ()).hash:
        return How.SWITCH, thrown_last(session) or source.author()
    return How.DISK, source.author()


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
    """That policy itself, without switches; None where there is none, or none that can be read."""
    version = newest_version(session, role)
    policy = readable(version) if version else None
    return with_switches(policy, ()) if policy else None


def readable(version: PolicyVersion) -> Policy | None:
    """A policy that came into force; None where this version of Winback cannot read it."""
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
