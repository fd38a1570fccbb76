"""A mailbox over IMAP. What is read is not marked; what was taken is marked as read and moved in one step."""

import contextlib
import imaplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from imap_tools import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxLoginError
from imap_tools.utils import encode_folder

from winback.canonical import canonical_json
from winback.errors import SetupError
from winback.settings_channels import Imap
from workers.inbox.letter import LIMIT

FIX = "check inbox.imap"


@dataclass
class Mailbox:
    """An open folder. `validity` is the server's word that its numbers mean what they meant before."""

    box: BaseMailBox
    settings: Imap
    validity: int
    capabilities: frozenset[str]

    def numbers(self) -> list[int]:
        """Of every message that is there, the oldest first."""
        with problems(self.settings):
            return sorted(int(one) for one in self.box.uids("UNDELETED", charset=None))

    def place(self, number: int) -> str:
        """Names this message in this mailbox, as 64 hexadecimal digits."""
        imap = self.settings
        return sha256(
            canonical_json([imap.host, imap.port, imap.username, imap.folder, self.validity, number])
        ).hexdigest()

    def fetch(self, number: int) -> bytes | None:
        """Its first `LIMIT` bytes; None when somebody has moved it meanwhile."""
        with problems(self.settings):
            _, found = self._uid("FETCH", str(number), f"(BODY.PEEK[]<0.{LIMIT}>)")
        return next((one[1] for one in found if isinstance(one, tuple)), None)

    def put_away(self, number: int) -> None:
        """Mark it as read and move it; nothing when it is gone.

        Other messages that a person marked for deletion stay as they are: nothing is expunged but this one.
        """
        imap, target = self.settings, encode_folder(self.settings.handled)
        with problems(imap):
            self._uid("STORE", str(number), "+FLAGS.SILENT", r"(\Seen)")
            if "MOVE" in self.capabilities:
                self._uid("MOVE", str(number), target)
                return
            self._uid("COPY", str(number), target)
            self._uid("STORE", str(number), "+FLAGS.SILENT", r"(\Deleted)")
            if "UIDPLUS" in self.capabilities:
                self._uid("EXPUNGE", str(number))

    def _uid(self, *command: str | bytes) -> tuple[str, list[bytes | tuple[bytes, bytes] | None]]:
        answer, found = self.box.client.uid(*command)  # type: ignore[arg-type]
        if answer != "OK":
            raise imaplib.IMAP4.error(f"{command[0]!s} was refused")
        return answer, found


@contextlib.contextmanager
def open_mailbox(imap: Imap, tls: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """Connect, log in, see that both folders are there. `tls` overrides the machine's own trust store.

    Raises:
        SetupError: one of these fails.
    """
    with contextlib.ExitStack() as stack:
        with problems(imap):
            box = _connect(imap, tls or ssl.create_default_context())
            stack.callback(_leave, box)
            _log_in(box, imap)
            if not box.folder.exists(imap.handled):
                box.folder.create(imap.handled)
                box.folder.subscribe(imap.handled, True)
            box.folder.set(imap.folder)
            validity = box.folder.status(imap.folder, ["UIDVALIDITY"])["UIDVALIDITY"]
            # Many servers say what they can only to those who have logged in.
            _, told = box.client.capability()
        words = frozenset(told[0].decode("ascii", "replace").upper().split())
        yield Mailbox(box, imap, validity, words)


@contextlib.contextmanager
def problems(imap: Imap) -> Iterator[None]:
    """Whatever goes wrong between us and the server, as one line without what we gave it.

    Raises:
        SetupError: anything did.
    """
    where = f"{imap.host}:{imap.port}"
    try:
        yield
    except MailboxLoginError:
        # The server's own words may repeat what it was given.
        raise SetupError("the mailbox refuses the login", where=where, fix=FIX) from None
    except UnicodeError:
        raise SetupError("the mailbox cannot take these letters", where=where, fix=FIX) from None
    except (imaplib.IMAP4.error, ImapToolsError, OSError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = f"its certificate is not trusted: {error.verify_message}"
        raise SetupError(f"the mailbox does not answer ({reason})", where=where, fix=FIX) from None


def _connect(imap: Imap, tls: ssl.SSLContext) -> BaseMailBox:
    if imap.security == "tls":
        return MailBox(imap.host, imap.port, imap.timeout_seconds, ssl_context=tls)
    box = MailBoxUnencrypted(imap.host, imap.port, imap.timeout_seconds)
    if imap.security == "starttls":
        try:
            box.client.starttls(tls)
        except BaseException:
            with contextlib.suppress(OSError):
                box.client.shutdown()
            raise
    return box


def _log_in(box: BaseMailBox, imap: Imap) -> None:
    password = imap.password.get_secret_value()
    try:
        if (imap.username + password).isascii():
            box.login(imap.username, password, initial_folder=None)
        else:
            box.login_utf8(imap.username, password, initial_folder=None)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error:
        raise SetupError("the mailbox refuses the login", where=f"{imap.host}:{imap.port}", fix=FIX) from None


def _leave(box: BaseMailBox) -> None:
    with contextlib.suppress(imaplib.IMAP4.error, ImapToolsError, OSError):
        box.logout()
    with contextlib.suppress(OSError):
        box.client.shutdown()
