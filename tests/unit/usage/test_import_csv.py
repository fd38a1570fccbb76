"""CSV as the world writes it."""

import csv
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.usage.importing import HEADER, Write, aside, take, usage
from winback.usage.warehouse import Warehouse


def test_lines_are_physical(warehouse: Warehouse, write: Write) -> None:
    """The line is the one an editor shows: blank lines and line breaks inside quotes count."""
    path = write(HEADER + '\n"a\r\nb",p,f,2026-02-01,1\n\ngood,p,f,2026-02-01,1\nbad,p,f,never,1\n')
    assert [row["line"] for row in aside(take(path, warehouse))] == ["3", "7"]


def test_unclosed_quote_swallows_no_more_than_its_field(warehouse: Warehouse, write: Write) -> None:
    """A quotation mark that is never closed is reported where it opens; what stood before is kept."""
    rows = "".join(f"acc{n},p,f,2026-02-01,1\n" for n in range(20_000))
    report = take(write(f'{HEADER}first,p,f,2026-02-01,1\n"open,p,f,2026-02-01,1\n{rows}'), warehouse)
    found = aside(report)
    assert (found[0]["line"], found[0]["column"]) == ("3", "row")
    assert "first" in {row[0] for row in usage(warehouse)}
    assert report.rows > 10_000


def test_side_file_runs_no_formula(warehouse: Warehouse, write: Write) -> None:
    """A value that a spreadsheet would run as a formula is disarmed in the side file."""
    path = write(HEADER + 'ok,p,f,2026-02-01,1\n"=HYPERLINK(""http://x"")",@SUM(1),+1,never,-2\n')
    (row,) = aside(take(path, warehouse))
    assert [row[name][:2] for name in ("account", "contact", "feature", "count")] == ["'=", "'@", "'+", "'-"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (HEADER.replace(",", ";") + "a;p;f;2026-02-01;4\n", "x.csv"),
        (HEADER.replace(",", "\t") + "a\tp\tf\t2026-02-01\t4\n", "x.tsv"),
        ("\ufeff" + HEADER + "a,p,f,2026-02-01,4\n", "bom.csv"),
        ("sep=;\n" + HEADER.replace(",", ";") + "a;p;f;2026-02-01;4\n", "excel.csv"),
        ('"Account","CONTACT"," feature ","day","count"\r\n"a","p","f","2026-02-01","4"\r\n', "quoted.csv"),
        (HEADER + "a,p,f,2026-02-01,4,,\n", "trailing.csv"),
        ("\n\n" + HEADER + "  a ,p,f, 2026-02-01 , 4.0 ", "spaces.csv"),
        (HEADER + "a,p,f,2026-02-01,4\n", "wrong.parquet"),
    ],
)
def test_sane_dialects(content: str, name: str, warehouse: Warehouse, write: Write) -> None:
    """Commas, semicolons, tabs, a byte-order mark, quotes and spaces are all understood, by content."""
    take(write(content, name), warehouse)
    assert usage(warehouse) == [("a", "p", "f", date(2026, 2, 1), 4)]


def test_utf16_is_understood(warehouse: Warehouse, write: Write) -> None:
    """Text as Excel saves it ("Unicode text") is understood."""
    take(write((HEADER + "खाता,p,f,2026-02-01,4\n").encode("utf-16")), warehouse)
    assert usage(warehouse)[0][0] == "खाता"


def test_other_encoding_is_refused_row_by_row(warehouse: Warehouse, write: Write) -> None:
    """A key that is not UTF-8 is refused, never stored as something else."""
    report = take(write(HEADER.encode() + b"ok,p,f,2026-02-01,1\nM\xfcller,p,f,2026-02-01,1\n"), warehouse)
    assert report.reasons == {"account: holds control characters or broken text": 1}


CELL = st.one_of(
    st.text(max_size=12), st.sampled_from(["2026-02-01", "2026-02-30", "3", "-1", "a", "=1+1", "\r", '"', "\x00"])
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELL, CELL, CELL, CELL, CELL), max_size=8))
def test_every_row_is_taken_or_told(rows: list[tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever stands in a well-formed CSV file, each row is either stored or in the side file."""
    folder = tmp_path_factory.mktemp("any")
    path = folder / "any.csv"
    with path.open("w", encoding="utf-8", errors="replace", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerows([HEADER.strip().split(","), ("ok", "", "", "2026-02-01", "1"), *rows])
    report = take(path, Warehouse(folder / "usage"))
    assert report.rows + report.bad == 1 + len(rows)
    assert report.bad == (len(aside(report)) if report.side_file else 0)
