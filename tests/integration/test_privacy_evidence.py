"""What the decision log and its evidence keep of an erased person, and what an export gives out of it."""

import json
from dataclasses import replace
from typing import Any

from sqlmodel import col, select

from tests.integration.held_person import Who, left_of
from tools.channels.channel import NotSent
from winback.canonical import commitment, content_hash
from winback.decisions.kind import EntryKind
from winback.decisions.log import seal
from winback.decisions.verify import verify
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
from winback.store.types import CaseState, EffectState, InteractionKind
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, add_contact
from workers.act import act_all
from workers.privacy.erase import erase
from workers.privacy.export import sections
from workers.propose import propose_all
from workers.record import Party, record
from workers.services import Services


def test_no_hash_of_the_log_proves_an_erased_person(held: Services, who: Who) -> None:
    """Who still knows what was said can compute nothing that stands in the log: no unsalted hash is left."""
    known: list[Any] = [who.email, who.name, who.key]
    with held.store.read() as session:
        known += [effect.receipt for effect in session.exec(select(Effect)).all()]
        known += [case.drop for case in session.exec(select(Case)).all()]
        known += [{k: v for k, v in case.drop.items() if k != "champion"} for case in session.exec(select(Case))]
        known += [review.note for review in session.exec(select(Review)).all()]
        bodies = " ".join(session.exec(select(DecisionEntry.body)).all())
    assert not [one for one in known if content_hash(one) in bodies]


def test_an_answer_that_names_the_person_is_bound_with_their_salt(held: Services, who: Who) -> None:
    """Why something was not sent stands in the log as a commitment, which goes with the person."""
    problem = f"550 5.1.1 <{who.email}> unknown"
    services = replace(held, channels={"email": MemoryChannel(failures=[NotSent(problem, retry=False)])})
    with services.store.write("test") as session:
        effect = session.exec(select(Effect)).one()
        effect.state, effect.receipt, effect.done_at = EffectState.PENDING, {}, None
        session.get_one(Case, effect.case_id).state = CaseState.ACTING
        salt = session.get_one(Contact, effect.contact_id).salt
    act_all(services)
    with services.store.read() as session:
        (body,) = session.exec(select(DecisionEntry.body).where(DecisionEntry.kind == EntryKind.FAILED)).all()
    assert commitment(salt, problem) in body
    assert content_hash(problem) not in body
    erase(services, who.email)
    assert verify(services.store).problems == ()


def notes_on_others(services: Services, who: Who) -> None:
    """Rows of a colleague and of the account that name the person, and a judgement without a proposal."""
    with services.store.write("test") as session:
        account = session.exec(select(Account).where(Account.key == who.account)).one()
        colleague = add_contact(session, account, "more", consent="unknown")
        numbers = account.id or 0, colleague.id
    record(services, Party(*numbers), InteractionKind.COMPLAINT, NOON, "rita", note=f"{who.name} was there too")
    record(services, Party(numbers[0]), InteractionKind.TICKET, NOON, who.name, note="cannot log in")
    with services.store.write("test") as session:
        session.exec(select(Consent).where(Consent.contact_id == 1)).one().state = "refused"
        case = session.exec(select(Case).where(Case.account_id == numbers[0])).one()
        case.state, case.next_at = CaseState.WATCHING, NOON
    propose_all(services, AS_OF)
    seal(services.store, NOON)


def rows_of(services: Services) -> dict[tuple[str, Any], str]:
    """Every row of the tables that an erasure may change, by table and number, as text."""
    tables = (Interaction, Review, Proposal, Effect, Case, DecisionEntry)
    with services.store.read() as session:
        return {
            (str(table.__tablename__), row.id): row.model_dump_json()  # type: ignore[attr-defined]
            for table in tables
            for row in session.exec(select(table)).all()
        }


SECTION = {"interactions": "interaction", "reviews": "review", "proposals": "proposal", "effects": "effect",
           "cases": "cases"}  # fmt: skip


def test_what_an_erasure_changes_is_what_an_export_gives(held: Services, who: Who) -> None:
    """The two look with the same eyes: notes on others, judgements without a proposal."""
    notes_on_others(held, who)
    with held.store.read() as session:
        given = {one.name: list(one.rows) for one in sections(held, session, who.email)}
        places = {entry.position: entry.id for entry in session.exec(select(DecisionEntry)).all()}
    told = {(SECTION[name], row["id"]) for name, rows in given.items() if name in SECTION for row in rows}
    told |= {("decision_entry", places[int(row["entry"])]) for row in given["decision_log"]}
    assert "nothing_allowed" in {row["kind"] for row in given["decision_log"]}
    text = json.dumps(given, default=str, ensure_ascii=False)
    assert "was there too" in text
    assert "cannot log in" in text
    before = rows_of(held)
    erase(held, who.email)
    after = rows_of(held)
    changed = {key for key, row in before.items() if after[key] != row}
    assert changed <= told
    assert {table for table, _ in changed} == {"interaction", "review", "proposal", "cases", "decision_entry"}
    assert left_of(held, who.strings) == []
    assert verify(held.store).problems == ()


def test_evidence_goes_with_the_person(held: Services, who: Who) -> None:
    """Only theirs; the log says so, proofs hold, and a replay counts it as removed."""
    notes_on_others(held, who)
    with held.store.read() as session:
        had = len(session.exec(select(DecisionEntry.id).where(col(DecisionEntry.evidence).is_not(None))).all())
    done = erase(held, who.email)
    with held.store.read() as session:
        left = session.exec(select(DecisionEntry).where(col(DecisionEntry.evidence).is_not(None))).all()
        assert not [one for one in left if '"contact":1,' in one.body or '"contact":3,' in one.body]
    found = verify(held.store)
    assert (found.bare, found.problems) == (had - len(left), ())
    assert done.counts["evidence"] == found.bare > 0


def test_evidence_goes_with_an_account(alone: Services, who: Who) -> None:
    """What was known of it, such as its tags, is in what was judged by."""
    with alone.store.write("test") as session:
        session.exec(select(Account)).one().tags = ["choir"]
        case = session.exec(select(Case)).one()
        case.state, case.next_at = CaseState.WATCHING, NOON
    propose_all(alone, AS_OF)
    assert left_of(alone, ("choir",))
    erase(alone, who.email, account_too=True)
    assert left_of(alone, ("choir",)) == []
    assert verify(alone.store).problems == ()
