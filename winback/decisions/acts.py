"""Queue items, effects, interactions and policies, held against what the decision log says, row by row."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlmodel import Session, SQLModel, col, select

from winback.canonical import canonical_json, commitment
from winback.decisions.held import Held, Proposed
from winback.decisions.rows import Problem, hashed, row_of, rows
from winback.decisions.said import OPEN, Said
from winback.decisions.things import check_state, unreadable
from winback.store.bookkeeping import ENDED, REFUSED, PolicyVersion
from winback.store.models import Contact, Effect, Interaction, Proposal, Review
from winback.store.types import EffectState, ReviewState

SHORT = 12
"""Digits of a hash that are shown."""


def check_reviews(session: Session, said: Said, keys: Sequence[int]) -> Iterator[Problem]:
    """What was asked, who decided what and why, as the log says."""
    for key, review in rows(session, Review, keys):
        named = f"queue item {key}"
        if review is None:
            yield unreadable(named)
            continue
        if review.state not in set(ReviewState):
            yield from check_state(ReviewState, review.state, named)
            continue
        told = said.reviews_told.get(key)
        if told is None:
            yield Problem("missing", f"{named} is not in the log")
            continue
        proposal = row_of(session, Proposal, review.proposal_id)
        held = (
            review.case_id, review.action_hash, review.state, review.decided_by, review.code,
            review.first_approved_by, review.lifted_by,
        )  # fmt: skip
        yield from _differences(named, REVIEW, told, held)
        if proposal is not None and (proposal.case_id, proposal.action_hash) != held[:2]:
            yield Problem("altered", f"{named}: its proposal is another")
        if review.note and told[-1] is None:
            yield Problem("altered", f"{named}: its note is not in the log")
        if told[-1] not in {None, _note(session, review, proposal)} and not _is_blanked(
            session, said, review, proposal
        ):
            yield Problem("altered", f"{named}: its note")


def _note(session: Session, review: Review, proposal: Proposal | None) -> str | None:
    contact = row_of(session, Contact, proposal.contact_id) if proposal else None
    return hashed(commitment, contact.salt, review.note) if contact else None


def _is_blanked(session: Session, said: Said, review: Review, proposal: Proposal | None) -> bool:
    """Whether an erasure took its note: that of a proposal to the person, or one that named them."""
    contact = row_of(session, Contact, proposal.contact_id) if proposal else None
    return not review.note and (review.id in said.notes or (contact is not None and contact.erased_at is not None))


def check_effects(session: Session, said: Said, keys: Sequence[int]) -> Iterator[Problem]:
    """What was done for whom, who approved it, and what was answered, as the log says."""
    for key, effect in rows(session, Effect, keys):
        if effect is None:
            yield unreadable(f"effect {key}")
            continue
        named = f"effect {key} of case {effect.case_id}"
        yield from check_state(EffectState, effect.state, named)
        proposal = row_of(session, Proposal, effect.proposal_id)
        if proposal is not None:
            for name in ("case_id", "action_hash", "account_id", "contact_id", "tool"):
                if getattr(effect, name) != getattr(proposal, name):
                    yield Problem("altered", f"{named}: its {name} is not that of its proposal")
        told = said.effects_told.get(effect.key)
        if told is None:
            yield Problem("missing", f"{named} is not in the log")
            continue
        state = OPEN if effect.state in UNDER_WAY else effect.state
        held = (effect.case_id, effect.action_hash, state, effect.approved_by, effect.first_approved_by)
        yield from _differences(named, EFFECT, told, held)
        if effect.state == EffectState.DONE == told[2]:
            yield from _receipt(session, told[-1], effect, named)


def _receipt(session: Session, told: str | None, effect: Effect, named: str) -> Iterator[Problem]:
    contact = row_of(session, Contact, effect.contact_id)
    if contact is None:
        yield Problem("missing", f"contact {effect.contact_id} of {named}")
    elif contact.erased_at is None and told != hashed(commitment, contact.salt, effect.receipt):
        yield Problem("altered", f"the receipt of {named}")


def _differences(named: str, names: Sequence[str], told: Sequence[Any], held: Sequence[Any]) -> Iterator[Problem]:
    """One for each value that is not what the log says; `told` has one more at its end."""
    for name, said, is_now in zip(names, told[:-1], held, strict=True):
        if said != is_now:
            shown = (is_now or "nobody", said or "nobody")
            yield Problem("altered", f"{named}: {name} {shown[0]}, the log says {shown[1]}")


REVIEW = (
    "it is of case",
    "its action is",
    "it is",
    "who decided is",
    "its reason is",
    "who approved first is",
    "who lifted it is",
)
EFFECT = ("it is of case", "its action is", "it is", "who approved is", "who approved first is")
UNDER_WAY = (EffectState.PENDING, EffectState.IN_FLIGHT)


def check_interactions(session: Session, said: Said, keys: Sequence[int]) -> Iterator[Problem]:
    """What was written down of whom, and when it was."""
    for key, one in rows(session, Interaction, keys):
        named = f"interaction {key}"
        if one is None:
            yield unreadable(named)
        elif key not in said.recorded:
            yield Problem("missing", f"{named} is not in the log")
        elif said.recorded[key] != (one.kind, one.account_id, one.contact_id, _moment(one)):
            yield Problem("altered", named)


def _moment(one: Interaction) -> str:
    return canonical_json(one.at).decode().strip('"')


def check_policies(session: Session, said: Said) -> Iterator[Problem]:
    """Each policy that came into force is stored, its rules hash to its name, and no other is.

    Rows of refusals are for the page alone: what was refused stands in the log itself.
    """
    left = Counter(said.policies)
    versions = select(PolicyVersion.id).where(
        col(PolicyVersion.role).not_like(f"%{REFUSED}"), col(PolicyVersion.role).not_like(f"%{ENDED}")
    )
    keys = [key for key in session.exec(versions.order_by(col(PolicyVersion.id))) if key]
    for key, one in rows(session, PolicyVersion, keys):
        if one is None:
            yield unreadable(f"policy version {key}")
            continue
        named = f"policy version {key}"
        told = (one.role, one.hash, one.author, one.source)
        if left[told] == 0:
            yield Problem("altered", f"{named} is not as the log says that it came into force")
        left[told] -= 1
        if hashed(_text_hash, one.rules) != one.hash:
            yield Problem("altered", f"{named}: its rules are not those of its hash {one.hash[:SHORT]}")
    for (role, digest, *_), number in left.items():
        if number > 0:
            yield Problem("missing", f"the rules of the {role} policy {digest[:SHORT]}")


def _text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def gone(session: Session, said: Said, seen: "Seen") -> Iterator[Problem]:
    """Rows that the log speaks of and that nobody has met; looked for once more before that is said."""
    met = {one[:2] for one in seen.acts.values()}
    acts = [(case, action) for case, action in said.acts - met if case is not None and action is not None]
    for case, action in sorted(acts):
        if not _is_there(session, Proposal, Proposal.case_id == case, Proposal.action_hash == action):
            yield Problem("missing", f"a proposal of case {case}: {action[:SHORT]}")
    for review in sorted(said.queued.keys() - seen.reviews):
        if not _is_there(session, Review, Review.id == review):
            yield Problem("missing", f"queue item {review} of case {said.queued[review][0]}")
    for key in sorted(said.effects.keys() - seen.effects):
        if not _is_there(session, Effect, Effect.key == key):
            yield Problem("missing", f"effect {key[:SHORT]} of case {said.effects[key][0]}")
    for interaction in sorted(said.recorded.keys() - seen.interactions):
        if not _is_there(session, Interaction, Interaction.id == interaction):
            yield Problem("missing", f"interaction {interaction}")


def _is_there(session: Session, table: type[SQLModel], *where: Any) -> bool:
    return session.connection().execute(select(1).select_from(table).where(*where).limit(1)).first() is not None


class Seen:
    """What was met in the tables, by the names that the log uses."""

    def __init__(self) -> None:
        self.acts: dict[int, Proposed] = {}
        self.reviews: set[int] = set()
        self.effects: set[str] = set()
        self.interactions: set[int] = set()
        self.erased: set[int] = set()

    def unlike(self, held: Held) -> set[int]:
        """The effects that are not what their proposals are, or whose proposals were not met."""
        get = self.acts.get
        return {
            key
            for key, (_, effect, proposal, whose) in held.effects.items()
            if get(proposal) != (*effect[:2], *whose)
        }
