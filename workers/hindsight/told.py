"""A case's decisions as they were logged, and what a policy says of the same facts now."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from policies.evidence import judgements
from policies.facts import Facts
from policies.plain import verdict_from_plain
from policies.policy import Policy
from policies.replay import differing
from policies.verdict import Verdict
from winback.decisions.kind import EntryKind
from winback.errors import InputError, IntegrityError
from winback.store.bookkeeping import PolicyVersion
from winback.store.models import Account, Case
from winback.store.store import Store
from workers.hindsight.judged_entry import JudgedEntry, judged_at, judged_in
from workers.hindsight.raw import Raw
from workers.hindsight.replay import place_of
from workers.hindsight.replay_part import STRANGE
from workers.hindsight.replayed import Replayed


@dataclass(frozen=True)
class ToldVerdict:
    """One act that was judged: what was said, what the shadow said, and what is said now of the same facts.

    `differs` names what is not word for word the same now.
    """

    facts: Facts
    verdict: Verdict
    shadow: Verdict | None
    now: Verdict
    differs: tuple[str, ...]


@dataclass(frozen=True)
class ToldEntry:
    """One entry: the verdicts in it (one for each option that was refused), or what its body says."""

    entry: JudgedEntry
    at: datetime
    body: dict[str, Any]
    verdicts: tuple[ToldVerdict, ...]
    version: PolicyVersion | None


@dataclass(frozen=True)
class ToldCase:
    """The judged entries of a case, the oldest first."""

    account: str
    entries: tuple[ToldEntry, ...]


def told_case(store: Store, case_id: int, policy: Policy, *, every: bool) -> ToldCase:
    """The latest judged entry, or every one.

    Raises:
        InputError: there is no such case, or nothing was judged in it.
        IntegrityError: an entry's evidence is not what was logged, or in a form of another version.
    """
    with closing(Raw(place_of(store))) as raw, store.read() as session:
        case = session.get(Case, case_id)
        if case is None:
            raise InputError(f"there is no case {case_id}", fix="see 'winback log tail'")
        found = [one for one in judged_in(raw, case_id) if _is_judged(one)]
        if not found:
            raise InputError(f"nothing was judged in case {case_id} yet", fix="see 'winback log tail --case'")
        account = session.get(Account, case.account_id)
        again = Replayed(policy, raw)
        told = tuple(_told(session, one, again) for one in (found if every else found[-1:]))
        return ToldCase((account.name or account.key) if account else "", told)


def told_entry_of(store: Store, number: int, policy: Policy) -> ToldEntry | None:
    """One row of the log; None where nothing was judged in it.

    Raises:
        IntegrityError: its evidence is not what was logged, or in a form of another version.
    """
    with closing(Raw(place_of(store))) as raw, store.read() as session:
        found = judged_at(raw, number)
        return _told(session, found, Replayed(policy, raw)) if found is not None and _is_judged(found) else None


def _is_judged(entry: JudgedEntry) -> bool:
    """An approval that lapsed because its slot had gone by has no verdict."""
    return entry.evidence is not None or entry.pruned or entry.kind != EntryKind.LAPSED


def _told(session: Session, entry: JudgedEntry, again: Replayed) -> ToldEntry:
    if entry.evidence is not None and not entry.whole:
        raise IntegrityError(f"{entry}: its evidence is not what was logged", fix="see 'winback log verify'")
    try:
        body = entry.said()
        verdicts = tuple(_verdicts(entry, again))
    except STRANGE:
        raise IntegrityError(
            f"{entry}: in a form that this version does not know",
            fix="update Winback, or see 'winback log verify'",
        ) from None
    judged_by = verdicts[0].verdict.policy_hash if verdicts else body.get("policy")
    return ToldEntry(entry, entry.at, body, verdicts, _version(session, judged_by, entry.at))


def _verdicts(entry: JudgedEntry, again: Replayed) -> Iterator[ToldVerdict]:
    for one in judgements(entry.evidence) if entry.evidence is not None else ():
        now = again.again(entry, one.facts).verdict
        yield ToldVerdict(
            facts=one.facts,
            verdict=verdict_from_plain(one.verdict.plain),
            shadow=None if one.shadow is None else verdict_from_plain(one.shadow.plain),
            now=now,
            differs=differing(one.verdict, now),
        )


def _version(session: Session, policy_hash: str | None, at: datetime) -> PolicyVersion | None:
    """When the policy that judged came into force, the last time before it did."""
    query = (
        select(PolicyVersion)
        .where(PolicyVersion.role == "live", PolicyVersion.hash == policy_hash, col(PolicyVersion.at) <= at)
        .order_by(col(PolicyVersion.id).desc())
    )
    return session.exec(query.limit(1)).first()
