"""What the steps work with; `winback.bootstrap` puts it together, tests put in fakes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from tools.channels.missing import MissingChannel
from winback.breaker import Breaker
from workers.pace import Pace

if TYPE_CHECKING:  # what only reviews or records something starts without agents, DuckDB and NumPy
    from agents.brief import Brief
    from agents.choice import Outcome
    from agents.meter import Meter
    from agents.writer import Writer
    from policies.policy import Policy
    from tools.calendars.configured import Calendars
    from tools.catalogue import Catalogue
    from tools.channels.channel import Channel
    from tools.registry import Registry
    from tools.tool import Option
    from winback.clock import Clock
    from winback.settings import Settings
    from winback.store.store import Store
    from winback.usage.warehouse import Warehouse
    from workers.freshness import Recovery
    from workers.link import Links
    from workers.policy_source import PolicySource


class Chooser(Protocol):
    """Chooses among options; `agents.selector.Selector` asks a model."""

    @property
    def name(self) -> str: ...

    @property
    def embedded(self) -> bool: ...

    def choose(self, brief: "Brief", options: "Sequence[Option]") -> "Outcome": ...


@dataclass(frozen=True)
class Services:
    """One composition. `policies` and `shadow` are looked at before every decision (`watch_policies`).

    `channels` are the ways out by their medium; `links` lead to the customer's pages, where there are any;
    `calendars` say when hosts are busy, where any host has one.
    """

    settings: "Settings"
    clock: "Clock"
    store: "Store"
    warehouse: "Warehouse"
    catalogue: "Catalogue"
    registry: "Registry"
    policies: "PolicySource"
    selector: Chooser
    writer: "Writer"
    channels: "Mapping[str, Channel]"
    recovery: "Recovery"
    meter: "Meter"
    owner: str
    shadow: "PolicySource | None" = None
    links: "Links | None" = None
    calendars: "Calendars | None" = None
    breakers: "dict[str, Breaker]" = field(default_factory=dict)

    @cached_property
    def pace(self) -> Pace:
        """How many acts fit a lease."""
        return Pace(self.settings.worker.lease_seconds)

    @property
    def again(self) -> timedelta:
        """How long until an agent looks again at a case nobody was contacted for."""
        return timedelta(days=self.settings.worker.propose_again_days)

    def way(self, medium: str) -> "Channel":
        """The channel for a medium; one that refuses everything where none is configured."""
        return self.channels.get(medium) or MissingChannel(medium)

    def breaker(self, way: str) -> "Breaker":
        """Keeps an outage of one receiver (`workers.retry.receiver_of`) from being tried at with every act."""
        return self.breakers.setdefault(way, Breaker(self.clock))

    @property
    def policy(self) -> "Policy":
        """The one in force."""
        return self.policies.policy

    @property
    def judging(self) -> "tuple[Policy, ...]":
        """The one in force, and the shadow where there is one: both need their counts and draws."""
        shadow = self.shadow_policy
        return (self.policy, shadow) if shadow else (self.policy,)

    @property
    def shadow_policy(self) -> "Policy | None":
        """The one that judges beside it, where there is one that can be used."""
        return self.shadow.loaded if self.shadow else None
