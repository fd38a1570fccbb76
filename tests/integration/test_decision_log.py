"""The decision log finds what was altered, removed or swapped."""

import hashlib
import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import func, select

from winback.decisions.held import CLOSED, UNDER_WAY
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance, append, leaf_of, seal
from winback.decisions.said import CASE_AFTER, DECIDED, EFFECT_AFTER, OPEN
from winback.decisions.verify import Verification, verify
from winback.errors import ConflictError
from winback.store.bookkeeping import PolicyVersion
from winback.store.models import Case, DecisionEntry, Effect, Seal
from winback.store.store import Store
from winback.store.types import CaseState, EffectState, InteractionKind, Outcome, ReviewState
from winback.testing.world import NOON, add_account, open_case
from workers import review as reviews
from workers.act import act_all
from workers.item import open_item
from workers.propose import propose_all
from workers.record import Party, record
from workers.scan import close
from workers.services import Services


@pytest.fixture
def lived(services: Services) -> Store:
    """A log with a case that was proposed and acted on, one that was approved, sealed in two batches."""
    with services.store.write("test") as session:
        open_case(session, add_account(session, "acme"))
        open_case(session, add_account(session, "bolt"))
    propose_all(services, NOON.date() - timedelta(days=1))
    seal(services.store, NOON)
    act_all(services)
    seal(services.store, NOON)
    return services.store


def change(store: Store, statement: str, **values: object) -> None:
    with store.engine.begin() as connection:
        connection.execute(text(statement), values)


def change_past_the_keys(store: Store, statement: str) -> None:
    """As somebody with a shell of the database would: foreign keys are not enforced."""
    if not store.is_sqlite:
        change(store, f"SET LOCAL session_replication_role = replica; {statement}")
        return
    shell = sqlite3.connect(store.url.database or "")
    with shell:
        shell.execute(statement)
    shell.close()


def found(store: Store) -> set[tuple[str, str]]:
    return {(one.what, one.where) for one in verify(store).problems}


def test_an_untouched_log_is_intact(lived: Store) -> None:
    """A log nobody touched verifies, every entry sealed."""
    result = verify(lived)
    assert result.problems == ()
    assert result.sealed == result.entries == 9
    assert result.waiting == 0


def test_one_altered_character_is_found_and_named(lived: Store) -> None:
    """A changed body no longer has its hash."""
    change(lived, "UPDATE decision_entry SET body = replace(body, 'allow', 'deny') WHERE position = 3")
    assert [one.what for one in verify(lived).problems] == ["altered"]
    assert "entry 3" in verify(lived).problems[0].where


def test_an_altered_entry_with_a_new_hash_is_found(lived: Store) -> None:
    """Whoever hashes the changed body anew still has the leaf against them."""
    with lived.read() as session:
        entry = session.exec(select(DecisionEntry).where(DecisionEntry.position == 3)).one()
        body = entry.body.replace('"allow"', '"deny"')
    digest = hashlib.sha256(body.encode()).hexdigest()
    change(lived, "UPDATE decision_entry SET body = :b, entry_hash = :h WHERE position = 3", b=body, h=digest)
    assert any(where.startswith("entry 3 ") for _, where in found(lived))


def test_a_fully_recomputed_leaf_is_found_by_the_root(lived: Store) -> None:
    """Whoever recomputes the leaf too still has the sealed root against them."""
    with lived.read() as session:
        entry = session.exec(select(DecisionEntry).where(DecisionEntry.position == 0)).one()
        other = session.exec(select(DecisionEntry).where(DecisionEntry.position == 1)).one()
    assert entry.entry_hash != other.entry_hash
    change(
        lived,
        "UPDATE decision_entry SET leaf_hash = :leaf WHERE position = 0",
        leaf=leaf_of(0, other.entry_hash).hex(),
    )
    assert {what for what, _ in found(lived)} == {"swapped", "altered"}


def test_a_removed_entry_is_found_and_named(lived: Store) -> None:
    """A gap in the positions and in the steps of the case."""
    change(lived, "DELETE FROM decision_entry WHERE position = 4")
    problems = found(lived)
    assert ("missing", "entry 4") in problems
    assert any("step" in where for what, where in problems if what == "missing")


def test_a_removed_tail_is_found(lived: Store) -> None:
    """The seal remembers how many there were."""
    change(lived, "DELETE FROM decision_entry WHERE position >= 6")
    assert ("missing", "entries 6 to 8: the log was sealed with 9 entries") in found(lived)


