"""What passed outside of the effects, written down: tied to what it answers; the log has no word of it."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from winback.decisions.entry import spoken
from winback.decisions.kind import EntryKind
from winback.decisions.verify import verify
from winback.errors import ConflictError, InputError
from winback.store.models import Account, Contact, DecisionEntry, Effect, Interaction
from winback.store.types import EffectState, InteractionKind
from winback.testing.world import AS_OF, NOON, add_account, add_contact, open_case
from workers.act import act_all
from workers.propose import propose_all
from workers.record import Party, close_ticket, find_party, interactions_of, record
from workers.services import Services

EARLIER = NOON - timedelta(hours=1)
ANN = Party(1, 1)


@pytest.fixture
def sent(services: Services) -> Services:
    """Services with one message to acme-ann that went out at noon."""
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, AS_OF)
    act_all(services)
    return services


def row(services: Services, number: int) -> Interaction:
    with services.store.read() as session:
        return session.get_one(Interaction, number)


def logged(services: Services) -> list[dict[str, object]]:
    with services.store.read() as session:
        query = (
            select(DecisionEntry).where(DecisionEntry.kind == EntryKind.RECORDED).order_by(col(DecisionEntry.id))
        )
        return [spoken(one.body) for one in session.exec(query).all()]


@pytest.mark.parametrize("kind", [InteractionKind.REPLY, InteractionKind.COMPLAINT, InteractionKind.BOUNCE])
def test_an_answer_is_tied_to_the_effect(sent: Services, kind: InteractionKind) -> None:
    """The newest effect to that contact is what was answered; the log holds numbers and no text."""
    number = record(sent, ANN, kind, NOON, "rita", note="Ann was cross")
    found = row(sent, number)
    assert (found.kind, found.effect_id, found.tool, found.note) == (kind, 1, "send_tutorial", "Ann was cross")
    (entry,) = logged(sent)
    assert {name: entry[name] for name in ("interaction", "what", "account", "contact")} == {
        "interaction": number, "what": kind.value, "account": 1, "contact": 1,
    }  # fmt: skip
    assert "cross" not in str(entry)
    assert verify(sent.store).problems == ()


def test_what_came_before_the_effect_answers_nothing(sent: Services) -> None:
    """A reply of an hour before, one of the account as a whole, one about another tool: none is tied."""
    numbers = [
        record(sent, ANN, InteractionKind.REPLY, EARLIER, "rita"),
        record(sent, Party(1), InteractionKind.REPLY, NOON, "rita"),
        record(sent, ANN, InteractionKind.REPLY, NOON, "rita", tool="book_call"),
        record(sent, ANN, InteractionKind.TICKET, NOON, "rita"),
    ]
    assert [row(sent, one).effect_id for one in numbers] == [None] * 4
    assert row(sent, numbers[2]).tool == "book_call"


def test_a_refusal_is_tied_to_the_effect_that_offered_it(sent: Services) -> None:
    """By the offer, whatever else went out since."""
    with sent.store.read() as session:
        offered = session.exec(select(Effect.catalogue_id)).one()
    number = record(sent, ANN, InteractionKind.REFUSAL, NOON, "rita", catalogue_id=offered)
    other = record(sent, ANN, InteractionKind.REFUSAL, NOON, "rita", catalogue_id="trial-team")
    assert (row(sent, number).effect_id, row(sent, other).effect_id) == (1, None)


def test_what_never_arrived_is_not_answered(sent: Services) -> None:
    """An effect that lapsed or failed brought nothing about."""
    with sent.store.write("test") as session:
        session.get_one(Effect, 1).state = EffectState.FAILED
    assert row(sent, record(sent, ANN, InteractionKind.BOUNCE, NOON, "rita")).effect_id is None


def test_a_complaint_unsubscribes_nobody(sent: Services) -> None:
    """Only `contact stop` does."""
    record(sent, ANN, InteractionKind.COMPLAINT, NOON, "rita")
    with sent.store.read() as session:
        assert session.get_one(Contact, 1).unsubscribed_at is None


REFUSED = [
    ({"at": NOON + timedelta(minutes=1)}, "in the future"),
    ({"kind": InteractionKind.REFUSAL}, "name it with --offer"),
    ({"catalogue_id": "trial-team"}, "leave --offer out"),
    ({"kind": InteractionKind.REFUSAL, "catalogue_id": "trail-team"}, "did you mean 'trial-team'"),
    ({"tool": "send_tutorail"}, "did you mean 'send_tutorial'"),
    ({"channel": "E mail"}, "is no channel"),
    ({"closed_at": NOON}, "a reply cannot be closed"),
    ({"kind": InteractionKind.TICKET, "closed_at": EARLIER}, "opened later"),
]


@pytest.mark.parametrize(("changes", "words"), REFUSED)
def test_what_cannot_be_is_refused(sent: Services, changes: dict[str, object], words: str) -> None:
    """One line says why, and nothing is written."""
    given = {"kind": InteractionKind.REPLY, "at": NOON, "by": "rita", **changes}
    with pytest.raises(InputError, match=words):
        record(sent, ANN, **given)  # type: ignore[arg-type]
    assert logged(sent) == []


def test_a_ticket_is_closed_once(sent: Services) -> None:
    """At a moment between its opening and now; a second time is a conflict."""
    number = record(sent, ANN, InteractionKind.TICKET, EARLIER, "rita")
    for at in (EARLIER - timedelta(minutes=1), NOON + timedelta(minutes=1)):
        with pytest.raises(InputError):
            close_ticket(sent, number, "rita", at)
    close_ticket(sent, number, "ravi", NOON)
    assert row(sent, number).closed_at == NOON
    with pytest.raises(ConflictError, match="was closed at 2026-05-12 10:00"):
        close_ticket(sent, number, "rita", NOON)
    assert [one["what"] for one in logged(sent)] == ["ticket", "ticket_closed"]
    assert verify(sent.store).problems == ()


def test_only_a_ticket_can_be_closed(sent: Services) -> None:
    """Another interaction, or a number that nobody has, is no ticket."""
    number = record(sent, ANN, InteractionKind.REPLY, NOON, "rita")
    for one in (number, 99):
        with pytest.raises(InputError, match="there is no ticket"):
            close_ticket(sent, one, "rita", NOON)


def test_who_is_meant(sent: Services) -> None:
    """An address in any case, a key, an account; several people or an erased one are refused."""
    assert find_party(sent, "ACME-ann@example.com") == find_party(sent, "acme-ann") == ANN
    assert find_party(sent, "account:acme") == Party(1)
    for who in ("nobody", "account:nobody"):
        with pytest.raises(InputError, match="has this"):
            find_party(sent, who)
    with sent.store.write("test") as session:
        other = Account(key="bolt")
        session.add(other)
        session.flush()
        add_contact(session, other, "acme-ann")
        add_contact(session, other, "gone").erased_at = NOON
    with pytest.raises(InputError, match="2 contacts"):
        find_party(sent, "acme-ann")
    with pytest.raises(InputError, match="no contact"):
        find_party(sent, "gone")


def test_an_accounts_list_has_everybodys(sent: Services) -> None:
    """Oldest first, of the contact or of the whole account."""
    late = record(sent, ANN, InteractionKind.REPLY, NOON, "rita")
    early = record(sent, Party(1), InteractionKind.MESSAGE, EARLIER, "rita")
    with sent.store.read() as session:
        assert [one.id for one in interactions_of(session, Party(1))] == [early, late]
        assert [one.id for one in interactions_of(session, ANN)] == [late]
