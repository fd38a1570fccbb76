"""The two files that import reads."""

import csv
from datetime import date
from pathlib import Path

import duckdb
import pytest

from winback.simulation.company import Company
from winback.simulation.plan import FEATURES
from winback.simulation.writer import PEOPLE_COLUMNS, write_people, write_usage


@pytest.fixture(scope="module")
def usage(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "new" / "usage.parquet"
    assert write_usage(company, path) == (company.usage > 0).sum()
    return path


def test_usage_has_the_columns_import_reads(usage: Path):
    """Five columns, plain types, whatever version of Parquet reads them."""
    rows = duckdb.execute("DESCRIBE SELECT * FROM read_parquet($path)", {"path": str(usage)}).fetchall()
    assert [(row[0], row[1]) for row in rows] == [
        ("account", "VARCHAR"),
        ("contact", "VARCHAR"),
        ("feature", "VARCHAR"),
        ("day", "DATE"),
        ("count", "INTEGER"),
    ]


def test_usage_is_all_there(company: Company, usage: Path):
    """Nothing is lost or invented: rows are above 0, unique, and add up for every contact and day."""
    seen = duckdb.execute(
        """
        SELECT min(count), sum(count), min(day), max(day), count(*), count(DISTINCT (contact, feature, day))
        FROM read_parquet($path)
        """,
        {"path": str(usage)},
    ).fetchone()
    assert seen is not None
    least, total, first, last, rows, distinct = seen
    assert (least, total, rows) == (1, company.usage.sum(), distinct)
    assert (company.first_day, company.last_day) == (first, last)


def test_a_row_is_where_it_belongs(company: Company, usage: Path):
    """Account, contact, feature and day of a row are those of its place in the company."""
    rows = duckdb.execute(
        "SELECT account, contact, feature, day, count FROM read_parquet($path) USING SAMPLE 200 (reservoir, 1)",
        {"path": str(usage)},
    ).fetchall()
    places = {contact.key: place for place, contact in enumerate(company.contacts)}
    for account, contact, feature, day, count in rows:
        place = places[contact]
        assert company.contacts[place].account == account
        assert company.usage[place, (day - company.first_day).days, FEATURES.index(feature)] == count


def test_people_say_everything_of_everyone(company: Company, tmp_path: Path):
    """One line a contact, with its account; lists with semicolons, days as ISO 8601, unknown empty."""
    path = tmp_path / "new" / "people.csv"
    assert write_people(company, path) == len(company.contacts)
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == PEOPLE_COLUMNS
    accounts = {account.key: account for account in company.accounts}
    for line, contact in zip(lines, company.contacts, strict=True):
        account = accounts[contact.account]
        assert (line["account"], line["contact"], line["contact_name"]) == (account.key, contact.key, contact.name)
        assert (line["plan"], int(line["value_per_month"])) == (account.plan, account.value_per_month)
        assert tuple(line["tags"].split(";")) == account.tags
        assert (line["zone"], line["region"]) == (account.zone, account.region)
        said = line["consent_date"]
        assert (date.fromisoformat(said) if said else None) == contact.consent_date


def test_the_same_company_is_the_same_file(company: Company, usage: Path, tmp_path: Path):
    """Writing twice gives the same bytes, so a second import is seen to be the same."""
    write_usage(company, tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == usage.read_bytes()
