"""Web addresses to which signed or secret things go: https anywhere, plain http on loopback only."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"(?i)https?://(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?(?:[/?][!-~]*)?")


def refusal(url: str) -> str | None:
    """What is wrong with it, in words that do not show it; None when it can be used."""
    if not _ADDRESS.fullmatch(url):
        return "is not a web address such as https://host/path, without a user name in it"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is not a web address: its host or port makes no sense"
    if parts.scheme.lower() == "http" and not _is_loopback(host):
        return "would go over the wire in the clear"
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
