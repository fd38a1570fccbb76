"""The sample company as a worker sees it after its first pass."""

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from winback.settings import Columns
from winback.simulation.company import Company, make_company
from winback.simulation.writer import write_people, write_usage
from winback.store.people import store_people
from winback.usage.import_file import import_usage
from winback.usage.people import read_people
from workers.services import Services

END = date(2026, 5, 11)
NOW = datetime(2026, 5, 12, 10, tzinfo=UTC)
NASTY = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</text></svg></title><b>",
    "{day}{0.__class__}{",
    "a\u202eb\u2066c\u200bd",
    "<i>" * 350_000,
)
HIDDEN = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2060\ufeff\u00ad\x00\x07\x1b"


@cache
def company() -> Company:
    return make_company(7, accounts=200, days=200, end=END)


def take_in(services: Services, folder: Path, of: Company | None = None) -> None:
    """Import a sample company's people and usage."""
    write_people(of or company(), folder / "people.csv")
    write_usage(of or company(), folder / "usage.parquet")
    found = read_people(folder / "people.csv", services.warehouse.bad_folder, at=NOW)
    with services.store.write("test") as session:
        store_people(session, found)
    import_usage(
        folder / "usage.parquet", services.warehouse, Columns(), "UTC", epoch=None, at=NOW,
        progress=lambda _done, _of: None,
    )  # fmt: skip


def harmless(text: str) -> None:
    """Nothing in it is markup of somebody else, or hides or turns what stands around it."""
    for one in ("<script", "<img", "<b>", "<i>", "</text></svg></title>"):
        assert one not in text
    assert not set(HIDDEN) & set(text)
