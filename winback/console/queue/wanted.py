"""What a reviewer wants to see of the queue: the filters of an address, which its links and forms carry along."""

from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Form, Query
from pydantic import AfterValidator

from winback.errors import InputError
from workers.queue_list import Filters, State

LONGEST = 2000
PLACE = r"^-?0x[01]\.[0-9a-f]{1,13}p-?[0-9]{1,4}_[0-9]{1,9}$"
NUMBER = 2**31 - 1


def printable(words: str) -> str:
    """Without what no database keeps: characters that control a terminal, and halves of a character.

    Raises:
        ValueError: there are such.
    """
    if any((letter < " " and letter not in "\t\r\n") or "\ud800" <= letter <= "\udfff" for letter in words):
        raise ValueError("holds a character that is no text")
    return words


Words = Annotated[str, AfterValidator(printable)]
Asked = Annotated[Words | None, Query(max_length=200)]
"""One filter of an address; an empty one, as forms send it, is none."""


def _filters(
    tool: Asked = None,
    plan: Asked = None,
    region: Asked = None,
    tag: Asked = None,
    owner: Asked = None,
    rule: Asked = None,
    assignee: Asked = None,
    older_hours: Annotated[
        str, Query(max_length=20, description="Waiting for so many hours at least.", examples=["24"])
    ] = "",
    state: State = "waiting",
    words: Annotated[Words, Query(max_length=200, description="Parts of the account's key or name.")] = "",
) -> Filters:
    """Raises InputError for an age that is none."""
    plain = {
        "tool": tool, "plan": plan, "region": region, "tag": tag, "owner": owner, "rule": rule,
        "assignee": assignee, "state": state, "words": words.strip(),
    }  # fmt: skip
    found = {name: value for name, value in plain.items() if value}
    if older_hours:
        return Filters.from_plain({**found, "older_hours": _hours(older_hours)})
    return Filters.from_plain(found)


def _hours(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{text!r} is no number of hours", where="older_hours", fix="give 0 to 8784") from None


Wanted = Annotated[Filters, Depends(_filters)]
"""The filters of an address."""
Place = Annotated[
    str | None, Query(max_length=60, pattern=PLACE, description="`next` of the page before.", examples=[None])
]


def address_of(filters: Filters) -> str:
    """The filters as the end of an address, `tool=book_call&words=acme`; empty where there are none."""
    return urlencode(filters.to_plain())


def filters_at(text: str) -> Filters:
    """The inverse.

    Raises:
        InputError: there is no such filter.
    """
    plain: dict[str, str | float] = {name: _text(value) for name, value in parse_qsl(text)}
    if "older_hours" in plain:
        plain["older_hours"] = _hours(str(plain["older_hours"]))
    return Filters.from_plain(plain)


def _text(value: str) -> str:
    try:
        return printable(value)
    except ValueError as error:
        raise InputError(f"a filter {error}", fix="type it again") from None


def _within(within: Annotated[Words, Form(max_length=LONGEST)] = "") -> Filters:
    return filters_at(within)


Within = Annotated[Filters, Depends(_within)]
"""The filters that a form carries along."""
