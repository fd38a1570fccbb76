"""What is sent to the API, and the same as fields of forms."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from policies.rejection import REJECT_CODES
from winback.clock import aware
from winback.console.queue.wanted import Words
from workers.desk import LONGEST, MINUTES

HASH = r"^[0-9a-fA-F]{8,64}$"
VERSION = r"^[0-9]{1,7}\.[0-9a-f]{8}$"
NOTE = 2000


def countable(moment: datetime) -> datetime:
    """In UTC.

    Raises:
        ValueError: no calendar has it there.
    """
    try:
        return aware(moment)
    except OverflowError:
        raise ValueError("is no moment of these centuries") from None


Hash = Annotated[
    str, Field(pattern=HASH, description="The hash that was shown: 8 digits or more.", examples=["e231b9a22bd9"])
]
Version = Annotated[
    str, Field(pattern=VERSION, description="The version that was shown.", examples=["1.7d51a299"])
]
Moment = Annotated[AwareDatetime, AfterValidator(countable)]
Code = Annotated[Words, Field(max_length=40, examples=["not_now"], json_schema_extra={"enum": list(REJECT_CODES)})]
Changes = Annotated[
    dict[Words, Annotated[Words, Field(max_length=NOTE)]],
    Field(min_length=1, max_length=20, examples=[{"slots.note": "We made a short film about it."}]),
]


class Body(BaseModel):
    """Nothing is taken that has no meaning."""

    model_config = ConfigDict(extra="forbid")


class Seen(Body):
    """The item as it was shown: whatever changed since is told, and nothing is done."""

    hash: Hash
    version: Version


class SeenItem(Seen):
    """One of several."""

    item: int = Field(ge=1, le=2**31 - 1, examples=[1])


class Together(Body):
    """Items of one tool and template, to be approved at once."""

    items: list[SeenItem] = Field(
        min_length=1, max_length=200, examples=[[{"item": 1, "hash": "e231b9a22bd9", "version": "1.7d51a299"}]]
    )


class Refusal(Seen):
    """Why not."""

    code: Code
    note: Words = Field(
        "", max_length=NOTE, description="In your own words; kept beside the item.",
        examples=["They are on holiday."],
    )  # fmt: skip


class Later(Seen):
    """Until when it is out of sight; it must be before the item expires."""

    until: Moment = Field(examples=["2026-05-13T09:00:00+05:30"])


class Colleague(Seen):
    """Who shall have it."""

    to: Words = Field(
        min_length=1, max_length=100, description="Somebody's login who may decide.", examples=["ravi"]
    )


class Edit(Seen):
    """Other values for fields that the tool lets edit: arguments by name, words as `slots.NAME`."""

    changes: Changes


class Draft(Body):
    """An edit to be looked at."""

    changes: Changes


class Claim(Body):
    """For how long nobody else decides it."""

    minutes: int = Field(MINUTES, ge=1, le=LONGEST, examples=[MINUTES])
    take_over: bool = Field(False, description="Even if somebody else has it in hand.", examples=[False])


class ViewFilters(Body):
    """Filters to keep, by the names that the list takes."""

    filters: dict[Words, Words | float] = Field(
        max_length=20, examples=[{"tool": "send_tutorial", "older_hours": 24}]
    )
