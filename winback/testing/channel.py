"""A channel that keeps what it is given in memory, and fails when it is told to."""

from dataclasses import dataclass, field

from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel, Receipt
from winback.errors import SetupError


@dataclass
class MemoryChannel:
    """Keeps parcels in `sent`, in order. `failures` are raised by the next sends, first first.

    As `keyed` it refuses a repeated key by answering with the first receipt, as real receivers do.
    `lost` says that a MaybeSent in `failures` did arrive after all.
    """

    capability: Capability = "keyed"
    name: str = "memory"
    sent: list[Parcel] = field(default_factory=list)
    failures: list[NotSent | MaybeSent] = field(default_factory=list)
    lost: bool = True
    healthy: bool = True

    @property
    def can_tell(self) -> bool:
        return self.capability != "blind"

    def send(self, parcel: Parcel) -> Receipt:
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, MaybeSent) and self.lost:
                self._keep(parcel)
            raise failure
        return self._keep(parcel)

    def lookup(self, key: str) -> Receipt | None:
        if self.capability == "blind":
            raise MaybeSent("a blind channel cannot tell")
        return next((self._receipt(one) for one in self.sent if one.key == key), None)

    def probe(self) -> None:
        if not self.healthy:
            raise SetupError("the memory channel was told to be ill", fix="set healthy")

    def _keep(self, parcel: Parcel) -> Receipt:
        repeated = self.capability == "keyed" and any(one.key == parcel.key for one in self.sent)
        if not repeated:
            self.sent.append(parcel)
        return self._receipt(parcel)

    def _receipt(self, parcel: Parcel) -> Receipt:
        return Receipt(channel=self.name, reference=parcel.key[:12], answer="kept", at=parcel.sent_at)
