"""`winback backtest`: one line for every mistake, a file for everything else."""

from datetime import date
from pathlib import Path
from typing import Any

import click
import duckdb
import pyarrow.parquet as pq
import pytest

from winback.cli.backtest import command
from winback.cli.context import Session
from winback.errors import InputError, SetupError

USAGE = """
COPY (SELECT 'a' || n AS account, 'p' || (n % 3) AS plan, DATE '2025-01-01' + d::INTEGER AS day, 2 AS count
      FROM range(40) t(n), range(150) u(d) WHERE hash(n, d) % 10 < 6) TO '{file}' (FORMAT parquet)
"""


@pytest.fixture
def usage(tmp_path: Path) -> Path:
    file = tmp_path / "usage.parquet"
    with duckdb.connect() as connection:
        connection.execute(USAGE.format(file=file))
    return file


def invoke(usage: Path, out: Path, *more: str, first: str = "2025-04-01", last: str = "2025-05-13") -> None:
    arguments = ["--usage", str(usage), "--from", first, "--to", last, "--out", str(out), *more]
    command.main(arguments, obj=Session(), standalone_mode=False)


def test_writes_the_scores_of_every_date(usage: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From, to and every give the dates; the group's column is used; the screen says what was written."""
    out = tmp_path / "scores.parquet"
    invoke(usage, out, "--every", "14d", "--group", "plan", "--budget", "5")
    rows: list[dict[str, Any]] = pq.read_table(out).to_pylist()
    assert {row["as_of"] for row in rows} == {
        date(2025, 4, 1),
        date(2025, 4, 15),
        date(2025, 4, 29),
        date(2025, 5, 13),
    }
    assert len(rows) == 160
    assert "4 dates, 160 rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("query", "more", "says"),
    [
        ("SELECT 'a' AS account, 1 AS count", (), "has no column 'day'"),
        (
            "SELECT 'a' AS account, DATE '2025-01-01' AS day, 1 AS count",
            ("--group", "plan"),
            "has no column 'plan'",
        ),
        ("SELECT 'a' AS account, 'soon' AS day, 1 AS count", (), "day must be a date"),
        ("SELECT 'a' AS account, DATE '2025-01-01' AS day, 1 AS count WHERE false", (), "holds no usage"),
    ],
)
def test_a_file_that_is_not_usage_is_one_line(
    query: str, more: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    """A column that is missing or cannot be read is named with the file."""
    file = tmp_path / "odd.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet)")
    with pytest.raises(InputError, match=says) as caught:
        invoke(file, tmp_path / "out.parquet", *more)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_read_or_written_is_one_line(usage: Path, tmp_path: Path) -> None:
    """No file, not Parquet, no folder to write to, dates the wrong way round."""
    text = tmp_path / "usage.csv"
    text.write_text("account,day\n")
    with pytest.raises(InputError, match="no such file"):
        invoke(tmp_path / "gone.parquet", tmp_path / "out.parquet")
    with pytest.raises(InputError, match="not a Parquet file"):
        invoke(text, tmp_path / "out.parquet")
    with pytest.raises(SetupError, match="No such file or directory"):
        invoke(usage, tmp_path / "nowhere" / "out.parquet")
    with pytest.raises(InputError, match="before --from"):
        invoke(usage, tmp_path / "out.parquet", first="2025-05-02", last="2025-05-01")


@pytest.mark.parametrize("step", ["0d", "weekly", "-7", "٣d"])
def test_a_step_is_a_number_of_days(step: str, usage: Path, tmp_path: Path) -> None:
    """--every takes days such as 7d and nothing else."""
    with pytest.raises(click.UsageError, match="not a number of days"):
        invoke(usage, tmp_path / "out.parquet", "--every", step)
