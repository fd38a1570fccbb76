"""Whatever is changed in the log is found and named, whichever way it is read."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.integration.decisions.small_log import Cli, change, found, write_case, write_late
from winback.decisions import part, reading
from winback.decisions.chain import Chain
from winback.decisions.kind import EntryKind
from winback.decisions.log import append, leaf_of, seal
from winback.decisions.rows import Problem
from winback.decisions.verify import verify
from winback.store.models import DecisionEntry
from winback.store.store import Store
from winback.testing.world import NOON


@contextmanager
def changed(store: Store, column: str, position: int, value: str | None) -> Iterator[None]:
    """One value is another for a while."""
    with store.engine.connect() as connection:
        query = f"SELECT {column} FROM decision_entry WHERE position = {position}"  # noqa: S608
        before = connection.exec_driver_sql(query).scalar()
    statement = f"UPDATE decision_entry SET {column} = :value WHERE position = :position"  # noqa: S608
    change(store, statement, value=value, position=position)
    yield
    change(store, statement, value=before, position=position)


def value_at(store: Store, column: str, position: int) -> str:
    with store.engine.connect() as connection:
        query = f"SELECT {column} FROM decision_entry WHERE position = {position}"  # noqa: S608
        return str(connection.exec_driver_sql(query).scalar())


def test_an_untouched_log_is_intact(log: Store) -> None:
    """With evidence and without, of cases and of none."""
    result = verify(log)
    assert (result.entries, result.sealed, result.waiting, result.problems) == (8, 8, 0, ())


def test_who_waits_for_it_hears_how_far_it_is(log: Store) -> None:
    """Part after part, up to the last, of as many all the time."""
    heard: list[tuple[int, int]] = []
    verify(log, progress=lambda done, of: heard.append((done, of)))
    assert [done for done, _ in heard] == list(range(len(heard)))
    assert {of for _, of in heard} == {len(heard)}


PLACES = [("body", 1), ("body", 3), ("evidence", 1), ("evidence", 5), ("leaf_hash", 2), ("entry_hash", 7),
          ("action_hash", 5), ("kind", 0)]  # fmt: skip


@example(("body", 3), 75, 0)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(PLACES),
    st.integers(0, 10_000),
    st.integers(0, 6),
)  # fmt: skip
def test_one_flipped_bit_is_found_and_named(log: Store, where: tuple[str, int], at: int, bit: int) -> None:
    """Anywhere in a body, in its evidence, in a hash or in a column."""
    column, position = where
    text = value_at(log, column, position)
    at %= len(text)
    other = chr(ord(text[at]) ^ 1 << bit)
    flipped = text[:at] + (other if other != "\0" else "?") + text[at + 1 :]
    with changed(log, column, position, flipped):
        problems = found(log)
    # The log speaks of what its entries name: a proposal may be missing in it then, too.
    assert any(f"entry {position} " in place for _, place in problems), problems
    assert found(log) == set()


@pytest.mark.parametrize(("column", "position"), [("action_hash", 0), ("action_hash", 3), ("kind", 3)])
def test_an_empty_word_is_not_nothing(log: Store, column: str, position: int) -> None:
    """A column that was null holds the empty text."""
    with changed(log, column, position, ""):
        assert [(what, where[:8]) for what, where in found(log)] == [("altered", f"entry {position} ")]


def test_missing_evidence_is_named(log: Store) -> None:
    """Its hash stands in the body; the entry itself is as it was."""
    with changed(log, "evidence", 1, None):
        assert found(log) == {("missing", "the evidence of entry 1 (denied, case 1, step 2)")}


def test_evidence_put_in_later_is_named(log: Store) -> None:
    """An entry that never had any."""
    with changed(log, "evidence", 0, "{}"):
        assert found(log) == {("altered", "the evidence of entry 0 (case_opened, case 1, step 1)")}


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (["DELETE FROM decision_entry WHERE position = 3"], "missing: entry 3"),
        (["UPDATE decision_entry SET position = 100 WHERE position = 2",
          "UPDATE decision_entry SET position = 2 WHERE position = 6",
          "UPDATE decision_entry SET position = 6 WHERE position = 100"], "swapped: entry 2 was sealed"),
        (["DELETE FROM decision_entry WHERE position > 5"], "missing: entries 6 to 7: the log was sealed with 8"),
        (["UPDATE decision_entry SET evidence = '{}' WHERE position = 1"], "altered: the evidence of entry 1"),
    ],
)  # fmt: skip
def test_the_command_says_what_is_wrong(log: Store, cli: Cli, statements: list[str], named: str) -> None:
    """On the screen, with an exit code, and as JSON."""
    for statement in statements:
        change(log, statement)
    said = cli("verify")
    assert said.code == 1
    assert named in said.out
    assert said.err.startswith("winback: ")
    again = cli("verify", "--json")
    assert any(f"{one['what']}: {one['where']}".startswith(named) for one in again.json["problems"])


@pytest.mark.usefixtures("log")
def test_the_command_says_that_all_is_well(cli: Cli) -> None:
    """With the numbers, and a word on what could not be told."""
    said = cli("verify")
    assert said.code == 0
    assert "8 entries, 8 sealed" in said.out
    assert "no checkpoint" in said.out
    assert said.out.endswith("The log is intact.\n")


def test_the_log_alone_is_read_when_asked(log: Store, cli: Cli) -> None:
    """What is wrong in it is found; what is wrong in a table is not, and the answer says that nobody looked."""
    change(log, "UPDATE cases SET state = 'open'")
    assert cli("verify").code == 1
    alone = cli("verify", "--log-only")
    assert (alone.code, alone.out.splitlines()[-1]) == (
        0, "The log is intact. The tables that it speaks of were not looked at.",
    )  # fmt: skip
    assert not json.loads(cli("verify", "--log-only", "--json").out)["tables"]
    with changed(log, "entry_hash", 2, "0" * 64):
        assert "altered: entry 2 " in cli("verify", "--log-only").out


@pytest.mark.usefixtures("log")
def test_an_entry_is_shown_with_its_evidence(cli: Cli) -> None:
    """Body and evidence as one."""
    shown = cli("show", "1", "--json").json
    assert (shown["kind"], shown["step"], shown["tool"]) == ("denied", 2, "t")
    assert shown["evidence"]["facts"] == {"name": "é", "n": 0.5}
    assert "evidence" not in cli("show", "0", "--json").json


def test_an_entry_is_named_by_its_position(log: Store, cli: Cli) -> None:
    """Two rows that change numbers change nothing that is shown or proven; one that waits is named by its row."""
    cli("checkpoint")
    before = [cli(*what).out for what in (("tail",), ("show", "2"), ("prove", "2"))]
    for number, other in ((3, 1000), (5, 3), (1000, 5)):
        change(log, "UPDATE decision_entry SET id = :other WHERE id = :number", number=number, other=other)
    after = [cli(*what).out for what in (("tail",), ("show", "2"), ("prove", "2"))]
    assert (before[0], before[2]) == (after[0], after[2])
    assert json.loads(after[1].partition("\n")[2])["kind"] == "nothing_chosen"
    assert found(log) == set()
    write_late(log)
    last = cli("tail").out.splitlines()[-1].split()[0]
    assert last.startswith("+")
    assert cli("show", last, "--json").json["position"] is None
    assert cli("tail", "-n", "3").out.splitlines() == cli("tail").out.splitlines()[-3:]
    assert "names no entry" in cli("show", "1x").err
    assert "there is no entry 77" in cli("show", "77").err


@pytest.fixture
def many(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A log of several parts, read by several processes."""
    monkeypatch.setattr(part, "SIZE", 64)
    monkeypatch.setattr("winback.decisions.verify.SIZE", 64)
    monkeypatch.setattr(reading, "ALONE", 0)
    for batch in range(7):
        with store.write("test") as session:
            for number in range(45):
                append(session, EntryKind.ALARMS_HELD, NOON, {"reason": f"{batch} {number}"})
        seal(store, NOON)
    return store


