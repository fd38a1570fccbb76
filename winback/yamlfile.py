"""YAML files with the place of every key, so that a mistake is answered with file, line and column."""

import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from winback.errors import InputError
from winback.spelling import did_you_mean
from winback.yamltree import BadYamlError, Place, read_tree

__all__ = ["Place", "YamlFile", "explain", "is_folder", "parse_yaml", "read_yaml", "validate"]

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
        """The text of the line that `where` names, with a dot for what cannot be seen."""
        number = int(self.where(place).rsplit(":", 2)[1])
        lines = self.text.splitlines()
        text = lines[number - 1].strip() if number <= len(lines) else ""
        return "".join(one if one.isprintable() else "·" for one in text)


def read_yaml(path: Path) -> YamlFile:
    """Read one YAML 1.2 document.

    Raises:
        InputError: no such file, not a regular one, it cannot be read, not UTF-8, not YAML, a key given
            twice, or nothing in it.
    """
    try:
        _refuse_odd(path)
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


def _refuse_odd(path: Path) -> None:
    """Reading a pipe or a device may never end."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise InputError("is no regular file", where=str(path), fix="name a YAML file")


def is_folder(path: Path) -> bool:
    """Whether it is one; a path that cannot be looked at is none, and reading it will say why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def parse_yaml(text: str, path: Path) -> YamlFile:
    """As `read_yaml`, from text; `path` only names it in messages."""
    try:
        data, positions = read_tree(text)
    except BadYamlError as error:
        raise InputError(error.what, where=f"{path}:{error.line}:{error.column}", fix=error.fix) from None
    if data is None:
        raise InputError("is empty", where=f"{path}:1:1", fix="see docs/operators.md for what goes in it")
    return YamlFile(path=path, data=data, text=text, positions=positions)


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
    path = ".".join(_short(str(part)) for part in place) or "the file"
    match detail["type"]:
        case "extra_forbidden":
            known = sorted({*_known_keys(adapter.json_schema(), detail["loc"][:-1]), *names})
            return f"unknown key {_short(key)!r}", did_you_mean(key, known) or f"known here: {', '.join(known)}"
        case "missing":
            return f"key {key!r} is missing", f"add {key!r}"
        case "union_tag_not_found":
            key = str(detail["ctx"]["discriminator"]).strip("'")
            return f"key {key!r} is missing", f"add {key!r}"
        case "union_tag_invalid":
            kinds = _expected(detail)
            tag = _short(str(detail["ctx"]["tag"]))
            return f"{path}: unknown {tag!r}", did_you_mean(tag, kinds) or f"known: {', '.join(kinds)}"
        case "model_type" | "model_attributes_type" | "dict_type" | "dataclass_type":
            return f"{path}: should be a mapping of keys to values{_not(value)}", "mend the value"
        case "tuple_type" | "list_type" | "set_type" | "frozen_set_type":
            return f"{path}: should be a list{_not(value)}", "write [one, two] or one item a line with '- '"
        case "bool_type" | "bool_parsing":
            return f"{path}: should be true or false{_not(value)}", "write true or false"
    message, fix = detail["msg"].removeprefix("Value error, ").replace("Tuple", "List"), "mend the value"
    if detail["type"] == "value_error" and "; " in message:  # what our own checks say ends with what to do
        message, fix = message.split("; ", 1)
    if isinstance(value, str) and detail["type"] in ("literal_error", "enum"):
        fix = did_you_mean(value, _expected(detail)) or fix
    return f"{path}: {message}{_not(value)}", fix


def _not(value: Any) -> str:
    return f", not {_short(repr(value))}" if isinstance(value, str | int | float | bool) else ""


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:97]}..."


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
