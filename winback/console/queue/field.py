"""The editable fields of a tool, as a form shows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from prompts.message import FALLBACK, slots_of
from winback.console.evidence.item import ItemView
from winback.console.queue.preview import SLOTS, values_of
from workers.services import Services

PREFIX = "field."
"""What the fields of an edit are called in a form, so that none is taken for another."""


@dataclass(frozen=True)
class Field:
    """One of them. `choices` are all values that it has, where they are few; `limit` counts characters."""

    name: str
    value: str
    words: bool
    number: bool
    limit: int
    choices: tuple[str, ...]


def fields_of(services: Services, view: ItemView) -> tuple[Field, ...]:
    """What may be edited on this card, with its value of now."""
    return tuple(_fields(services, view)) if view.installed else ()


def _fields(services: Services, view: ItemView) -> Iterator[Field]:
    tool = services.registry.get(view.tool)
    schema = tool.arguments.model_json_schema()
    language = view.outgoing.words.language if view.outgoing else FALLBACK
    limits = {one.name: one.limit for one in slots_of(tool.template, language)}
    for name, value in values_of(view).items():
        slot = name.removeprefix(SLOTS)
        if name.startswith(SLOTS):
            yield Field(name, value, words=True, number=False, limit=limits.get(slot, 300), choices=())
            continue
        kind: dict[str, Any] = schema["properties"].get(name, {})
        kind = next((one for one in kind.get("anyOf", ()) if one.get("type") != "null"), kind)
        choices = tuple(str(one) for one in kind.get("enum", ()))
        number = kind.get("type") in ("integer", "number")
        yield Field(name, value, words=False, number=number, limit=200, choices=choices)


def given_in(form: dict[str, str]) -> dict[str, str]:
    """The fields of an edit that a form brings."""
    return {name.removeprefix(PREFIX): value for name, value in form.items() if name.startswith(PREFIX)}
