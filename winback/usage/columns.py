"""Which column of a file is which: the configured names held against the names that are there."""

from collections.abc import Sequence
from pathlib import Path

from winback.errors import InputError
from winback.settings import Columns
from winback.spelling import did_you_mean

ROLES = ("account", "contact", "feature", "day", "count")
NEEDED = ("account", "day")
MOST_NAMES = 12
LONGEST_NAME = 40


def find_columns(wanted: Columns, present: Sequence[str], path: Path) -> dict[str, str]:
    """The file's own name of each role's column; capitals and spaces around a name do not matter.

    contact, feature and count may be absent as long as nobody gave them another name.

    Raises:
        InputError: a column is missing, or its name stands twice in the header.
    """
    found = {role: _find(role, wanted, present, path) for role in ROLES}
    return {role: name for role, name in found.items() if name is not None}


def find_column(name: str, present: Sequence[str], path: Path) -> str | None:
    """The column that goes by `name`, or None.

    Raises:
        InputError: more than one does.
    """
    exact = [one for one in present if one == name]
    near = exact or [one for one in present if one.strip().casefold() == name.strip().casefold()]
    if len(near) > 1:
        raise InputError(f"column {name!r} stands in the header twice", where=str(path), fix="rename one of them")
    return near[0] if near else None


def listed(names: Sequence[str]) -> str:
    """Names for a message: not too many, none too long, nothing unprintable."""
    shown = [repr(name[:LONGEST_NAME])[1:-1] for name in names[:MOST_NAMES]]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(shown) + more


def _find(role: str, wanted: Columns, present: Sequence[str], path: Path) -> str | None:
    name: str = getattr(wanted, role)
    found = find_column(name, present, path)
    if found is None and (role in NEEDED or name != role):
        hint = did_you_mean(name, present)
        raise InputError(
            f"column {name!r} ({role}) is missing; the columns are {listed(present)}",
            where=str(path),
            fix=f"{hint} name it with --{role} COLUMN" if hint else f"name yours with --{role} COLUMN",
        )
    return found
