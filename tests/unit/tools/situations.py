"""Situations that the tests of tools, channels and messages share."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from tools.catalogue import load_catalogue
from tools.channels.channel import Parcel
from tools.tool import Message, Person, Situation
from winback.settings import Company
from winback.usage.drop import Channel, Driver, Drop, DropKind

# A Friday.
NOW = datetime(2026, 10, 16, 6, 0, tzinfo=UTC)
KEY = "0123456789abcdef" * 4

COMPANY = Company(name="Acme Analytics", sender="success@acme.example.com", zone="Europe/Berlin", currency="EUR")
PERSON = Person(id=7, name="Asha Rao", address="asha@customer.example.com", language="en", zone="Asia/Kolkata")
DROP = Drop(
    account="acct-1",
    as_of=date(2026, 10, 15),
    kind=DropKind.FEATURE_FELL,
    channel=Channel.FAST,
    alarm=9.0,
    threshold=6.0,
    expected_days=4.5,
    seen_days=1,
    lost_days=3.5,
    onset=date(2026, 10, 3),
    reason="reports fell from 4.2 to 0.0 active days a week since 3 October",
    drivers=(Driver("exports", 2.5, 1.5), Driver("reports", 4.2, 0.0)),
    seats_before=3,
    seats_now=1,
    champion=None,
    limit_feature=None,
    risk=0.6,
    weeks=(5, 5, 4, 5, 5, 4, 5, 5, 4, 5, 2, 1),
)
SITUATION = Situation(
    drop=DROP,
    plan="starter",
    person=PERSON,
    owner_name="Jonas Weber",
    owner_address="jonas@acme.example.com",
    company=COMPANY,
    catalogue=load_catalogue(None),
    now=NOW,
)


def situation(
    *, drop: dict[str, Any] | None = None, person: dict[str, Any] | None = None, **changes: Any
) -> Situation:
    """The common situation with some of it changed."""
    if drop is not None:
        changes["drop"] = replace(DROP, **drop)
    if person is not None:
        changes["person"] = replace(PERSON, **person)
    return replace(SITUATION, **changes)


def parcel(**changes: Any) -> Parcel:
    """A small parcel with some of it changed."""
    message = Message("en", "A subject", "Hello Asha,\n\na body.\n", "send_tutorial", "abc", {})
    common = Parcel(
        key=KEY,
        case_id=12,
        tool="send_tutorial",
        sender_address=COMPANY.sender,
        sender_name=COMPANY.name,
        recipient_address=PERSON.address,
        recipient_name=PERSON.name,
        reply_to=SITUATION.owner_address,
        message=message,
        sent_at=NOW,
        why=DROP.reason,
    )
    return replace(common, **changes)
