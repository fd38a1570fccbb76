"""Links to the customer's pages: signed, expiring, made when a message leaves and kept nowhere.

A token says which page, which act, and until when. It is the same for the same act, so that an act that
is tried again sends the same bytes.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, URLSafeSerializer

from winback.decisions.once import write_once
from winback.errors import InputError
from winback.usage.atomic import writing

if TYPE_CHECKING:
    from winback.settings import Settings

SECRET_BYTES = 32
LONG = timedelta(days=400)
"""How long one can stop messages, see why they came and say what one prefers: longer than mail is kept by most."""
PATHS = {"offer": "o", "call": "c", "preferences": "p", "stop": "u", "why": "w", "survey": "s"}
"""A page's place in an address; short, since some mail programs break long lines."""


class EndedError(InputError):
    """A link of ours whose time is over."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a token says: the page, the key of the act that it came with, and when it ends."""

    page: str
    key: str
    until: datetime


class Links:
    """Makes and reads links under `base` with a secret of at least 32 characters."""

    def __init__(self, base: str, secret: str) -> None:
        self._base = base.rstrip("/")
        sha = {"digest_method": hashlib.sha256}
        self._signers = {
            page: URLSafeSerializer(secret, salt=f"winback {page}", signer_kwargs=sha) for page in PATHS
        }

    @property
    def secure(self) -> bool:
        """Whether they go over https."""
        return self._base.startswith("https://")

    def url(self, page: str, key: str, until: datetime) -> str:
        """The address of a page about the act with this key."""
        return f"{self._base}/{PATHS[page]}/{self.token(page, key, until)}"

    def token(self, page: str, key: str, until: datetime) -> str:
        """What opens the page until then, to the second."""
        token = self._signers[page].dumps([key, int(until.timestamp())])
        return token if isinstance(token, str) else token.decode()

    def read(self, page: str, token: str, now: datetime) -> Link:
        """What a token says.

        Raises:
            InputError: it is none of ours, or of another page.
            EndedError: its time is over.
        """
        try:
            key, until = self._signers[page].loads(token)
            link = Link(page, str(key), datetime.fromtimestamp(int(until), UTC))
        except (BadSignature, ValueError, TypeError, OverflowError):
            raise InputError("this link is not one of ours", fix="open it again from the message") from None
        if link.until <= now:
            raise EndedError(f"this link ended on {link.until:%Y-%m-%d}", fix="reply to the message instead")
        return link


def links_of(settings: "Settings") -> Links | None:
    """The installation's links; None where it has no pages. Its secret is made on first use.

    Raises:
        SetupError: the secret's file cannot be made or read.
    """
    base, given = settings.pages.base_url, settings.pages.signing_key
    if base is None:
        return None
    return Links(base, given.get_secret_value() if given else _kept(settings.home / "keys" / "pages.key"))


def _kept(path: Path) -> str:
    with writing(path.parent):
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            secret = base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES))
            write_once(path, secret + b"\n", mode=0o600)
        return path.read_text(encoding="ascii").strip()
