"""Who asks, and how often."""

from ipaddress import ip_network

import pytest
from starlette.requests import HTTPConnection

from winback.web.visitor import REMEMBERED, Rate, visitor_of


def request(peer: str, *forwarded: str) -> HTTPConnection:
    headers = [(b"x-forwarded-for", one.encode("latin-1")) for one in forwarded]
    return HTTPConnection({"type": "http", "client": (peer, 1234), "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxy", "visitor"),
    [
        ("127.0.0.1", ("203.0.113.9",), None, "127.0.0.1"),
        ("192.0.2.1", ("203.0.113.9",), "127.0.0.1", "192.0.2.1"),
        ("127.0.0.1", ("203.0.113.9",), "127.0.0.1", "203.0.113.9"),
        ("127.0.0.1", ("1.1.1.1, 203.0.113.9",), "127.0.0.1", "203.0.113.9"),
        ("127.0.0.1", ("1.1.1.1", "203.0.113.9"), "127.0.0.1", "203.0.113.9"),
        ("10.0.0.1", ("203.0.113.9, 10.0.0.2",), "10.0.0.0/8", "203.0.113.9"),
        ("127.0.0.1", ("2001:db8:1:2:3:4:5:6",), "127.0.0.1", "2001:db8:1:2::/64"),
        ("127.0.0.1", (), "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", ("",), "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", ("x" * 100,), "127.0.0.1", "x" * 64),
    ],
)
def test_the_visitor_is_who_the_proxy_saw(
    peer: str, forwarded: tuple[str, ...], proxy: str | None, visitor: str
) -> None:
    """Only a trusted proxy is believed, and only what it wrote itself: the last."""
    assert visitor_of(request(peer, *forwarded), ip_network(proxy) if proxy else None) == visitor


def test_requests_are_refilled_evenly() -> None:
    """A burst of a minute's worth, then one at a time; each visitor for themselves."""
    now = [0.0]
    rate = Rate(60, lambda: now[0])
    assert [rate.wait("a") for _ in range(60)] == [0.0] * 60
    assert rate.wait("a") == pytest.approx(1.0)
    assert rate.wait("b") == 0.0
    now[0] = 0.5
    assert rate.wait("a") == pytest.approx(0.5)
    now[0] = 1.0
    assert rate.wait("a") == 0.0
    now[0] = 1000.0
    assert [rate.wait("a") for _ in range(61)][-2:] == [0.0, pytest.approx(1.0)]


def test_memory_is_bounded() -> None:
    """Many visitors push out those who were not seen for longest, nobody else."""
    rate = Rate(1, lambda: 0.0)
    assert rate.wait("first") == 0.0
    for number in range(REMEMBERED - 1):
        rate.wait(str(number))
    assert rate.wait("first") > 0
    rate.wait("one more")
    assert rate.wait("0") == 0.0
    assert rate.wait("first") > 0