def test_a_swapped_pair_is_found_and_named(lived: Store) -> None:
    """Two entries that changed places."""
    change(lived, "UPDATE decision_entry SET position = 100 WHERE position = 5")
    change(lived, "UPDATE decision_entry SET position = 5 WHERE position = 6")
    change(lived, "UPDATE decision_entry SET position = 6 WHERE position = 100")
    swapped = sorted(where for what, where in found(lived) if what == "swapped")
    assert [where[:7] for where in swapped] == ["entry 5", "entry 6"]


def test_an_unsealed_entry_that_is_removed_is_found(services: Services) -> None:
    """Before any seal, the case's own numbering finds it."""
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, NOON.date())
    change(services.store, "DELETE FROM decision_entry WHERE step = 1")
    assert found(services.store) == {("missing", "case 1, step 1 of 2")}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ('UPDATE proposal SET arguments = \'{"tutorial": "other"}\' WHERE id = 1', "proposal 1 of case 1"),
        ('UPDATE effect SET receipt = \'{"answer": "never"}\' WHERE id = 1', "the receipt of effect 1 of case 1"),
        ("UPDATE cases SET \"drop\" = '{}' WHERE id = 1", "the drop of case 1"),
    ],
)
def test_what_the_log_speaks_of_is_checked_too(lived: Store, statement: str, expected: str) -> None:
    """Rows that the log names by their hash may not change."""
    change(lived, statement)
    assert ("altered", expected) in found(lived)


RECEIPT = "UPDATE effect SET receipt = '{}' WHERE id = 2"
RECEIPT_FOUND = ("altered", "the receipt of effect 2 of case 2")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE decision_entry SET body = 'x' WHERE position = 3", "entry 3 ("),
        ("UPDATE decision_entry SET body = '5' WHERE position = 3", "entry 3 ("),
        ("UPDATE decision_entry SET body = '[]' WHERE position = 3", "entry 3 ("),
        ("UPDATE decision_entry SET kind = 'odd' WHERE position = 3", "entry 3 (odd, case "),
        ("UPDATE decision_entry SET at = '2020-01-01 00:00:00' WHERE position = 3", "entry 3 ("),
        ("UPDATE decision_entry SET leaf_hash = 'odd' WHERE position = 3", "the root over the first "),
        ("UPDATE cases SET version = 2000000000 WHERE id = 1", None),
        ("UPDATE cases SET version = 2 WHERE id = 1", "case 1: the log has a step 4, its version is 2"),
        ("UPDATE cases SET state = 'odd' WHERE id = 1", "case 1: 'odd' is no state"),
        ("UPDATE effect SET state = 'odd' WHERE id = 1", "effect 1 of case 1: 'odd' is no state"),
        ("UPDATE seal SET root = 'odd' WHERE size = 5", "the root over the first 5 entries is not the sealed one"),
    ],
)
def test_values_that_winback_never_wrote_are_found(lived: Store, statement: str, expected: str | None) -> None:
    """Whatever a row holds by now, it is named, and all the rest is checked still."""
    change(lived, statement)
    change(lived, RECEIPT)
    problems = found(lived)
    assert RECEIPT_FOUND in problems
    if expected:
        assert [where for what, where in problems if what in ("altered", "swapped") and where.startswith(expected)]
    else:
        assert ("missing", "case 1, steps 5 to 2000000000 of 2000000000") in problems


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE decision_entry SET body = x'ff' WHERE position = 3", "entry 3 ("),
        ("UPDATE decision_entry SET body = CAST(x'ff' AS TEXT) WHERE position = 3", "entry 3"),
        ("UPDATE decision_entry SET kind = x'ff' WHERE position = 3", "entry 3 ("),
        ("UPDATE decision_entry SET at = 'never' WHERE position = 3", "entry 3: its row cannot be read"),
        ("UPDATE decision_entry SET position = 'x' WHERE position = 3", "the entry in row 4: 'x' is no position"),
        ("UPDATE decision_entry SET position = -2 WHERE position = 3", "the entry in row 4: -2 is no position"),
        ("UPDATE cases SET \"drop\" = 'x' WHERE id = 1", "case 1: its row cannot be read"),
        ("UPDATE cases SET \"drop\" = '[NaN]' WHERE id = 1", "the drop of case 1"),
        ("UPDATE cases SET version = 'x' WHERE id = 1", "case 1: 'x' is no version"),
        ("UPDATE cases SET opened_at = 5 WHERE id = 1", "case 1: its row cannot be read"),
        ("UPDATE contact SET unsubscribed_at = 'never' WHERE id = 1", "contact 1: its row cannot be read"),
        ("UPDATE contact SET salt = x'ff' WHERE id = 1", "proposal 1 of case 1"),
        ("UPDATE proposal SET message = '{' WHERE id = 1", "proposal 1: its row cannot be read"),
        ("UPDATE effect SET receipt = '{' WHERE id = 1", "effect 1: its row cannot be read"),
        ("UPDATE seal SET at = 'never' WHERE size = 5", "the seal over 5 entries: its row cannot be read"),
    ],
)
def test_values_of_no_type_are_found(lived: Store, statement: str, expected: str) -> None:
    """SQLite keeps what is no JSON, date or text: it is named, the rest checked. PostgreSQL refuses most."""
    try:
        change(lived, statement)
    except DBAPIError:
        assert not lived.is_sqlite
        return
    change(lived, RECEIPT)
    problems = found(lived)
    assert RECEIPT_FOUND in problems
    assert [where for what, where in problems if what == "altered" and where.startswith(expected)]


