"""Everything that is held about a person, section by section, as JSON values with a word on each."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, SQLModel, col, or_, select

from tools.channels.files import RECORD
from winback.decisions.entry import entry_name, spoken
from winback.decisions.tell import tell
from winback.errors import InputError
from winback.store.answers import Answer, Booking, Preference
from winback.store.models import Account, Contact, DecisionEntry, Effect, Proposal
from winback.store.suppression import load_suppressed
from winback.usage.forget import usage_rows
from winback.usage.side_files import rows_about
from workers.privacy.about import About, paged
from workers.privacy.answers import feed_of, mails_of
from workers.privacy.person_data import Named, find_people, trace_of, was_erased, words_of
from workers.services import Services

Row = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """One kind of thing: its name, what it is in plain words, and its rows, read as they are asked for."""

    name: str
    what: str
    rows: Iterable[Row]


def sections(services: Services, session: Session, who: str) -> Iterator[Section]:
    """What is held about everybody who goes by this address or key; rows are read within `session`.

    Raises:
        InputError: nobody goes by this, and nobody did.
    """
    people = find_people(services, who)
    erased = was_erased(load_suppressed(session), who)
    if not people and not erased:
        raise InputError(
            "nobody has this address or key", where=repr(who), fix="check it in your people or usage file"
        )
    return _sections(_Reader(services, session, people, who), erased=erased)


def _sections(reader: "_Reader", *, erased: bool) -> Iterator[Section]:
    yield Section(
        "contacts", "What a people file said about the person, at each account they belong to.", reader.contacts()
    )
    yield Section(
        "accounts",
        "What is kept about those accounts; it describes the customer, not the person.",
        reader.accounts(),
    )
    yield Section(
        "consents", "What the person allowed or refused, for which channel, where and when.", reader.consents()
    )
    yield Section(
        "interactions",
        "Messages, replies, complaints, refusals and tickets that somebody here wrote down, and notes that name "
        "the person.",
        reader.interactions(),
    )
    yield Section(
        "cases",
        "Falls in the account's usage that the person caused, or in which they were considered or chosen.",
        reader.cases(),
    )
    yield Section(
        "proposals",
        "What software or a colleague suggested to do for the person, with the words of the message.",
        reader.proposals(),
    )
    yield Section(
        "reviews",
        "What a colleague decided about those suggestions, and notes on others' that name the person.",
        reader.reviews(),
    )
    yield Section("effects", "What was done, and what the receiving side answered.", reader.effects())
    yield Section(
        "answers", "What the person answered on the pages, with their words.", reader.of_contacts(Answer)
    )
    yield Section("bookings", "Calls that the person chose a time for.", reader.of_contacts(Booking))
    yield Section(
        "preferences", "What the person said they want to hear of, and how often.", reader.of_contacts(Preference)
    )
    yield Section("feed", "Messages that your product shows to the person.", reader.feed())
    yield Section(
        "inbox",
        "What is known of mail that came back: a hash, what it was, and which rows it made.",
        reader.mails(),
    )
    yield Section("outbox", "Messages to the person as they lie in a folder.", reader.outbox())
    yield Section(
        "decision_log",
        "Lines of the tamper-evident log about the person or those acts, in words and as they stand there, and "
        "what was judged by.",
        reader.entries(),
    )
    yield Section("usage", "How often the person used what on which day, by import.", reader.usage())
    yield Section(
        "refused_rows", "Rows of imported files that could not be used and name the person.", reader.refused()
    )
    yield Section(
        "erased_before",
        "Whether somebody of this address or key was erased earlier; then only a keyed hash is kept.",
        [{"erased": erased}],
    )


class _Reader:
    """Reads each kind of row of these people."""

    def __init__(self, services: Services, session: Session, people: Sequence[Named], who: str) -> None:
        self.services, self.session, self.people, self.who = services, session, people, who
        self.contact_ids = [one.contact_id for one in people if one.contact_id is not None]
        words = words_of(people, who)
        self.about = [About(session, one, words) for one in people]

    def contacts(self) -> Iterator[Row]:
        query = select(Contact).where(col(Contact.id).in_(self.contact_ids)).order_by(col(Contact.id))
        for one in self.session.exec(query):
            # The salt is no fact about them: it blinds what the log says.
            yield _plain(one, leaving_out="salt")
        for named in self.people:
            if named.contact_id is None:
                yield {"account": named.account, "key": named.key, "known_from": "usage only"}

    def accounts(self) -> Iterator[Row]:
        keys = {one.account for one in self.people}
        for one in self.session.exec(select(Account).where(col(Account.key).in_(keys))):
            yield _plain(one)

    def consents(self) -> Iterator[Row]:
        return (_plain(row) for about in self.about for row in about.consents())

    def proposals(self) -> Iterator[Row]:
        return (_plain(row) for about in self.about for row in about.proposals())

    def effects(self) -> Iterator[Row]:
        return (_plain(row) for about in self.about for row in about.effects())

    def interactions(self) -> Iterator[Row]:
        return _each([row for about in self.about for row, _ in about.interactions()])

    def reviews(self) -> Iterator[Row]:
        return _each([row for about in self.about for row, _ in about.reviews()])

    def cases(self) -> Iterator[Row]:
        return _each([row for about in self.about for row in about.cases()])

    def of_contacts(self, table: type[SQLModel]) -> Iterator[Row]:
        """Rows of a table that has a `contact_id`."""
        theirs = col(table.contact_id).in_(self.contact_ids)  # type: ignore[attr-defined]
        yield from map(_plain, self.session.exec(select(table).where(theirs)).all())

    def feed(self) -> Iterator[Row]:
        yield from map(_plain, feed_of(self.session, self.contact_ids))

    def mails(self) -> Iterator[Row]:
        yield from map(_plain, mails_of(self.session, self.contact_ids))

    def outbox(self) -> Iterator[Row]:
        folder = self.services.settings.outbox_folder
        for key in self.session.exec(select(Effect.key).where(col(Effect.contact_id).in_(self.contact_ids))).all():
            for path in sorted(folder.glob(f"*-{key[:12]}")):
                record = path / RECORD
                said = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
                yield {"folder": path.name, "files": sorted(one.name for one in path.iterdir()), "record": said}

    def entries(self) -> Iterator[Row]:
        """The log is read in pages: a case may have many entries, an account many cases."""
        acts = self._acts()
        cases = select(Proposal.case_id).where(col(Proposal.contact_id).in_(self.contact_ids))
        named = [DecisionEntry.body.contains(f'"contact":{one}') for one in self.contact_ids]  # type: ignore[attr-defined]
        if named:
            found = paged(self.session, or_(col(DecisionEntry.case_id).in_(cases), *named))
            yield from (_entry(one) for one in found if self._names(one, acts))

    def usage(self) -> Iterator[Row]:
        yield from usage_rows(self.services.warehouse, [one.person for one in self.people])

    def refused(self) -> Iterator[Row]:
        trace = trace_of(self.services, self.people, self.who)
        for file, row in rows_about(self.services.warehouse.bad_folder, trace):
            yield {"file": file, **row}

    def _acts(self) -> set[str]:
        """Names of acts and effects, as the log uses them."""
        theirs = col(Proposal.contact_id).in_(self.contact_ids)
        hashes = set(self.session.exec(select(Proposal.action_hash).where(theirs)))
        return hashes | set(
            self.session.exec(select(Effect.key).where(col(Effect.contact_id).in_(self.contact_ids)))
        )

    def _names(self, entry: DecisionEntry, acts: set[str]) -> bool:
        try:
            said = spoken(entry.body)
        except (ValueError, TypeError, RecursionError):
            return False
        return said.get("contact") in self.contact_ids or any(_within(said, acts))


def _within(value: Any, acts: set[str]) -> Iterator[bool]:
    """Whether one of these hashes stands anywhere in a JSON value."""
    match value:
        case str():
            yield value in acts
        case dict():
            for one in value.values():
                yield from _within(one, acts)
        case list():
            for one in value:
                yield from _within(one, acts)


def _entry(entry: DecisionEntry) -> Row:
    said = spoken(entry.body)
    try:
        words = tell(said)
    except (KeyError, TypeError):
        words = entry.kind
    return {
        "entry": entry_name(entry.position, entry.id),
        "at": entry.at.isoformat(),
        "kind": entry.kind,
        "case": entry.case_id,
        "in_words": words,
        "body": entry.body,
        "evidence": json.loads(entry.evidence) if entry.evidence else None,
    }


def _plain(row: SQLModel, leaving_out: str = "") -> Row:
    values = row.model_dump(mode="json")
    return {name: value for name, value in values.items() if name != leaving_out}


def _each(rows: Iterable[Any]) -> Iterator[Row]:
    """Each row once, though it be about several of the contacts who are meant."""
    yield from (_plain(row) for row in {row.id: row for row in rows}.values())
