"""The rows that are about a person: what an export gives out is what an erasure blanks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlmodel import Session, SQLModel, col, or_, select

from winback.decisions.entry import spoken
from winback.store.models import Case, Consent, DecisionEntry, Effect, Interaction, Proposal, Review
from winback.usage.side_files import Words
from workers.privacy.person_data import Named

PAGE = 1000
R = TypeVar("R", bound=SQLModel)


@dataclass(frozen=True)
class About:
    """Finds the rows about one of the people who are meant. `words` are all that they go by."""

    session: Session
    one: Named
    words: Words

    def consents(self) -> Sequence[Consent]:
        return self._of(Consent, Consent.contact_id)

    def proposals(self) -> Sequence[Proposal]:
        return self._of(Proposal, Proposal.contact_id)

    def effects(self, *, lock: bool = False) -> Sequence[Effect]:
        return self._of(Effect, Effect.contact_id, lock=lock)

    def reviews(self, *, lock: bool = False) -> list[tuple[Review, bool]]:
        """Of proposals to them, and of colleagues' where the note names them; whether it is theirs."""
        query = (
            select(Review, Proposal.contact_id).join(Proposal).where(Proposal.account_id == self.one.account_id)
        )
        if lock:
            query = query.with_for_update(of=Review)
        rows = self.session.exec(query.order_by(col(Review.id))).all()
        found = [(row, self._is_theirs(contact_id)) for row, contact_id in rows]
        return [(row, theirs) for row, theirs in found if theirs or self.words.in_text(row.note)]

    def interactions(self) -> list[tuple[Interaction, bool]]:
        """With them, and with colleagues or the account where the note, or who wrote it down, names them."""
        query = select(Interaction).where(Interaction.account_id == self.one.account_id)
        rows = self.session.exec(query.order_by(col(Interaction.id))).all()
        found = [(row, self._is_theirs(row.contact_id)) for row in rows]
        return [
            (row, theirs)
            for row, theirs in found
            if theirs or self.words.in_text(row.note) or self.words.in_text(row.by)
        ]

    def championed(self) -> list[Case]:
        """Cases of which they were the cause."""
        cases = self.session.exec(select(Case).where(Case.account_id == self.one.account_id)).all()
        return [case for case in cases if case.drop.get("champion") == self.one.key]

    def judged(self) -> Iterator[DecisionEntry]:
        """Entries with evidence that is about them."""
        theirs = select(Case.id).where(Case.account_id == self.one.account_id)
        where = (
            col(DecisionEntry.case_id).in_(theirs),
            col(DecisionEntry.evidence).is_not(None),
            col(DecisionEntry.body).contains(f'"contact":{self.one.contact_id}'),
        )
        for entry in paged(self.session, *where):
            if contact_of(entry) == self.one.contact_id and self.one.contact_id is not None:
                yield entry

    def cases(self) -> list[Case]:
        """Those that they caused, in which something was suggested for them, or in which they were judged."""
        judged = {entry.case_id for entry in self.judged()}
        suggested = {proposal.case_id for proposal in self.proposals()}
        found = {case.id: case for case in self.championed()}
        query = select(Case).where(or_(col(Case.id).in_(judged), col(Case.id).in_(suggested)))
        found |= {case.id: case for case in self.session.exec(query)}
        return [found[number] for number in sorted(found, key=lambda one: one or 0)]

    def _is_theirs(self, contact_id: int | None) -> bool:
        return contact_id is not None and contact_id == self.one.contact_id

    def _of(self, table: type[R], contact: Any, *, lock: bool = False) -> Sequence[R]:
        query = select(table).where(col(contact) == self.one.contact_id).order_by(*table.__table__.primary_key)  # type: ignore[attr-defined]
        return self.session.exec(query.with_for_update() if lock else query).all()


def evidence_of_account(session: Session, account_id: int) -> Iterator[DecisionEntry]:
    """Entries of its cases that have evidence: whoever it is about, what is known of the account is in it."""
    cases = select(Case.id).where(Case.account_id == account_id)
    return paged(session, col(DecisionEntry.case_id).in_(cases), col(DecisionEntry.evidence).is_not(None))


def paged(session: Session, *where: Any) -> Iterator[DecisionEntry]:
    """Entries in the order of their rows, some at a time: an account may have many."""
    last = 0
    query = select(DecisionEntry).where(*where).order_by(col(DecisionEntry.id)).limit(PAGE)
    while found := session.exec(query.where(col(DecisionEntry.id) > last)).all():
        last = found[-1].id or 0
        yield from found


def contact_of(entry: DecisionEntry) -> int | None:
    """Whom an entry is about; None for nobody, and for a body that cannot be read."""
    try:
        found = spoken(entry.body).get("contact")
    except (ValueError, TypeError, RecursionError):
        return None
    return found if isinstance(found, int) else None
