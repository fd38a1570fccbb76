"""Who was erased, as keyed hashes: an import recognises them, and the hashes name nobody to others."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from winback.canonical import canonical_json
from winback.store.bookkeeping import Installation, Suppression

KEY = "suppression_key"
LOCK = "people"
"""Name of the lock (`Store.lock`) under which people are stored and suppressed: neither may miss the other."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The digests as of one moment, and the key (hexadecimal) that this installation drew for them."""

    key: str = ""
    digests: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.digests)

    def account(self, key: str) -> bool:
        return bool(self) and self.account_digest(key) in self.digests

    def contact(self, account: str, key: str) -> bool:
        return bool(self) and self.contact_digest(account, key) in self.digests

    def key_alone(self, key: str) -> bool:
        """Whether somebody with this key was erased, in whatever account: no import asks that."""
        return bool(self) and self.key_digest(key) in self.digests

    def address(self, email: str) -> bool:
        return bool(self) and self.address_digest(email) in self.digests

    def account_digest(self, key: str) -> str:
        return self.digest("account", key)

    def contact_digest(self, account: str, key: str) -> str:
        """Of both keys: the same key in another account is another person."""
        return self.digest("contact", account, key)

    def key_digest(self, key: str) -> str:
        return self.digest("key", key)

    def address_digest(self, email: str) -> str:
        return self.digest("address", email.lower())

    def digest(self, *words: str) -> str:
        """HMAC-SHA256 of the words, as 64 hexadecimal digits."""
        return hmac.new(bytes.fromhex(self.key), canonical_json(words), hashlib.sha256).hexdigest()


def load_suppressed(session: Session) -> Suppressed:
    """Everybody who was erased until now."""
    drawn = session.get(Installation, KEY)
    if drawn is None:
        return Suppressed()
    return Suppressed(drawn.value, frozenset(session.exec(select(Suppression.digest)).all()))


def draw_key(session: Session) -> Suppressed:
    """As `load_suppressed`; an installation that has no key draws it. The caller holds `LOCK`."""
    if session.get(Installation, KEY) is None:
        session.add(Installation(name=KEY, value=secrets.token_hex(32)))
        session.flush()
    return load_suppressed(session)


def suppress(session: Session, digests: Iterable[str], at: datetime) -> int:
    """Add digests that are not there yet, in the caller's transaction; returns how many are new."""
    wanted = set(digests)
    known = set(session.exec(select(Suppression.digest).where(col(Suppression.digest).in_(wanted))).all())
    session.add_all(Suppression(digest=one, at=at) for one in sorted(wanted - known))
    session.flush()
    return len(wanted - known)
