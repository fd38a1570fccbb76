"""One way to write a value down, so that a hash of it means something.

Canonical JSON here is RFC 8785 for the values we use: sorted keys, no spaces, UTF-8, no floats
with more than the shortest round-trip digits, NaN refused. Dates and datetimes become ISO 8601.
"""

import hashlib
import json
from datetime import date, datetime
from enum import Enum
from typing import Any

from winback.clock import aware


def canonical_json(value: Any) -> bytes:
    """Raises TypeError for a value with no canonical form, ValueError for NaN or a naive datetime."""
    return ENCODER.encode(value).encode()


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def commitment(salt: str, value: Any) -> str:
    """A salted commitment to personal data: once the salt is erased it proves nothing about anybody."""
    return content_hash([salt, value])


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return aware(value).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} has no canonical form")


ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
)
"""Made once: every entry of the decision log passes here."""
