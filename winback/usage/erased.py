"""Who was erased, as an import asks: their rows must not bring them back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from winback.usage.bad_rows import BadRow


class Erased(Protocol):
    """The people who were erased, as of one moment; two that are equal know the same people."""

    def __bool__(self) -> bool:
        """Whether anybody was ever erased."""
        ...

    def account(self, key: str) -> bool:
        """Whether this account was a person, and was erased with them."""
        ...

    def contact(self, account: str, key: str) -> bool: ...

    def address(self, email: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nobody was ever erased."""

    def __bool__(self) -> bool:
        return False

    def account(self, key: str) -> bool:  # noqa: ARG002  the protocol's
        return False

    def contact(self, account: str, key: str) -> bool:  # noqa: ARG002  the protocol's
        return False

    def address(self, email: str) -> bool:  # noqa: ARG002  the protocol's
        return False


def concealed(rows: Iterable[BadRow], places: Mapping[str, int], erased: Erased) -> Iterator[BadRow]:
    """Refused rows; those of erased people keep their line and the reason, and lose their values.

    `places` says where among a row's values `account` and `contact` stand. An address counts in any cell:
    a refused row may have its cells in the wrong columns.
    """
    if not erased:
        yield from rows
        return
    for row in rows:
        yield replace(row, values=[None] * len(row.values)) if _is_theirs(row.values, places, erased) else row


def _is_theirs(values: Sequence[str | None], places: Mapping[str, int], erased: Erased) -> bool:
    cells = [(value or "").strip() for value in values]
    account, contact = (cells[places[name]] if name in places else "" for name in ("account", "contact"))
    if account and (erased.account(account) or (contact and erased.contact(account, contact))):
        return True
    return any(erased.address(cell) for cell in cells if "@" in cell)
