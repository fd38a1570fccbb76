"""One message becomes a fact, once: its row, the fact and the entry in the log are one transaction."""

import hashlib
import re
from dataclasses import dataclass

from tenacity import retry, retry_if_exception_type, stop_after_attempt

from winback.canonical import canonical_json
from winback.errors import ConflictError
from winback.store.inbox import InboxMail
from winback.store.sending import alone
from workers.inbox.classify import classify
from workers.inbox.fact import Fact, Mail, make_fact, may_stop
from workers.inbox.letter import LIMIT
from workers.inbox.said import Said
from workers.inbox.taken import Outcome, Taken
from workers.services import Services

TRIES = 5
NAMED = ("message-id", "date", "from", "subject")
"""What names a message beside its body: other headers differ where it came by two ways."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as it is told from all others; `place` is where it lies, hashed."""

    digest: str
    place: str | None = None
    again: bool = False
    """Look once more at what was left."""


def take(services: Services, raw: bytes, *, place: str | None = None, again: bool = False) -> Taken:
    """Make a fact of a mail; one that was taken before changes nothing.

    Raises:
        ConflictError: others were at the same rows again and again.
        SetupError: the database does not answer.
    """
    return take_said(services, Seen(digest_of(raw), place, again), classify(raw))


@retry(retry=retry_if_exception_type(ConflictError), stop=stop_after_attempt(TRIES), reraise=True)
def take_said(services: Services, seen: Seen, said: Said) -> Taken:
    """The same of what was classified; raises the same."""
    with services.store.read() as session:
        people = may_stop(session, said)
    with alone(services.store, people) as is_alone, services.store.write("take_mail") as session:
        mail = Mail(seen.digest, quiet=is_alone(session))
        row = session.get(InboxMail, seen.digest, with_for_update=True)
        if row is not None and not (seen.again and row.outcome == Outcome.LEFT):
            row.place = seen.place or row.place
            session.flush()
            return Taken(Outcome(row.outcome), seen.digest, row.why, repeat=True)
        if row is None:
            # First, so that whoever has the same message waits here.
            row = InboxMail(digest=seen.digest, outcome=Outcome.LEFT, at=services.clock.now())
            session.add(row)
            session.flush()
        fact: Fact = make_fact(session, services, said, mail)
        row.outcome, row.why, row.place, row.at = fact.outcome, fact.why, seen.place, services.clock.now()
        row.effect_id, row.interaction_id = fact.effect_id, fact.interaction_id
        session.flush()
    return Taken(fact.outcome, seen.digest, fact.why, stopped=fact.stopped, interaction=fact.interaction_id)


def digest_of(raw: bytes) -> str:
    """SHA-256 of the message's number, date, sender, subject and body, whatever its line ends."""
    whole = raw[:LIMIT].replace(b"\r\n", b"\n")
    head, _, body = whole.partition(b"\n\n")
    named = []
    for name in NAMED:
        found = re.search(rb"(?im)^" + name.encode() + rb":[^\n]*(?:\n[ \t][^\n]*)*", head)
        named.append(b" ".join(found.group().split()[1:]).hex() if found else "")
    return hashlib.sha256(canonical_json(named) + b"\n" + body).hexdigest()
