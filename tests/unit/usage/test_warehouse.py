"""The folder of daily usage: newest wins, nothing half-done, nobody waits."""

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.usage.importing import HEADER, Write, parquet, take, usage
from winback.errors import SetupError
from winback.usage.atomic import writing
from winback.usage.warehouse import Warehouse

DAY = date(2026, 2, 1)


def test_empty(warehouse: Warehouse) -> None:
    """A warehouse that nothing was imported into has no rows, no last day, and needs no folder."""
    assert usage(warehouse) == []
    assert (warehouse.is_empty(), warehouse.last_day(), warehouse.partitions()) == (True, None, [])
    assert not warehouse.folder.exists()


def test_what_one_reader_makes_no_other_sees(warehouse: Warehouse) -> None:
    """Readers share an engine, and each has its temporary views to itself."""
    with warehouse.connect() as one, warehouse.connect() as other:
        one.execute("CREATE TEMP VIEW daily_usage AS SELECT 1 AS x")
        with pytest.raises(duckdb.CatalogException):
            other.execute("SELECT x FROM daily_usage")


def test_newer_import_replaces(warehouse: Warehouse, write: Write) -> None:
    """A later file replaces the counts of the keys it mentions, those without a contact too, and no others."""
    take(write(HEADER + "a,p,f,2026-02-01,1\na,,,2026-02-01,2\nb,p,f,2026-02-01,3\n", "one.csv"), warehouse)
    take(write(HEADER + "a,p,f,2026-02-01,10\na,,,2026-02-01,20\nc,p,f,2026-02-02,1\n", "two.csv"), warehouse)
    assert usage(warehouse) == [
        ("a", "p", "f", DAY, 10),
        ("a", None, None, DAY, 20),
        ("b", "p", "f", DAY, 3),
        ("c", "p", "f", date(2026, 2, 2), 1),
    ]
    assert warehouse.last_day() == date(2026, 2, 2)
    assert [one.sequence for one in warehouse.partitions()] == [1, 2]


def test_separate_days_are_a_plain_scan(warehouse: Warehouse, write: Write) -> None:
    """Imports whose days do not meet are read without de-duplication; where days meet, with it."""
    take(write(HEADER + "a,p,f,2026-02-01,1\n", "one.csv"), warehouse)
    take(write(HEADER + "a,p,f,2026-02-02,1\n", "two.csv"), warehouse)
    with duckdb.connect() as connection:
        plan = connection.execute(f"EXPLAIN SELECT * FROM {warehouse.view(connection)}").fetchall()  # noqa: S608
        assert "arg_max" not in str(plan)
        take(write(HEADER + "a,p,f,2026-02-02,2\n", "three.csv"), warehouse)
        plan = connection.execute(f"EXPLAIN SELECT * FROM {warehouse.view(connection)}").fetchall()  # noqa: S608
        assert "arg_max" in str(plan)


KEYS = st.tuples(st.sampled_from("ab"), st.sampled_from(["", "p"]), st.integers(1, 4))
FILES = st.lists(st.dictionaries(KEYS, st.integers(0, 9), min_size=1, max_size=6), min_size=1, max_size=4)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES)
def test_view_is_the_files_laid_over_each_other(
    files: list[dict[tuple[str, str, int], int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever overlaps, the view is the first writing of each file, laid over the earlier ones."""
    folder = tmp_path_factory.mktemp("layers")
    warehouse = Warehouse(folder / "usage")
    expected: dict[tuple[str, str, int], int] = {}
    seen = set()
    for number, rows in enumerate(files):
        path = folder / f"{number}.csv"
        lines = [
            f"{account},{contact},f,2026-02-0{day},{count}\n" for (account, contact, day), count in rows.items()
        ]
        path.write_text(HEADER + "".join(lines))
        take(path, warehouse)
        if path.read_text() not in seen:
            expected |= rows
        seen.add(path.read_text())
    stored = {(row[0], row[1] or "", row[3].day): row[4] for row in usage(warehouse)}
    assert stored == {key: count for key, count in expected.items() if count}


IMPORT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from winback.settings import Columns
from winback.usage.import_file import import_usage
from winback.usage.warehouse import Warehouse
print("ready", flush=True)
import_usage(Path(sys.argv[1]), Warehouse(Path(sys.argv[2])), Columns(), "UTC", epoch=None,
             at=datetime(2026, 3, 1, tzinfo=UTC), progress=lambda done, total: None)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("delay", [0.02, 0.1, 0.2])
def test_killed_import_leaves_nothing_or_all(delay: float, tmp_path: Path, warehouse: Warehouse) -> None:
    """kill -9 in mid-import leaves nothing or the whole, and the next import works."""
    path = parquet(
        tmp_path / "big.parquet",
        "SELECT 'a' || hash(i) AS account, DATE '2026-01-01' + (i % 30)::INTEGER AS day FROM range(150000) t(i)",
    )
    command = [sys.executable, "-c", IMPORT, str(path), str(warehouse.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as process:  # noqa: S603
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(usage(warehouse)) in (0, 150_000)
    take(path, warehouse)
    assert len(usage(warehouse)) == 150_000


def test_data_without_manifest_does_not_count(warehouse: Warehouse, write: Write) -> None:
    """A partition exists once its manifest does; data left by a killed import is not read, and is replaced."""
    path = write(HEADER + "a,p,f,2026-02-01,1\n")
    take(path, warehouse)
    (manifest,) = warehouse.partition_folder.glob("*.json")
    manifest.unlink()
    assert usage(warehouse) == []
    assert take(path, warehouse).already is None
    assert len(usage(warehouse)) == 1


def test_damaged_folder_is_told(warehouse: Warehouse, write: Write) -> None:
    """A damaged manifest or missing data is a fault that is named, never usage that is silently gone."""
    take(write(HEADER + "a,p,f,2026-02-01,1\n"), warehouse)
    (data,), (manifest,) = warehouse.partition_folder.glob("*.parquet"), warehouse.partition_folder.glob("*.json")
    data.rename(data.with_suffix(".gone"))
    with pytest.raises(SetupError, match=r"the data of the import of usage\.csv is gone"):
        usage(warehouse)
    manifest.write_text("{")
    with pytest.raises(SetupError, match="is damaged"):
        warehouse.last_day()


def test_reading_goes_on_while_writing(warehouse: Warehouse, write: Write) -> None:
    """A reader that began before an import sees the usage of its beginning and blocks nobody."""
    take(write(HEADER + "a,p,f,2026-02-01,1\n", "one.csv"), warehouse)
    with duckdb.connect() as connection:
        view = warehouse.view(connection)
        take(write(HEADER + "b,p,f,2026-02-01,1\n", "two.csv"), warehouse)
        assert connection.execute(f"SELECT account FROM {view}").fetchall() == [("a",)]  # noqa: S608
    assert len(usage(warehouse)) == 2


def test_scratch_of_long_ago_is_swept(warehouse: Warehouse, write: Write) -> None:
    """What a killed import left is removed a day later; one that may be at work is left alone."""
    old, new = warehouse.folder / "incoming-old", warehouse.folder / "incoming-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 100_000, time.time() - 100_000))
    take(write(HEADER + "a,p,f,2026-02-01,1\n"), warehouse)
    assert (old.exists(), new.exists()) == (False, True)
    assert list(warehouse.folder.glob("incoming-*")) == [new]


def test_no_room(tmp_path: Path) -> None:
    """A full disk is answered in one line that names the folder."""
    with pytest.raises(SetupError, match="no space left on device"), writing(tmp_path):
        raise OSError(28, "No space left on device")
