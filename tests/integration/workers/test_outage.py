"""A channel that fails rests for a while; a message that is refused is no failure of its channel."""

from datetime import datetime, timedelta

from sqlmodel import select

from tools.channels.channel import NotSent
from winback.clock import SimulatedClock
from winback.store.models import Effect
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, add_account, open_case
from workers.act import act_all
from workers.propose import propose_all
from workers.services import Services


def eight_due(services: Services, failures: list[NotSent]) -> MemoryChannel:
    """Eight acts that are due over a channel that answers so."""
    with services.store.write("test") as session:
        for number in range(8):
            open_case(session, add_account(session, f"account-{number}"))
    propose_all(services, AS_OF)
    channel = services.channels["email"]
    assert isinstance(channel, MemoryChannel)
    channel.failures = [*failures]
    return channel


def kinds(services: Services) -> list[str]:
    return [one.kind.value for one in act_all(services)]


def at(services: Services, moment: datetime) -> None:
    assert isinstance(services.clock, SimulatedClock)
    services.clock.set(moment)


def test_an_outage_is_not_tried_at_with_everything_that_is_due(services: Services) -> None:
    """After five failures in a row the channel rests; what is due stays due and loses no try."""
    channel = eight_due(services, [NotSent("connection refused", retry=True)] * 8)
    assert kinds(services) == ["not_sent"] * 8
    assert len(channel.failures) == 3
    with services.store.read() as session:
        tries = sorted(session.exec(select(Effect.attempts)).all())
    assert tries == [0, 0, 0, 1, 1, 1, 1, 1]
    channel.failures = []
    at(services, NOON + timedelta(minutes=2))
    assert kinds(services) == ["done"] * 8


def test_recipients_that_are_greylisted_are_no_outage(services: Services) -> None:
    """What is refused about one message is an answer of the channel: the others go out."""
    greylisted = NotSent("450 greylisted, come back", retry=True, channel_failed=False)
    eight_due(services, [NotSent("no connection", retry=True), *[greylisted] * 5])
    assert sorted(kinds(services)) == ["done"] * 2 + ["not_sent"] * 6
    assert services.breaker("email").standing().failures == 0


def test_a_channel_that_refuses_everything_for_good_rests(services: Services) -> None:
    """A server that serves nobody is ill, however final its words: not every message is given up for it."""
    eight_due(services, [NotSent("554 no mail here", retry=False, channel_failed=True)] * 8)
    assert sorted(kinds(services)) == ["failed"] * 5 + ["not_sent"] * 3
