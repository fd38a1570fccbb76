"""Importing usage files: what is taken, what is refused, and that a second time changes nothing."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.unit.usage.importing import HEADER, NOW, Write, aside, parquet, take, usage
from winback.errors import InputError, SetupError
from winback.settings import Columns
from winback.usage.import_file import import_usage
from winback.usage.warehouse import Warehouse


def test_rows_of_one_key_are_summed(warehouse: Warehouse, write: Write) -> None:
    """Rows of one file with the same account, contact, feature and day become one row with their sum."""
    report = take(write(HEADER + "a,p,f,2026-02-01,2\na,p,f,2026-02-01,3\na,,f,2026-02-01,1\n"), warehouse)
    day = date(2026, 2, 1)
    assert usage(warehouse) == [("a", "p", "f", day, 5), ("a", None, "f", day, 1)]
    assert (report.rows, report.stored, report.bad) == (3, 2, 0)


def test_second_import_changes_nothing(warehouse: Warehouse, write: Write) -> None:
    """A file that was imported before changes nothing, under another name too, and says when it came in."""
    take(write(HEADER + "a,p,f,2026-02-01,2\n"), warehouse)
    before = usage(warehouse)
    later = datetime(2026, 3, 2, tzinfo=UTC)
    report = take(write(HEADER + "a,p,f,2026-02-01,2\n", "again.csv"), warehouse, at=later)
    assert report.already == NOW
    assert (usage(warehouse), len(warehouse.partitions())) == (before, 1)


def test_other_mapping_is_another_import(warehouse: Warehouse, write: Write) -> None:
    """The same file read by other columns is another import."""
    path = write("account,contact,day,count,clicks\na,p,2026-02-01,2,9\n")
    take(path, warehouse)
    report = take(path, warehouse, count="clicks")
    assert report.already is None
    assert [row[-1] for row in usage(warehouse)] == [9]


BAD = [
    (",p,f,2026-02-01,1", "account", "is missing"),
    ("   ,p,f,2026-02-01,1", "account", "is missing"),
    ("x" * 201 + ",p,f,2026-02-01,1", "account", "longer than 200"),
    ("a\x07b,p,f,2026-02-01,1", "account", "control characters"),
    ("a\u202eb,p,f,2026-02-01,1", "account", "control characters"),
    ('a,"p\nq",f,2026-02-01,1', "contact", "control characters"),
    ("a,p," + "f" * 201 + ",2026-02-01,1", "feature", "longer than 200"),
    ("a,p,f,,1", "day", "is missing"),
    ("a,p,f,2026-02-30,1", "day", "not a day"),
    ("a,p,f,2026-02-01 25:00,1", "day", "not a day"),
    ("a,p,f,01/02/2026,1", "day", "not a date"),
    ("a,p,f,infinity,1", "day", "not a date"),
    ("a,p,f,20260201,1", "day", "not a date"),
    ("a,p,f,1969-12-31,1", "day", "before 1970"),
    ("a,p,f,2026-03-03,1", "day", "in the future"),
    ("a,p,f,2026-02-01,", "count", "is missing"),
    ("a,p,f,2026-02-01,many", "count", "not a whole number"),
    ("a,p,f,2026-02-01,1.5", "count", "not a whole number"),
    ("a,p,f,2026-02-01,nan", "count", "not a whole number"),
    ("a,p,f,2026-02-01,1e3", "count", "not a whole number"),
    ("a,p,f,2026-02-01,-1", "count", "negative"),
    ("a,p,f,2026-02-01,1000000001", "count", "over 1,000,000,000"),
    ("a,p,f,2026-02-01," + "9" * 60, "count", "over 1,000,000,000"),
    ("a,p,f,2026-02-01", "row", "as many values"),
    ("a,p,f,2026-02-01,1,more", "row", "as many values"),
]


@pytest.mark.parametrize(("line", "column", "reason"), BAD)
def test_bad_row_goes_aside(line: str, column: str, reason: str, warehouse: Warehouse, write: Write) -> None:
    """A bad row is refused with its line, its column and the reason, and harms no other row."""
    report = take(write(f"{HEADER}good,p,f,2026-02-01,1\n{line}\nlast,p,f,2026-02-01,1\n"), warehouse)
    (row,) = aside(report)
    assert (row["line"], row["column"]) == ("3", column)
    assert reason in row["reason"]
    assert (report.rows, report.bad, sum(report.reasons.values())) == (2, 1, 1)
    assert [kept[0] for kept in usage(warehouse)] == ["good", "last"]


def test_zero_takes_back(warehouse: Warehouse, write: Write) -> None:
    """A count of 0 is no usage, is counted in the report, and takes back what an earlier file said."""
    take(write(HEADER + "a,p,f,2026-02-01,5\nb,p,f,2026-02-01,1\n", "one.csv"), warehouse)
    report = take(write(HEADER + "a,p,f,2026-02-01,0\n", "two.csv"), warehouse)
    assert report.zeros == 1
    assert [row[0] for row in usage(warehouse)] == ["b"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (HEADER.encode(), "no rows"),
        (b"hello there\nsecond line\n", "not a table"),
        (b"PK\x03\x04rest", "Excel"),
        (b"\x1f\x8bxx", "gzip"),
        (bytes(range(256)) * 8, "neither CSV nor Parquet"),
        (b"PAR1 and then nothing of the kind", "damaged Parquet"),
        (b"acount,day\nx,2026-02-01\n", "did you mean 'acount'"),
        (b"account,when\nx,2026-02-01\n", "--day COLUMN"),
        (b"account,day,day\nx,2026-02-01,1\n", "twice"),
        (HEADER.encode() + b"a,p,f,never,1\n", "not one of its 1 rows"),
    ],
)
def test_unusable_files(content: bytes, words: str, warehouse: Warehouse, write: Write) -> None:
    """A file that cannot be used is answered with one line that names it, and nothing is stored."""
    path = write(content)
    with pytest.raises(InputError) as caught:
        take(path, warehouse)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert warehouse.is_empty()


def test_cut_parquet(tmp_path: Path, warehouse: Warehouse) -> None:
    """A Parquet file whose inside is damaged is refused whole."""
    path = parquet(
        tmp_path / "cut.parquet", "SELECT 'a' || hash(i) account, DATE '2026-02-01' AS day FROM range(20000) t(i)"
    )
    content = bytearray(path.read_bytes())
    content[40:4000] = b"\xff" * 3960
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged Parquet"):
        take(path, warehouse)
    assert warehouse.is_empty()


def test_missing_column_tells_the_others(warehouse: Warehouse, write: Write) -> None:
    """A missing column is answered with the columns that are there and the flag that maps one."""
    with pytest.raises(InputError, match=r"column 'clicks' \(count\) is missing; the columns are account, day"):
        take(write("account,day\na,2026-02-01\n"), warehouse, count="clicks")


def test_no_such_file_and_folder(tmp_path: Path, warehouse: Warehouse) -> None:
    """A path that is no file is answered in one line."""
    with pytest.raises(InputError, match="no such file"):
        take(tmp_path / "gone.csv", warehouse)
    with pytest.raises(InputError, match="is a folder"):
        take(tmp_path, warehouse)


def test_home_not_writable(tmp_path: Path, write: Write) -> None:
    """A usage folder that cannot be made is a fault of the set-up, answered in one line."""
    (tmp_path / "home").write_text("in the way")
    with pytest.raises(SetupError, match="cannot write here"):
        take(write(HEADER + "a,p,f,2026-02-01,1\n"), Warehouse(tmp_path / "home" / "usage"))


def test_hostile_names(tmp_path: Path) -> None:
    """Quotes and wildcards in names of columns, files and folders are only characters."""
    folder = tmp_path / 'it\'s $1 "home"'
    folder.mkdir()
    name = 'x"); DROP TABLE t; --'
    quoted = name.replace('"', '""')
    for account, file in (("a", "us'age*.parquet"), ("b", "us'age2.parquet")):
        query = f"SELECT '{account}' AS \"{quoted}\", DATE '2026-02-01' AS day"
        parquet(tmp_path / "plain.parquet", query).rename(folder / file)
    warehouse = Warehouse(folder / "usage*")
    take(folder / "us'age*.parquet", warehouse, account=name)
    assert usage(warehouse) == [("a", None, None, date(2026, 2, 1), 1)]


def test_progress_only_grows_to_the_end(warehouse: Warehouse, write: Write) -> None:
    """Progress never falls and ends at the total."""
    seen: list[tuple[int, int | None]] = []
    path = write(HEADER + "".join(f"a{n},p,f,2026-02-01,1\n" for n in range(40_000)))
    import_usage(
        path,
        warehouse,
        Columns(),
        "UTC",
        epoch=None,
        at=NOW,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]
