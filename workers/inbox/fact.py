"""What follows from a message, in the transaction of whoever took it.

Anybody can write to this mailbox. The key in a message's number is known to its receiver and to the
mail servers between: it proves that they had it. Without one only a stop counts, since it can only stop mail.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from winback.decisions.log import NO_KEY
from winback.store.models import Account, Contact, Effect, Interaction
from winback.store.types import CUSTOMER, InteractionKind
from workers.inbox.said import Automatic, Bounce, Complaint, Delayed, Reply, Said, Stop, Unclear
from workers.inbox.taken import Outcome
from workers.record import ARRIVED, Party, record_in
from workers.services import Services
from workers.unsubscribe import people_in, stop_in

BY = "inbox"


@dataclass(frozen=True, slots=True)
class Fact:
    """What was written down."""

    outcome: Outcome
    why: str = ""
    effect_id: int | None = None
    interaction_id: int | None = None
    stopped: int = 0


@dataclass(frozen=True, slots=True)
class _About:
    """The message of ours that is meant, and to whom it went."""

    effect: Effect
    contact: Contact


@dataclass(frozen=True, slots=True)
class Mail:
    """The message that says it; `quiet` when nobody is sending to those whom it may stop."""

    digest: str
    quiet: bool


def may_stop(session: Session, said: Said) -> set[int]:
    """Whom this message stops, if it is believed."""
    if not isinstance(said, Stop | Complaint):
        return set()
    query = select(Contact).join(Effect).where(col(Effect.key).in_(said.keys))
    people = {one for contact in session.exec(query).all() for one in _alike(session, contact)}
    return {*people, *(people_in(session, said.sender) if isinstance(said, Stop) and said.sender else ())}


def make_fact(session: Session, services: Services, said: Said, mail: Mail) -> Fact:
    """Obey what was said, as far as whoever said it can be believed."""
    if isinstance(said, Unclear):
        return Fact(Outcome.LEFT, said.why)
    about = _about(session, said.keys)
    if isinstance(about, str):
        return _without_key(session, services, said, about, mail)
    if about.contact.erased_at is not None:
        return Fact(Outcome.ERASED, effect_id=about.effect.id)
    match said:
        case Bounce():
            return _bounce(session, services, said, about)
        case Complaint():
            return _complaint(session, services, said, about, mail)
        case Delayed() | Automatic():
            outcome = Outcome.DELAYED if isinstance(said, Delayed) else Outcome.AUTOMATIC
            return Fact(outcome, effect_id=about.effect.id)
        case Stop() | Reply():
            return _reply(session, services, said, about, mail)


def _about(session: Session, keys: Sequence[str]) -> _About | str:
    """The first of these keys that is of an effect which may have arrived; else why there is none."""
    if not keys:
        return "no_key"
    found = {one.key: one for one in session.exec(select(Effect).where(col(Effect.key).in_(keys)))}
    ours = [found[key] for key in keys if key in found]
    for effect in ours:
        if effect.state in ARRIVED and effect.audience == CUSTOMER:
            contact = session.get_one(Contact, effect.contact_id, with_for_update=NO_KEY, populate_existing=True)
            return _About(effect, contact)
    if any(one.audience != CUSTOMER for one in ours):
        return "to_a_colleague"
    return "never_sent" if ours else "unknown_key"


def _without_key(session: Session, services: Services, said: Said, why: str, mail: Mail) -> Fact:
    """A stop counts for whoever has the sender's address, and a contact's own machine may answer to nothing in
    particular; all else stays for a person. A forged sender can only stop mail, which is the lesser harm."""
    people = people_in(session, said.sender) if isinstance(said, Stop | Automatic) and said.sender else ()
    match said:
        case Stop() if people:
            return Fact(Outcome.STOP, stopped=_stop(session, services, people, mail))
        case Stop():
            return Fact(Outcome.LEFT, "nobody")
        case Automatic() if people:
            return Fact(Outcome.AUTOMATIC)
        case _:
            return Fact(Outcome.LEFT, why)


def _bounce(session: Session, services: Services, said: Bounce, about: _About) -> Fact:
    if (about.contact.email or "").lower() not in said.recipients:
        return Fact(Outcome.LEFT, "other_recipient", about.effect.id)
    note = f"{'hard' if said.hard else 'soft'}{f', status {said.status}' if said.status else ''}"
    return _once(session, services, about, InteractionKind.BOUNCE, said.at, note)


def _complaint(session: Session, services: Services, said: Complaint, about: _About, mail: Mail) -> Fact:
    fact = _once(session, services, about, InteractionKind.COMPLAINT, said.at, f"reported as {said.feedback}")
    if not services.settings.inbox.complaint_stops:
        return fact
    stopped = _stop(session, services, _alike(session, about.contact), mail)
    return Fact(fact.outcome, fact.why, fact.effect_id, fact.interaction_id, stopped)


def _reply(session: Session, services: Services, said: Stop | Reply, about: _About, mail: Mail) -> Fact:
    """A stop of theirs is a reply too; whoever else answers in their thread stops both."""
    if _is_ours(session, services, said.sender, about):
        return Fact(Outcome.LEFT, "ours", about.effect.id)
    number = _record(session, services, about, InteractionKind.REPLY, said.at, said.words)
    if isinstance(said, Reply):
        return Fact(Outcome.REPLY, effect_id=about.effect.id, interaction_id=number)
    people = {*_alike(session, about.contact), *(people_in(session, said.sender) if said.sender else ())}
    stopped = _stop(session, services, people, mail)
    return Fact(Outcome.STOP, "", about.effect.id, number, stopped)


def _once(
    session: Session, services: Services, about: _About, kind: InteractionKind, at: datetime | None, note: str
) -> Fact:
    """A message bounces once and is complained of once, however many servers say so."""
    same = select(Interaction.id).where(Interaction.effect_id == about.effect.id, Interaction.kind == kind)
    known = session.exec(same).first()
    number = known or _record(session, services, about, kind, at, note)
    return Fact(Outcome(kind.value), effect_id=about.effect.id, interaction_id=number)


def _record(
    session: Session, services: Services, about: _About, kind: InteractionKind, at: datetime | None, note: str
) -> int:
    """What a mail says of its own date counts only between our sending and now."""
    now, sent = services.clock.now(), about.effect.intent_at
    moment = at if at is not None and sent is not None and sent <= at <= now else now
    party = Party(about.effect.account_id, about.effect.contact_id)
    return record_in(session, services, party, kind, moment, BY, note=note, effect=about.effect)


def _alike(session: Session, contact: Contact) -> set[int]:
    """The contact, and all others with the same address."""
    return {contact.id or 0, *(people_in(session, contact.email) if contact.email else ())}


def _stop(session: Session, services: Services, people: Collection[int], mail: Mail) -> int:
    return sum(stop_in(session, services, one, f"mail {mail.digest}", quiet=mail.quiet) for one in sorted(people))


def _is_ours(session: Session, services: Services, sender: str, about: _About) -> bool:
    """Whether the account's own manager, or we, wrote it: they may be in the thread."""
    account = session.get_one(Account, about.effect.account_id)
    own = {services.settings.company.sender.lower(), (account.owner_email or "").lower()} - {""}
    return sender in own and sender != (about.contact.email or "").lower()
