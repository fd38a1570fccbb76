"""What the decision log speaks of, held against what it says."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from winback.canonical import content_hash
from winback.decisions.action import action_hash
from winback.decisions.kind import EntryKind
from winback.decisions.rows import Problem, hashed, rows, span
from winback.store.models import Case, Contact, DecisionEntry, Effect, Proposal, Review
from winback.store.types import CaseState, EffectState, ReviewState

DECIDED = {ReviewState.APPROVED: EntryKind.APPROVED, ReviewState.REJECTED: EntryKind.REJECTED}


class Said:
    """What the log says of the other tables, gathered while its entries are read."""

    def __init__(self) -> None:
        self.steps: dict[int, set[int]] = {}
        self.drops: dict[int, str] = {}
        self.actions: set[str] = set()
        self.receipts: dict[str, str] = {}
        self.reviews: set[tuple[str, int | None, str, str | None]] = set()

    def count(self, entry: DecisionEntry) -> None:
        """Remember that a case has this step."""
        if entry.case_id is not None and isinstance(entry.step, int):
            self.steps.setdefault(entry.case_id, set()).add(entry.step)

    def hear(self, body: dict[str, Any]) -> None:
        """Raises KeyError or TypeError for a body that Winback never wrote."""
        if "drop_hash" in body:
            self.drops[body["case"]] = body["drop_hash"]
        if "action_hash" in body:
            self.actions.add(body["action_hash"])
        if "receipt_hash" in body:
            self.receipts[body["effect"]] = body["receipt_hash"]
        if "review" in body and "by" in body:
            self.reviews.add((body["kind"], body["review"], body["action_hash"], body["by"]))


def check_things(session: Session, said: Said) -> Iterator[Problem]:
    """What the entries speak of must still hash to what they say, and nothing may have happened unlogged."""
    yield from _check_cases(session, said)
    yield from _check_proposals(session, said)
    yield from _check_reviews(session, said)
    yield from _check_effects(session, said)


def _check_cases(session: Session, said: Said) -> Iterator[Problem]:
    """A case's entries are numbered 1 to its version, and its drop is the one it was opened for."""
    unknown = dict(said.steps)
    for key, case in rows(session, Case):
        steps = unknown.pop(key, set())
        if case is None:
            yield _unreadable(f"case {key}")
            continue
        yield from _check_steps(case, sorted(steps))
        yield from _check_state(CaseState, case.state, f"case {key}")
        if said.drops.get(key) not in (None, hashed(content_hash, case.drop)):
            yield Problem("altered", f"the drop of case {key}")
    for case_id in unknown:
        yield Problem("missing", f"case {case_id}: the log speaks of it, the table does not have it")


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


def _check_proposals(session: Session, said: Said) -> Iterator[Problem]:
    salts: dict[int, str] = {}
    unreadable: set[int] = set()
    for key, contact in rows(session, Contact):
        if contact is None:
            unreadable.add(key)
            yield _unreadable(f"contact {key}")
        else:
            salts[key] = contact.salt
    for key, proposal in rows(session, Proposal):
        if proposal is None:
            yield _unreadable(f"proposal {key}")
            continue
        named = f"proposal {key} of case {proposal.case_id}"
        salt = salts.get(proposal.contact_id)
        if salt is not None and proposal.action_hash != hashed(action_hash, proposal, salt):
            yield Problem("altered", named)
        if salt is None and proposal.contact_id not in unreadable:
            yield Problem("missing", f"contact {proposal.contact_id} of {named}")
        if proposal.action_hash not in said.actions:
            yield Problem("missing", f"{named} is not in the log")


def _check_reviews(session: Session, said: Said) -> Iterator[Problem]:
    for key, review in rows(session, Review):
        if review is None:
            yield _unreadable(f"queue item {key}")
            continue
        yield from _check_state(ReviewState, review.state, f"queue item {key}")
        kind = next((kind for state, kind in DECIDED.items() if state == review.state), None)
        if kind and (kind, review.id, review.action_hash, review.decided_by) not in said.reviews:
            yield Problem("missing", f"queue item {key} is {review.state}, and the log does not say so")


def _check_effects(session: Session, said: Said) -> Iterator[Problem]:
    for key, effect in rows(session, Effect):
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
