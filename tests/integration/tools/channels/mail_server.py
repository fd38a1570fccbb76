"""Mail servers on loopback that answer as they are told, and the channel that talks to them."""

import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.unit.tools.situations import COMPANY, parcel
from tools.channels.channel import Parcel, Receipt
from tools.channels.smtp import SmtpChannel
from winback.settings import Smtp

HOST = "127.0.0.1"
PASSWORD = "correct horse"
DATA_OK = "250 2.0.0 kept as 4711"


class Receiver:
    """Keeps what it accepted; answers each step as told."""

    def __init__(
        self, *, mail: str = "250 ok", rcpt: str = "250 ok", data: str = DATA_OK, drop: bool = False
    ) -> None:
        self.answers = {"mail": mail, "rcpt": rcpt, "data": data}
        self.drop = drop
        self.received: list[Envelope] = []
        self.logged_in = False

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        envelope.mail_from = address
        self.logged_in = session.authenticated
        return self.answers["mail"]

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.answers["rcpt"].startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answers["rcpt"]

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answers["data"].startswith("250"):
            self.received.append(envelope)
        if self.drop:
            assert server.transport is not None
            server.transport.abort()
        return self.answers["data"]

    def only(self) -> EmailMessage:
        (envelope,) = self.received
        found = email.message_from_bytes(envelope.content or b"", policy=email.policy.default)  # type: ignore[arg-type]
        assert isinstance(found, EmailMessage)
        return found

    def plain(self) -> str:
        """The text that the only mail says in plain."""
        part = self.only().get_body(("plain",))
        assert part is not None
        return str(part.get_content())


@contextmanager
def serving(receiver: Receiver, **options: Any) -> Iterator[int]:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    controller = Controller(receiver, hostname=HOST, port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@contextmanager
def talking(script: Callable[[socket.socket], None]) -> Iterator[int]:
    """A listener that holds one conversation as `script` has it, for what a proper server would never do."""
    with socket.create_server((HOST, 0)) as listener:

        def converse() -> None:
            connection, _ = listener.accept()
            with connection:
                script(connection)

        thread = threading.Thread(target=converse)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


def deliver(port: int, sent: Parcel | None = None, **changes: Any) -> Receipt:
    """Send one message over a channel of its own."""
    with channel(port, **changes) as mail:
        return mail.send(sent or parcel())


def channel(port: int, *, tls: ssl.SSLContext | None = None, **changes: Any) -> SmtpChannel:
    settings = {"host": HOST, "port": port, "security": "none", "timeout_seconds": 5, **changes}
    return SmtpChannel(Smtp.model_validate(settings), COMPANY, tls)


def authenticator(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=data == LoginPassword(b"winback", PASSWORD.encode()), handled=False)


LOGIN = {"authenticator": authenticator, "auth_require_tls": False}
