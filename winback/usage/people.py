"""The second file: accounts and the people there, one row per contact, CSV or Parquet.

Columns of the account may stand on every row of it; where two rows give different values, the
later row is refused whole. A row without a contact describes the account alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

from winback.clock import aware
from winback.errors import InputError
from winback.usage import person_fields as read
from winback.usage.bad_rows import BadRow, BadRows, write_bad_rows
from winback.usage.csv_file import Record
from winback.usage.erased import Erased, Nobody, concealed
from winback.usage.people_table import PeopleTable, open_people
from winback.usage.person import AccountRecord, ConsentRecord, ConsentState, ContactRecord
from winback.usage.problems import PROBLEMS
from winback.usage.source import open_source

__all__ = ["AccountRecord", "ConsentRecord", "ContactRecord", "People", "read_people"]

T = TypeVar("T")
COLUMN_OF = {"name": "account_name"}


@dataclass(frozen=True, slots=True)
class People:
    """A people file, read. `ignored` are columns that mean nothing here."""

    source: str
    accounts: tuple[AccountRecord, ...]
    contacts: tuple[ContactRecord, ...]
    bad: BadRows
    ignored: tuple[str, ...] = ()


def read_people(path: Path, bad_folder: Path, *, at: datetime, erased: Erased | None = None) -> People:
    """Read a people file; bad rows go to a side file in `bad_folder`. Nothing else is written.

    Bad rows of people who are in `erased` go there without their values.

    Raises:
        InputError: the file, a column of it, or every row of it cannot be used.
        SetupError: the side file cannot be written.
    """
    source = open_source(path)
    latest = aware(at).date() + timedelta(days=1)
    with open_people(source) as table:
        gathered = _Gathered(table, latest)
        refused = concealed(gathered.refused(), table.places, erased or Nobody())
        bad = write_bad_rows(bad_folder, path, source.sha256, table.header, refused)
    source.check_unchanged()
    if not gathered.accounts:
        raise _nothing(path, bad)
    accounts = (account for account, _ in gathered.accounts.values())
    return People(
        source=path.name,
        accounts=tuple(replace(account, name=account.name or account.key) for account in accounts),
        contacts=tuple(contact for contact, _ in gathered.contacts.values()),
        bad=bad,
        ignored=table.ignored,
    )


def _nothing(path: Path, bad: BadRows) -> InputError:
    if not bad.count:
        return InputError("has a header and no rows", where=str(path), fix="export it again")
    first, times = next(iter(bad.reasons.items()))
    return InputError(
        f"not one of its {bad.count:,} rows can be used ({first}: {times:,})",
        where=str(path),
        fix=f"see {bad.side_file}",
    )


class _RefusedError(Exception):
    def __init__(self, column: str, reason: str) -> None:
        self.column, self.reason = column, reason
        super().__init__(reason)


class _Gathered:
    """Accounts and contacts so far, each with the line that first told of it."""

    def __init__(self, table: PeopleTable, latest: date) -> None:
        self.accounts: dict[str, tuple[AccountRecord, int]] = {}
        self.contacts: dict[tuple[str, str], tuple[ContactRecord, int]] = {}
        self._table = table
        self._latest = latest

    def refused(self) -> Iterator[BadRow]:
        """Take every row in; yield those that cannot be."""
        for record in self._table.records:
            try:
                self._take(record)
            except _RefusedError as error:
                yield BadRow(record.line, error.column, error.reason, record.values)

    def _take(self, record: Record) -> None:
        if record.problem is not None:
            raise _RefusedError(*PROBLEMS[record.problem])
        cells = {name: record.values[place] for name, place in self._table.places.items()}
        account, contact = _account(cells), _contact(cells, self._latest)
        known, first_line = self.accounts.get(account.key, (account, record.line))
        merged = _merge(known, account, first_line)
        if contact is not None:
            earlier = self.contacts.get((account.key, contact.key))
            if earlier is not None:
                raise _RefusedError("contact", f"stands on line {earlier[1]} already")
            self.contacts[account.key, contact.key] = (contact, record.line)
        self.accounts[account.key] = (merged, first_line)


def _merge(known: AccountRecord, row: AccountRecord, line: int) -> AccountRecord:
    """What both rows say of an account; silence contradicts nothing."""
    merged = known
    for one in fields(AccountRecord):
        before, now = getattr(known, one.name), getattr(row, one.name)
        if now in (None, "", ()) or now == before:
            continue
        if before not in (None, "", ()):
            raise _RefusedError(COLUMN_OF.get(one.name, one.name), f"is not what line {line} says of this account")
        merged = replace(merged, **{one.name: now})
    return merged


def _account(cells: Mapping[str, str]) -> AccountRecord:
    key = _value(cells, "account", read.key)
    if key is None:
        raise _RefusedError("account", "is missing")
    return AccountRecord(
        key=key,
        name=_value(cells, "account_name", read.name) or "",
        plan=_value(cells, "plan", read.plan),
        value_per_month=_value(cells, "value_per_month", read.amount),
        owner_name=_value(cells, "owner_name", read.name),
        owner_email=_value(cells, "owner_email", read.email),
        zone=_value(cells, "zone", read.zone),
        tags=_value(cells, "tags", read.tags),
        region=_value(cells, "region", read.region),
    )


def _contact(cells: Mapping[str, str], latest: date) -> ContactRecord | None:
    key, email = _value(cells, "contact", read.key), _value(cells, "email", read.email)
    if key is None and email is not None:
        raise _RefusedError("contact", "is missing although there is an e-mail address")
    if key is None:
        return None
    return ContactRecord(
        key=key,
        account=cells["account"].strip(" \t"),
        name=_value(cells, "contact_name", read.name) or "",
        email=email,
        language=_value(cells, "language", read.language),
        zone=_value(cells, "contact_zone", read.zone),
        consents=_consents(cells, latest),
        left=_value(cells, "left", read.yes),
        role=_value(cells, "role", read.name),
    )


def _consents(cells: Mapping[str, str], latest: date) -> tuple[ConsentRecord, ...]:
    state = cast("ConsentState", _value(cells, "consent", read.consent))
    source = _value(cells, "consent_source", read.name)
    at = _value(cells, "consent_date", lambda value: read.day(value, latest))
    channels = _value(cells, "channels", read.channels)
    return tuple(ConsentRecord(channel, "retention", state, source, at) for channel in channels)


def _value(cells: Mapping[str, str], column: str, reader: Callable[[str], T]) -> T:
    try:
        return reader(cells.get(column, ""))
    except read.BadValueError as error:
        raise _RefusedError(column, str(error)) from None
