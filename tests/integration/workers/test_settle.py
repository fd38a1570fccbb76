"""What a person does about an effect that failed, or that may have been sent."""

import pytest
from sqlmodel import select

from tools.channels.channel import MaybeSent, NotSent
from winback.decisions.verify import verify
from winback.errors import ConflictError, InputError
from winback.store.models import Effect
from winback.store.types import Outcome
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, add_account, entries, open_case
from workers.act import act_all
from workers.propose import propose_all
from workers.scan import close
from workers.services import Services
from workers.settle import ask_receiver, send_again, settle


def channel(services: Services) -> MemoryChannel:
    assert isinstance(services.channels["email"], MemoryChannel)
    return services.channels["email"]


def effect(services: Services) -> Effect:
    with services.store.read() as session:
        return session.exec(select(Effect)).one()


@pytest.fixture
def failed(services: Services) -> Services:
    """One effect that was given up."""
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, AS_OF)
    channel(services).failures = [NotSent("no such mailbox", retry=False)]
    act_all(services)
    return services


@pytest.fixture
def unknown(services: Services) -> Services:
    """One effect that may have been sent over a channel that refuses repeats."""
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, AS_OF)
    channel(services).failures = [MaybeSent("the line dropped")]
    channel(services).capability = "blind"
    act_all(services)
    channel(services).capability = "keyed"
    assert effect(services).state == "unknown"
    return services


def test_what_failed_is_sent_again(failed: Services) -> None:
    """Once, after the policy has judged it again; the log says who wanted it."""
    send_again(failed, 1, "rita")
    with pytest.raises(ConflictError, match="nothing is open about it"):
        send_again(failed, 1, "rita")
    assert [one.kind for one in act_all(failed)] == ["done"]
    assert len(channel(failed).sent) == 1
    assert entries(failed.store, 1)[-3:] == ["sent_again", "intent", "done"]
    assert verify(failed.store).problems == ()


def test_a_case_that_has_gone_on_is_left_alone(failed: Services) -> None:
    """The customer is back: nothing is to be sent any more."""
    close(failed, 1, Outcome.RECOVERED, NOON, {})
    with pytest.raises(ConflictError, match="is closed by now"):
        send_again(failed, 1, "rita")
    assert verify(failed.store).problems == ()


def test_what_may_have_arrived_goes_again_only_where_a_repeat_is_refused(unknown: Services) -> None:
    """A blind receiver would take it for another; one that knows its key says that it has it."""
    channel(unknown).capability = "blind"
    with pytest.raises(ConflictError, match="would take a repeat for another"):
        send_again(unknown, 1, "rita")
    channel(unknown).capability = "keyed"
    send_again(unknown, 1, "rita")
    assert [one.kind for one in act_all(unknown)] == ["done"]
    assert len(channel(unknown).sent) == 1
    assert verify(unknown.store).problems == ()


def test_the_receiver_is_asked(unknown: Services) -> None:
    """What it has is settled as sent, with its answer; what it has not is the person's to decide."""
    sent = channel(unknown).sent
    kept, sent[:] = list(sent), []
    assert not ask_receiver(unknown, 1, "rita")
    assert effect(unknown).state == "unknown"
    sent[:] = kept
    assert ask_receiver(unknown, 1, "rita")
    assert (effect(unknown).state, effect(unknown).receipt["answer"]) == ("done", "kept")
    assert effect(unknown).receipt["settled_by"] == "rita"
    assert verify(unknown.store).problems == ()


def test_a_receiver_that_cannot_tell_says_so(unknown: Services) -> None:
    """Blind ones, and those over a channel that is gone; nothing is changed."""
    channel(unknown).capability = "blind"
    with pytest.raises(ConflictError, match="cannot tell"):
        ask_receiver(unknown, 1, "rita")
    channel(unknown).name = "another"
    with pytest.raises(ConflictError, match="no longer in use"):
        ask_receiver(unknown, 1, "rita")
    with pytest.raises(InputError, match="no effect 9"):
        ask_receiver(unknown, 9, "rita")
    settle(unknown, 1, sent=False, by="rita")
    assert verify(unknown.store).problems == ()