def test_a_date_that_python_does_not_have_is_found(lived: Store) -> None:
    """PostgreSQL has a moment after all others; SQLite keeps the word."""
    change(lived, "UPDATE contact SET unsubscribed_at = 'infinity' WHERE id = 1")
    change(lived, RECEIPT)
    assert found(lived) == {RECEIPT_FOUND, ("altered", "contact 1: its row cannot be read")}


def test_a_body_that_says_nothing_is_found_before_its_seal_too(services: Services) -> None:
    """A matching hash alone is not enough while there is no leaf."""
    with services.store.write("test") as session:
        append(session, EntryKind.ALARMS_HELD, NOON, {"reason": "late"})
    head = '["2026-05-12T10:00:00.000000Z","alarms_held",null,null,'
    for body in (
        "5",
        "{}",
        f"{head}null]",
        f"{head}[],{{}}]",
        head.replace("alarms_held", "erased") + "null,{}]",
        "[" * 100_000,
    ):
        digest = hashlib.sha256(body.encode()).hexdigest()
        change(services.store, "UPDATE decision_entry SET body = :b, entry_hash = :h", b=body, h=digest)
        named = "the entry in row 1, not yet sealed (alarms_held, case None, step None)"
        assert found(services.store) == {("altered", named)}


def test_a_removed_contact_is_found_and_named(lived: Store) -> None:
    """Without its salt a proposal cannot be checked: that is said of each, and the rest is checked."""
    change_past_the_keys(lived, "DELETE FROM contact WHERE id = 1")
    change(lived, RECEIPT)
    gone = {("missing", f"contact 1 of {one} 1 of case 1") for one in ("proposal", "effect")}
    assert found(lived) == {RECEIPT_FOUND, *gone}


def test_a_removed_case_is_found_and_named(lived: Store) -> None:
    """The log speaks of it still; the other is checked."""
    change_past_the_keys(lived, "DELETE FROM cases WHERE id = 1")
    change(lived, RECEIPT)
    gone = ("missing", "case 1: the log speaks of it, the table does not have it")
    assert found(lived) == {RECEIPT_FOUND, gone}


@pytest.mark.parametrize(("statement", "count"), [("DELETE FROM seal", 9), ("DELETE FROM seal WHERE size > 5", 9)])
def test_a_removed_seal_is_found(lived: Store, statement: str, count: int) -> None:
    """Positions come with a seal: what has one and is under none was sealed by somebody else."""
    change(lived, statement)
    assert found(lived) == {("missing", f"the seal over {count} entries")}


def test_an_altered_edge_is_found(lived: Store) -> None:
    """The next seal grows from it."""
    change(lived, "UPDATE seal SET edge = :edge WHERE size = 9", edge=b"odd")
    assert found(lived) == {("altered", "the root over the first 9 entries is not the sealed one")}


def test_a_gap_is_one_problem_however_wide(lived: Store) -> None:
    """A position far away does not make verification run for ever."""
    change(lived, "UPDATE decision_entry SET position = 2000000000 WHERE position = 8")
    problems = found(lived)
    assert ("missing", "entries 8 to 1999999999") in problems
    assert ("missing", "the seal over 2000000001 entries") in problems


def test_a_state_that_does_not_exist_is_found(services: Services) -> None:
    """A queue item of a state that Winback does not know."""
    services = _with_reviews(services)
    change(services.store, "UPDATE review SET state = 'odd'")
    assert found(services.store) == {("altered", "queue item 1: 'odd' is no state")}


