"""Parcels with calls, as the tests of calendars share them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.tools.situations import parcel
from tools.channels.channel import Parcel

HOST = "jonas@acme.example.com"
UID = "call-1@acme.example.com"
START = datetime(2026, 10, 21, 8, 0, tzinfo=UTC)
KEYS = ("a" * 64, "b" * 64, "c" * 64)


def call(sequence: int = 0, **changes: Any) -> Parcel:
    """Version `sequence` of one call: an hour later each time, and with a key of its own."""
    start = START + timedelta(hours=sequence)
    payload: dict[str, Any] = {
        "uid": UID,
        "sequence": sequence,
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=30)).isoformat(),
        "summary": "Acme Analytics: look at what got in the way",
        "host": HOST,
        "host_name": "Jonas Weber",
        "attendee": "asha@customer.example.com",
        "attendee_name": "Asha Rao",
        "cancelled": False,
    }
    key = changes.pop("key", KEYS[sequence])
    return parcel(tool="book_call", part="event", key=key, payload={**payload, **changes})
