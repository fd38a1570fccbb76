"""Connections that serve more than once: fewer of them, and nothing less certain."""

import gc
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from tests.integration.tools.channels.mail_server import (
    HOST,
    LOGIN,
    PASSWORD,
    Receiver,
    answering,
    channel,
    serving,
    talking,
)
from tests.unit.tools.situations import COMPANY, NOW, parcel
from tools.channels.channel import MaybeSent, NotSent
from tools.channels.smtp import SmtpChannel
from tools.channels.smtp_pool import SmtpPool
from winback.clock import SimulatedClock
from winback.settings_channels import Smtp


def numbered(number: int) -> str:
    return f"{number:064x}"


def keys_of(receiver: Receiver) -> list[str]:
    return sorted(str(mail["message-id"]).strip("<>").partition("@")[0] for mail in receiver.mails())


def test_one_connection_for_many_messages() -> None:
    """Three messages go over one connection, which is secured and logged in once."""
    receiver = Receiver()
    with (
        serving(receiver, **LOGIN) as port,
        channel(port, username="winback", password=SecretStr(PASSWORD)) as mail,
    ):
        for number in range(3):
            mail.send(parcel(key=numbered(number)))
    assert keys_of(receiver) == [numbered(number) for number in range(3)]
    assert len(set(receiver.peers)) == 1
    assert receiver.logged_in


def test_secured_connections_serve_again(certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """The same with STARTTLS."""
    server, client = certificate
    receiver = Receiver()
    secured = {"tls": client, "security": "starttls"}
    with serving(receiver, tls_context=server, require_starttls=True) as port, channel(port, **secured) as mail:
        for number in range(3):
            mail.send(parcel(key=numbered(number)))
    assert len(receiver.received) == 3
    assert len(set(receiver.peers)) == 1


def test_only_so_many_messages_per_connection() -> None:
    """After two messages a third gets a new connection."""
    receiver = Receiver()
    with serving(receiver) as port, channel(port, messages_per_connection=2) as mail:
        for number in range(5):
            mail.send(parcel(key=numbered(number)))
    assert [receiver.peers.index(one) for one in receiver.peers] == [0, 0, 2, 2, 4]


def test_no_rest_no_reuse() -> None:
    """With no time to rest each message has a connection of its own."""
    receiver = Receiver()
    with serving(receiver) as port, channel(port, idle_seconds=0) as mail:
        for number in range(2):
            mail.send(parcel(key=numbered(number)))
    assert len(set(receiver.peers)) == 2


def test_one_that_rested_too_long_is_closed() -> None:
    """Past its time a connection gets its goodbye, and the next message a new one."""
    now = [100.0]
    with serving(Receiver()) as port:
        pool = SmtpPool(lambda: smtplib.SMTP(HOST, port), messages=9, idle_seconds=10, now=lambda: now[0])
        with pool.connection() as first:
            pass
        now[0] += 10
        with pool.connection() as second:
            pass
        now[0] += 10.1
        with pool.connection() as third:
            assert first.server.sock is None
        pool.close()
    assert first is second
    assert third is not second
    assert third.server.sock is None


def test_connections_that_died_while_they_rested() -> None:
    """One that does not answer is never handed out, and the others beside it are not trusted either."""
    with serving(Receiver()) as port:
        pool = SmtpPool(lambda: smtplib.SMTP(HOST, port), messages=9, idle_seconds=10)
        with pool.connection() as one, pool.connection() as other:
            pass
        assert one.server.sock is not None
        one.server.sock.shutdown(socket.SHUT_RDWR)
        with pool.connection() as third:
            assert third.server.noop()[0] == 250
        pool.close()
    assert third not in (one, other)
    assert not third.reused
    assert one.server.sock is other.server.sock is None


def test_a_server_that_wants_no_more() -> None:
    """A connection whose server answers that its time is over carries no further message."""
    receiver = Receiver(rset="421 4.4.2 idle too long")
    with serving(receiver) as port, channel(port) as mail:
        for number in range(2):
            mail.send(parcel(key=numbered(number)))
    assert len(set(receiver.peers)) == 2


def test_a_server_that_was_away() -> None:
    """The server went down and came up again on its port: the message goes, once."""
    before, after = Receiver(), Receiver()
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    with channel(port) as mail:
        for number, receiver in enumerate((before, after)):
            controller = Controller(receiver, hostname=HOST, port=port)
            controller.start()
            try:
                mail.send(parcel(key=numbered(number)))
            finally:
                receiver.hang_up()
                controller.stop()
    assert keys_of(before) == [numbered(0)]
    assert keys_of(after) == [numbered(1)]


def well(verb: str, _number: int) -> bytes | None:
    return b"354 go\r\n" if verb == "DATA" else b"250 ok\r\n"


Rule = Callable[[str, int], bytes | None]


def but(answers: dict[tuple[str, int], bytes | None]) -> Rule:
    return lambda verb, number: answers.get((verb, number), well(verb, number))


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_cut_before_the_text_on_an_old_connection_is_certain(verb: str) -> None:
    """A connection that served before and ends before the text means not sent, try again."""
    with talking(answering(but({(verb, 2): None}))) as port, channel(port) as mail:
        mail.send(parcel())
        with pytest.raises(NotSent) as caught:
            mail.send(parcel())
    assert caught.value.retry is True


def test_cut_after_the_text_on_an_old_connection_is_unknown() -> None:
    """A connection that served before and ends after the text leaves it unknown, as a new one would."""
    with talking(answering(but({("TEXT", 2): None}))) as port, channel(port) as mail:
        mail.send(parcel())
        with pytest.raises(MaybeSent):
            mail.send(parcel())


@pytest.mark.parametrize(
    ("step", "answer", "again"),
    [
        ("MAIL", b"554 5.7.0 too many messages on this connection\r\n", True),
        ("MAIL", b"451 4.7.0 slow down\r\n", True),
        ("MAIL", b"421 4.7.0 bye\r\n", True),
        ("RCPT", b"550 5.1.1 no such user\r\n", False),
        ("RCPT", b"451 4.7.1 greylisted\r\n", True),
        ("DATA", b"554 5.5.1 no\r\n", False),
        ("TEXT", b"554 5.6.0 spam\r\n", False),
        ("TEXT", b"451 4.7.1 greylisted\r\n", True),
    ],
)
def test_refusals_on_an_old_connection(step: str, answer: bytes, again: bool) -> None:
    """They mean what they mean on a new one; only a refused sender may be the connection's fault."""
    with talking(answering(but({(step, 2): answer}))) as port, channel(port) as mail:
        mail.send(parcel())
        with pytest.raises(NotSent) as caught:
            mail.send(parcel())
    assert caught.value.retry is again


def test_a_refusal_leaves_the_connection_clean() -> None:
    """After a refused recipient the next message goes over the same connection, to its own recipient only."""
    receiver = Receiver(refuses={"gone@customer.example.com"})
    with serving(receiver) as port, channel(port) as mail:
        mail.send(parcel(key=numbered(1)))
        with pytest.raises(NotSent, match="550 no such user") as caught:
            mail.send(parcel(key=numbered(2), recipient_address="gone@customer.example.com"))
        mail.send(parcel(key=numbered(3), recipient_address="ben@customer.example.com"))
    assert caught.value.retry is False
    assert keys_of(receiver) == [numbered(1), numbered(3)]
    assert receiver.received[1].rcpt_tos == ["ben@customer.example.com"]
    assert len(set(receiver.peers)) == 1


def test_threads_share_without_mixing() -> None:
    """Eight threads send forty messages: each arrives once, where it should, over at most eight connections."""
    receiver = Receiver()
    together = threading.Barrier(8)

    def work(worker: int) -> None:
        together.wait(5)
        for number in range(worker * 5, worker * 5 + 5):
            mail.send(parcel(key=numbered(number), recipient_address=f"a{number}@customer.example.com"))

    with serving(receiver) as port, channel(port) as mail, ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(work, worker) for worker in range(8)]:
            done.result()
    assert keys_of(receiver) == [numbered(number) for number in range(40)]
    for envelope, found in zip(receiver.received, receiver.mails(), strict=True):
        number = int(str(found["message-id"]).strip("<>").partition("@")[0], 16)
        assert envelope.rcpt_tos == [f"a{number}@customer.example.com"]
    assert len(set(receiver.peers)) <= 8


