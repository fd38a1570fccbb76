"""What the page of policies shows: what is in force, its files, what was before."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from winback.errors import InputError
from winback.store.bookkeeping import How, PolicyVersion
from workers.policy_watch import ROLES, Role, newest_version, source_of
from workers.rulebook.draft import role_source
from workers.rulebook.files import files_of, locked
from workers.rulebook.history import is_end, is_refusal
from workers.services import Services
from workers.switches import engaged_rules


@dataclass(frozen=True)
class FileLine:
    """A file of a policy. `differs`: what stands in it is not what is in force (refused, or other words)."""

    name: str
    seal: str
    differs: bool


@dataclass(frozen=True)
class InForce:
    """A policy in force. `how`: by files that changed on the disk, from the console, by a kill switch.

    `problem` says why its files cannot be used, `locked` why they cannot be edited from here.
    """

    role: str
    hash: str | None
    author: str
    since: datetime | None
    how: str
    path: str
    rules: int
    files: tuple[FileLine, ...]
    problem: str | None
    locked: str | None


@dataclass(frozen=True)
class Line:
    """One line of the history: a policy that came into force or ended, or files that were refused or mended."""

    id: int
    role: str
    at: datetime
    hash: str
    author: str
    source: str
    how: str
    refused: str | None
    mended: bool
    ended: bool


def in_force(services: Services) -> tuple[InForce, ...]:
    """Each role's, as it is now; whoever decides next writes down what is new."""
    with services.store.read() as session:
        return tuple(_in_force(services, session, role) for role in ROLES if source_of(services, role) is not None)


def _in_force(services: Services, session: Session, role: Role) -> InForce:
    source = role_source(services, role)
    source.refresh(engaged_rules(session))
    policy, newest = source.loaded, newest_version(session, role)
    version = newest if newest is not None and policy is not None and newest.hash == policy.hash else None
    files: tuple[FileLine, ...] = ()
    try:
        kept = (version.files if version else None) or source.texts or {}
        files = tuple(
            FileLine(one.name, one.seal, kept.get(one.name) != one.text) for one in files_of(source.path)
        )
        why = locked(source.path)
    except InputError as error:
        why = str(error)
    return InForce(
        role=role,
        hash=policy.hash if policy else None,
        author=version.author if version else source.author() if policy else "",
        since=version.at if version else None,
        how=version.how if version else How.DISK.value,
        path=str(source.path),
        rules=len(policy.rules) if policy else 0,
        files=files,
        problem=source.refused.reason if source.refused else None,
        locked=why,
    )


def line_of(one: PolicyVersion) -> Line:
    """A row, told."""
    refusal = is_refusal(one)
    return Line(
        id=one.id or 0, role=one.role.partition(" ")[0], at=one.at, hash=one.hash, author=one.author,
        source=one.source, how=one.how, refused=one.rules if refusal and one.rules else None,
        mended=refusal and not one.rules, ended=is_end(one),
    )  # fmt: skip
