"""How many acts are taken together: as many as a lease holds."""

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlmodel import func, select

from tools.channels.channel import Parcel, Receipt
from winback.clock import SimulatedClock
from winback.store.models import DecisionEntry
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, add_account, open_case
from workers.act import act_all
from workers.pace import MOST, Pace
from workers.propose import propose_all
from workers.services import Services

SECONDS = 10
DUE = 40


@dataclass
class Slow(MemoryChannel):
    """Each send takes some seconds of a clock that stands still otherwise."""

    clock: SimulatedClock | None = None

    def send(self, parcel: Parcel) -> Receipt:
        if self.clock is not None:
            self.clock.set(self.clock.now() + timedelta(seconds=SECONDS))
        return super().send(parcel)


def test_a_group_is_no_larger_than_what_a_lease_holds(services: Services) -> None:
    """Only the first, of which nobody knows how long it takes, is given back in part."""
    assert isinstance(services.clock, SimulatedClock)
    channel = Slow(clock=services.clock)
    services = replace(services, channels={"email": channel})
    with services.store.write("test") as session:
        for number in range(DUE):
            open_case(session, add_account(session, f"account-{number}"))
    propose_all(services, AS_OF)
    in_time = services.settings.worker.lease_seconds / SECONDS
    while act_all(services):
        pass
    assert len({one.key for one in channel.sent}) == len(channel.sent) == DUE
    with services.store.read() as session:
        given_back = session.exec(select(func.count()).where(DecisionEntry.kind == "not_sent")).one()
    assert given_back == DUE - in_time


def test_the_pace_is_that_of_the_last_group() -> None:
    """Unknown at first; never nothing, never more than a group may have."""
    pace = Pace(60)
    assert pace.most() == MOST
    for acts, seconds, most in (
        (4, 20, 6),
        (0, 1, 6),
        (0, 100, 1),
        (1, 1000, 1),
        (64, 0.1, MOST),
        (0, 0.1, MOST),
        (64, 0, MOST),
    ):
        pace.note(acts, seconds)
        assert pace.most() == most
