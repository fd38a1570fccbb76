"""Mail over SMTP. Blind: a server cannot be asked later whether it took a message.

What is known of a failure depends on how far the talk had come: up to the text of the message nothing
was sent, on a new connection or one that served before; from there until the last answer nobody knows.
"""

import contextlib
import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from prompts.message import clean
from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel, Receipt
from tools.channels.domain_rate import DomainRate
from tools.channels.email_message import checked, email_message, message_id
from tools.channels.smtp_pool import Refused, SmtpPool, leave
from winback.clock import Clock, SystemClock
from winback.errors import SetupError
from winback.settings import Company
from winback.settings_channels import Smtp

CLOSING = 421
"""RFC 5321, 3.8: the server closes, whatever it was asked."""


class SmtpChannel:
    """Keeps its connections for a while; `close` ends them. Safe with threads.

    `tls` overrides the machine's own trust store, `clock` is what the rate is counted by.

    Raises:
        SetupError: mail shall be signed with a key that cannot be used.
    """

    name = "smtp"
    capability: Capability = "blind"
    can_tell = False

    def __init__(
        self, settings: Smtp, company: Company, tls: ssl.SSLContext | None = None, clock: Clock | None = None
    ) -> None:
        self._settings = settings
        self._tls = tls or ssl.create_default_context()
        self._sender = company.sender
        self._signed = _signer(settings, company)
        self._rate = DomainRate(settings.per_domain_per_minute, clock or SystemClock())
        self._pool = SmtpPool(
            self._new_connection, messages=settings.messages_per_connection, idle_seconds=settings.idle_seconds
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye to the server; a later send makes a connection for itself."""
        self._pool.close()

    def send(self, parcel: Parcel) -> Receipt:
        sender, recipient = checked(parcel.sender_address), checked(parcel.recipient_address)
        text = _stuffed(self._signed(email_message(parcel).as_bytes()))
        self._rate.take(recipient.rpartition("@")[2])
        give_up = time.monotonic() + self._settings.timeout_seconds
        with self._pool.connection() as held:
            with _before_text("envelope"):
                # After some messages a server may want a new connection, and says so with a 5 here.
                _expect(held.server.mail(sender), "the sender was refused", ours=True, again=held.reused)
                _expect(held.server.rcpt(recipient), "the recipient was refused")
                _expect(held.server.docmd("DATA"), "the message was refused", code=354)
                if time.monotonic() > give_up:
                    raise NotSent("the server took too long to get ready", retry=True)
                parcel.last_word()
            answer = _hand_over(held.server, text)
        return Receipt(channel=self.name, reference=message_id(parcel), answer=answer, at=parcel.sent_at)

    def lookup(self, key: str) -> Receipt | None:
        raise MaybeSent(f"a mail server cannot be asked about {key[:12]}")

    def probe(self) -> None:
        """Connect, secure, log in and leave.

        Raises:
            SetupError: one of these fails.
        """
        try:
            server = self._new_connection()
            try:
                with _before_text("greeting"):
                    _expect(server.noop(), "the server is not well", ours=True)
            finally:
                leave(server)
        except NotSent as error:
            where = f"{self._settings.host}:{self._settings.port}"
            raise SetupError(error.reason, where=where, fix="check channels.smtp") from None

    def _new_connection(self) -> smtplib.SMTP:
        with _before_text("connection"):
            return self._connect()

    def _connect(self) -> smtplib.SMTP:
        settings, seconds = self._settings, self._settings.timeout_seconds
        # The name we greet with is the sender's domain: asking the resolver for our own can take long.
        greeting = checked(self._sender).rpartition("@")[2]
        server: smtplib.SMTP
        if settings.security == "tls":
            server = smtplib.SMTP_SSL(settings.host, settings.port, greeting, timeout=seconds, context=self._tls)
        else:
            server = smtplib.SMTP(settings.host, settings.port, greeting, timeout=seconds)
        try:
            if settings.security == "starttls":
                server.starttls(context=self._tls)
            if settings.username and settings.password:
                server.login(settings.username, settings.password.get_secret_value())
            server.ehlo_or_helo_if_needed()
        except BaseException:
            server.close()
            raise
        return server


def _signer(settings: Smtp, company: Company) -> Callable[[bytes], bytes]:
    if settings.dkim is None:
        return bytes
    from tools.channels.dkim import signer  # noqa: PLC0415  a tenth of a second, and most do without

    return signer(settings.dkim, company.sender)


def _hand_over(server: smtplib.SMTP, text: bytes) -> str:
    try:
        server.send(text)
        code, answer = server.getreply()
    except OSError as error:
        raise MaybeSent(f"the connection ended while the message was handed over: {_plain(error)}") from None
    if 200 <= code < 300:
        return _shown(code, answer)
    if 400 <= code < 600:
        words = f"the message was refused: {_shown(code, answer)}"
        raise Refused(words, retry=code < 500, channel_failed=code == CLOSING)
    raise MaybeSent(f"the server's last answer makes no sense: {_shown(code, answer)}")


def _expect(
    reply: tuple[int, bytes], what: str, code: int | None = None, *, ours: bool = False, again: bool = False
) -> None:
    """A no is about this message alone; `ours`: about us, whom the server would refuse every message.

    `again`: a refusal for good may be the connection's fault, so it is worth another try.
    """
    given, answer = reply
    if given == code or (code is None and 200 <= given < 300):
        return
    words = f"{what}: {_shown(given, answer)}"
    if 500 <= given < 600 and not again:
        raise Refused(words, retry=False, channel_failed=ours)
    if 400 <= given < 500:
        raise Refused(words, retry=True, channel_failed=ours or given == CLOSING)
    raise NotSent(words, retry=True)


@contextlib.contextmanager
def _before_text(stage: str) -> Iterator[None]:
    """Until the text is under way, whatever goes wrong means that nothing was sent."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        # The server's own words may repeat what it was given.
        # A wrong password is mended by the operator, not a reason to give the message up.
        raise NotSent(f"login was refused ({error.smtp_code})", retry=True) from None
    except smtplib.SMTPResponseException as error:
        shown = _shown(error.smtp_code, error.smtp_error)
        raise NotSent(f"{stage}: {shown}", retry=not 500 <= error.smtp_code < 600, channel_failed=True) from None
    except UnicodeError:
        # The error itself would show what could not be sent: perhaps a password.
        raise NotSent(
            f"{stage}: user name or password is not plain ASCII", retry=False, channel_failed=True
        ) from None
    except OSError as error:
        asked = isinstance(error, smtplib.SMTPException) and not isinstance(error, smtplib.SMTPServerDisconnected)
        raise NotSent(f"{stage}: {_plain(error)}", retry=not asked, channel_failed=True) from None


def _stuffed(text: bytes) -> bytes:
    """RFC 5321, 4.5.2: a leading dot is doubled, a dot alone ends the text."""
    whole = text if text.endswith(b"\r\n") else text + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", whole) + b".\r\n"


def _shown(code: int, answer: bytes | str) -> str:
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {clean(words, 200)}"


def _plain(error: Exception) -> str:
    return clean(getattr(error, "strerror", None) or str(error) or type(error).__name__, 200)