def test_an_approval_written_past_the_log_is_found(services: Services) -> None:
    """A queue item that was set to approved in the table alone."""
    services = _with_reviews(services)
    change(services.store, "UPDATE review SET state = 'approved', decided_by = 'mallory'")
    assert found(services.store) == {
        ("altered", "queue item 1: it is approved, the log says pending"),
        ("altered", "queue item 1: who decided is mallory, the log says nobody"),
    }


def test_a_real_approval_is_in_the_log(services: Services) -> None:
    """The same item approved through the queue verifies."""
    services = _with_reviews(services)
    with services.store.read() as session:
        item = open_item(session, 1)
    reviews.approve(services, 1, item.review.action_hash, "rita")
    assert verify(services.store).problems == ()


def _with_reviews(services: Services) -> Services:
    (services.settings.home / "policy.yaml").write_text(
        "version: 1\nrules:\n- {id: t, kind: allow_tools, allow: [{tools: [send_tutorial], mode: review}]}\n"
    )
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, NOON.date())
    return services


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE effect SET contact_id = 2 WHERE id = 1", "effect 1 of case 1: its contact_id is not"),
        ("UPDATE effect SET tool = 'other' WHERE id = 1", "effect 1 of case 1: its tool is not that"),
        ("UPDATE effect SET action_hash = 'ab' WHERE id = 1", "effect 1 of case 1: its action is ab, the"),
        ("UPDATE effect SET approved_by = 'eve' WHERE id = 1", "effect 1 of case 1: who approved is eve"),
        ("UPDATE effect SET state = 'failed' WHERE id = 1", "effect 1 of case 1: it is failed, the log says done"),
        ("UPDATE effect SET state = 'pending' WHERE id = 1", "effect 1 of case 1: it is open, the log says done"),
        ("UPDATE cases SET account_id = 3 WHERE id = 1", "case 1 is of account 3, the log says of 1"),
        ("UPDATE cases SET state = 'open' WHERE id = 1", "case 1 is open, the log's last word is done"),
        ("UPDATE cases SET outcome = 'recovered' WHERE id = 1",
         "case 1 is watching as recovered, the log says that it is not closed"),
        ("UPDATE cases SET state = 'closed', outcome = 'recovered' WHERE id = 1",
         "case 1 is closed as recovered, the log says that it is not closed"),
        ("UPDATE policy_version SET rules = '{}'", "policy version 1: its rules are not those of its hash "),
        ("UPDATE policy_version SET author = 'eve'", "policy version 1 is not as the log says"),
    ],
)  # fmt: skip
def test_what_can_be_told_from_the_log_is_held_against_it(lived: Store, statement: str, expected: str) -> None:
    """Whose it was, who approved it, how it ended, and by which rules it was judged."""
    with lived.write("test") as session:
        add_account(session, "coil")
    change(lived, statement)
    assert [where for what, where in found(lived) if what == "altered" and where.startswith(expected)]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("effect", "effect {key} of case 1"),
        ("proposal", "a proposal of case 1: {act}"),
        ("policy_version", "the rules of the live policy {policy}"),
    ],
)
def test_a_removed_row_is_missed(lived: Store, table: str, expected: str) -> None:
    """The log speaks of it still."""
    with lived.read() as session:
        effect, version = session.get_one(Effect, 1), session.get_one(PolicyVersion, 1)
        named = expected.format(key=effect.key[:12], act=effect.action_hash[:12], policy=version.hash[:12])
    change_past_the_keys(lived, f"DELETE FROM {table} WHERE id = 1")  # noqa: S608
    assert ("missing", named) in found(lived)


@pytest.fixture
def rejected(services: Services) -> Store:
    """A queue item that somebody rejected with a note, and an interaction."""
    services = _with_reviews(services)
    with services.store.read() as session:
        item = open_item(session, 1)
    reviews.reject(services, 1, item.review.action_hash, "rita", "wrong_words", "too familiar")
    record(services, Party(1, 1), InteractionKind.COMPLAINT, NOON, "rita")
    assert found(services.store) == set()
    return services.store


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE review SET note = 'fine' WHERE id = 1", "queue item 1: its note"),
        ("UPDATE review SET code = 'not_now' WHERE id = 1",
         "queue item 1: its reason is not_now, the log says wrong_words"),
        ("UPDATE review SET decided_by = 'eve' WHERE id = 1",
         "queue item 1: who decided is eve, the log says rita"),
        ("UPDATE review SET first_approved_by = 'eve' WHERE id = 1",
         "queue item 1: who approved first is eve, the log says nobody"),
        ("UPDATE review SET state = 'pending' WHERE id = 1", "queue item 1: it is pending, the log says rejected"),
        ("UPDATE review SET state = 'lapsed' WHERE id = 1", "queue item 1: it is lapsed, the log says rejected"),
        ("UPDATE interaction SET kind = 'reply' WHERE id = 1", "interaction 1"),
        ("UPDATE interaction SET at = '2026-05-01 10:00:00.000000' WHERE id = 1", "interaction 1"),
    ],
)  # fmt: skip
def test_what_a_person_decided_is_held_against_the_log(rejected: Store, statement: str, expected: str) -> None:
    """Who, what, why, in which words; named as altered."""
    change(rejected, statement)
    assert found(rejected) == {("altered", expected)}


