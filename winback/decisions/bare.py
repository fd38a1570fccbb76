"""Entries of the log whose evidence is gone, as an erasure leaves them."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Bare(NamedTuple):
    """An entry whose evidence is gone, and whom it was about."""

    named: str
    contact: int | None
    case: int | None


def bare(named: str, body: Mapping[str, Any], case: int | None) -> Bare:
    """An entry with this body, whose evidence is gone."""
    contact = body.get("contact")
    return Bare(named, contact if isinstance(contact, int) else None, case)
