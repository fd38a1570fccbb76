"""The SMTP channel against a real server on loopback: what is delivered, and what is known when it is not."""

import socket
import ssl
import threading
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from tests.integration.tools.channels.mail_server import (
    DATA_OK,
    HOST,
    LOGIN,
    PASSWORD,
    Receiver,
    channel,
    deliver,
    serving,
    talking,
)
from tests.unit.tools.situations import COMPANY, KEY, parcel
from tools.channels.channel import MaybeSent, NotSent
from tools.tool import Message
from winback.errors import SetupError


def test_delivered() -> None:
    """A message that the server took is there once, to the right address, with the server's own answer kept."""
    receiver = Receiver()
    with serving(receiver) as port:
        receipt = deliver(port)
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
            deliver(port, parcel(message=one))
        assert receiver.only()["subject"] == one.subject
        assert receiver.plain().replace("\r\n", "\n") == one.body


@pytest.mark.parametrize(
    ("answers", "retry", "ill", "says"),
    [
        ({"mail": "550 5.7.1 not you"}, False, True, "the sender was refused: 550 5.7.1 not you"),
        ({"mail": "451 4.3.0 busy"}, True, True, "the sender was refused: 451"),
        ({"rcpt": "550 5.1.1 no such user"}, False, False, "the recipient was refused: 550 5.1.1 no such user"),
        (
            {"rcpt": "451 4.7.1 greylisted, come back"},
            True,
            False,
            "the recipient was refused: 451 4.7.1 greylisted",
        ),
        ({"rcpt": "421 4.3.2 going down"}, True, True, "the recipient was refused: 421"),
        ({"data": "554 5.6.0 spam"}, False, False, "the message was refused: 554 5.6.0 spam"),
        ({"data": "451 4.7.1 greylisted"}, True, False, "the message was refused: 451"),
        ({"data": "421 4.3.2 going down"}, True, True, "the message was refused: 421"),
    ],
)
def test_refusals_are_certain(answers: dict[str, str], retry: bool, ill: bool, says: str) -> None:
    """A refusal at any step means not sent: for good with a 5, for now with a 4.

    Of the recipient or the text it is about this message alone; of the sender, or a 421, about the server.
    """
    receiver = Receiver(**answers)
    with serving(receiver) as port, pytest.raises(NotSent) as caught:
        deliver(port)
    assert (caught.value.retry, caught.value.channel_failed) == (retry, ill)
    assert says in caught.value.reason
    assert receiver.received == []


def test_connection_dropped_after_the_text_is_unknown() -> None:
    """When the line goes dead before the last answer nobody knows, even though this server kept the message."""
    receiver = Receiver(drop=True)
    with serving(receiver) as port, pytest.raises(MaybeSent):
        deliver(port)
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
        deliver(port)


def test_silence_after_the_text_is_unknown() -> None:
    """A server that never answers the text leaves it unknown after the time-out."""
    quiet = threading.Event()

    def script(connection: socket.socket) -> None:
        scripted(b"", until=b"\r\n.\r\n")(connection)
        quiet.wait(5)

    with talking(script) as port:
        with pytest.raises(MaybeSent):
            deliver(port, timeout_seconds=0.3)
        quiet.set()


@pytest.mark.parametrize("until", [b"acme.example.com\r\n", b"DATA\r\n"])
def test_hanging_up_before_the_text_is_certain(until: bytes) -> None:
    """A line that goes dead before the text was asked for means not sent, try again."""
    with talking(scripted(None, until=until)) as port, pytest.raises(NotSent) as caught:
        deliver(port)
    assert caught.value.retry is True


def test_a_server_that_is_not_in_service() -> None:
    """A greeting that says no means not sent, try again."""

    def script(connection: socket.socket) -> None:
        connection.sendall(b"421 closed today\r\n")

    with talking(script) as port, pytest.raises(NotSent, match="421 closed today") as caught:
        deliver(port)
    assert (caught.value.retry, caught.value.channel_failed) == (True, True)


def test_nobody_listens() -> None:
    """A refused connection means not sent, try again; probe says where and what to check."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    with pytest.raises(NotSent, match="Connection refused") as caught:
        deliver(port)
    assert caught.value.retry is True
    with pytest.raises(SetupError, match=rf"{HOST}:{port}: connection: Connection refused; check channels\.smtp"):
        channel(port).probe()


def test_login() -> None:
    """With the right password the message goes, from a session that is logged in."""
    receiver = Receiver()
    with serving(receiver, **LOGIN) as port:
        deliver(port, username="winback", password=SecretStr(PASSWORD))
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
    assert (caught.value.retry, caught.value.channel_failed) == (again, True)
    assert receiver.received == []
    assert wrong not in f"{caught.value!r} {probed.value!r} {caught.value.__cause__!r} {mail.__dict__!r}"


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
        deliver(port, tls=client, **secured)
        channel(port, tls=client, **secured).probe()
    assert len(receiver.received) == 1


def test_tls_from_the_start(certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """With TLS the very first byte is secured."""
    server, client = certificate
    receiver = Receiver()
    with serving(receiver, ssl_context=server) as port:
        # The controller's own check of its port would need to trust the certificate: it is let through here.
        deliver(port, tls=client, security="tls")
    assert len(receiver.received) == 1


def test_certificate_that_is_not_trusted(certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """A server we cannot trust gets neither password nor message."""
    server, _ = certificate
    receiver = Receiver()
    with serving(receiver, tls_context=server) as port, pytest.raises(NotSent, match="certificate verify failed"):
        deliver(port, security="starttls")
    assert receiver.received == []


def test_server_without_starttls() -> None:
    """A server that offers no STARTTLS gets nothing in the clear."""
    receiver = Receiver()
    with serving(receiver) as port, pytest.raises(NotSent, match="STARTTLS extension not supported") as caught:
        deliver(port, security="starttls")
    assert (caught.value.retry, caught.value.channel_failed) == (False, True)
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
        assert connection.recv(65536) == b""

    with talking(script) as port, pytest.raises(NotSent, match="took too long") as caught:
        deliver(port, timeout_seconds=0.4)
    assert caught.value.retry is True
