"""Mail over SMTP. Blind: a server cannot be asked later whether it took a message.

What is known of a failure depends on how far the talk had come: up to the text of the message nothing
was sent; from there until the last answer nobody knows.
"""

import contextlib
import re
import smtplib
import ssl
import time
from collections.abc import Iterator

from prompts.message import clean
from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel, Receipt
from tools.channels.email_message import checked, email_message, message_id
from winback.errors import SetupError
from winback.settings import Company, Smtp


class SmtpChannel:
    """One connection per message. `tls` overrides the machine's own trust store."""

    name = "smtp"
    capability: Capability = "blind"

    def __init__(self, settings: Smtp, company: Company, tls: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._tls = tls or ssl.create_default_context()
        self._sender = company.sender

    def send(self, parcel: Parcel) -> Receipt:
        sender, recipient = checked(parcel.sender_address), checked(parcel.recipient_address)
        text = _stuffed(email_message(parcel).as_bytes())
        give_up = time.monotonic() + self._settings.timeout_seconds
        with self._talk() as server:
            with _before_text("envelope"):
                _expect(server.mail(sender), "the sender was refused")
                _expect(server.rcpt(recipient), "the recipient was refused")
                _expect(server.docmd("DATA"), "the message was refused", code=354)
                if time.monotonic() > give_up:
                    raise NotSent("the server took too long to get ready", retry=True)
            answer = _hand_over(server, text)
        return Receipt(channel=self.name, reference=message_id(parcel), answer=answer, at=parcel.sent_at)

    def lookup(self, key: str) -> Receipt | None:
        raise MaybeSent(f"a mail server cannot be asked about {key[:12]}")

    def probe(self) -> None:
        """Connect, secure, log in and leave.

        Raises:
            SetupError: one of these fails.
        """
        try:
            with self._talk() as server, _before_text("greeting"):
                _expect(server.noop(), "the server is not well")
        except NotSent as error:
            where = f"{self._settings.host}:{self._settings.port}"
            raise SetupError(error.reason, where=where, fix="check channels.smtp") from None

    @contextlib.contextmanager
    def _talk(self) -> Iterator[smtplib.SMTP]:
        with _before_text("connection"):
            server = self._connect()
        try:
            yield server
        finally:
            # However the farewell goes, the last answer is what counts.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

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


def _hand_over(server: smtplib.SMTP, text: bytes) -> str:
    try:
        server.send(text)
        code, answer = server.getreply()
    except OSError as error:
        raise MaybeSent(f"the connection ended while the message was handed over: {_plain(error)}") from None
    if 200 <= code < 300:
        return _shown(code, answer)
    if 400 <= code < 600:
        raise NotSent(f"the message was refused: {_shown(code, answer)}", retry=code < 500)
    raise MaybeSent(f"the server's last answer makes no sense: {_shown(code, answer)}")


def _expect(reply: tuple[int, bytes], what: str, code: int | None = None) -> None:
    given, answer = reply
    if given != code and not (code is None and 200 <= given < 300):
        raise NotSent(f"{what}: {_shown(given, answer)}", retry=not 500 <= given < 600)


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
        raise NotSent(f"{stage}: {shown}", retry=not 500 <= error.smtp_code < 600) from None
    except UnicodeError:
        # The error itself would show what could not be sent: perhaps a password.
        raise NotSent(f"{stage}: user name or password is not plain ASCII", retry=False) from None
    except OSError as error:
        asked = isinstance(error, smtplib.SMTPException) and not isinstance(error, smtplib.SMTPServerDisconnected)
        raise NotSent(f"{stage}: {_plain(error)}", retry=not asked) from None


def _stuffed(text: bytes) -> bytes:
    """RFC 5321, 4.5.2: a leading dot is doubled, a dot alone ends the text."""
    whole = text if text.endswith(b"\r\n") else text + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", whole) + b".\r\n"


def _shown(code: int, answer: bytes | str) -> str:
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {clean(words, 200)}"


def _plain(error: Exception) -> str:
    return clean(getattr(error, "strerror", None) or str(error) or type(error).__name__, 200)
