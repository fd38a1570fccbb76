"""An effect that a worker has in hand, and what may become of it before anything is sent."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, inspect, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session

from tools.channels.channel import Parcel
from winback.decisions.kind import EntryKind
from winback.decisions.steps import Steps
from winback.store.among import among
from winback.store.models import Effect
from winback.store.types import CaseState, EffectState
from workers.acted import Acted, step, unknown
from workers.gather import Gathered
from workers.services import Services

EFFECT = cast("Table", inspect(Effect).local_table)
FROZEN = "the worker that was sending it does not answer and may still send it"


@dataclass(frozen=True)
class Claim:
    """An effect this worker may carry out now, and the epoch it must still hold to say how it went.

    `doubtful`: an earlier worker may still be at it, so that not even a refusal proves that nothing went.
    `policy` is the hash of the one that judged it.
    """

    effect: Effect
    parcel: Parcel
    doubtful: bool
    policy: str


@dataclass(frozen=True)
class Intents:
    """Intents of one transaction: written by one statement for each channel."""

    owner: str
    at: datetime
    until: datetime
    by_channel: dict[str, list[int]] = field(default_factory=dict)

    def add(self, effect: Effect, channel: str) -> None:
        """From here on it may have been sent, once `flush` has written it."""
        self.by_channel.setdefault(channel, []).append(effect.id or 0)
        values = {**self._values(channel), "epoch": effect.epoch + 1, "attempts": effect.attempts + 1}
        for name, value in values.items():
            set_committed_value(effect, name, value)

    def flush(self, session: Session) -> None:
        """Write them."""
        counted = {"epoch": EFFECT.c.epoch + 1, "attempts": EFFECT.c.attempts + 1}
        for channel, numbers in self.by_channel.items():
            chosen = update(EFFECT).where(among(EFFECT.c.id, numbers))
            session.connection().execute(chosen.values({**self._values(channel), **counted}))

    def _values(self, channel: str) -> dict[str, Any]:
        return {
            "state": EffectState.IN_FLIGHT.value,
            "channel": channel,
            "intent_at": self.at,
            "lease_owner": self.owner,
            "lease_until": self.until,
        }


def intents_of(services: Services, now: datetime) -> Intents:
    """Those of this worker, under its lease."""
    return Intents(services.owner, now, now + timedelta(seconds=services.settings.worker.lease_seconds))


@dataclass(frozen=True)
class Hand:
    """An effect in hand, locked. `uncertain`: an earlier try of it may have arrived, or may still arrive."""

    steps: Steps
    services: Services
    effect: Effect
    now: datetime
    gathered: Gathered
    intents: "Intents"
    uncertain: bool

    @property
    def session(self) -> Session:
        return self.steps.session

    def lapse(self, body: dict[str, Any], again: datetime, evidence: bytes | None = None) -> Acted:
        """Nothing is sent; an agent may look at the case again at `again`."""
        effect = self.effect
        if self.uncertain:
            return unknown(self.steps, effect, self.now, FROZEN)
        effect.state, effect.intent_at = EffectState.LAPSED, None
        effect.problem = str(body.get("reason", "the policy refused it at the moment of acting"))
        return step(
            self.steps, effect, EntryKind.LAPSED, self.now, body, evidence=evidence,
            state=CaseState.WATCHING, next_at=again,
        )  # fmt: skip

    def defer(self, until: datetime, body: dict[str, Any], evidence: bytes | None = None) -> Acted:
        """Nothing is sent now; it is due again at `until`."""
        effect = self.effect
        if self.uncertain:
            return unknown(self.steps, effect, self.now, FROZEN)
        effect.state, effect.intent_at, effect.due_at = EffectState.PENDING, None, until
        entry = {**body, "until": until}
        return step(self.steps, effect, EntryKind.DEFERRED, self.now, entry, evidence=evidence)

    def intend(self, parcel: Parcel, body: dict[str, Any], evidence: bytes | None = None) -> Claim:
        """The intent, under a lease: from here on it may have been sent."""
        effect, services = self.effect, self.services
        self.intents.add(effect, services.way(effect.medium).name)
        self.gathered.counted.intended(effect, self.now)
        entry = {**body, "epoch": effect.epoch, "channel": effect.channel}
        step(self.steps, effect, EntryKind.INTENT, self.now, entry, evidence=evidence)
        return Claim(effect, parcel, self.uncertain, services.policy.hash)