def test_several_processes_give_the_same_answer(many: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that end between two seals, seals that end inside a part, and an open end."""
    together = verify(many)
    monkeypatch.setattr(reading, "ALONE", 1_000_000)
    assert together == verify(many)
    assert (together.sealed, together.problems) == (315, ())


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM decision_entry WHERE position = 100", {("missing", "entry 100")}),
        ("DELETE FROM decision_entry WHERE position BETWEEN 60 AND 200", {("missing", "entries 60 to 200")}),
        ("DELETE FROM decision_entry WHERE position BETWEEN 64 AND 127", {("missing", "entries 64 to 127")}),
        ("UPDATE seal SET root = 'odd' WHERE size = 270",
         {("altered", "the root over the first 270 entries is not the sealed one")}),
        ("UPDATE seal SET edge = (SELECT edge FROM seal WHERE size = 180) WHERE size = 225",
         {("altered", "the root over the first 225 entries is not the sealed one")}),
        ("DELETE FROM decision_entry WHERE position >= 300",
         {("missing", "entries 300 to 314: the log was sealed with 315 entries")}),
        ("UPDATE decision_entry SET leaf_hash = entry_hash WHERE position = 130",
         {("swapped", "entry 130 was sealed at another position, or put in later"),
          ("altered", "the root over the first 135 entries is not the sealed one")}),
    ],
)  # fmt: skip
def test_a_problem_in_one_part_is_named(many: Store, statement: str, expected: set[tuple[str, str]]) -> None:
    """And no other part is blamed for it."""
    change(many, statement)
    assert found(many) == expected


@pytest.mark.parametrize("alone", [0, 1_000_000])
def test_a_log_that_is_whole_is_not_read_with_care(
    many: Store, monkeypatch: pytest.MonkeyPatch, alone: int
) -> None:
    """That takes ten times as long."""

    def read(*_: object) -> Iterator[Problem]:
        raise AssertionError

    write_case(many, "acme")
    seal(many, NOON)
    monkeypatch.setattr(Chain, "_read", read)
    monkeypatch.setattr("winback.decisions.verify.check_things", read)
    monkeypatch.setattr(reading, "ALONE", alone)
    assert verify(many).problems == ()


def test_a_root_is_checked_where_a_part_ends(many: Store) -> None:
    """The seal over a whole part can only be checked with the tree before it."""
    write_late(many)
    seal(many, NOON)
    for _ in range(4):
        write_late(many)
    seal(many, NOON)
    assert verify(many).sealed == 5 * 64
    assert found(many) == set()
    change(many, "UPDATE seal SET root = 'odd' WHERE size = 320")
    assert found(many) == {("altered", "the root over the first 320 entries is not the sealed one")}


def test_an_entry_written_anew_is_found_by_the_next_seal(many: Store) -> None:
    """Body, hash and leaf agree; the seal that tells is in the part after it."""
    body = '["2026-05-12T10:00:00.000000Z","alarms_held",null,null,null,{"reason":"another"}]'
    digest = hashlib.sha256(body.encode()).hexdigest()
    statement = "UPDATE decision_entry SET body = :body, entry_hash = :hash, leaf_hash = :leaf WHERE position = 60"
    change(many, statement, body=body, hash=digest, leaf=leaf_of(60, digest).hex())
    change(many, "DELETE FROM seal WHERE size <> 315")
    assert found(many) == {("altered", "the root over the first 315 entries is not the sealed one")}


def test_a_seal_inside_a_part_goes_on_from_the_parts_before(many: Store) -> None:
    """The same, told by a seal that is not at a part's end."""
    change(many, "UPDATE decision_entry SET leaf_hash = entry_hash WHERE position = 50")
    change(many, "DELETE FROM seal WHERE size = 315")
    assert ("altered", "the root over the first 90 entries is not the sealed one") in found(many)


def test_a_log_without_entries_is_intact(store: Store) -> None:
    """Nothing was said, nothing is wrong."""
    assert verify(store).problems == ()


def test_evidence_is_no_part_of_the_row_that_is_named(log: Store) -> None:
    """An entry is found by its action hash through its own column."""
    with log.read() as session:
        entry = session.get_one(DecisionEntry, 2)
    assert entry.action_hash is not None
    assert entry.action_hash in entry.body