@pytest.mark.parametrize(
    ("table", "named"), [("review", "queue item 1 of case 1"), ("interaction", "interaction 1")]
)
def test_a_removed_row_of_a_person_is_missed(rejected: Store, table: str, named: str) -> None:
    """A rejection or a complaint that somebody would rather not have."""
    change_past_the_keys(rejected, f"DELETE FROM {table} WHERE id = 1")  # noqa: S608
    assert found(rejected) == {("missing", named)}


@pytest.mark.parametrize("withdrawn", [False, True])
def test_what_waits_and_what_was_withdrawn_are_told_apart(services: Services, withdrawn: bool) -> None:
    """A queue item lapses only by an entry that says so."""
    services = _with_reviews(services)
    if withdrawn:
        assert close(services, 1, Outcome.RECOVERED, NOON, {})
    assert found(services.store) == set()
    state = "pending" if withdrawn else "lapsed"
    change(services.store, "UPDATE review SET state = :state", state=state)
    told = "lapsed" if withdrawn else "pending"
    assert found(services.store) == {("altered", f"queue item 1: it is {state}, the log says {told}")}


def test_the_words_of_states_are_those_of_the_tables() -> None:
    """Processes that verify start without the tables, so the words stand twice."""
    effects = {*EFFECT_AFTER.values()} - {OPEN} | {*UNDER_WAY}
    assert effects == {one.value for one in EffectState}
    assert {*DECIDED.values(), "pending", "lapsed"} == {one.value for one in ReviewState}
    assert {state for states in CASE_AFTER.values() for state in states} | {CLOSED} == {
        one.value for one in CaseState
    }


def test_entries_numbered_anew_are_one_problem(lived: Store) -> None:
    """Whoever takes one out and moves all that follow."""
    change(lived, "DELETE FROM decision_entry WHERE position = 2")
    for place in range(3, 9):
        change(lived, "UPDATE decision_entry SET position = :to WHERE position = :at", to=place - 1, at=place)
    swapped = [where for what, where in found(lived) if what == "swapped"]
    assert swapped == ["entries 2 to 7 were sealed at another position, or put in later"]


def test_sealing_twice_changes_nothing(lived: Store) -> None:
    """A sealer that finds nothing to do writes nothing."""
    before: Verification = verify(lived)
    assert seal(lived, NOON) == 0
    assert verify(lived) == before


def test_late_commits_are_sealed_by_the_next_seal(lived: Store) -> None:
    """Positions come from the sealer, so an entry that commits late is not lost."""
    with lived.write("test") as session:
        append(session, EntryKind.ALARMS_HELD, NOON, {"reason": "late"})
    assert verify(lived).waiting == 1
    assert seal(lived, NOON) == 1
    with lived.read() as session:
        assert session.exec(select(func.max(Seal.size))).one() == 10


def test_a_step_from_a_wrong_state_changes_nothing(services: Services) -> None:
    """Of two who move a case on, the second is told and leaves no entry."""
    with services.store.write("test") as session:
        case_id = open_case(session, add_account(session))
    with pytest.raises(ConflictError, match="is open by now"), services.store.write("test") as session:
        advance(session, case_id, EntryKind.DONE, NOON, {}, allowed=(CaseState.ACTING,), state=CaseState.WATCHING)
    with services.store.read() as session:
        assert session.get_one(Case, case_id).version == 1
        assert len(session.exec(select(DecisionEntry)).all()) == 1


def test_no_personal_data_in_the_log(lived: Store) -> None:
    """Names and addresses never reach an entry's body."""
    with lived.read() as session:
        bodies = "".join(session.exec(select(DecisionEntry.body)).all()).lower()
    for personal in ("ann", "example.com", "asha", "acme"):
        assert personal not in bodies.replace("channel", "").replace("annual", ""), personal
