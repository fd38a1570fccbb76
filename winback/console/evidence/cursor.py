"""Where a page of a list ends, as text in an address: the next page begins behind it, whatever came meanwhile."""

import base64
import json
from datetime import datetime
from typing import Any

from winback.errors import InputError

Key = tuple[Any, ...]
LONGEST = 2000


def written(key: Key) -> str:
    """The key of a page's last row: text, whole numbers, numbers and aware datetimes."""
    plain = [one.isoformat() if isinstance(one, datetime) else one for one in key]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def read(text: str, *kinds: type) -> Key:
    """The inverse, for a key of these kinds.

    Raises:
        InputError: it is none of ours.
    """
    try:
        plain = json.loads(base64.urlsafe_b64decode(text[:LONGEST] + "=" * (-len(text[:LONGEST]) % 4)))
        return tuple(_value(kind, one) for kind, one in zip(kinds, plain, strict=True))
    except (ValueError, TypeError, RecursionError):
        raise InputError("this is no page of this list", fix="begin at its first page") from None


def _value(kind: type, plain: Any) -> Any:
    if kind is datetime:
        found = datetime.fromisoformat(plain)
        if found.tzinfo is None:
            raise ValueError(plain)
        return found
    if kind is float and type(plain) is int:
        return float(plain)
    if type(plain) is not kind:
        raise TypeError(plain)
    return plain
