"""Erasing a person: nothing of them is left, nothing else is lost, and the log stays whole."""

import itertools
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from tests.integration.held_person import (
    Who,
    account_usage,
    hold,
    import_file,
    import_people,
    left_of,
    rules,
    suppressed,
)
from winback.clock import SimulatedClock
from winback.decisions.kind import EntryKind
from winback.decisions.verify import verify
from winback.errors import ConflictError, InputError
from winback.settings import Columns
from winback.store.models import (
    Account,
    Case,
    Consent,
    Contact,
    DecisionEntry,
    Effect,
    Interaction,
    Proposal,
    Review,
)
from winback.store.people import store_people
from winback.store.types import EffectState, Outcome, ReviewState
from winback.testing.world import AS_OF, NOON, add_contact, open_case, sample_drop
from winback.usage import person_fields
from winback.usage.drop import DropKind
from winback.usage.import_file import import_usage
from winback.usage.people import read_people
from workers.privacy.erase import erase, survey
from workers.privacy.export import sections
from workers.propose import propose_all
from workers.scan import close
from workers.services import Services
from workers.unsubscribe import stop_contact

STEPS = ("stop", "suppress", "clear outbox", "clear usage", "clear database", "wipe")


def test_nothing_is_left(held: Services, who: Who) -> None:
    """Neither name nor address nor key, in any case, in any table, file or name of a file."""
    before = {where for where, _ in left_of(held, who.strings)}
    assert before > {"contact", "proposal", "interaction", "review", "cases"}
    assert {Path(one).suffix for one in before} >= {".parquet", ".csv", ".eml", ".json"}
    done = erase(held, who.email, reason="letter of 3 May")
    assert (done.contacts, done.again, done.wiped) == (2, False, True)
    assert left_of(held, who.strings) == []
    assert verify(held.store).problems == ()


LOCAL = st.text(st.sampled_from("abcxyzABCÄéß0123456789.+'_-&"), min_size=6, max_size=20)
WORDS = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=8, max_size=40)


