"""Who asks, and how often: a bucket of requests for each visitor, in memory."""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import HTTPConnection

REMEMBERED = 10_000
"""Visitors; the one who was not seen for longest is forgotten first."""
SUBSCRIBER = 64
"""Bits of an IPv6 address that one subscriber usually has for themselves."""


def visitor_of(request: HTTPConnection, proxy: IPv4Network | IPv6Network | None) -> str:
    """The address that a request comes from.

    Behind a trusted proxy it is the last one in X-Forwarded-For that is not the proxy's own: what stands
    before it was written by anybody.
    """
    peer = request.client.host if request.client else ""
    if proxy is None or not _within(peer, proxy):
        return _subscriber(peer)
    hops = [one.strip() for line in request.headers.getlist("x-forwarded-for") for one in line.split(",")]
    return _subscriber(next((one for one in reversed(hops) if one and not _within(one, proxy)), peer))


def _within(address: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        return ip_address(address) in network
    except ValueError:
        return False


def _subscriber(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address[:SUBSCRIBER]
    if isinstance(found, IPv6Address):
        return str(ip_network((found, SUBSCRIBER), strict=False))
    return str(found)


class Rate:
    """`per_minute` requests of each visitor, refilled evenly; `timer` counts seconds."""

    def __init__(self, per_minute: int, timer: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._timer = timer
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, visitor: str) -> float:
        """Take one request; 0 if it is welcome, else seconds until the next one is."""
        now, per_second = self._timer(), self._most / 60
        left, at = self._left.pop(visitor, (self._most, now))
        left = min(self._most, left + (now - at) * per_second)
        welcome = left >= 1
        self._left[visitor] = (left - 1 if welcome else left, now)
        if len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        return 0.0 if welcome else (1 - left) / per_second
