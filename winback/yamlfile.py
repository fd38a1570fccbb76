"""YAML files with the place of every key, so that a mistake is answered with file, line and column."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from winback.errors import InputError

Place = tuple[str | int, ...]
MAX_NODES = 100_000  # anchors can make a short file very long
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

    def line(self, place: Place) -> str:
        """The text of the line that `where` names."""
        number = int(self.where(place).rsplit(":", 2)[1])
        lines = self.text.splitlines()
        return lines[number - 1].strip() if number <= len(lines) else ""


def read_yaml(path: Path) -> YamlFile:
    """Read one YAML 1.2 document.

    Raises:
        InputError: no such file, it cannot be read, not UTF-8, not YAML, a key given twice, or nothing in it.
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
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read ({reason})", where=repr(str(path)), fix="check the path") from None
    return parse_yaml(text, path)


def is_folder(path: Path) -> bool:
    """Whether it is one; a path that cannot be looked at is none, and reading it will say why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def parse_yaml(text: str, path: Path) -> YamlFile:
    """As `read_yaml`, from text; `path` only names it in messages."""
    try:
        node = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else f"{path}:1:1"
        problem = " ".join(str(error.problem or error.context or "cannot be read").split())
        raise InputError(f"malformed YAML: {problem}", where=where, fix="mend the line") from None
    except Exception as error:  # noqa: BLE001 - the parser raises many kinds for text that is not YAML
        problem = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"malformed YAML: {problem}", where=f"{path}:1:1", fix="mend the file") from None
    if node is None:
        raise InputError("is empty", where=f"{path}:1:1", fix="see docs/operators.md for what goes in it")
    positions: dict[Place, tuple[int, int]] = {(): (1, 1)}
    try:
        data = _plain(node, (), positions)
    except RecursionError:
        raise InputError("contains itself", where=f"{path}:1:1", fix="remove the alias (*name)") from None
    except OverflowError:
        raise InputError("holds too many values", where=f"{path}:1:1", fix="write fewer aliases (*name)") from None
    return YamlFile(path=path, data=data, text=text, positions=positions)


def _plain(node: Any, place: Place, positions: dict[Place, tuple[int, int]]) -> Any:
    if len(positions) > MAX_NODES:
        raise OverflowError
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


def validate(
    model: type[M] | TypeAdapter[T], file: YamlFile, *, names: Iterable[str] = (), show_line: bool = False
) -> Any:
    """Turn a file into a model.

    `show_line` puts the text of the line into the message; not for files that may hold secrets.

    Raises:
        InputError: with file, line, column, and "did you mean" for keys (known: those that may
            stand at the place of the mistake, and `names`), kinds and words from a closed set.
    """
    adapter: TypeAdapter[Any] = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    try:
        return adapter.validate_python(file.data)
    except ValidationError as error:
        raise explain(error, file, adapter, names, show_line=show_line) from None


def explain(
    error: ValidationError,
    file: YamlFile,
    adapter: TypeAdapter[Any],
    names: Iterable[str] = (),
    *,
    show_line: bool = False,
) -> InputError:
    """The first thing wrong with the file, as one line."""
    details = sorted(_causes(error), key=lambda one: file.positions.get(_place(one["loc"], file), (0, 0)))
    first = next((one for one in details if one["type"] == "extra_forbidden"), details[0])
    place = _place(first["loc"], file)
    if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
        place = _place((*place, str(first["ctx"]["discriminator"]).strip("'")), file)
    what, fix = _say(first, place, adapter, names)
    text = f' in "{_short(file.line(place))}"' if show_line else ""
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return InputError(f"{what}{text}{more}", where=file.where(place), fix=fix)


def _causes(error: ValidationError) -> list[Any]:
    """The errors without those that only follow: a list whose items are wrong is also called too short."""
    found = error.errors()
    return [
        one
        for one in found
        if one["type"] != "too_short"
        or not any(other is not one and other["loc"][: len(one["loc"])] == one["loc"] for other in found)
    ]


def _say(detail: Any, place: Place, adapter: TypeAdapter[Any], names: Iterable[str]) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    key = str(detail["loc"][-1]) if detail["loc"] else ""
    value = detail.get("input")
    path = ".".join(str(part) for part in place) or "the file"
    match detail["type"]:
        case "extra_forbidden":
            known = sorted({*_known_keys(adapter.json_schema(), detail["loc"][:-1]), *names})
            return f"unknown key {key!r}", did_you_mean(key, known) or f"known here: {', '.join(known)}"
        case "missing":
            return f"key {key!r} is missing", f"add {key!r}"
        case "union_tag_not_found":
            key = str(detail["ctx"]["discriminator"]).strip("'")
            return f"key {key!r} is missing", f"add {key!r}"
        case "union_tag_invalid":
            kinds = _expected(detail)
            tag = str(detail["ctx"]["tag"])
            return f"{path}: unknown {tag!r}", did_you_mean(tag, kinds) or f"known: {', '.join(kinds)}"
        case "model_type" | "model_attributes_type" | "dict_type" | "dataclass_type":
            return f"{path}: should be a mapping of keys to values{_not(value)}", "mend the value"
        case "tuple_type" | "list_type" | "set_type" | "frozen_set_type":
            return f"{path}: should be a list{_not(value)}", "write [one, two] or one item a line with '- '"
        case "bool_type" | "bool_parsing":
            return f"{path}: should be true or false{_not(value)}", "write true or false"
    message = detail["msg"].removeprefix("Value error, ").replace("Tuple", "List")
    fix = "mend the value"
    if isinstance(value, str) and detail["type"] in ("literal_error", "enum"):
        fix = did_you_mean(value, _expected(detail)) or fix
    return f"{path}: {message}{_not(value)}", fix


def _not(value: Any) -> str:
    return f", not {_short(repr(value))}" if isinstance(value, str | int | float | bool) else ""


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:97]}..."


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
    context = detail.get("ctx", {})
    text = str(context.get("expected", context.get("expected_tags", "")))
    return [part for part in text.replace(" or ", ", ").replace("'", "").split(", ") if part]


def _known_keys(schema: Any, loc: tuple[int | str, ...]) -> set[str]:
    """The keys that may stand at a pydantic location, from the model's JSON schema."""
    nodes = [schema]
    for part in loc:
        nodes = [found for node in nodes for found in _step(schema, node, part)]
    return {name for node in nodes for one in _variants(schema, node) for name in one.get("properties", {})}


def _step(schema: Any, node: Any, part: int | str) -> list[Any]:
    """Where one part of a location leads: a key, an item, or a member of a tagged union."""
    found = []
    for one in _variants(schema, node):
        tagged = one.get("discriminator", {}).get("mapping", {})
        if part in tagged:
            found.append({"$ref": tagged[part]})
        elif part in one.get("properties", {}):
            found.append(one["properties"][part])
        elif isinstance(part, int) and "items" in one:
            found.append(one["items"])
        elif isinstance(one.get("additionalProperties"), dict):
            found.append(one["additionalProperties"])
    return found


def _variants(schema: Any, node: Any) -> list[Any]:
    """A schema node with its reference followed, or the members of an untagged union."""
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    if "anyOf" in node:
        return [found for one in node["anyOf"] for found in _variants(schema, one)]
    return [node]
