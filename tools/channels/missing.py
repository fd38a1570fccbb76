"""The way out for a medium that nobody configured: nothing goes, and a person is told."""

from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel, Receipt
from winback.errors import SetupError


class MissingChannel:
    """Refuses everything for good: what was meant for it can be tried again once there is a channel."""

    name = "missing"
    capability: Capability = "blind"
    can_tell = False

    def __init__(self, medium: str) -> None:
        self._medium = medium

    def send(self, parcel: Parcel) -> Receipt:  # noqa: ARG002  whatever it is
        raise NotSent(f"no channel for {self._medium} is configured", retry=False)

    def lookup(self, key: str) -> Receipt | None:
        raise MaybeSent(f"no channel for {self._medium} can be asked about {key[:12]}")

    def probe(self) -> None:
        raise SetupError(f"no channel for {self._medium} is configured", where="channels", fix="configure one")
