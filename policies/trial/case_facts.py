"""The facts of a case file, typed: made from `policies.facts`, so that neither can forget the other."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, create_model, model_validator

from policies.facts import ConsentFacts, Facts, Happening, PastContact

WHOLE = (ConsentFacts, Happening, PastContact)
"""What a case gives as a whole; of everything else it gives what differs."""


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Some(_Given):
    """A part of the facts: what it leaves out stays, so one that gives nothing is a mistake."""

    @model_validator(mode="after")
    def _says_something(self) -> "_Some":
        if not self.model_fields_set:
            raise ValueError("is empty and changes nothing; give what differs, or leave it out")
        return self


def _moment(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise ValueError('should be a moment with a zone, such as "2026-03-04T12:00:00Z"')
    return found


def _day(value: Any) -> date:
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if not isinstance(found, date) or isinstance(found, datetime):
        raise ValueError('should be a day, such as "2026-03-04"')  # noqa: TRY004  pydantic wants this one
    return found


Moment = Annotated[datetime, BeforeValidator(_moment)]
Day = Annotated[date, BeforeValidator(_day)]


def _model(kind: Any) -> type[_Given]:
    hints = get_type_hints(kind)
    given: dict[str, Any] = {
        one.name: (_given(hints[one.name]), ... if kind in WHOLE and _needed(one) else None)
        for one in fields(kind)
    }
    return cast("type[_Given]", create_model(kind.__name__, __base__=_Given if kind is Facts else _Some, **given))


def _needed(one: "Field[Any]") -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _given(hint: Any) -> Any:
    """The type of a fact as a case may write it."""
    inner = get_args(hint)
    if is_dataclass(hint):
        return _model(hint)
    if hint is datetime:
        return Moment
    if hint is date:
        return Day
    match get_origin(hint):
        case origin if origin in (Union, UnionType):
            return Union[tuple(NoneType if one is NoneType else _given(one) for one in inner)]  # noqa: UP007
        case origin if origin is tuple:
            return list[_given(inner[0])]  # type: ignore[misc]  # made while running
        case origin if origin is Mapping:
            return dict[inner[0], _given(inner[1])]  # type: ignore[misc, valid-type]
    return hint


if TYPE_CHECKING:

    class FactsChanges(_Given):
        """What differs from the sound act: any of the fields of `policies.facts.Facts`."""
else:
    FactsChanges = _model(Facts)
