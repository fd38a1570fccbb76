"""People taken out of usage: their account's usage stays what it was, and they do not come back."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.usage.importing import HEADER, NOW, Write, aside, take, usage
from winback.errors import InputError
from winback.settings import Columns
from winback.usage import forget as module
from winback.usage.forget import READY, Change, forget, keys_like, shared_accounts, usage_of, usage_rows
from winback.usage.import_file import ImportReport, import_usage
from winback.usage.side_files import Trace, Words, remove_rows, rows_about
from winback.usage.warehouse import Warehouse

DAY = date(2026, 2, 1)


@dataclass(frozen=True)
class Known:
    """Who was erased, in the clear, for tests."""

    accounts: frozenset[str] = frozenset()
    contacts: frozenset[tuple[str, str]] = frozenset()
    addresses: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.accounts or self.contacts or self.addresses)

    def account(self, key: str) -> bool:
        return key in self.accounts

    def contact(self, account: str, key: str) -> bool:
        return (account, key) in self.contacts

    def address(self, email: str) -> bool:
        return email in self.addresses


def people(*them: tuple[str, str]) -> Change:
    return Change(frozenset(them), {})


def gone(warehouse: Warehouse, change: Change) -> int:
    with warehouse.lock():
        return forget(warehouse, change)


def by_account(warehouse: Warehouse) -> Counter[tuple[str, str | None, date]]:
    """What detection of an account reads: the sum over its contacts."""
    total: Counter[tuple[str, str | None, date]] = Counter()
    for account, _, feature, day, count in usage(warehouse):
        total[account, feature, day] += count
    return total


KEYS = st.tuples(
    st.sampled_from("ab"), st.sampled_from(["", "p", "q", "r"]), st.sampled_from(["", "f"]), st.integers(1, 3)
)
FILES = st.lists(st.dictionaries(KEYS, st.integers(0, 9), min_size=1, max_size=10), min_size=1, max_size=4)
GONE = st.sets(st.tuples(st.sampled_from("ab"), st.sampled_from("pq")), min_size=1)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES, them=GONE)
def test_the_accounts_usage_stays_what_it_was(
    files: list[dict[tuple[str, str, str, int], int]],
    them: set[tuple[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """However imports lie over each other, no account's count changes, and everybody else is named as before."""
    folder = tmp_path_factory.mktemp("forget")
    warehouse = Warehouse(folder / "usage")
    for number, rows in enumerate(files):
        path = folder / f"{number}.csv"
        lines = [
            f"{account},{who},{what},2026-02-0{day},{count}\n" for (account, who, what, day), count in rows.items()
        ]
        path.write_text(HEADER + "".join(lines))
        take(path, warehouse)
    before, named = (
        by_account(warehouse),
        [row for row in usage(warehouse) if row[1] and (row[0], row[1]) not in them],
    )
    gone(warehouse, people(*them))
    assert by_account(warehouse) == before
    assert [row for row in usage(warehouse) if row[1]] == named
    assert usage_of(warehouse, them) == 0


def test_only_the_named_account_is_touched(warehouse: Warehouse, write: Write) -> None:
    """The same key in another account is another person; the import is still the same one."""
    path = write(HEADER + "a,p,f,2026-02-01,1\na,,f,2026-02-01,5\nb,p,f,2026-02-01,3\n")
    take(path, warehouse)
    assert keys_like(warehouse, ["p"]) == {("a", "p"), ("b", "p")}
    assert gone(warehouse, people(("a", "p"))) == 1
    assert usage(warehouse) == [("a", None, "f", DAY, 6), ("b", "p", "f", DAY, 3)]
    (partition,) = warehouse.partitions()
    assert (partition.rows, partition.good) == (2, 3)
    assert take(path, warehouse).already is not None
    assert gone(warehouse, people(("a", "p"))) == 0


