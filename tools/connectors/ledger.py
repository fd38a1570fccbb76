"""The embedded connector: a ledger in a folder that the operator's own product reads.

`ledger.jsonl` has one line per act and only grows; `current.json` says who has what now, and is made
from the ledger. The line is what counts: if `current.json` is behind, the next act brings it up to date.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel, Receipt
from tools.connectors.entitlement import Entitlement, entitlement_of
from tools.connectors.journal import Journal, Line, Unsure, Unwritten, plain, replace_file
from winback.clock import aware
from winback.errors import SetupError

LEDGER = "ledger.jsonl"
CURRENT = "current.json"
VERSION = 1

NAMED_BY = ("account", "trial", "until")
TEXTS = ("key", "account", "trial", "plan", "from_plan", "until", "at", "answer")
PARTS = ("grant", "take_back")


class LedgerConnector:
    """Keyed: a key has one line, and a repeat is answered with the first receipt."""

    name = "ledger"
    capability: Capability = "keyed"
    can_tell = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journal = Journal(folder / LEDGER, _check)

    def send(self, parcel: Parcel) -> Receipt:
        wanted = entitlement_of(parcel)
        try:
            with self._journal.held() as held:
                earlier = self._journal.find(parcel.key)
                if earlier is not None and earlier.values["account"] != wanted.account:
                    raise NotSent(f"line {earlier.number} has this key for another account", retry=False)
                line = held.append(_values(parcel, wanted, self._answer(wanted)))
                self._publish()
        except (Unwritten, SetupError) as error:
            raise NotSent(str(error), retry=True) from None
        except Unsure as error:
            raise MaybeSent(str(error)) from None
        return _receipt(line)

    def lookup(self, key: str) -> Receipt | None:
        try:
            with self._journal.held():
                line = self._journal.find(key)
        except (Unwritten, SetupError) as error:
            raise MaybeSent(str(error)) from None
        return _receipt(line) if line else None

    def probe(self) -> None:
        """Heal the ledger, bring `current.json` up to date.

        Raises:
            SetupError: the folder cannot be written, or the ledger is not one.
        """
        try:
            with self._journal.held():
                self._publish()
        except (Unwritten, Unsure) as error:
            raise SetupError(
                error.what, where=str(self.folder), fix="mend its permissions or set entitlements.folder"
            ) from None

    def _answer(self, wanted: Entitlement) -> str:
        if wanted.part == "grant":
            return "granted"
        stood = any(_named(one) == _named(_content(wanted)) for one in standing(self._journal.lines()))
        return "taken back" if stood else "nothing was there to take back"

    def _publish(self) -> None:
        """Make `current.json` again unless it is as new as the ledger.

        Raises:
            Unsure: the ledger has the line, but those who read `current.json` cannot see it yet.
        """
        path = self.folder / CURRENT
        try:
            if _ledger_size(path) != self._journal.size:
                replace_file(path, _current(self._journal.lines(), self._journal.size))
        except OSError as error:
            raise Unsure(f"{path}: {plain(error)}; the ledger is ahead of it") from None


def read_ledger(folder: Path) -> tuple[Line, ...]:
    """Every act, oldest first; changes nothing.

    Raises:
        SetupError: the ledger cannot be read.
    """
    return Journal(folder / LEDGER, _check).read()


def standing(lines: Iterable[Line]) -> list[Line]:
    """The grants that were not taken back, oldest first."""
    found: dict[tuple[str, ...], Line] = {}
    for line in lines:
        if line.values["part"] == "grant":
            found[_named(line)] = line
        else:
            found.pop(_named(line), None)
    return list(found.values())


def _check(values: dict[str, Any]) -> None:
    if values["part"] not in PARTS or not all(isinstance(values[one], str) for one in TEXTS):
        raise ValueError
    for one in ("until", "at"):
        aware(datetime.fromisoformat(values[one]))


def _named(line: Line | dict[str, Any]) -> tuple[str, ...]:
    values = line.values if isinstance(line, Line) else line
    return tuple(values[one] for one in NAMED_BY)


def _content(wanted: Entitlement) -> dict[str, Any]:
    return {
        "part": wanted.part,
        "account": wanted.account,
        "trial": wanted.trial,
        "plan": wanted.plan,
        "from_plan": wanted.from_plan,
        "days": wanted.days,
        "until": wanted.until.isoformat(),
    }


def _values(parcel: Parcel, wanted: Entitlement, answer: str) -> dict[str, Any]:
    at = aware(parcel.sent_at).isoformat()
    return {"key": parcel.key, **_content(wanted), "case": parcel.case_id, "at": at, "answer": answer}


def _receipt(line: Line) -> Receipt:
    values = line.values
    return Receipt(
        channel=LedgerConnector.name,
        reference=f"line {line.number}",
        answer=values["answer"],
        at=datetime.fromisoformat(values["at"]),
    )


def _current(lines: Iterable[Line], size: int) -> bytes:
    accounts: dict[str, list[dict[str, Any]]] = {}
    for line in standing(lines):
        accounts.setdefault(line.values["account"], []).append(
            {name: line.values[name] for name in ("plan", "from_plan", "trial", "until", "key")}
        )
    content = {"version": VERSION, "ledger_bytes": size, "accounts": accounts}
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def _ledger_size(path: Path) -> int:
    """As `current.json` was made from it; -1 if there is none, or if it is not ours."""
    try:
        return int(json.loads(path.read_bytes())["ledger_bytes"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return -1
