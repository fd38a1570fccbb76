"""What the steps work with; `winback.bootstrap` puts it together, tests put in fakes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # what only reviews or records something starts without agents, DuckDB and NumPy
    from agents.brief import Brief
    from agents.choice import Outcome
    from agents.meter import Meter
    from agents.writer import Writer
    from policies.policy import Policy
    from tools.catalogue import Catalogue
    from tools.channels.channel import Channel
    from tools.registry import Registry
    from tools.tool import Option
    from winback.clock import Clock
    from winback.settings import Settings
    from winback.store.store import Store
    from winback.usage.warehouse import Warehouse
    from workers.freshness import Recovery
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
    """One composition. `policies` and `shadow` are looked at before every decision (`watch_policies`)."""

    settings: "Settings"
    clock: "Clock"
    store: "Store"
    warehouse: "Warehouse"
    catalogue: "Catalogue"
    registry: "Registry"
    policies: "PolicySource"
    selector: Chooser
    writer: "Writer"
    channel: "Channel"
    recovery: "Recovery"
    meter: "Meter"
    owner: str
    shadow: "PolicySource | None" = None

    @property
    def again(self) -> timedelta:
        """How long until an agent looks again at a case nobody was contacted for."""
        return timedelta(days=self.settings.worker.propose_again_days)

    @property
    def policy(self) -> "Policy":
        """The one in force."""
        return self.policies.policy

    @property
    def judging(self) -> "tuple[Policy, ...]":
        """The one in force, and the shadow where there is one: both need their counts and draws."""
        return (self.policy, self.shadow.policy) if self.shadow else (self.policy,)
