"""So much of JSON Schema as the policy schema uses; a keyword that is not known here is an error."""

import re
from collections.abc import Callable, Iterator
from typing import Any

Node = dict[str, Any]

SILENT = {"$schema", "$defs", "description", "title", "default"}
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}


def problems(value: Any, node: Node, root: Node, place: str = "") -> Iterator[str]:
    """What is wrong with a value, each with its place."""
    for word, wanted in node.items():
        if word in NESTED:
            yield from NESTED[word](value, wanted, node, root, place)
        elif word not in SILENT and not HOLDS[word](value, wanted):
            yield f"{place}: {word} {str(wanted)[:60]}"


def _ref(value: Any, wanted: Any, _node: Node, root: Node, place: str) -> Iterator[str]:
    yield from problems(value, root["$defs"][wanted.rsplit("/", 1)[-1]], root, place)


def _any_of(value: Any, wanted: Any, _node: Node, root: Node, place: str) -> Iterator[str]:
    if not any(not list(problems(value, one, root, place)) for one in wanted):
        yield f"{place}: fits none"


def _one_of(value: Any, wanted: Any, _node: Node, root: Node, place: str) -> Iterator[str]:
    if sum(not list(problems(value, one, root, place)) for one in wanted) != 1:
        yield f"{place}: fits none, or several"


def _properties(value: Any, wanted: Any, _node: Node, root: Node, place: str) -> Iterator[str]:
    for key in set(wanted) & set(value if isinstance(value, dict) else ()):
        yield from problems(value[key], wanted[key], root, f"{place}.{key}")


def _additional(value: Any, wanted: Any, node: Node, root: Node, place: str) -> Iterator[str]:
    for key in set(value if isinstance(value, dict) else ()) - set(node.get("properties", {})):
        yield from [f"{place}.{key}: unknown"] if wanted is False else problems(value[key], wanted, root, place)


def _items(value: Any, wanted: Any, _node: Node, root: Node, place: str) -> Iterator[str]:
    for index, one in enumerate(value if isinstance(value, list) else ()):
        yield from problems(one, wanted, root, f"{place}.{index}")


def _names(value: Any, wanted: Any, _node: Node, root: Node, place: str) -> Iterator[str]:
    for key in value if isinstance(value, dict) else ():
        yield from problems(key, wanted, root, f"{place}.{key}")


NESTED: dict[str, Callable[[Any, Any, Node, Node, str], Iterator[str]]] = {
    "$ref": _ref,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "propertyNames": _names,
}


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "type": _is,
    "const": lambda value, wanted: value == wanted and type(value) is type(wanted),
    "enum": lambda value, wanted: value in wanted,
    "required": lambda value, wanted: not isinstance(value, dict) or set(wanted) <= set(value),
    "pattern": lambda value, wanted: not isinstance(value, str) or re.search(wanted, value) is not None,
    "minimum": lambda value, wanted: not _number(value) or value >= wanted,
    "maximum": lambda value, wanted: not _number(value) or value <= wanted,
    "exclusiveMinimum": lambda value, wanted: not _number(value) or value > wanted,
    "minLength": lambda value, wanted: not isinstance(value, str) or len(value) >= wanted,
    "maxLength": lambda value, wanted: not isinstance(value, str) or len(value) <= wanted,
    "minItems": lambda value, wanted: not isinstance(value, list) or len(value) >= wanted,
    "minProperties": lambda value, wanted: not isinstance(value, dict) or len(value) >= wanted,
}