def test_closing_says_goodbye() -> None:
    """Closing ends what rests with QUIT; what is used afterwards does not rest."""
    receiver = Receiver()
    with serving(receiver) as port:
        mail = channel(port)
        mail.send(parcel(key=numbered(1)))
        assert receiver.goodbyes == 0
        mail.close()
        mail.close()
        assert receiver.goodbyes == 1
        mail.send(parcel(key=numbered(2)))
        assert receiver.goodbyes == 2


def test_a_pool_that_nobody_closed() -> None:
    """Its connections do not outlive it."""
    with serving(Receiver()) as port:
        pool = SmtpPool(lambda: smtplib.SMTP(HOST, port), messages=9, idle_seconds=10)
        with pool.connection() as held:
            pass
        assert held.server.sock is not None
        del pool
        gc.collect()
        assert held.server.sock is None


def test_over_the_rate_nothing_goes_out() -> None:
    """The second message of a minute to one domain is held back with the time, one to another domain is not."""
    clock = SimulatedClock(NOW)
    receiver = Receiver()
    with serving(receiver) as port:
        settings = Smtp(host=HOST, port=port, security="none", per_domain_per_minute=1)
        with SmtpChannel(settings, COMPANY, clock=clock) as mail:
            mail.send(parcel(key=numbered(1)))
            with pytest.raises(NotSent, match=r"customer\.example\.com .* until 06:01:00 UTC") as caught:
                mail.send(parcel(key=numbered(2)))
            mail.send(parcel(key=numbered(3), recipient_address="a@other.example.com"))
            clock.set(NOW + timedelta(minutes=1))
            mail.send(parcel(key=numbered(2)))
    assert caught.value.retry is True
    assert keys_of(receiver) == [numbered(1), numbered(2), numbered(3)]
