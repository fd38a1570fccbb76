"""How fast `winback import` takes Parquet in, beside a bare DuckDB copy of the same file.

    python benchmarks/import_rate.py [--rows 5000000] [--json]

The file is made from a seed: as many distinct keys as rows, so nothing is saved by summing; the
second row of the table is the same file with every tenth row standing twice.
"""

import argparse
import json
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from winback.settings import Columns
from winback.usage.import_file import import_usage
from winback.usage.warehouse import Warehouse

MAKE = """
COPY (
    SELECT 'account-' || lpad((hash(n, $seed) % 50000)::VARCHAR, 6, '0') AS account,
           'person-' || (hash(n, $seed + 1) % 200000)::VARCHAR AS contact,
           'feature-' || (hash(n, $seed + 2) % 12)::VARCHAR AS feature,
           DATE '2025-01-01' + (hash(n, $seed + 3) % 365)::INTEGER AS day,
           (1 + hash(n, $seed + 4) % 40)::INTEGER AS count
    FROM (SELECT CASE WHEN i % 10 = 9 AND $twice THEN i - 1 ELSE i END AS n FROM range($rows) AS t(i))
) TO '{file}' (FORMAT parquet)
"""


def make(file: Path, rows: int, *, twice: bool, seed: int = 7) -> None:
    """Write a usage file; `twice` repeats the key of every tenth row."""
    statement = MAKE.format(file=str(file).replace("'", "''"))
    duckdb.connect().execute(statement, {"rows": rows, "seed": seed, "twice": twice})


def bare(file: Path, out: Path) -> float:
    """Seconds for DuckDB to copy the file with no look at what is in it."""
    started = time.perf_counter()
    statement = f"COPY (SELECT * FROM read_parquet('{file}')) TO '{out}' (FORMAT parquet)"  # noqa: S608
    duckdb.connect().execute(statement)
    return time.perf_counter() - started


def ours(file: Path, home: Path) -> float:
    """Seconds for the whole import: hash, checks, copy, figures, manifest."""
    started = time.perf_counter()
    import_usage(
        file,
        Warehouse(home),
        Columns(),
        "UTC",
        epoch=None,
        at=datetime.now(UTC),
        progress=lambda _done, _total: None,
    )
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--json", action="store_true", help="one flat JSON object")
    arguments = parser.parse_args()
    figures: dict[str, float] = {"rows": arguments.rows}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for label, twice in (("distinct", False), ("repeated", True)):
            file = folder / f"{label}.parquet"
            make(file, arguments.rows, twice=twice)
            copy = bare(file, folder / "copy.parquet")
            import_ = ours(file, folder / label)
            figures[f"{label}_import_rows_per_s"] = round(arguments.rows / import_)
            figures[f"{label}_bare_rows_per_s"] = round(arguments.rows / copy)
            figures[f"{label}_times_bare"] = round(import_ / copy, 2)
    if arguments.json:
        print(json.dumps(figures))
        return
    print(f"{arguments.rows:,} rows of Parquet")
    print(f"{'keys':<10} {'import rows/s':>14} {'bare copy rows/s':>17} {'import / bare':>14}")
    for label in ("distinct", "repeated"):
        print(
            f"{label:<10} {figures[f'{label}_import_rows_per_s']:>14,.0f}"
            f" {figures[f'{label}_bare_rows_per_s']:>17,.0f} {figures[f'{label}_times_bare']:>14.2f}"
        )


if __name__ == "__main__":
    main()
