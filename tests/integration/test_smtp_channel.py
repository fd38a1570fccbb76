"""The SMTP channel against a real server on loopback: what is delivered, and what is known when it is not."""

import email
import email.policy
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from tests.unit.tools.situations import COMPANY, KEY, parcel
from tools.channels.channel import MaybeSent, NotSent
from tools.channels.smtp import SmtpChannel
from tools.tool import Message
from winback.errors import SetupError
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


def channel(port: int, *, tls: ssl.SSLContext | None = None, **changes: Any) -> SmtpChannel:
    settings = {"host": HOST, "port": port, "security": "none", "timeout_seconds": 5, **changes}
    return SmtpChannel(Smtp.model_validate(settings), COMPANY, tls)


def test_delivered() -> None:
    """A message that the server took is there once, to the right address, with the server's own answer kept."""
    receiver = Receiver()
    with serving(receiver) as port:
        receipt = channel(port).send(parcel())
    (envelope,) = receiver.received
    assert envelope.mail_from == COMPANY.sender
    assert envelope.rcpt_tos == ["asha@customer.example.com"]
    assert receiver.only()["message-id"] == receipt.reference == f"<{KEY}@acme.example.com>"
    assert receipt.answer == DATA_OK


def test_hindi_and_leading_dots_survive() -> None:
    """Subject and body arrive letter for letter, lines that begin with a dot too."""
    message = Message("hi", "क्या रिपोर्ट काम आई?", ".नमस्ते\n.\n..\nधन्यवाद।\n", "t", "v", {})
    plain = Message("en", "dots", ".a\n.\n..\nb\n", "t", "v", {})
    for one in (message, plain):
        receiver = Receiver()
        with serving(receiver) as port:
            channel(port).send(parcel(message=one))
        assert receiver.only()["subject"] == one.subject
        assert receiver.only().get_content().replace("\r\n", "\n") == one.body


@pytest.mark.parametrize(
    ("answers", "retry", "says"),
    [
        ({"mail": "550 5.7.1 not you"}, False, "the sender was refused: 550 5.7.1 not you"),
        ({"mail": "451 4.3.0 busy"}, True, "the sender was refused: 451"),
        ({"rcpt": "550 5.1.1 no such user"}, False, "the recipient was refused: 550 5.1.1 no such user"),
        ({"rcpt": "451 4.7.1 greylisted, come back"}, True, "the recipient was refused: 451 4.7.1 greylisted"),
        ({"data": "554 5.6.0 spam"}, False, "the message was refused: 554 5.6.0 spam"),
        ({"data": "451 4.7.1 greylisted"}, True, "the message was refused: 451"),
    ],
)
def test_refusals_are_certain(answers: dict[str, str], retry: bool, says: str) -> None:
    """A refusal at any step means not sent: for good with a 5, for now with a 4."""
    receiver = Receiver(**answers)
    with serving(receiver) as port, pytest.raises(NotSent) as caught:
        channel(port).send(parcel())
    assert caught.value.retry is retry
    assert says in caught.value.reason
    assert receiver.received == []


def test_connection_dropped_after_the_text_is_unknown() -> None:
    """When the line goes dead before the last answer nobody knows, even though this server kept the message."""
    receiver = Receiver(drop=True)
    with serving(receiver) as port, pytest.raises(MaybeSent):
        channel(port).send(parcel())
    assert len(receiver.received) == 1


def scripted(last: bytes | None, *, until: bytes) -> Callable[[socket.socket], None]:
    """Greets, agrees to all, and after `until` answers `last`, or hangs up."""

    def script(connection: socket.socket) -> None:
        connection.sendall(b"220 here\r\n")
        seen = b""
        while not seen.endswith(until):
            if not (more := connection.recv(65536)):
                return
            seen += more
            if seen.endswith(until):
                break
            if seen.endswith(b"DATA\r\n"):
                connection.sendall(b"354 go\r\n")
            elif seen.endswith(b"\r\n") and b"\r\nDATA\r\n" not in seen:
                connection.sendall(b"250 ok\r\n")
        if last is not None:
            connection.sendall(last)
            connection.recv(65536)

    return script


@pytest.mark.parametrize("last", [None, b"banana\r\n", b"334 what\r\n"])
def test_no_sensible_last_answer_is_unknown(last: bytes | None) -> None:
    """Hanging up or talking nonsense after the text is unknown, never taken for yes or no."""
    with talking(scripted(last, until=b"\r\n.\r\n")) as port, pytest.raises(MaybeSent):
        channel(port).send(parcel())


def test_silence_after_the_text_is_unknown() -> None:
    """A server that never answers the text leaves it unknown after the time-out."""
    quiet = threading.Event()

    def script(connection: socket.socket) -> None:
        scripted(b"", until=b"\r\n.\r\n")(connection)
        quiet.wait(5)

    with talking(script) as port:
        with pytest.raises(MaybeSent):
            channel(port, timeout_seconds=0.3).send(parcel())
        quiet.set()


