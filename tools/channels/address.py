"""Which addresses a mail can go to: plain ones, that any mail server and any reader takes."""

import re

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def is_address(text: str) -> bool:
    """Whether this is a plain address; quoted local parts and letters beyond ASCII are not."""
    local, _, domain = text.rpartition("@")
    if not _ADDRESS.fullmatch(text) or len(text) > 254 or ".." in text:
        return False
    return not (local.startswith(".") or local.endswith(".") or ".-" in domain or "-." in domain)
