"""Effects: judged again, intended before the call, completed under a fence."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from policies.evaluate import evaluate
from policies.facts import Facts
from policies.policy import Policy
from policies.verdict import Verdict
from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel, Receipt
from winback.clock import SimulatedClock
from winback.decisions.action import action_hash
from winback.decisions.kind import EntryKind
from winback.decisions.verify import verify
from winback.errors import ConflictError
from winback.store.models import Case, Contact, Effect, Proposal
from winback.store.people import store_people
from winback.store.types import CaseState, EffectState, Outcome
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, PERMISSIVE, add_account, entries, open_case
from winback.usage.bad_rows import BadRows
from winback.usage.people import People
from winback.usage.person import AccountRecord, ConsentRecord, ContactRecord
from workers.act import act, act_all
from workers.compose import agent_of
from workers.owner import this_owner
from workers.propose import propose_all
from workers.scan import close
from workers.services import Services
from workers.settle import settle
from workers.unsubscribe import people_named, stop_contact


@pytest.fixture
def due(services: Services) -> Services:
    """Services with one effect that is due."""
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, AS_OF)
    return services


def channel(services: Services) -> MemoryChannel:
    assert isinstance(services.channels["email"], MemoryChannel)
    return services.channels["email"]


def effect(services: Services) -> Effect:
    with services.store.read() as session:
        return session.exec(select(Effect)).one()


def case(services: Services) -> Case:
    with services.store.read() as session:
        return session.get_one(Case, 1)


def at(services: Services, moment: datetime) -> None:
    assert isinstance(services.clock, SimulatedClock)
    services.clock.set(moment)


def kinds(done: list[object]) -> list[str]:
    return [one.kind.value for one in done]  # type: ignore[attr-defined]


def rules(services: Services, more: str) -> None:
    (services.settings.home / "policy.yaml").write_text(PERMISSIVE + more, encoding="utf-8")


def test_a_due_effect_is_sent_once_and_written_down(due: Services) -> None:
    """Done, with a receipt; acting again does nothing."""
    assert kinds(act_all(due)) == ["done"]
    assert act_all(due) == []
    assert len(channel(due).sent) == 1
    assert effect(due).receipt["answer"] == "kept"
    assert case(due).state == CaseState.WATCHING
    assert case(due).contacted_at == NOON
    assert verify(due.store).problems == ()


def test_the_policy_is_asked_again(due: Services) -> None:
    """A kill switch that was engaged meanwhile stops the very next effect, without a restart."""
    rules(due, "  - {id: stop, kind: kill_switch, engaged: true, reason: trouble}\n")
    assert kinds(act_all(due)) == ["lapsed"]
    assert channel(due).sent == []
    assert effect(due).state == EffectState.LAPSED
    assert case(due).state == CaseState.WATCHING


def test_a_lapsed_effect_is_proposed_again_later(due: Services) -> None:
    """Nobody was contacted, so the case is looked at again, and the same act may then go out once."""
    rules(due, "  - {id: stop, kind: kill_switch, engaged: true, reason: trouble}\n")
    act_all(due)
    rules(due, "")
    at(due, NOON + timedelta(days=7))
    propose_all(due, AS_OF)
    assert kinds(act_all(due)) == ["done"]
    assert len(channel(due).sent) == 1


def test_an_address_that_comes_back_under_another_key_stays_unsubscribed(due: Services) -> None:
    """Whatever key or account a later file gives them, the person said stop."""
    assert stop_contact(due, 1, "reply")
    people = People(
        source="p.csv",
        accounts=(AccountRecord(key="bolt", name="Bolt"),),
        contacts=(
            ContactRecord(
                key="new-key", account="bolt", name="Ann", email="ACME-Ann@example.com", language="en", zone=None,
                consents=(ConsentRecord("email", "retention", "granted", "form", None),),
            ),
        ),
        bad=BadRows(0, {}, None),
    )  # fmt: skip
    with due.store.write("test") as session:
        store_people(session, people)
    with due.store.read() as session:
        again = session.exec(select(Contact).where(Contact.key == "new-key")).one()
    assert again.unsubscribed_at == NOON
    assert set(people_named(due.store, "acme-ann@EXAMPLE.com")) == {1, again.id}


def test_who_unsubscribed_is_not_written_to(due: Services) -> None:
    """Nothing is sent after the unsubscribe committed."""
    assert stop_contact(due, 1, "reply")
    assert act_all(due) == []
    assert channel(due).sent == []
    assert case(due).state == CaseState.WATCHING
    assert not stop_contact(due, 1, "reply again")
    assert verify(due.store).problems == ()


def test_an_unsubscribe_that_only_the_row_knows_of_denies_too(due: Services) -> None:
    """The built-in rule looks at the contact itself at the moment of acting."""
    with due.store.write("test") as session:
        session.get_one(Contact, 1).unsubscribed_at = NOON
    assert kinds(act_all(due)) == ["lapsed"]
    assert channel(due).sent == []


def test_a_recovered_account_is_left_alone(due: Services) -> None:
    """Closing a case withdraws what still waited."""
    assert close(due, 1, Outcome.RECOVERED, NOON, {})
    assert act_all(due) == []
    assert effect(due).state == EffectState.LAPSED
    assert case(due).outcome == Outcome.RECOVERED


def test_quiet_hours_defer_and_it_goes_out_later(due: Services) -> None:
    """Deferred to the open moment, recorded, judged again then; it neither vanishes nor spins."""
    rules(due, '  - {id: quiet, kind: quiet_hours, from: "09:00", to: "17:00", fallback_zone: UTC}\n')
    assert kinds(act_all(due)) == ["deferred"]
    assert act_all(due) == []
    # The recipient is in Berlin: 17:00 there is 15:00 UTC.
    assert effect(due).due_at == NOON.replace(hour=15)
    at(due, NOON.replace(hour=15))
    assert kinds(act_all(due)) == ["done"]


def test_a_cap_counts_inside_the_transaction_that_acts(services: Services) -> None:
    """Two effects of one account, both allowed when proposed: only one goes out."""
    cap = "  - {id: cap, kind: frequency_cap, scope: global, max: 1, window: {kind: rolling, days: 7}}\n"
    with services.store.write("test") as session:
        open_case(session, add_account(session, "a"))
        open_case(session, add_account(session, "b"))
    propose_all(services, AS_OF)
    rules(services, cap)
    assert sorted(kinds(act_all(services))) == ["done", "lapsed"]
    assert len(channel(services).sent) == 1


def test_not_sent_is_tried_again_later(due: Services) -> None:
    """A refusal that may pass: later, and then once."""
    channel(due).failures = [NotSent("greylisted", retry=True)]
    assert kinds(act_all(due)) == ["not_sent"]
    wait = effect(due).due_at - NOON
    assert timedelta(seconds=45) <= wait <= timedelta(seconds=75)
    assert effect(due).intent_at is None
    at(due, NOON + wait)
    assert kinds(act_all(due)) == ["done"]
    assert len(channel(due).sent) == 1


def test_a_final_refusal_goes_to_a_person(due: Services) -> None:
    """No retry where trying is pointless."""
    channel(due).failures = [NotSent("no such mailbox", retry=False)]
    assert kinds(act_all(due)) == ["failed"]
    assert effect(due).state == EffectState.FAILED
    assert case(due).state == CaseState.WATCHING


def test_tries_end(due: Services) -> None:
    """After the configured number of tries a person is asked."""
    most = due.settings.worker.max_attempts
    channel(due).failures = [NotSent("busy", retry=True)] * most
    for number in range(most):
        at(due, NOON + timedelta(days=number))
        act_all(due)
    assert effect(due).state == EffectState.FAILED
    assert effect(due).attempts == most


def test_an_unknown_outcome_is_never_tried_again(due: Services) -> None:
    """May have been sent, and nobody can be asked: a person looks."""
    channel(due).capability = "blind"
    channel(due).failures = [MaybeSent("the line dropped")]
    assert kinds(act_all(due)) == ["may_have_been_sent"]
    at(due, NOON + timedelta(days=2))
    assert act_all(due) == []
    assert len(channel(due).sent) == 1
    assert "may have been sent" in effect(due).problem


@pytest.mark.parametrize("capability", ["keyed", "lookup"])
@pytest.mark.parametrize("arrived", [True, False])
def test_a_receiver_that_can_tell_is_asked_later(due: Services, capability: Capability, arrived: bool) -> None:
    """An answer that was lost: the receiver is asked, or sent to again under the same key, and has it once."""
    receiver = channel(due)
    receiver.capability, receiver.lost, receiver.failures = capability, arrived, [MaybeSent("no answer")]
    assert kinds(act_all(due)) == ["outcome_unknown"]
    assert effect(due).state == EffectState.IN_FLIGHT
    assert act_all(due) == []
    at(due, NOON + timedelta(minutes=2))
    assert kinds(act_all(due)) == ["done"]
    assert len(receiver.sent) == 1
    assert verify(due.store).problems == ()


def test_a_lost_answer_counts_as_a_contact_and_ends_with_a_person(due: Services) -> None:
    """However often it is asked: after the last try a person looks, and no rule lets it lapse as if unsent."""
    most = due.settings.worker.max_attempts
    channel(due).failures = [MaybeSent("no answer")] * most
    channel(due).lost = False
    for day in range(most):
        at(due, NOON + timedelta(days=day))
        act_all(due)
    assert effect(due).state == EffectState.UNKNOWN
    assert effect(due).attempts == most
    assert channel(due).sent == []


class DiesError(BaseException):
    """Stands for the process ending."""


@pytest.mark.parametrize("capability", ["keyed", "blind"])
@pytest.mark.parametrize("arrived", [True, False])
def test_a_worker_that_died_in_mid_call(due: Services, capability: Capability, arrived: bool) -> None:
    """keyed is sent again under the same key; blind goes to a person; neither ever repeats."""
    receiver = channel(due)
    receiver.capability = capability
    send = receiver.send

    def dying(parcel: Parcel) -> Receipt:
        if arrived:
            send(parcel)
        raise DiesError

    receiver.send = dying  # type: ignore[method-assign]
    with pytest.raises(DiesError):
        act_all(due)
    assert effect(due).state == EffectState.IN_FLIGHT
    receiver.send = send  # type: ignore[method-assign]

    assert act_all(due) == [], "the lease holds while the owner may live"
    at(due, NOON + timedelta(seconds=due.settings.worker.lease_seconds))
    done = kinds(act_all(due))
    if capability == "keyed":
        assert done == ["done"]
        assert len(receiver.sent) == 1
    else:
        assert done == ["may_have_been_sent"]
        assert len(receiver.sent) == int(arrived)
    assert verify(due.store).problems == ()


def test_a_worker_that_lost_its_lease_changes_nothing(due: Services) -> None:
    """A frozen worker wakes after another one has finished its effect: its result is dropped."""
    receiver = channel(due)
    send = receiver.send
    inner: list[object] = []

    def freezing(parcel: Parcel) -> Receipt:
        receiver.send = send  # type: ignore[method-assign]
        at(due, NOON + timedelta(hours=1))
        inner.extend(act_all(due))
        return send(parcel)

    receiver.send = freezing  # type: ignore[method-assign]
    assert act_all(due) == []
    assert kinds(inner) == ["done"]
    assert len(receiver.sent) == 1
    assert effect(due).epoch == 2
    assert verify(due.store).problems == ()


def die_in_mid_call(services: Services, *, arrived: bool) -> None:
    """The worker claims the effect, hands it over or not, and its process is gone."""
    receiver = channel(services)
    send = receiver.send

    def dying(parcel: Parcel) -> Receipt:
        if arrived:
            send(parcel)
        raise DiesError

    receiver.send = dying  # type: ignore[method-assign]
    with pytest.raises(DiesError):
        act_all(services)
    receiver.send = send  # type: ignore[method-assign]
    machine = this_owner().rsplit("/", 2)[0]
    with services.store.write("test") as session:
        session.get_one(Effect, 1).lease_owner = f"{machine}/999999999/1.00"


def test_what_arrived_is_written_down_by_the_next_run(due: Services) -> None:
    """A receipt that the dead worker could not write; nothing is sent again."""
    die_in_mid_call(due, arrived=True)
    assert kinds(act_all(due)) == ["done"]
    assert len(channel(due).sent) == 1
    assert effect(due).receipt["answer"] == "kept"
    assert verify(due.store).problems == ()


def test_an_intent_that_did_not_arrive_is_judged_anew(due: Services) -> None:
    """Unsubscribed between the crash and the next run: nothing is sent."""
    die_in_mid_call(due, arrived=False)
    assert stop_contact(due, 1, "reply")
    assert kinds(act_all(due)) == ["lapsed"]
    assert channel(due).sent == []
    assert verify(due.store).problems == ()


def test_a_refusal_after_a_possible_send_stays_a_contact(due: Services) -> None:
    """The first try arrived; a later refusal cannot make it unsent."""
    die_in_mid_call(due, arrived=True)
    channel(due).failures = [NotSent("disk full", retry=True)]
    assert kinds(act_all(due)) == ["done"]
    assert effect(due).intent_at is not None


def test_a_frozen_worker_may_still_send(due: Services) -> None:
    """Only its lease has ended: a refusal by the policy does not prove that nothing went."""
    receiver = channel(due)
    send = receiver.send

    def freezing(_parcel: Parcel) -> Receipt:
        raise DiesError

    receiver.send = freezing  # type: ignore[method-assign]
    with pytest.raises(DiesError):
        act_all(due)
    receiver.send = send  # type: ignore[method-assign]
    with due.store.write("test") as session:
        session.get_one(Effect, 1).lease_owner = "elsewhere-1/2/3/4.00"
    at(due, NOON + timedelta(hours=1))
    rules(due, "  - {id: stop, kind: kill_switch, engaged: true, reason: trouble}\n")
    assert kinds(act_all(due)) == ["may_have_been_sent"]


def test_another_channel_cannot_finish_what_one_began(due: Services) -> None:
    """Begun over one channel, found under another: a person looks."""
    die_in_mid_call(due, arrived=False)
    channel(due).name = "another"
    assert kinds(act_all(due)) == ["may_have_been_sent"]


def test_an_effect_that_cannot_be_made_lapses_and_the_rest_goes_on(services: Services) -> None:
    """What it offered is gone from the catalogue: it lapses with that reason, the next one is sent."""
    with services.store.write("test") as session:
        open_case(session, add_account(session, "a"))
        open_case(session, add_account(session, "b"))
    propose_all(services, AS_OF)
    with services.store.write("test") as session:
        proposal = session.get_one(Proposal, session.get_one(Effect, 1).proposal_id)
        proposal.arguments = {**proposal.arguments, "tutorial": "gone"}
        named_anew(session, proposal)
    assert kinds(act_all(services)) == ["lapsed", "done"]
    assert "gone" in effect_number(services, 1).problem


def named_anew(session: Session, proposal: Proposal) -> None:
    """As if it had been proposed so."""
    proposal.action_hash = action_hash(proposal, session.get_one(Contact, proposal.contact_id).salt)


def effect_number(services: Services, number: int) -> Effect:
    with services.store.read() as session:
        return session.get_one(Effect, number)


def test_a_person_settles_what_nobody_knew(due: Services) -> None:
    """Sent counts as a contact; not sent lets an agent look again; neither can be said twice."""
    channel(due).capability = "blind"
    channel(due).failures = [MaybeSent("the line dropped")]
    channel(due).lost = False
    act_all(due)
    settle(due, 1, sent=False, by="rita")
    assert case(due).next_at == NOON
    with pytest.raises(ConflictError, match="nothing is open about it"):
        settle(due, 1, sent=True, by="rita")
    propose_all(due, AS_OF)
    assert kinds(act_all(due)) == ["done"]
    assert verify(due.store).problems == ()


def test_two_workers_count_under_one_cap(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the same moment, for different accounts: the second sees the first's intent."""
    with services.store.write("test") as session:
        open_case(session, add_account(session, "a"))
        open_case(session, add_account(session, "b"))
    propose_all(services, AS_OF)
    rules(
        services, "  - {id: cap, kind: frequency_cap, scope: global, max: 1, window: {kind: rolling, days: 7}}\n"
    )
    services.policies.refresh()
    barrier = threading.Barrier(2)

    def slowly(policy: Policy, facts: Facts) -> Verdict:
        time.sleep(0.2)
        return evaluate(policy, facts)

    monkeypatch.setattr("workers.decide.evaluate", slowly)

    def worker(number: int) -> None:
        barrier.wait()
        act(services, number)

    threads = [threading.Thread(target=worker, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    act_all(services)
    assert len(channel(services).sent) == 1


def test_one_bad_effect_does_not_block_the_rest(services: Services) -> None:
    """The second goes out although the first failed."""
    with services.store.write("test") as session:
        open_case(session, add_account(session, "a"))
        open_case(session, add_account(session, "b"))
    propose_all(services, AS_OF)
    channel(services).failures = [NotSent("no", retry=False)]
    assert kinds(act_all(services)) == ["failed", "done"]


def test_an_effect_that_is_gone_or_not_due_is_left_alone(due: Services) -> None:
    """Claiming by number is safe."""
    assert act(due, 99) is None
    at(due, NOON - timedelta(days=1))
    assert act(due, 1) is None


def test_every_step_is_an_entry(due: Services) -> None:
    """From the opening to the receipt, nothing is missing."""
    act_all(due)
    assert entries(due.store, 1) == [EntryKind.CASE_OPENED, EntryKind.ALLOWED, EntryKind.INTENT, EntryKind.DONE]


def test_a_failed_effect_that_was_sent_after_all_counts_as_a_contact(services: Services) -> None:
    """Settled as sent, it stands in the history from the moment it was tried last."""
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, AS_OF)
    channel(services).failures = [NotSent("no such mailbox", retry=False)]
    act_all(services)
    settle(services, 1, sent=True, by="rita")
    assert effect(services).intent_at == effect(services).due_at
    assert (case(services).contacted_at, case(services).next_at) == (NOON, None)


def test_a_contact_counts_from_when_it_really_went(due: Services) -> None:
    """A worker that died a week ago in its first try must not put the contact into the past."""
    with due.store.write("test") as session:
        one = session.get_one(Effect, 1)
        one.state, one.intent_at, one.channel = EffectState.IN_FLIGHT, NOON - timedelta(days=8), "memory"
        one.lease_owner, one.lease_until = None, NOON - timedelta(days=8)
    act_all(due)
    assert (effect(due).state, effect(due).intent_at) == (EffectState.DONE, NOON)


@pytest.mark.by_hand
def test_problems_of_the_message_are_seen_at_the_moment_of_acting(due: Services) -> None:
    """A rule on the message that came into force after the verdict holds for what was allowed before."""
    with due.store.write("test") as session:
        stored = session.get_one(Proposal, 1)
        stored.message = {**stored.message, "slots": {"note": "see http://evil.example"}}
        named_anew(session, stored)
    rules(due, "  - {id: words, kind: risk_review, first_contact: false, message_problems: true}\n")
    assert kinds(act_all(due)) == ["queued"]


def test_one_broken_effect_does_not_stop_the_others(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with it, the rest goes out."""
    with services.store.write("test") as session:
        open_case(session, add_account(session, "a"))
        open_case(session, add_account(session, "b"))
    propose_all(services, AS_OF)

    def agent_but_one(proposal: Proposal) -> object:
        if proposal.id == 1:
            raise TypeError("a number that no log can hold")
        return agent_of(proposal)

    monkeypatch.setattr("workers.claim.agent_of", agent_but_one)
    assert kinds(act_all(services)) == ["done"]


def test_a_proposal_that_was_changed_afterwards_does_not_run(due: Services) -> None:
    """What was approved is what runs: words that somebody put into the row are not sent."""
    with due.store.write("test") as session:
        proposal = session.get_one(Proposal, 1)
        proposal.message = {**proposal.message, "body": "Send us your password."}
    assert kinds(act_all(due)) == ["lapsed"]
    assert channel(due).sent == []
    assert "not what was proposed" in effect(due).problem


class Interrupted(MemoryChannel):
    """Does something after its first message."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self.then = then

    def send(self, parcel: Parcel) -> Receipt:
        receipt = super().send(parcel)
        if len(self.sent) == 1:
            self.then()
        return receipt


def three_due(services: Services, then: Callable[[Services], None]) -> Services:
    with services.store.write("test") as session:
        for name in ("a", "b", "c"):
            open_case(session, add_account(session, name))
    propose_all(services, AS_OF)
    return replace(services, channels={"email": Interrupted(lambda: then(services))})


def test_a_kill_switch_holds_for_the_very_next_act_of_those_taken_together(services: Services) -> None:
    """Two of three were intended when it was thrown; neither is sent, and both lapse by it."""
    three = three_due(services, lambda ours: rules(ours, "  - {id: stop, kind: kill_switch, engaged: true}\n"))
    assert kinds(act_all(three)) == ["not_sent", "not_sent", "done"]
    assert len(channel(three).sent) == 1
    assert kinds(act_all(three)) == ["lapsed", "lapsed"]
    assert verify(three.store).problems == ()


def test_a_stop_holds_for_those_taken_together(services: Services) -> None:
    """Somebody says stop while an earlier message is handed over, slowly: theirs is not sent."""

    def stop(ours: Services) -> None:
        stop_contact(ours, 3, "page")
        at(ours, NOON + timedelta(seconds=5))

    three = three_due(services, stop)
    act_all(three)
    act_all(three)
    assert [one.recipient_address for one in channel(three).sent] == ["a-ann@example.com", "b-ann@example.com"]
    assert verify(three.store).problems == ()
