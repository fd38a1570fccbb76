"""The typed union a selector may answer with, built from exactly the options at hand."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, create_model

from agents.choice import ChoiceReason
from tools.tool import Option

NO_ACTION = "no_action"

Shape: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]

# Keywords of JSON Schema that strict endpoints refuse; pydantic checks them again on our side.
_REFUSED = frozenset({"title", "default", "discriminator", "minimum", "maximum", "maxLength", "minLength"})


class StrictAnswer(BaseModel):
    """An answer whose schema every strict endpoint accepts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """JSON Schema with `anyOf` for `oneOf`, `enum` for `const`, and every property required."""
        # LangChain wants the title of the whole, and of the whole only, for a name.
        return {"title": cls.__name__, **_strict(super().model_json_schema(*args, **kwargs))}


class NoAction(StrictAnswer):
    tool: Literal["no_action"]
    reason: Literal["nothing_fits", "drop_too_small", "contacted_enough", "likely_to_return", "other"]


class Selection(StrictAnswer):
    """What the selector's model answers; `action` is narrowed to the options of one case."""

    action: Any
    confidence: float = Field(ge=0, le=1)


def keyed(options: Sequence[Option]) -> dict[tuple[str, str], Option]:
    """Options by tool and key. The key is the catalogue id, numbered where it stands more than once.

    Raises:
        ValueError: an option's tool has the name that stands for doing nothing.
    """
    found: dict[tuple[str, str], Option] = {}
    for option in options:
        if option.tool == NO_ACTION:
            raise ValueError(f"no tool may be called {NO_ACTION}")
        key, number = option.catalogue_id, 1
        while (option.tool, key) in found:
            number += 1
            key = f"{option.catalogue_id}#{number}"
        found[option.tool, key] = option
    return found


def shape_of(options: Mapping[tuple[str, str], Option]) -> Shape:
    """Per tool the keys of its options, in their order."""
    by_tool: dict[str, list[str]] = {}
    for tool, key in options:
        by_tool.setdefault(tool, []).append(key)
    return tuple((tool, tuple(keys)) for tool, keys in by_tool.items())


@lru_cache(maxsize=256)
def selection_type(shape: Shape) -> type[Selection]:
    """The answer type for options of this shape; the same type for the same shape."""
    members: list[Any] = [_action(number, tool, keys) for number, (tool, keys) in enumerate(shape)]
    union: Any = Annotated[_union([*members, NoAction]), Field(discriminator="tool")]
    return create_model("Selection", __base__=Selection, action=(union, ...))


def _action(number: int, tool: str, keys: tuple[str, ...]) -> type[BaseModel]:
    reasons = tuple(name for name in get_args(ChoiceReason) if name != "not_said")
    fields: dict[str, Any] = {
        "tool": (Literal[tool], ...),
        "option": (Literal[keys], ...),
        "why": (Literal[reasons], ...),
    }
    return create_model(f"Action{number}", __base__=StrictAnswer, **fields)


def _union(members: Sequence[Any]) -> Any:
    union = members[0]
    for member in members[1:]:
        union = union | member
    return union


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    clean = {_RENAMED.get(key, key): _strict(value) for key, value in node.items() if key not in _REFUSED}
    if "const" in clean:
        clean["enum"] = [clean.pop("const")]
    return clean


_RENAMED = {"oneOf": "anyOf"}
