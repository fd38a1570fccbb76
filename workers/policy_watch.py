"""Taking over changed policies before a decision, and writing down which were in force and which refused."""

from typing import Literal

import structlog
from sqlmodel import Session, col, select

from policies.policy import policy_text
from winback.decisions.kind import EntryKind
from winback.decisions.log import append
from winback.store.bookkeeping import PolicyVersion
from workers.policy_source import PolicySource, Refused
from workers.services import Services

log = structlog.get_logger(__name__)

Role = Literal["live", "shadow"]


def watch_policies(services: Services) -> None:
    """Called before every decision, outside its transaction: a change holds for the very next one."""
    _watch(services, "live", services.policies)
    if services.shadow is not None:
        _watch(services, "shadow", services.shadow)


def _watch(services: Services, role: Role, source: PolicySource) -> None:
    refused = source.refresh()
    if refused is not None:
        _write_refusal(services, role, source, refused)
    if source.recorded != source.policy.hash:
        _write_change(services, role, source)


def _write_refusal(services: Services, role: Role, source: PolicySource, refused: Refused) -> None:
    in_force = source.policy.hash
    log.error("policy.refused", role=role, reason=refused.reason, author=refused.author, in_force=in_force)
    body = {"role": role, "in_force": in_force, "author": refused.author, "reason": refused.reason}
    with services.store.write("policy_refused") as session:
        append(session, EntryKind.POLICY_REFUSED, services.clock.now(), body)


def _write_change(services: Services, role: Role, source: PolicySource) -> None:
    """One entry for each time that another policy comes into force, however many processes see it."""
    policy, now = source.policy, services.clock.now()
    with services.store.write("policy_changed") as session:
        services.store.lock(session, "policy")
        before = newest_version(session, role)
        if before is None or before.hash != policy.hash:
            author, name = source.author(), source.path.name
            log.info("policy.changed", role=role, before=before and before.hash, now=policy.hash, author=author)
            version = PolicyVersion(
                role=role, hash=policy.hash, rules=policy_text(policy), author=author, source=name, at=now
            )
            session.add(version)
            session.flush()
            body = {"role": role, "hash": policy.hash, "author": author, "source": name}
            append(session, EntryKind.POLICY_CHANGED, now, {**body, "before": before.hash if before else None})
    source.recorded = policy.hash


def newest_version(session: Session, role: Role) -> PolicyVersion | None:
    """The policy that came into force last in that role."""
    query = select(PolicyVersion).where(PolicyVersion.role == role).order_by(col(PolicyVersion.id).desc())
    return session.exec(query.limit(1)).first()
