"""What the decision log speaks of, held against what it says, row by row."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, func, select

from winback.canonical import content_hash
from winback.decisions.action import action_hash, drop_hash
from winback.decisions.held import DECIDED
from winback.decisions.rows import Problem, hashed, pages, rows, span
from winback.decisions.said import Said
from winback.store.models import Case, Contact, DecisionEntry, Effect, Proposal, Review
from winback.store.types import CaseState, EffectState, ReviewState


def check_things(session: Session, said: Said, table: str, keys: Sequence[int]) -> Iterator[Problem]:
    """What the entries speak of must still hash to what they say, and nothing may have happened unlogged.

    Checks the rows of one table that have these numbers.
    """
    yield from CHECKS[table](session, said, keys)


def keys_between(session: Session, table: str, start: int, end: int) -> list[int]:
    """The numbers of a table's rows from `start` up to and without `end`."""
    key = col(KEYS[table])
    return list(session.exec(select(key).where(key >= start, key < end).order_by(key)).all())


def count_erased(session: Session, keys: Sequence[int]) -> int:
    """How many of these proposals are to people whose data were erased."""
    erased = (
        select(func.count())
        .select_from(Proposal)
        .join(Contact, col(Proposal.contact_id) == Contact.id)
        .where(col(Contact.erased_at).is_not(None))
    )
    return sum(session.exec(erased.where(col(Proposal.id).in_(page))).one() for page in pages(keys))


def _check_cases(session: Session, said: Said, keys: Sequence[int]) -> Iterator[Problem]:
    """A case's entries are numbered 1 to its version, and its drop is the one it was opened for."""
    said_steps = _steps(session, keys)
    for key, case in rows(session, Case, keys):
        steps = said_steps.get(key, set())
        if case is None:
            yield _unreadable(f"case {key}")
            continue
        yield from _check_steps(case, sorted(steps))
        yield from _check_state(CaseState, case.state, f"case {key}")
        if said.drops.get(key) not in (None, hashed(drop_hash, case.drop)):
            yield Problem("altered", f"the drop of case {key}")


def unknown_cases(cases: Iterable[int]) -> Iterator[Problem]:
    """Cases of the log that the table does not have."""
    for case_id in cases:
        yield Problem("missing", f"case {case_id}: the log speaks of it, the table does not have it")


def _steps(session: Session, keys: Sequence[int]) -> dict[int, set[int]]:
    case_id = col(DecisionEntry.case_id)
    found: dict[int, set[int]] = {}
    for page in pages(keys):
        for case, step in session.exec(select(case_id, DecisionEntry.step).where(case_id.in_(page))):
            if case is not None and isinstance(step, int):
                found.setdefault(case, set()).add(step)
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


def _check_contacts(session: Session, said: Said, keys: Sequence[int]) -> Iterator[Problem]:
    for key, contact in rows(session, Contact, keys):
        if contact is None:
            yield _unreadable(f"contact {key}")
        elif contact.erased_at is not None and key not in said.erased:
            yield Problem("missing", f"contact {key} is erased, and the log does not say so")


def _check_proposals(session: Session, said: Said, keys: Sequence[int]) -> Iterator[Problem]:
    found = list(rows(session, Proposal, keys))
    people = sorted({proposal.contact_id for _, proposal in found if proposal is not None})
    contacts = {key: contact for key, contact in rows(session, Contact, people) if contact is not None}
    there = set(session.exec(select(Contact.id).where(col(Contact.id).in_(people))).all())
    for key, proposal in found:
        if proposal is None:
            yield _unreadable(f"proposal {key}")
            continue
        named = f"proposal {key} of case {proposal.case_id}"
        contact = contacts.get(proposal.contact_id)
        if proposal.contact_id not in there:
            yield Problem("missing", f"contact {proposal.contact_id} of {named}")
        if contact is not None and _is_altered(proposal, contact):
            yield Problem("altered", named)
        if proposal.action_hash not in said.actions:
            yield Problem("missing", f"{named} is not in the log")


def _is_altered(proposal: Proposal, contact: Contact) -> bool:
    """With the salt of an erased contact the proof went too: that is what erasing is for."""
    return contact.erased_at is None and proposal.action_hash != hashed(action_hash, proposal, contact.salt)


def _check_reviews(session: Session, said: Said, keys: Sequence[int]) -> Iterator[Problem]:
    for key, review in rows(session, Review, keys):
        if review is None:
            yield _unreadable(f"queue item {key}")
            continue
        yield from _check_state(ReviewState, review.state, f"queue item {key}")
        kind = DECIDED.get(review.state)
        if kind and (kind, review.id, review.action_hash, review.decided_by) not in said.reviews:
            yield Problem("missing", f"queue item {key} is {review.state}, and the log does not say so")


def _check_effects(session: Session, said: Said, keys: Sequence[int]) -> Iterator[Problem]:
    for key, effect in rows(session, Effect, keys):
        if effect is None:
            yield _unreadable(f"effect {key}")
            continue
        named = f"effect {key} of case {effect.case_id}"
        yield from _check_state(EffectState, effect.state, named)
        if effect.state != EffectState.DONE:
            continue
        receipt = said.receipts.get(effect.key)
        if receipt is None:
            yield Problem("missing", f"{named} is done, and the log has no receipt")
        elif receipt != hashed(content_hash, effect.receipt):
            yield Problem("altered", f"the receipt of {named}")


def _check_state(known: type[StrEnum], state: str, named: str) -> Iterator[Problem]:
    if state not in set(known):
        yield Problem("altered", f"{named}: {state!r} is no state")


def _unreadable(named: str) -> Problem:
    return Problem("altered", f"{named}: its row cannot be read")


CHECKS: Mapping[str, Callable[[Session, Said, Sequence[int]], Iterator[Problem]]] = {
    "cases": _check_cases,
    "contact": _check_contacts,
    "proposal": _check_proposals,
    "review": _check_reviews,
    "effect": _check_effects,
}
KEYS: Mapping[str, Any] = {
    "cases": Case.id,
    "contact": Contact.id,
    "proposal": Proposal.id,
    "review": Review.id,
    "effect": Effect.id,
}
STATES: Mapping[str, set[str]] = {
    "cases": set(CaseState),
    "review": set(ReviewState),
    "effect": set(EffectState),
}
