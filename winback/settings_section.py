"""What every section of the settings is made of."""

from ipaddress import ip_network
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("is not a time zone of the IANA database, such as Asia/Kolkata") from None
    return name


Zone = Annotated[str, AfterValidator(_zone)]


def _network(given: str) -> str:
    try:
        ip_network(given)
    except ValueError:
        raise ValueError("is no address or network, such as 127.0.0.1 or 10.0.0.0/8") from None
    return given


Network = Annotated[str, AfterValidator(_network)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=False)