def test_an_import_that_names_nobody_is_not_written_again(warehouse: Warehouse, write: Write) -> None:
    """Files of other people stay byte for byte."""
    take(write(HEADER + "a,p,f,2026-02-01,1\n", "one.csv"), warehouse)
    take(write(HEADER + "b,q,f,2026-02-02,1\n", "two.csv"), warehouse)
    kept = warehouse.partitions()[1].file(warehouse.partition_folder)
    before = kept.stat()
    gone(warehouse, people(("a", "p")))
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_account_gets_another_key(warehouse: Warehouse, write: Write) -> None:
    """All rows of an account go by its new key, whoever they name."""
    take(write(HEADER + "a,p,f,2026-02-01,1\na,q,f,2026-02-01,2\nb,p,f,2026-02-01,3\n"), warehouse)
    gone(warehouse, Change(frozenset({("a", "p")}), {"a": "erased-1"}))
    assert usage(warehouse) == [
        ("b", "p", "f", DAY, 3),
        ("erased-1", "q", "f", DAY, 2),
        ("erased-1", None, "f", DAY, 1),
    ]


@pytest.mark.parametrize("calls", [1, 2, 3, 4, 5])
def test_broken_off_it_is_finished_the_next_time(
    calls: int, warehouse: Warehouse, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before, between or after putting its files in place, it counts nobody twice the next time."""
    take(write(HEADER + "a,p,f,2026-02-01,5\na,,f,2026-02-01,2\n", "one.csv"), warehouse)
    take(write(HEADER + "a,p,f,2026-02-01,3\n", "two.csv"), warehouse)
    real, left = module.move_into_place, [calls]

    def failing(temporary: Path, final: Path) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        real(temporary, final)

    monkeypatch.setattr(module, "move_into_place", failing)
    with pytest.raises(KeyboardInterrupt):
        gone(warehouse, people(("a", "p")))
    monkeypatch.undo()
    gone(warehouse, people(("a", "p")))
    assert usage(warehouse) == [("a", None, "f", DAY, 5)]
    assert not (warehouse.folder / READY).exists()
    assert list(warehouse.folder.glob("incoming-*")) == []


def test_what_a_killed_import_left_is_swept_and_a_running_one_is_not(warehouse: Warehouse) -> None:
    """Scratch that nobody holds goes at once; scratch in use stays."""
    (warehouse.folder / "incoming-dead").mkdir(parents=True)
    with warehouse.incoming() as running, warehouse.lock():
        warehouse.sweep()
        assert list(warehouse.folder.glob("incoming-*")) == [running]


def test_an_erased_person_does_not_come_back(warehouse: Warehouse, write: Write) -> None:
    """A new file's rows of an erased person count for the account; rows of an erased account are left out."""
    known = Known(frozenset({"c"}), frozenset({("a", "p")}))
    path = write(HEADER + "a,p,f,2026-02-01,1\na,,f,2026-02-01,2\nb,p,f,2026-02-01,3\nc,x,f,2026-02-01,9\n")
    report = take_knowing(path, warehouse, known)
    assert usage(warehouse) == [("a", None, "f", DAY, 3), ("b", "p", "f", DAY, 3)]
    assert (report.rows, report.nameless, report.left_out, report.bad) == (3, 1, 1, 0)
    with pytest.raises(InputError, match="nothing but rows of accounts that were erased"):
        take_knowing(write(HEADER + "c,x,f,2026-02-01,9\n"), warehouse, known)


def take_knowing(path: Path, warehouse: Warehouse, *answers: Known) -> ImportReport:
    """Import with these answers to who was erased, one after the other; the last one stays."""
    said = list(answers)
    return import_usage(
        path, warehouse, Columns(), "UTC", epoch=None, at=NOW, progress=lambda _done, _of: None,
        erased=lambda: said.pop(0) if len(said) > 1 else said[0],
    )  # fmt: skip


def test_who_is_erased_while_a_file_is_read_is_not_in_it(warehouse: Warehouse, write: Write) -> None:
    """The question is put again when the file is ready; another answer means reading it once more."""
    path = write(HEADER + "a,p,f,2026-02-01,1\na,p,f,2026-02-30,1\n")
    known = Known(contacts=frozenset({("a", "p")}))
    report = take_knowing(path, warehouse, Known(), known)
    assert usage(warehouse) == [("a", None, "f", DAY, 1)]
    assert [(row["line"], row["contact"], row["reason"]) for row in aside(report)] == [
        ("3", "", "is not a day or hour that exists")
    ]


def test_a_bad_row_of_an_erased_person_loses_its_values(warehouse: Warehouse, write: Write) -> None:
    """Its line and the reason are told; who it was is not, by key or by an address in any cell."""
    path = write(HEADER + "a,p,f,no,1\na,q,p@x.example,no,1\na,q,f,no,1\nc,q,f,no,1\na,q,f,2026-02-01,1\n")
    known = Known(frozenset({"c"}), frozenset({("a", "p")}), frozenset({"p@x.example"}))
    rows = aside(take_knowing(path, warehouse, known))
    assert [(row["line"], row["account"], row["day"]) for row in rows] == [
        ("2", "", ""), ("3", "", ""), ("4", "a", "no"), ("5", "", ""),
    ]  # fmt: skip


def test_usage_is_read_out_as_imports_said_it(warehouse: Warehouse, write: Write) -> None:
    """Every row that names the person, of each import; and whether an account has others."""
    take(
        write(HEADER + "a,p,f,2026-02-01,1\na,,f,2026-02-01,5\nb,p,,2026-02-01,3\nb,q,,2026-02-01,3\n"), warehouse
    )
    rows = list(usage_rows(warehouse, [("a", "p"), ("b", "p")]))
    assert [(row["account"], row["feature"], row["day"], row["count"]) for row in rows] == [
        ("a", "f", "2026-02-01", 1), ("b", None, "2026-02-01", 3),
    ]  # fmt: skip
    assert shared_accounts(warehouse, [("a", "p"), ("b", "p")]) == {"b"}


TRACE = Trace(
    addresses=Words(("ann@x.example",)),
    names=Words(("ann@x.example", "k1", "user-77", "Ann Example")),
    accounts=frozenset({"acme"}),
    elsewhere=frozenset({"bolt"}),
    columns=frozenset({"account"}),
    gone=frozenset({"me"}),
)
ROWS = [
    ("acme,k1,x", True),  # a short key in their account
    ("bolt,k1,x", False),
    (",k1,x", False),  # a short key alone is anybody's
    (",user-77,x", True),
    ("bolt,user-77,x", False),  # the same key elsewhere is another person
    ("acm,user-77,x", True),  # an account nobody knows
    ("bolt,z,Mail to ANN@x.example!", True),
    ("acme,z,ann  EXAMPLE", True),
    ("acme,z,joann example", False),
    ("me,z,x", True),
    ("acme,z,x", False),
    ("acme,'user-77,x", True),
]


@pytest.mark.parametrize(("row", "theirs"), ROWS)
def test_which_refused_rows_are_theirs(row: str, theirs: bool, tmp_path: Path) -> None:
    """An address tells by itself, a key or name unless the row is of another account, a short key only with it."""
    path = tmp_path / "file-12345678.csv"
    text = f"account,contact,note\n{row}\nother,row,stays\n"
    path.write_text(text)
    assert [name for name, _ in rows_about(tmp_path, TRACE)] == [path.name] * theirs
    assert remove_rows(tmp_path, TRACE) == theirs
    assert path.read_text().replace("\r", "") == (text.replace(row + "\n", "") if theirs else text)


def test_what_a_killed_import_left_of_a_side_file_goes(tmp_path: Path) -> None:
    """A half-written side file whose process is gone is removed."""
    left = tmp_path / ".people-12345678.csv.999999999"
    left.write_text("ann@x.example")
    remove_rows(tmp_path, TRACE)
    assert not left.exists()