def test_nothing_is_left_of_anybody(services: Services, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever letters, quotes and signs a person goes by."""
    numbers = itertools.count()

    @settings(max_examples=5)
    @given(name=WORDS, local=LOCAL, key=WORDS)
    def check(name: str, local: str, key: str) -> None:
        # Each example is a person of their own: who was erased would not be imported again.
        mark = f"zq{next(numbers)}zq"
        who = Who(
            tmp_path_factory.mktemp("files"), mark + name, f"{mark}{local}@mail.example", mark + key, f"acme{mark}"
        )
        assume(readable(person_fields.name, who.name) and readable(person_fields.key, who.key))
        assume(readable(person_fields.email, who.email))
        with services.store.read() as session:
            cases = session.exec(select(Case.id)).all()
        for case in cases:
            close(services, case or 0, Outcome.RECOVERED, NOON, {})
        held = hold(services, who)
        assert left_of(held, who.strings)
        erase(held, who.email)
        assert left_of(held, who.strings) == []
        assert verify(held.store).problems == ()

    check()


def readable(reader: Any, value: str) -> bool:
    try:
        return bool(reader(value) == value)
    except person_fields.BadValueError:
        return False


@pytest.mark.parametrize("broken", STEPS)
def test_broken_off_it_is_finished_by_asking_again(held: Services, who: Who, broken: str) -> None:
    """Killed before any of its steps, an erasure is completed by the same command."""

    def tell(step: str) -> None:
        if step == broken:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        erase(held, who.email, tell=tell)
    done = erase(held, who.email)
    assert done.again == (broken == "wipe")
    assert left_of(held, who.strings) == []
    assert verify(held.store).problems == ()
    assert erase(held, who.email).again


def test_a_database_that_breaks_in_the_middle_of_its_step(
    held: Services, who: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database's part is one transaction: of two contacts both go or none."""
    from workers.privacy import blank  # noqa: PLC0415

    real, left = blank._forget_champion, [2]

    def failing(*arguments: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        real(*arguments)

    monkeypatch.setattr(blank, "_forget_champion", failing)
    with pytest.raises(KeyboardInterrupt):
        erase(held, who.email)
    monkeypatch.undo()
    with held.store.read() as session:
        assert sorted(session.exec(select(Contact.id).where(Contact.name == who.name)).all()) == [1, 3]
    erase(held, who.email)
    assert left_of(held, who.strings) == []


def test_the_row_stays_and_says_when(held: Services, who: Who) -> None:
    """A contact keeps its number and account; consent is gone, and the entry names the number only."""
    erase(held, who.email, reason="letter of 3 May")
    with held.store.read() as session:
        contact = session.get_one(Contact, 1)
        entry = session.exec(select(DecisionEntry).where(DecisionEntry.kind == EntryKind.ERASED)).first()
        assert session.exec(select(Consent).where(Consent.contact_id == 1)).all() == []
    assert (contact.key, contact.name, contact.email, contact.salt) == ("erased-1", "", None, "")
    assert contact.erased_at == contact.unsubscribed_at == NOON
    assert entry is not None
    assert '"contact":1' in entry.body
    assert "letter" not in entry.body


def test_colleagues_and_the_account_stay(held: Services, who: Who) -> None:
    """Usage of the account is what it was; a colleague's rows and the shape of what was done are untouched."""
    before = account_usage(held)
    erase(held, who.email)
    assert account_usage(held) == before
    with held.store.read() as session:
        colleague = session.exec(select(Contact).where(Contact.key == "col")).one()
        assert (colleague.name, colleague.email, colleague.erased_at) == ("Col League", "col@x.example", None)
        assert session.exec(select(Account.name).order_by(col(Account.id))).first() == "Acme"
        effect = session.exec(select(Effect)).one()
        proposals = session.exec(select(Proposal)).all()
        assert {one.message["body"] for one in proposals} == {""}
        assert all(one.message["template"] and one.agent for one in proposals)
    assert effect.state == EffectState.DONE
    side = "".join(path.read_text() for path in held.warehouse.bad_folder.glob("usage*"))
    assert side.count("2026-02-30") == 1


def test_importing_them_again_does_not_bring_them_back(held: Services, who: Who) -> None:
    """By address, by key, in another account, in a bad row: they are left out and counted."""
    before = account_usage(held)
    erase(held, who.email)
    assert import_file(held, who).already is not None
    later = replace(who, folder=who.folder / "later")
    later.folder.mkdir()
    stored = import_people(held, later)
    assert (stored.erased, stored.contacts_new) == (2, 0)
    (later.folder / "usage.csv").write_text("")
    usage = later.usage_file
    usage.write_text(usage.read_text() + f"{who.account},col,exports,2026-05-01,1\n")
    report = import_usage(
        usage, held.warehouse, Columns(), "UTC", epoch=None, at=NOON, progress=lambda _done, _of: None,
        erased=lambda: suppressed(held),
    )  # fmt: skip
    assert report.nameless == 3
    assert left_of(held, who.strings) == []
    assert len(account_usage(held)) == len(before) + 1


@pytest.mark.parametrize("changes", [{"email": "new@x.example"}, {"key": "new-key", "account": "far"}])
def test_address_and_key_each_keep_them_out(held: Services, who: Who, changes: dict[str, str]) -> None:
    """The same key with another address is still them, and so is the same address with another key elsewhere."""
    erase(held, who.email)
    later = replace(who, folder=who.folder / "later", **changes)
    later.folder.mkdir()
    stored = import_people(held, later)
    assert stored.erased == 2
    with held.store.read() as session:
        assert session.exec(select(Contact.id).where(Contact.name == who.name)).all() == []


def test_an_address_in_letters_of_any_language(services: Services, who: Who) -> None:
    """Capitals do not matter outside of ASCII either, whatever the database makes of them."""
    who = replace(who, email="Éric.Ñandú@mail.example")
    import_people(services, who)
    assert erase(services, "éRIC.ñandÚ@mail.example").contacts == 2
    assert left_of(services, who.strings) == []
    assert import_people(services, who).erased == 2


def test_a_namesake_stays(held: Services, who: Who, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same key in somebody else's account is not meant by an address, neither now nor in a later import."""
    path = tmp_path_factory.mktemp("more") / "usage.csv"
    path.write_text(f"account,contact,day\nfar,{who.key},2026-05-01\n")
    held_usage = {
        "columns": Columns(),
        "zone": "UTC",
        "epoch": None,
        "at": NOON,
        "progress": lambda _done, _of: None,
    }
    import_usage(path, held.warehouse, **held_usage)
    erase(held, who.email)
    path.write_text(f"account,contact,day\nfar,{who.key},2026-05-02\n")
    import_usage(path, held.warehouse, **held_usage, erased=lambda: suppressed(held))
    with held.warehouse.connect() as connection:
        view = held.warehouse.view(connection)
        assert connection.execute(f"SELECT count(*) FROM {view} WHERE contact = ?", [who.key]).fetchone() == (2,)  # noqa: S608


def test_somebody_whom_only_usage_knows(held: Services, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A contact of usage without a people file can be found, erased and kept out."""
    path = tmp_path_factory.mktemp("more") / "usage.csv"
    path.write_text("account,contact,day\nfar,Lone.Wolf@mail.example,2026-05-01\n")
    import_usage(path, held.warehouse, Columns(), "UTC", epoch=None, at=NOON, progress=lambda _done, _of: None)
    assert survey(held, "lone.wolf@mail.example").counts["usage rows"] == 1
    assert erase(held, "lone.wolf@mail.example").contacts == 1
    assert left_of(held, ("lone.wolf@mail.example",)) == []
    assert suppressed(held).contact("far", "Lone.Wolf@mail.example")
    assert verify(held.store).problems == ()


def test_what_waits_is_withdrawn_also_for_who_unsubscribed_before(services: Services, who: Who) -> None:
    """A review that a late proposal left for somebody unsubscribed lapses too."""
    rules(services)
    import_people(services, who)
    with services.store.write("test") as session:
        account = session.exec(select(Account).where(Account.key == f"{who.account}-2")).one()
        open_case(session, account, sample_drop(account.key, DropKind.LIMIT_REACHED))
    propose_all(services, AS_OF)
    with services.store.write("test") as session:
        for contact in session.exec(select(Contact)).all():
            contact.unsubscribed_at = NOON
    erase(services, who.email)
    with services.store.read() as session:
        assert session.exec(select(Review.state)).all() == [ReviewState.LAPSED]
    assert verify(services.store).problems == ()


def test_a_message_under_way_comes_first(held: Services, who: Who) -> None:
    """While an effect to them is carried out nothing is erased; afterwards it is."""
    with held.store.write("test") as session:
        session.exec(select(Effect)).one().state = EffectState.IN_FLIGHT
    with pytest.raises(ConflictError, match="try again in a moment"):
        erase(held, who.email)
    left = {Path(where).suffix for where, _ in left_of(held, who.strings)}
    assert left >= {".parquet", ".csv", ".eml"}
    assert not suppressed(held)
    with held.store.write("test") as session:
        assert session.get_one(Contact, 1).name == who.name
        session.exec(select(Effect)).one().state = EffectState.DONE
    erase(held, who.email)
    assert left_of(held, who.strings) == []


def test_nobody(services: Services) -> None:
    """Somebody who is not there is told in one line, erased or exported."""
    with pytest.raises(InputError, match="nobody has this address or key"):
        erase(services, "nobody@x.example")
    with services.store.read() as session, pytest.raises(InputError, match="nobody has this address or key"):
        sections(services, session, "nobody@x.example")


def test_a_mail_servers_answer_that_quotes_the_address(held: Services, who: Who) -> None:
    """Why something was not sent, and a receipt that names them, lose the address."""
    with held.store.write("test") as session:
        effect = session.exec(select(Effect)).one()
        effect.problem = f"550 <{who.email}> unknown"
        effect.receipt = {**effect.receipt, "answer": f"250 <{who.email}> ok"}
    erase(held, who.email)
    assert left_of(held, who.strings) == []
    assert verify(held.store).problems == ()
    with held.store.read() as session:
        receipt = session.exec(select(Effect)).one().receipt
    assert (receipt["answer"], receipt["channel"]) == ("", "files")


def test_an_account_that_is_the_person(alone: Services, who: Who) -> None:
    """It is pointed out, goes with them when that is asked for, and does not come back."""
    found = survey(alone, who.email)
    assert found.alike == found.alone == (who.email,)
    done = erase(alone, who.email, account_too=True)
    assert done.accounts == (who.email,)
    assert left_of(alone, (who.name, who.email)) == []
    assert verify(alone.store).problems == ()
    with alone.store.read() as session:
        account = session.exec(select(Account)).one()
        assert session.exec(select(Case)).one().drop["account"] == account.key == "erased-1"
    assert [row[0] for row in account_usage(alone)] == ["erased-1"]
    people = read_people(who.folder / "people.csv", alone.warehouse.bad_folder, at=NOON, erased=suppressed(alone))
    with alone.store.write("test") as session:
        stored = store_people(session, people)
    assert (stored.erased, stored.accounts_new, stored.contacts_new) == (1, 0, 0)


def test_an_account_that_is_the_person_stays_unless_asked(alone: Services, who: Who) -> None:
    """Its key may be wanted for the books: nothing of an account goes by itself."""
    erase(alone, who.email)
    with alone.store.read() as session:
        assert session.exec(select(Account.key)).one() == who.email
    assert left_of(alone, (who.name,)) != []


def test_a_broken_off_erasure_of_an_account_is_finished(alone: Services, who: Who) -> None:
    """A scan in between that meets the new key does not stand in the way."""

    def tell(step: str) -> None:
        if step == "clear database":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        erase(alone, who.email, account_too=True, tell=tell)
    with alone.store.write("test") as session:
        session.add(Account(key="erased-1"))
    erase(alone, who.email, account_too=True)
    assert left_of(alone, (who.name, who.email)) == []


def test_the_export_has_everything(held: Services, who: Who) -> None:
    """Every section holds what is theirs and nothing of a colleague."""
    with held.store.read() as session:
        found = {one.name: list(one.rows) for one in sections(held, session, who.email)}
    assert {name: len(rows) for name, rows in found.items() if name != "decision_log"} == {
        "contacts": 2, "accounts": 2, "consents": 2, "interactions": 2, "cases": 2, "proposals": 2, "reviews": 1,
        "effects": 1, "answers": 0, "bookings": 0, "preferences": 0, "feed": 0, "inbox": 0,
        "outbox": 1, "usage": 3, "refused_rows": 2, "erased_before": 1,
    }  # fmt: skip
    assert {one["kind"] for one in found["decision_log"]} >= {
        "allowed",
        "intent",
        "done",
        "queued",
        "rejected",
        "recorded",
    }
    text = json.dumps(found, default=str, ensure_ascii=False)
    assert "said no" in text
    assert "complained" in text
    for foreign in ("Col League", "col@x.example", '"contact": "col"', '"salt"'):
        assert foreign not in text


def test_the_export_of_an_unsubscribe_names_the_contact_alone(held: Services, who: Who) -> None:
    """Entries without a case are found by the contact's number, and contact 1 is not contact 11."""
    with held.store.write("test") as session:
        account = session.get_one(Account, 1)
        others = [add_contact(session, account, f"more-{number}").id for number in range(12)]
    for one in others:
        stop_contact(held, one or 0, "reply")
    stop_contact(held, 1, "reply")
    with held.store.read() as session:
        (log,) = [list(one.rows) for one in sections(held, session, who.email) if one.name == "decision_log"]
    assert [one["in_words"] for one in log if one["kind"] == "unsubscribed"] == ["contact 1"]


def test_time_stands_in_no_way(held: Services, who: Who) -> None:
    """An erasure years later finds the same; the clock only dates it."""
    assert isinstance(held.clock, SimulatedClock)
    held.clock.set(NOON + timedelta(days=900))
    erase(held, who.key)
    assert left_of(held, who.strings) == []
    with held.store.read() as session:
        assert session.exec(select(Interaction.note)).all() == ["", ""]
