"""Cases, contacts and proposals, held against what the decision log says, row by row."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from sqlmodel import Session, col, select

from winback.decisions.action import action_hash, drop_hash
from winback.decisions.held import may_be
from winback.decisions.rows import Problem, hashed, pages, rows, span
from winback.decisions.said import Said
from winback.store.models import Case, Contact, DecisionEntry, Proposal
from winback.store.types import CaseState


def check_cases(session: Session, said: Said, keys: Sequence[int]) -> Iterator[Problem]:
    """A case's entries are numbered 1 to its version, and its drop is the one it was opened for."""
    said_steps = _steps(session, keys)
    for key, case in rows(session, Case, keys):
        steps = said_steps.get(key, {})
        if case is None:
            yield unreadable(f"case {key}")
            continue
        yield from _check_steps(case, sorted(steps))
        yield from check_state(CaseState, case.state, f"case {key}")
        yield from _check_life(said, case, steps, f"case {key}")


def _check_life(said: Said, case: Case, steps: Mapping[int, str], named: str) -> Iterator[Problem]:
    """Against the entries that opened and closed it, and the newest."""
    key, last = case.id or 0, steps.get(case.version)
    if key not in said.opened:
        if 1 in steps:
            yield Problem("altered", f"{named}: no entry opened it")
        return
    account, drop = said.opened[key]
    if case.account_id != account:
        yield Problem("altered", f"{named} is of account {case.account_id}, the log says of {account}")
    if hashed(drop_hash, case.drop) != drop:
        yield Problem("altered", f"the drop of {named}")
    if case.state == CaseState.CLOSED or key in said.closed or case.outcome is not None:
        held, told = (case.state == CaseState.CLOSED, case.outcome), (key in said.closed, said.closed.get(key))
        if held != told:
            yield Problem("altered", f"{named} is {case.state} as {case.outcome}, the log says {_closed(told)}")
    elif not may_be(case.state, last):
        yield Problem("altered", f"{named} is {case.state}, the log's last word is {last}")


def _closed(told: tuple[bool, str | None]) -> str:
    return f"closed as {told[1]}" if told[0] else "that it is not closed"


def unknown_cases(cases: Iterable[int]) -> Iterator[Problem]:
    """Cases of the log that the table does not have."""
    for case_id in cases:
        yield Problem("missing", f"case {case_id}: the log speaks of it, the table does not have it")


def _steps(session: Session, keys: Sequence[int]) -> dict[int, dict[int, str]]:
    """The kind of each step of each case."""
    case_id = col(DecisionEntry.case_id)
    found: dict[int, dict[int, str]] = {}
    for page in pages(keys):
        rows_of_page = select(case_id, DecisionEntry.step, DecisionEntry.kind).where(case_id.in_(page))
        for case, step, kind in session.exec(rows_of_page):
            if case is not None and isinstance(step, int):
                found.setdefault(case, {})[step] = kind
    return found


def _check_steps(case: Case, steps: list[int]) -> Iterator[Problem]:
    if not isinstance(case.version, int):
        yield Problem("altered", f"case {case.id}: {case.version!r} is no version")
        return
    following = 1
    for step in (*(one for one in steps if one <= case.version), case.version + 1):
        if step > following:
            yield Problem(
                "missing", f"case {case.id}, {span('step', 'steps', following, step - 1)} of {case.version}"
            )
        following = max(following, step + 1)
    if steps and steps[-1] > case.version:
        yield Problem("altered", f"case {case.id}: the log has a step {steps[-1]}, its version is {case.version}")


def check_contacts(session: Session, said: Said, keys: Sequence[int]) -> Iterator[Problem]:
    """Erased or not, as the log says."""
    there = set(session.exec(select(Contact.id).where(col(Contact.id).in_(keys))).all())
    for key, contact in rows(session, Contact, keys):
        if key not in there:
            yield Problem("missing", f"contact {key} was erased, as the log says, and its row is gone")
        elif contact is None:
            yield unreadable(f"contact {key}")
        elif contact.erased_at is not None and key not in said.erased:
            yield Problem("missing", f"contact {key} is erased, and the log does not say so")
        elif contact.erased_at is None and key in said.erased:
            yield Problem("altered", f"contact {key} was erased, as the log says, and is not")


def check_proposals(session: Session, said: Said, keys: Sequence[int]) -> Iterator[Problem]:
    """What was suggested must still have its hash, in the case in which the log has it."""
    found = list(rows(session, Proposal, keys))
    people = sorted({proposal.contact_id for _, proposal in found if proposal is not None})
    contacts = {key: contact for key, contact in rows(session, Contact, people) if contact is not None}
    there = set(session.exec(select(Contact.id).where(col(Contact.id).in_(people))).all())
    for key, proposal in found:
        if proposal is None:
            yield unreadable(f"proposal {key}")
            continue
        named = f"proposal {key} of case {proposal.case_id}"
        contact = contacts.get(proposal.contact_id)
        if proposal.contact_id not in there:
            yield Problem("missing", f"contact {proposal.contact_id} of {named}")
        if contact is not None and _is_altered(proposal, contact):
            yield Problem("altered", named)
        if (proposal.case_id, proposal.action_hash) not in said.acts:
            yield Problem("missing", f"{named} is not in the log")


def _is_altered(proposal: Proposal, contact: Contact) -> bool:
    """With the salt of an erased contact the proof went too: that is what erasing is for."""
    return contact.erased_at is None and proposal.action_hash != hashed(action_hash, proposal, contact.salt)


def check_state(known: type[StrEnum], state: str, named: str) -> Iterator[Problem]:
    """It must be one that Winback knows."""
    if state not in set(known):
        yield Problem("altered", f"{named}: {state!r} is no state")


def unreadable(named: str) -> Problem:
    """Somebody wrote something there that Winback never does."""
    return Problem("altered", f"{named}: its row cannot be read")
