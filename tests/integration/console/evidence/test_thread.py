"""An account's whole story: everything that happened, once, in its order, whatever people wrote."""

from datetime import timedelta
from time import perf_counter

import pytest
from sqlalchemy import insert
from sqlmodel import select

from tests.integration.console.evidence.sample import NASTY, harmless
from tests.integration.held_person import Who
from winback.console.evidence.thread import Happened, thread_of
from winback.errors import InputError
from winback.store.answers import Answer, Booking, Preference
from winback.store.models import Account, Contact, Effect, Interaction, Proposal
from winback.store.types import EffectState, InteractionKind, Outcome
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, add_account, open_case
from workers.act import act_all
from workers.privacy.erase import erase
from workers.propose import propose_all
from workers.record import Party, close_ticket, record
from workers.scan import close
from workers.services import Services


def whole(services: Services, account: int = 1, limit: int = 50) -> list[Happened]:
    """The thread, page by page."""
    found: list[Happened] = []
    after = None
    while True:
        with services.store.read() as session:
            page = thread_of(session, account, after=after, limit=limit)
        assert len(page.happened) <= limit
        found += page.happened
        if page.next is None:
            return found
        after = page.next


def add(services: Services, *rows: object) -> None:
    with services.store.write("test") as session:
        session.add_all(rows)
        session.flush()


@pytest.fixture
def lived(services: Services) -> Services:
    """An account in which everything happened that can."""
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, AS_OF)
    act_all(services)
    ticket = record(services, Party(1, 1), InteractionKind.TICKET, NOON, "rita", note="it is slow")
    close_ticket(services, ticket, "rita", NOON)
    for kind in (
        InteractionKind.MESSAGE,
        InteractionKind.REPLY,
        InteractionKind.COMPLAINT,
        InteractionKind.BOUNCE,
    ):
        record(services, Party(1, 1), kind, NOON, "rita", note=f"a {kind}")
    start = NOON + timedelta(days=2)
    add(
        services,
        Answer(effect_id=1, contact_id=1, question="survey", value="4", words="good enough", at=NOON),
        Booking(effect_id=1, contact_id=1, call="intro", host="h@example.com", starts_at=start, ends_at=start),
        Preference(contact_id=1, topics=["book_call"], days_between=14, at=NOON),
    )
    close(services, 1, Outcome.RECOVERED, NOON + timedelta(days=1), {"as_of": AS_OF})
    return services


@pytest.mark.by_hand
def test_everything_is_on_the_thread(lived: Services) -> None:
    """Cases with their outcome, what was done, what came back, what they want, and who wrote it down."""
    found = whole(lived)
    kinds = [one.kind for one in found]
    assert kinds[:2] == ["booked", "case_closed"]
    assert set(kinds) >= {
        "case_opened", "proposed", "effect_done", "answered", "preferred", "message", "reply", "complaint",
        "bounce", "ticket", "ticket_closed",
    }  # fmt: skip
    assert str(found[1].words) == "Case closed: usage is back"
    assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)
    reply = next(one for one in found if one.kind == "reply")
    assert (reply.by, reply.text, reply.contact) == (("rita",), "a reply", "Ann Example")
    assert reply.target[0] == "interaction"
    assert len({(one.kind, one.target) for one in found}) == len(found)


@pytest.mark.by_hand
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_put_together_are_the_whole(lived: Services, limit: int) -> None:
    """Nothing twice and nothing left out, also where much happened in one moment."""
    assert whole(lived, limit=limit) == whole(lived, limit=500)


def test_a_page_that_is_none_is_refused(lived: Services) -> None:
    """A made-up address."""
    with lived.store.read() as session:
        for wrong in ("", "x", "W10", "bnVsbA", "a" * 3000, "ünicode"):
            with pytest.raises(InputError, match="no page of this list"):
                thread_of(session, 1, after=wrong)


@pytest.mark.by_hand
def test_what_may_have_been_sent_says_so(services: Services) -> None:
    """A person reads it before writing again."""
    channel = services.channels["email"]
    assert isinstance(channel, MemoryChannel)
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, AS_OF)
    act_all(services)
    with services.store.write("test") as session:
        session.get_one(Effect, 1).state = EffectState.UNKNOWN
        session.flush()
    sent = next(one for one in whole(services) if one.target == ("effect", "1"))
    assert str(sent.words).startswith("May have been sent, a person must look:")


def test_an_item_says_who_decided_and_why(held: Services) -> None:
    """Code and words of a rejection, and when it was asked."""
    with held.store.read() as session:
        account = session.exec(select(Account.id).where(Account.key == "acme-2")).one()
    found = {one.kind: one for one in whole(held, account or 0)}
    rejected = found["review_rejected"]
    assert "(not now)" in str(rejected.words)
    assert rejected.by == ("rita",)
    assert rejected.text == "Ravi Shankar Verma said no"
    assert found["review_asked"].target == rejected.target


def test_an_erased_person_leaves_that_they_were_erased(held: Services, who: Who) -> None:
    """Nothing of what named them is left on the thread."""
    erase(held, who.email, reason="letter", account_too=False, tell=lambda _step: None)
    with held.store.read() as session:
        account = session.exec(select(Account.id).where(Account.key == "acme")).one()
    found = whole(held, account or 0)
    assert "erased" in [one.kind for one in found]
    assert not any(said in repr(found) for said in who.strings)


@pytest.mark.by_hand
@pytest.mark.parametrize("name", NASTY)
def test_what_people_wrote_is_text(lived: Services, name: str) -> None:
    """Names, notes, answers and addresses, whoever wrote them; a million characters are not shown."""
    hostile = name.replace("\x00", "")
    with lived.store.write("test") as session:
        session.get_one(Contact, 1).name = hostile[:200]
        for one in session.exec(select(Interaction)).all():
            one.note, one.by = hostile, hostile[:200]
        session.exec(select(Answer)).one().words = hostile
        proposal = session.exec(select(Proposal)).one()
        proposal.label = proposal.why = hostile
        session.flush()
    found = whole(lived)
    for one in found:
        assert len(str(one.words)) < 1000
        assert len(one.text) <= 4001
        for said in (str(one.words), one.text, one.contact, *one.by):
            # A page escapes `<`; what it cannot mend is writing that hides or turns.
            harmless(said.replace("<", "&lt;"))


@pytest.mark.by_hand
def test_a_thread_of_thousands_is_quick(lived: Services) -> None:
    """Every page of an account with 5,000 recorded messages comes in a fraction of a second."""
    row = {"account_id": 1, "contact_id": 1, "kind": "message", "channel": "email", "by": "rita", "note": "hello"}
    rows = [{**row, "at": NOON - timedelta(minutes=n), "recorded_at": NOON} for n in range(5000)]
    with lived.store.write("test") as session:
        session.connection().execute(insert(Interaction), rows)
    after, taken = None, []
    for _ in range(20):
        started = perf_counter()
        with lived.store.read() as session:
            page = thread_of(session, 1, after=after)
        taken.append(perf_counter() - started)
        after = page.next
    assert sorted(taken)[10] < 0.25
