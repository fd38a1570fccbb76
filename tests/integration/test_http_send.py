"""One POST against a real server on loopback: what is known when it fails, and what is never shown."""

import logging
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tools.channels.channel import MaybeSent, NotSent
from tools.channels.http_send import Sender
from winback.errors import InputError, SetupError
from winback.testing import http_receiver as acts
from winback.testing.http_receiver import Receiver, receiving

Contexts = tuple[ssl.SSLContext, ssl.SSLContext]
BODY = b'{"a":1}'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Contexts:
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
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=str(cert))


def sender(url: str, seconds: float = 5, tls: ssl.SSLContext | None = None) -> Sender:
    return Sender(url, seconds, "channels.webhook", tls)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def test_answer_is_given_whatever_it_is() -> None:
    """Status, cleaned words and Retry-After come back; the body arrived byte for byte, at the whole address."""
    with receiving() as there:
        there.reply(418, "short\r\n\x1b[31m and \u202estout".encode(), retry_after="7")
        answer = sender(f"{there.url}?a=%20&b=c").post(BODY, {"x-one": "1"})
    assert (answer.status, answer.words, answer.wait) == (418, "short [31m and stout", "7")
    (posted,) = there.posted
    assert (posted.body, posted.path) == (BODY, "/winback/hook?a=%20&b=c")
    assert posted.headers["x-one"] == "1"
    assert posted.headers["content-type"] == "application/json"


def test_redirect_is_not_followed() -> None:
    """What is signed for one receiver goes to no other."""
    with receiving() as there, receiving() as other:
        there.reply(307, b"", location=other.url)
        assert sender(there.url).post(BODY, {}).status == 307
    assert other.posted == []


def test_no_cookie_and_no_connection_is_kept() -> None:
    """Each POST stands alone: nothing that a receiver set comes back, and no rested line is written to."""
    with receiving() as there:
        there.reply(200, b"ok", set_cookie="a=b")
        one = sender(there.url)
        one.post(BODY, {})
        one.post(BODY, {})
    assert "cookie" not in there.posted[1].headers
    assert there.connections == 2


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that nobody thought of cannot send customers' words elsewhere."""
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    with receiving() as there:
        assert sender(there.url).post(BODY, {}).status == 200


def test_nobody_listens() -> None:
    """A refused connection proves that nothing was sent."""
    with pytest.raises(NotSent, match=r"no connection: .*refused") as caught:
        sender(f"http://127.0.0.1:{free_port()}/x").post(BODY, {})
    assert caught.value.retry is True


@pytest.mark.parametrize("host", ["winback.invalid", f"{'a' * 70}.example"])
def test_unknown_host(host: str) -> None:
    """A name that cannot be found proves that nothing was sent."""
    with pytest.raises(NotSent, match="no connection") as caught:
        sender(f"https://{host}/x").post(BODY, {})
    assert caught.value.retry is True
    with pytest.raises(SetupError, match="cannot be reached"):
        sender(f"https://{host}/x").probe()


def test_certificate_that_is_not_trusted(certificate: Contexts) -> None:
    """A receiver that we cannot trust gets nothing."""
    with receiving(tls=certificate[0]) as there:
        with pytest.raises(NotSent, match="certificate verify failed") as caught:
            sender(there.url).post(BODY, {})
        with pytest.raises(SetupError, match="certificate verify failed"):
            sender(there.url).probe()
    assert caught.value.retry is True
    assert there.posted == []


def test_over_tls(certificate: Contexts) -> None:
    """With a certificate that is trusted, it arrives."""
    server, client = certificate
    with receiving(tls=server) as there:
        sender(there.url, tls=client).probe()
        assert there.posted == []
        assert sender(there.url, tls=client).post(BODY, {}).words == "ok"
    assert [one.body for one in there.posted] == [BODY]


def test_receiver_that_speaks_no_tls() -> None:
    """A handshake that fails proves that nothing was sent."""
    with receiving() as there, pytest.raises(NotSent, match="no connection"):
        sender(there.url.replace("http:", "https:"), 2).post(BODY, {})
    assert there.posted == []


