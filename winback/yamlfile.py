"""YAML files with the place of every key, so that a mistake is answered with file, line and column."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from winback.errors import InputError

Place = tuple[str | int, ...]
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class YamlFile:
    """A parsed file: plain values, and the 1-based (line, column) of every key and item."""

    path: Path
    data: Any
    text: str
    positions: Mapping[Place, tuple[int, int]] = field(repr=False)

    def where(self, place: Place) -> str:
        """`file:line:column` of a place, or of the nearest place around it that is in the file."""
        for end in range(len(place), -1, -1):
            if (found := self.positions.get(place[:end])) is not None:
                return f"{self.path}:{found[0]}:{found[1]}"
        return f"{self.path}:1:1"


def read_yaml(path: Path) -> YamlFile:
    """Read one YAML 1.2 document.

    Raises:
        InputError: no such file, not UTF-8, not YAML, a key given twice, or nothing in it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("no such file", where=str(path), fix="check the path") from None
    except IsADirectoryError:
        raise InputError("is a folder, not a YAML file", where=str(path), fix="name the file") from None
    except PermissionError:
        raise InputError("may not be read", where=str(path), fix="check its permissions") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError("is not UTF-8 text", where=f"{path}:{line}:1", fix="save it as UTF-8") from None
    return parse_yaml(text, path)


def parse_yaml(text: str, path: Path) -> YamlFile:
    """As `read_yaml`, from text; `path` only names it in messages."""
    try:
        node = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else f"{path}:1:1"
        problem = " ".join(str(error.problem or error.context or "cannot be read").split())
        raise InputError(f"malformed YAML: {problem}", where=where, fix="mend the line") from None
    except (YAMLError, ValueError, RecursionError) as error:
        problem = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"malformed YAML: {problem}", where=f"{path}:1:1", fix="mend the file") from None
    if node is None:
        raise InputError("is empty", where=f"{path}:1:1", fix="see docs/operators.md for what goes in it")
    positions: dict[Place, tuple[int, int]] = {(): (1, 1)}
    return YamlFile(path=path, data=_plain(node, (), positions), text=text, positions=positions)


def _plain(node: Any, place: Place, positions: dict[Place, tuple[int, int]]) -> Any:
    if isinstance(node, CommentedMap):
        plain: dict[str, Any] = {}
        for key, value in node.items():
            line, column = node.lc.key(key) if key in (node.lc.data or {}) else (0, 0)
            positions[(*place, str(key))] = (line + 1, column + 1)
            plain[str(key)] = _plain(value, (*place, str(key)), positions)
        return plain
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            line, column = node.lc.item(index) if index in (node.lc.data or {}) else (0, 0)
            positions[(*place, index)] = (line + 1, column + 1)
        return [_plain(value, (*place, index), positions) for index, value in enumerate(node)]
    if isinstance(node, str):
        return str(node)
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, int):
        return int(node)
    if isinstance(node, float):
        return float(node)
    return node


def validate(model: type[M] | TypeAdapter[T], file: YamlFile, *, names: Iterable[str] = ()) -> Any:
    """Turn a file into a model.

    Raises:
        InputError: with file, line, column, and "did you mean" for keys (known: the model's own
            fields wherever the mistake is, and `names`).
    """
    adapter: TypeAdapter[Any] = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    try:
        return adapter.validate_python(file.data, strict=False)
    except ValidationError as error:
        raise explain(error, file, adapter, names) from None


def explain(
    error: ValidationError, file: YamlFile, adapter: TypeAdapter[Any], names: Iterable[str] = ()
) -> InputError:
    """The first thing wrong with the file, as one line."""
    details = sorted(error.errors(), key=lambda one: file.positions.get(_place(one["loc"], file), (0, 0)))
    first = next((one for one in details if one["type"] == "extra_forbidden"), details[0])
    place = _place(first["loc"], file)
    key = str(first["loc"][-1]) if first["loc"] else ""
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    known = {*_field_names(adapter.json_schema()), *names}
    if first["type"] == "extra_forbidden":
        return InputError(
            f"unknown key {key!r}{more}",
            where=file.where(place),
            fix=did_you_mean(key, known) or "remove it",
        )
    if first["type"] == "missing":
        return InputError(f"key {key!r} is missing{more}", where=file.where(place), fix=f"add {key!r}")
    message = first["msg"].removeprefix("Value error, ")
    value = first.get("input")
    given = f", not {value!r}" if isinstance(value, str | int | float | bool) else ""
    path = ".".join(str(part) for part in place)
    fix = "mend the value"
    if isinstance(value, str) and first["type"] in ("literal_error", "enum"):
        fix = did_you_mean(value, _expected(first)) or fix
    return InputError(f"{path}: {message}{given}{more}", where=file.where(place), fix=fix)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """`did you mean 'x'?` for the nearest known word, or None."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else None


def _place(loc: tuple[int | str, ...], file: YamlFile) -> Place:
    """The part of pydantic's location that is in the file (it adds names of union members)."""
    place: Place = ()
    for part in loc:
        if (*place, part) in file.positions:
            place = (*place, part)
    return place


def _expected(detail: Any) -> list[str]:
    text = str(detail.get("ctx", {}).get("expected", ""))
    return [part for part in text.replace(" or ", ", ").replace("'", "").split(", ") if part]


def _field_names(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        own = set(schema.get("properties", {})) if isinstance(schema.get("properties"), dict) else set()
        return own.union(*(_field_names(value) for value in schema.values()))
    if isinstance(schema, list):
        return set().union(*(_field_names(value) for value in schema))
    return set()