@pytest.mark.parametrize("until", [b"acme.example.com\r\n", b"DATA\r\n"])
def test_hanging_up_before_the_text_is_certain(until: bytes) -> None:
    """A line that goes dead before the text was asked for means not sent, try again."""
    with talking(scripted(None, until=until)) as port, pytest.raises(NotSent) as caught:
        channel(port).send(parcel())
    assert caught.value.retry is True


def test_a_server_that_is_not_in_service() -> None:
    """A greeting that says no means not sent, try again."""

    def script(connection: socket.socket) -> None:
        connection.sendall(b"421 closed today\r\n")

    with talking(script) as port, pytest.raises(NotSent, match="421 closed today") as caught:
        channel(port).send(parcel())
    assert caught.value.retry is True


def test_nobody_listens() -> None:
    """A refused connection means not sent, try again; probe says where and what to check."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    with pytest.raises(NotSent, match="Connection refused") as caught:
        channel(port).send(parcel())
    assert caught.value.retry is True
    with pytest.raises(SetupError, match=rf"{HOST}:{port}: connection: Connection refused; check channels\.smtp"):
        channel(port).probe()


def authenticator(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=data == LoginPassword(b"winback", PASSWORD.encode()), handled=False)


LOGIN = {"authenticator": authenticator, "auth_require_tls": False}


def test_login() -> None:
    """With the right password the message goes, from a session that is logged in."""
    receiver = Receiver()
    with serving(receiver, **LOGIN) as port:
        channel(port, username="winback", password=SecretStr(PASSWORD)).send(parcel())
    assert len(receiver.received) == 1
    assert receiver.logged_in


@pytest.mark.parametrize(("wrong", "again"), [("wrong battery", True), ("falsch-ü", False)])
def test_wrong_password_is_certain_and_never_shown(wrong: str, again: bool) -> None:
    """A refused login means not sent, later again (the operator mends it), and no error holds the password."""
    receiver = Receiver()
    with serving(receiver, **LOGIN) as port:
        mail = channel(port, username="winback", password=SecretStr(wrong))
        with pytest.raises(NotSent) as caught:
            mail.send(parcel())
        with pytest.raises(SetupError) as probed:
            mail.probe()
    assert caught.value.retry is again
    assert receiver.received == []
    assert wrong not in f"{caught.value!r} {probed.value!r} {caught.value.__cause__!r} {mail.__dict__!r}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a server with a certificate of its own, and of a client that trusts it."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "3650",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", f"subjectAltName=IP:{HOST}", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=str(cert))


def test_starttls(certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """With STARTTLS the message and the password go over a secured line only."""
    server, client = certificate
    receiver = Receiver()
    options = {
        **LOGIN,
        "auth_require_tls": True,
        "auth_required": True,
        "tls_context": server,
        "require_starttls": True,
    }
    with serving(receiver, **options) as port:
        secured = {"security": "starttls", "username": "winback", "password": SecretStr(PASSWORD)}
        channel(port, tls=client, **secured).send(parcel())
        channel(port, tls=client, **secured).probe()
    assert len(receiver.received) == 1


def test_tls_from_the_start(certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """With TLS the very first byte is secured."""
    server, client = certificate
    receiver = Receiver()
    with serving(receiver, ssl_context=server) as port:
        # The controller's own check of its port would need to trust the certificate: it is let through here.
        channel(port, tls=client, security="tls").send(parcel())
    assert len(receiver.received) == 1


def test_certificate_that_is_not_trusted(certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """A server we cannot trust gets neither password nor message."""
    server, _ = certificate
    receiver = Receiver()
    with serving(receiver, tls_context=server) as port, pytest.raises(NotSent, match="certificate verify failed"):
        channel(port, security="starttls").send(parcel())
    assert receiver.received == []


def test_server_without_starttls() -> None:
    """A server that offers no STARTTLS gets nothing in the clear."""
    receiver = Receiver()
    with serving(receiver) as port, pytest.raises(NotSent, match="STARTTLS extension not supported") as caught:
        channel(port, security="starttls").send(parcel())
    assert caught.value.retry is False
    assert receiver.received == []


def test_probe_sends_nothing() -> None:
    """Probing a healthy server passes and leaves no message."""
    receiver = Receiver()
    with serving(receiver) as port:
        channel(port).probe()
    assert receiver.received == []


def test_a_server_cannot_be_asked() -> None:
    """A look-up on a blind channel is answered with unknown, not with no."""
    assert channel(25).capability == "blind"
    with pytest.raises(MaybeSent):
        channel(25).lookup(KEY)


def test_a_server_that_dawdles_gets_no_text() -> None:
    """When the talk took longer than one message may take, the text is withheld."""

    def script(connection: socket.socket) -> None:
        connection.sendall(b"220 here\r\n")
        while more := connection.recv(65536):
            threading.Event().wait(0.15)
            connection.sendall(b"354 go\r\n" if more.endswith(b"DATA\r\n") else b"250 ok\r\n")
            if more.endswith(b"DATA\r\n"):
                break
        assert connection.recv(65536) in (b"", b"quit\r\n")

    with talking(script) as port, pytest.raises(NotSent, match="took too long") as caught:
        channel(port, timeout_seconds=0.4).send(parcel())
    assert caught.value.retry is True
