"""An act that may have been sent by a worker that froze, taken in hand again and held back by ourselves."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from tools.channels.channel import Parcel, Receipt
from winback.clock import SimulatedClock
from winback.decisions.verify import verify
from winback.store.models import Effect
from winback.store.types import EMAIL, EffectState
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, add_account, open_case
from workers.act import act_all
from workers.propose import propose_all
from workers.services import Services


class FreezesError(BaseException):
    """The worker is gone in mid-call."""


class Freezing(MemoryChannel):
    """A receiver on whose doorstep one worker freezes."""

    def send(self, parcel: Parcel) -> Receipt:  # noqa: ARG002  a channel's signature
        raise FreezesError


@dataclass
class Hurried:
    """A clock on which an hour passes between two looks: every lease is over before its turn."""

    moment: datetime

    def now(self) -> datetime:
        self.moment += timedelta(hours=1)
        return self.moment


def effect(services: Services) -> Effect:
    with services.store.read() as session:
        return session.get_one(Effect, 1)


def test_what_we_held_back_ourselves_was_no_try(services: Services) -> None:
    """It is due again at once, as often as it takes, and never before a person for that; then it is sent once."""
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, AS_OF)
    with pytest.raises(FreezesError):
        act_all(replace(services, channels={EMAIL: Freezing()}))
    with services.store.write("test") as session:
        session.get_one(Effect, 1).lease_owner = "elsewhere-1/2/3/4.00"
    hurried = replace(services, clock=Hurried(NOON + timedelta(hours=1)))
    for _ in range(10):
        assert [done.kind.value for done in act_all(hurried)] == ["outcome_unknown"]
        held = effect(services)
        assert (held.state, held.attempts) == (EffectState.IN_FLIGHT, 1)
        assert held.lease_until is not None
        assert held.lease_until <= hurried.clock.now()
    assert isinstance(services.clock, SimulatedClock)
    services.clock.set(hurried.clock.now())
    assert [done.kind.value for done in act_all(services)] == ["done"]
    assert len(services.channels[EMAIL].sent) == 1  # type: ignore[attr-defined]
    assert verify(services.store).problems == ()