def test_handshake_that_never_ends() -> None:
    """A listener that accepts and says nothing gets no request, and does not hold us."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/x"
        with pytest.raises(NotSent, match="no connection"):
            sender(url, 0.3).post(BODY, {})


def test_connection_that_took_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time is over before the first byte was written, none is written."""
    find = socket.getaddrinfo

    def slowly(*args: Any, **more: Any) -> Any:
        time.sleep(0.5)
        return find(*args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    with receiving() as there, pytest.raises(NotSent, match="took too long") as caught:
        sender(there.url, 0.2).post(BODY, {})
    assert caught.value.retry is True
    assert there.posted == []


def test_connection_dropped_before_the_body_was_read() -> None:
    """The request was on its way: that it was not read to its end is not for us to know."""
    with receiving(Receiver(replies=[acts.drop_at_once])) as there:
        with pytest.raises(MaybeSent, match="ended before there was an answer"):
            sender(there.url).post(b"x" * 3_000_000, {})
        assert there.posted == []


def test_connection_dropped_after_the_body() -> None:
    """It was read; whether it was acted on, nobody knows."""
    with receiving(Receiver(replies=[acts.drop_after_body])) as there:
        with pytest.raises(MaybeSent, match="ended before there was an answer"):
            sender(there.url).post(BODY, {})
        assert len(there.posted) == 1


@pytest.mark.parametrize("act", [acts.hang, acts.drip])
def test_no_answer_in_time(act: acts.Misbehaviour, certificate: Contexts) -> None:
    """The time is for the whole of it: a receiver that drips bytes holds us no longer than one that hangs."""
    server, client = certificate
    for tls in (None, server):
        with receiving(Receiver(replies=[act]), tls=tls) as there:
            begun = time.monotonic()
            with pytest.raises(MaybeSent, match=r"no answer within 0\.5 seconds"):
                sender(there.url, 0.5, client).post(BODY, {})
            assert time.monotonic() - begun < 5
            assert len(there.posted) == 1


def test_receiver_that_reads_nothing() -> None:
    """A body that the receiver does not take ends with the time too."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        with pytest.raises(MaybeSent, match="no answer"):
            sender(url, 0.5).post(b"x" * 30_000_000, {})


def test_flood_is_not_read() -> None:
    """Of an answer only the start is read, and less is shown; the connection is closed."""
    with receiving(Receiver(replies=[acts.flood])) as there:
        begun = time.monotonic()
        answer = sender(there.url).post(BODY, {})
        assert time.monotonic() - begun < 3
    assert answer.status == 200
    assert answer.words.startswith("flood flood")
    assert len(answer.words) <= 200


def test_answer_that_is_no_http() -> None:
    """Nobody knows what it means, and it is not shown."""
    with receiving(Receiver(replies=[acts.babble])) as there, pytest.raises(MaybeSent) as caught:
        sender(there.url).post(BODY, {})
    assert "hook" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://hooks.example.com/x", "https://user:pw@host.example/x", "ftp://a/b", ""])
def test_address_that_cannot_be_used(url: str) -> None:
    """A wrong address is told at the start, without showing it."""
    with pytest.raises(InputError, match=r"channels\.webhook: url ") as caught:
        sender(url)
    assert not url or url not in str(caught.value)


def test_probe_sends_nothing() -> None:
    """Probing connects and leaves; where nobody listens it says where and which setting."""
    with receiving() as there:
        sender(there.url).probe()
    assert there.posted == []
    port = free_port()
    with pytest.raises(SetupError, match=rf"127\.0\.0\.1:{port}: cannot be reached: .*; check channels\.webhook"):
        sender(f"http://127.0.0.1:{port}/token").probe()


def test_the_address_is_in_no_log_and_no_repr(caplog: pytest.LogCaptureFixture) -> None:
    """However much is logged, an address that is a secret is not among it."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpcore")
    with receiving() as there:
        one = sender(f"{there.url}/T0/zebra")
        there.replies.append(acts.drop_after_body)
        with pytest.raises(MaybeSent) as caught:
            one.post(BODY, {})
        one.post(BODY, {})
        one.probe()
    assert caplog.records, "the transport logs at this level; if not, this test sees nothing"
    assert "zebra" not in f"{caplog.text} {one!r} {vars(one)!r} {caught.value!r} {caught.value.__context__!r}"


def test_several_at_once() -> None:
    """Threads may share a sender."""
    found: list[int] = []
    with receiving() as there:
        one = sender(there.url)
        threads = [threading.Thread(target=lambda: found.append(one.post(BODY, {}).status)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert found == [200] * 8


def test_the_last_word_is_asked_before_the_first_byte() -> None:
    """When the connection stands: what waited long for it may not be wanted any more."""

    def no() -> None:
        raise NotSent("not any more", retry=True, tried=False)

    with receiving() as there:
        with pytest.raises(NotSent, match="not any more"):
            sender(there.url).post(BODY, {}, no)
        sender(there.url).post(BODY, {})
    assert len(there.posted) == 1
