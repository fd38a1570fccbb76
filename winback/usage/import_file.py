"""One usage file into the warehouse: whole or not at all, and only once."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from winback.canonical import content_hash
from winback.clock import aware
from winback.errors import InputError
from winback.settings import Columns
from winback.usage.atomic import writing
from winback.usage.bad_rows import BadRows, put_aside, write_bad_rows
from winback.usage.checks import DayRule, usage_checks
from winback.usage.columns import ROLES
from winback.usage.csv_file import Progress
from winback.usage.engine import connect, failures
from winback.usage.erased import Erased, Nobody, concealed
from winback.usage.intake import Kept, bad_rows, keep_good
from winback.usage.partition import Partition
from winback.usage.readings import Field
from winback.usage.source import Kind, Source, open_source
from winback.usage.staging import Staged, stage
from winback.usage.warehouse import Warehouse

# Part of every digest: raise it when the same file would be read to other rows.
READING = 1


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What one import did.

    `rows` were taken and became `stored` keys, `zeros` of them with a count of 0; `bad` rows were
    refused, by "column: reason" in `reasons`, and lie in `side_file`. `absent` names the optional
    columns that the file does not have. `already` is when the same file came in before: then
    nothing was changed, and the figures are those of that time. `nameless` rows count for their
    account as a whole, since their contact was erased; `left_out` ones were of an erased account.
    """

    source: str
    rows: int
    stored: int
    zeros: int
    bad: int
    reasons: Mapping[str, int]
    accounts: int
    days: int
    first_day: date
    last_day: date
    side_file: Path | None
    already: datetime | None
    seconds: float
    absent: tuple[str, ...] = field(default=())
    nameless: int = 0
    left_out: int = 0


class _OvertakenError(Exception):
    """Somebody was erased while the file was read."""


def import_usage(
    path: Path,
    warehouse: Warehouse,
    columns: Columns,
    zone: str,
    *,
    epoch: date | None,
    at: datetime,
    progress: Progress,
    erased: Callable[[], Erased] = Nobody,
) -> ImportReport:
    """Import one CSV or Parquet file, read in the IANA zone `zone`; whole-number days count from `epoch`.

    `erased` says who was erased until now. It is asked at the beginning and again under the warehouse's
    lock at the end: where the answers differ, the file is read once more.

    Raises:
        InputError: the file, a column of it, or every row of it cannot be used.
        SetupError: the usage folder cannot be written to, or there is no memory or room.
    """
    started = time.monotonic()
    source = open_source(path)
    digest = content_hash([READING, source.sha256, columns.model_dump(), zone, epoch])
    if (known := warehouse.find(digest)) is not None:
        return _report(known, warehouse, started, already=known.imported_at)
    rule = DayRule(zone, epoch, aware(at).astimezone(ZoneInfo(zone)).date() + timedelta(days=1))
    while True:
        try:
            partition, fields = _take(source, warehouse, columns, rule, digest, at, progress, erased)
            break
        except _OvertakenError:
            continue
    return _report(partition, warehouse, started, absent=tuple(role for role in ROLES if role not in fields))


def _take(
    source: Source,
    warehouse: Warehouse,
    columns: Columns,
    rule: DayRule,
    digest: str,
    at: datetime,
    progress: Progress,
    erased: Callable[[], Erased],
) -> tuple[Partition, Mapping[str, Field]]:
    """Read the file, put bad rows aside, and make the rest a partition."""
    with (
        warehouse.incoming() as scratch,
        writing(warehouse.folder),
        failures(source.path, scratch),
        connect(scratch) as connection,
    ):
        known = erased()
        staged = stage(connection, source, columns, scratch, progress)
        checks = usage_checks(staged.relation, staged.fields, rule)
        kept = keep_good(connection, checks, scratch, _share(source, staged, progress), known)
        refused = BadRows()
        if kept is None or kept.good + kept.left_out < staged.rows:
            places = {role: place for place, role in enumerate(one for one in ROLES if one in staged.fields)}
            rows = concealed(bad_rows(connection, checks), places, known)
            refused = write_bad_rows(scratch / "bad", source.path, digest, staged.names, rows)
        source.check_unchanged()
        with warehouse.lock():
            if erased() != known:
                raise _OvertakenError
            refused = put_aside(refused, warehouse.bad_folder)
            if kept is None:
                raise _no_row(source, refused)
            draft = _draft(digest, source, staged, kept, refused, at=at)
            return warehouse.add(kept.file, draft), staged.fields


def _share(source: Source, staged: Staged, progress: Progress) -> "_Share":
    """Parquet counts in rows; CSV in bytes, of which reading the text was the first half."""
    if source.kind is Kind.PARQUET:
        return _Share(progress, 0, staged.rows)
    return _Share(progress, source.size, 2 * source.size)


@dataclass(frozen=True, slots=True)
class _Share:
    progress: Progress
    begun: int
    total: int

    def __call__(self, part: float) -> None:
        self.progress(self.begun + int(part * (self.total - self.begun)), self.total)


def _no_row(source: Source, refused: BadRows) -> InputError:
    if not refused.count:
        return InputError(
            "holds nothing but rows of accounts that were erased", where=str(source.path), fix="leave it out"
        )
    first, times = next(iter(refused.reasons.items()))
    hint = "if days are counted, give --day-zero DATE; " if first.startswith("day: is not a date") else ""
    return InputError(
        f"not one of its {refused.count:,} rows can be used ({first}: {times:,})",
        where=str(source.path),
        fix=f"{hint}see {refused.side_file}",
    )


def _draft(
    digest: str, source: Source, staged: Staged, kept: Kept, refused: BadRows, *, at: datetime
) -> Partition:
    return Partition(
        digest=digest,
        sequence=1,
        source=source.path.name,
        imported_at=aware(at),
        read=staged.rows,
        good=kept.good,
        rows=kept.rows,
        zeros=kept.zeros,
        accounts=kept.accounts,
        days=kept.days,
        first_day=kept.first_day,
        last_day=kept.last_day,
        bad=dict(refused.reasons),
        side_file=refused.side_file.name if refused.side_file else None,
        nameless=kept.nameless,
        left_out=kept.left_out,
    )


def _report(
    partition: Partition,
    warehouse: Warehouse,
    started: float,
    *,
    already: datetime | None = None,
    absent: tuple[str, ...] = (),
) -> ImportReport:
    return ImportReport(
        source=partition.source,
        rows=partition.good,
        stored=partition.rows,
        zeros=partition.zeros,
        bad=sum(partition.bad.values()),
        reasons=partition.bad,
        accounts=partition.accounts,
        days=partition.days,
        first_day=partition.first_day,
        last_day=partition.last_day,
        side_file=warehouse.bad_folder / partition.side_file if partition.side_file else None,
        already=already,
        seconds=time.monotonic() - started,
        absent=absent,
        nameless=partition.nameless,
        left_out=partition.left_out,
    )
