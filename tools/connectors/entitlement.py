"""One act on an entitlement, read from a parcel: what every connector must know of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from prompts.message import clean
from tools.channels.channel import NotSent, Parcel
from winback.clock import aware

Part = Literal["grant", "take_back"]

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Entitlement:
    """`account` has `plan` in place of `from_plan` until `until` (aware, UTC).

    Account, trial and `until` together name it: taking back names the same ones as granting did.
    """

    part: Part
    account: str
    trial: str
    plan: str
    from_plan: str
    days: int
    until: datetime

    @property
    def name(self) -> tuple[str, str, datetime]:
        return self.account, self.trial, self.until


def entitlement_of(parcel: Parcel) -> Entitlement:
    """Read a parcel whose part is `grant` or `take_back`.

    Raises:
        NotSent: the parcel is of another kind, or lacks something; trying again is no use.
    """
    payload = parcel.payload
    part: Part
    match parcel.part:
        case "grant" | "take_back":
            part = parcel.part
        case other:
            raise NotSent(f"{clean(other, 40)!r} is no act on an entitlement", retry=False)
    if not parcel.account or len(parcel.account) > LONGEST:
        raise NotSent("the parcel does not say whose entitlement it is", retry=False)
    return Entitlement(
        part=part,
        account=parcel.account,
        trial=_text(payload, "trial"),
        plan=_text(payload, "plan"),
        from_plan=_text(payload, "from_plan"),
        days=_days(payload),
        until=_moment(payload, "until"),
    )


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not value or len(value) > LONGEST:
        raise _unusable(name, value)
    return value


def _days(payload: Mapping[str, Any]) -> int:
    value = payload.get("days")
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _unusable("days", value)
    return value


def _moment(payload: Mapping[str, Any], name: str) -> datetime:
    value = payload.get(name)
    try:
        return aware(datetime.fromisoformat(value if isinstance(value, str) else ""))
    except ValueError:
        raise _unusable(name, value) from None


def _unusable(name: str, value: object) -> NotSent:
    return NotSent(f"{name} of the entitlement is {clean(repr(value), 80)}, which cannot be used", retry=False)
