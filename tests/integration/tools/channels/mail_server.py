"""Mail servers on loopback that answer as they are told, and the channel that talks to them."""

import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.unit.tools.situations import COMPANY, parcel
from tools.channels.channel import Parcel, Receipt
from tools.channels.smtp import SmtpChannel
from winback.settings_channels import Smtp

HOST = "127.0.0.1"
PASSWORD = "correct horse"
DATA_OK = "250 2.0.0 kept as 4711"


def email_of(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    found = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


class Receiver:
    """Keeps what it accepted; answers each step as told."""

    def __init__(
        self,
        *,
        mail: str = "250 ok",
        rcpt: str = "250 ok",
        data: str = DATA_OK,
        rset: str = "250 ok",
        drop: bool = False,
        refuses: Container[str] = (),
    ) -> None:
        self.answers = {"mail": mail, "rcpt": rcpt, "data": data, "rset": rset}
        self.drop = drop
        self.received: list[Envelope] = []
        self.logged_in = False
        self.refuses = refuses
        self.peers: list[tuple[str, int]] = []
        self.goodbyes = 0
        self._servers: list[SMTP] = []

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        envelope.mail_from = address
        self.logged_in = session.authenticated
        return self.answers["mail"]

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.refuses:
            return "550 no such user"
        if self.answers["rcpt"].startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answers["rcpt"]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self._servers.append(server)
        if self.answers["data"].startswith("250"):
            self.received.append(envelope)
            self.peers.append(session.peer)
        if self.drop:
            assert server.transport is not None
            server.transport.abort()
        return self.answers["data"]

    async def handle_RSET(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        return self.answers["rset"]

    async def handle_QUIT(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        self.goodbyes += 1
        return "221 bye"

    def hang_up(self) -> None:
        """Cut every connection that a message came over."""
        for server in self._servers:
            if server.transport is not None:
                server.loop.call_soon_threadsafe(server.transport.abort)

    def mails(self) -> list[EmailMessage]:
        return [email_of(envelope) for envelope in self.received]

    def only(self) -> EmailMessage:
        (found,) = self.mails()
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


def answering(rule: Callable[[str, int], bytes | None]) -> Callable[[socket.socket], None]:
    """A conversation in which `rule` answers each verb of the nth message, TEXT after its text; None hangs up."""

    def script(connection: socket.socket) -> None:
        number = 0
        connection.sendall(b"220 here\r\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                verb = line[:4].decode().strip().upper()
                number += verb == "MAIL"
                if (answer := rule(verb, number)) is None:
                    return
                connection.sendall(answer)
                if answer.startswith(b"354"):
                    while lines.readline() not in (b".\r\n", b""):
                        pass
                    if (answer := rule("TEXT", number)) is None:
                        return
                    connection.sendall(answer)

    return script
