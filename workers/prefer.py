"""What a person says they want: channels, topics, language, how often. Stated once, used from the next act on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from tools.catalogue import Level
from winback.canonical import commitment
from winback.decisions.kind import EntryKind
from winback.decisions.log import append
from winback.errors import ConflictError, InputError
from winback.store.answers import Preference
from winback.store.models import Consent, Contact
from winback.store.types import EMAIL, IN_APP
from workers.answer import asked, locked, receiver
from workers.services import Services
from workers.unsubscribe import people_named, stop_contact

PURPOSE = "retention"
SOURCE = "preferences page"
LONGEST_SOURCE = 200
LANGUAGES = ("en", "hi")
OFTEN = (None, 7, 14, 30, 90)
"""Days between two contacts that one can choose; None leaves it to the operator's policy."""


@dataclass(frozen=True)
class Wishes:
    """All that the page shows and sets. `channels` they agree to, `topics` (tools) they do not want to hear of."""

    language: str
    channels: frozenset[str]
    topics: frozenset[str]
    days_between: int | None
    level: Level | None
    stopped: bool = False


def channels_on_offer(services: Services) -> tuple[str, ...]:
    """Media that reach customers here."""
    return tuple(one for one in (EMAIL, IN_APP) if one in services.channels)


def wishes_of(session: Session, services: Services, contact: Contact) -> Wishes:
    """What is known of a person's wishes."""
    said = session.get(Preference, contact.id)
    granted = session.exec(
        select(Consent.channel).where(
            Consent.contact_id == contact.id, Consent.purpose == PURPOSE, Consent.state == "granted"
        )
    ).all()
    base = contact.language.partition("-")[0].lower()
    return Wishes(
        language=base if base in LANGUAGES else LANGUAGES[0],
        channels=frozenset(granted) & frozenset(channels_on_offer(services)),
        topics=frozenset(said.topics if said else ()),
        days_between=said.days_between if said else None,
        level=said.level if said else None,  # type: ignore[arg-type]
        stopped=contact.unsubscribed_at is not None,
    )


def prefer(services: Services, key: str, wishes: Wishes) -> None:
    """Set a person's wishes. They undo no unsubscribe.

    Raises:
        InputError: a value that is none of those on the page.
    """
    _set(services, lambda session: asked(session, key).contact.id or 0, wishes, SOURCE, lambda _contact: {})


def prefer_for(services: Services, contact_id: int, wishes: Wishes, by: str, source: str) -> None:
    """Set what a person said elsewhere than on their page; `source` says where, and why it is changed.

    Raises:
        InputError: there is no such person, or a value is none of those on the page.
        ConflictError: they have said stop, which nothing undoes.
    """

    def find(session: Session) -> int:
        contact = session.get(Contact, contact_id)
        if contact is None or contact.erased_at is not None:
            raise InputError(f"there is no contact {contact_id}", fix="look at the account again")
        if contact.unsubscribed_at is not None:
            raise ConflictError("they have said stop, and nothing undoes that", where=f"contact {contact_id}")
        return contact_id

    def said(contact: Contact) -> dict[str, Any]:
        return {"by": by, "source": commitment(contact.salt, source)}

    _set(services, find, wishes, source[:LONGEST_SOURCE], said)


def _set(
    services: Services,
    find: Callable[[Session], int],
    wishes: Wishes,
    source: str,
    said: Callable[[Contact], Mapping[str, Any]],
) -> None:
    _check(services, wishes)
    now = services.clock.now()
    with services.store.write("prefer") as session:
        contact = locked(session, find(session))
        before = wishes_of(session, services, contact)
        if _said(before) == _said(wishes):
            return
        if wishes.language != before.language:
            contact.language = wishes.language
        _consents(session, services, contact, wishes, before, now, source)
        row = session.get(Preference, contact.id) or Preference(contact_id=contact.id or 0, at=now)
        row.topics, row.days_between, row.level, row.at = (
            sorted(wishes.topics),
            wishes.days_between,
            wishes.level,
            now,
        )
        session.add(row)
        session.flush()
        append(session, EntryKind.PREFERRED, now, {"contact": contact.id, **_said(wishes), **said(contact)})


def _check(services: Services, wishes: Wishes) -> None:
    known = (
        wishes.language in LANGUAGES
        and wishes.channels <= set(channels_on_offer(services))
        and wishes.topics <= services.registry.topics()
        and wishes.days_between in OFTEN
        and wishes.level in (None, "beginner", "advanced")
    )
    if not known:
        raise InputError("a choice is none of those on the page", fix="open the page again")


def _said(wishes: Wishes) -> dict[str, Any]:
    """None of it is personal by itself: it stands in the log."""
    return {
        "language": wishes.language,
        "channels": sorted(wishes.channels),
        "topics": sorted(wishes.topics),
        "days_between": wishes.days_between,
        "level": wishes.level,
    }


def _consents(
    session: Session,
    services: Services,
    contact: Contact,
    wishes: Wishes,
    before: Wishes,
    now: datetime,
    source: str,
) -> None:
    """Only what they changed: an unknown consent stays unknown where they left it as it was."""
    for channel in channels_on_offer(services):
        if (channel in wishes.channels) == (channel in before.channels):
            continue
        state = "granted" if channel in wishes.channels else "refused"
        row = session.get(Consent, (contact.id, channel, PURPOSE))
        if row is None:
            row = Consent(contact_id=contact.id or 0, channel=channel, purpose=PURPOSE, state=state)
        row.state, row.source, row.at = state, source, now.date().isoformat()
        session.add(row)
    session.flush()


def stop(services: Services, key: str) -> bool:
    """Unsubscribe whoever got the message, and everybody with the same address; False when it was done before.

    Whoever holds the link may stop, whatever we believe of the message: it need not have arrived by our books.

    Raises:
        InputError: nothing was ever proposed under this key.
        ConflictError: others were at the same rows again and again.
    """
    with services.store.read() as session:
        contact = receiver(session, key)
    same = people_named(services.store, contact.email) if contact.email else ()
    stopped = [stop_contact(services, one, "unsubscribe page") for one in sorted({contact.id or 0, *same})]
    return any(stopped)
