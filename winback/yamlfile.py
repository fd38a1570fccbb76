"""YAML files with the place of every key, so that a mistake is answered with file, line and column."""

import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from winback.errors import InputError
from winback.spelling import did_you_mean
from winback.yamlinside import Scalar, lines_of, spot
from winback.yamltree import BadYamlError, Place, read_tree

__all__ = ["Place", "YamlFile", "explain", "is_folder", "parse_yaml", "read_text", "read_yaml", "validate"]

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class YamlFile:
    """A parsed file: plain values, and the 1-based (line, column) of every key and item."""

    path: Path
    data: Any
    text: str
    positions: Mapping[Place, tuple[int, int]] = field(repr=False)
    scalars: Mapping[Place, Scalar] = field(default_factory=dict, repr=False)

    def where(self, place: Place, offset: int | None = None) -> str:
        """`file:line:column` of a place, or of the nearest place around it that is in the file.

        `offset`: of that character of the text which stands there.
        """
        line, column = self._spot(place, offset)
        return f"{self.path}:{line}:{column}"

    def line(self, place: Place, offset: int | None = None) -> str:
        """The text of the line that `where` names, with a dot for what cannot be seen."""
        return line_of(self.text, self._spot(place, offset)[0])

    def refusal(self, what: str, place: Place, fix: str, offset: int | None = None) -> InputError:
        """What is wrong at a place, with the text of its line: not for files that may hold secrets."""
        shown = within(self.line(place, offset))
        return InputError(f"{what}{shown}", where=self.where(place, offset), fix=fix)

    def _spot(self, place: Place, offset: int | None) -> tuple[int, int]:
        if offset is not None and (written := self.scalars.get(place)) is not None:
            found = spot(lines_of(self.text), written, str(self._at(place)), offset)
            if found is not None:
                return found
        for end in range(len(place), -1, -1):
            if (key := self.positions.get(place[:end])) is not None:
                return key
        return 1, 1

    def _at(self, place: Place) -> Any:
        value = self.data
        for part in place:
            value = value[part]
        return value


def line_of(text: str, number: int) -> str:
    """A line by its 1-based number, with a dot for what cannot be seen; empty when there is none."""
    lines = lines_of(text)
    found = lines[number - 1].strip() if number <= len(lines) else ""
    return "".join(one if one.isprintable() else "·" for one in found)


def within(line: str) -> str:
    """A line as the end of what is wrong in it; empty when there is nothing in the line."""
    return f' in "{_short(line)}"' if line else ""


def read_yaml(path: Path, *, show_line: bool = False) -> YamlFile:
    """Read one YAML 1.2 document. `show_line` as for `validate`.

    Raises:
        InputError: no such file, not a regular one, it cannot be read, not UTF-8, not YAML, a key given
            twice, or nothing in it.
    """
    return parse_yaml(read_text(path, show_line=show_line), path, show_line=show_line)


def read_text(path: Path, *, show_line: bool = False) -> str:
    """The text of such a file, with line ends as they are in Python; raises as `read_yaml`."""
    try:
        _refuse_odd(path)
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("no such file", where=str(path), fix="check the path") from None
    except IsADirectoryError:
        raise InputError("is a folder, not a YAML file", where=str(path), fix="name the file") from None
    except PermissionError:
        raise InputError("may not be read", where=str(path), fix="check its permissions") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        shown = _shown(error.object.decode("utf-8", errors="replace"), line, show=show_line)
        raise InputError(f"is not UTF-8 text{shown}", where=f"{path}:{line}:1", fix="save it as UTF-8") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read ({reason})", where=repr(str(path)), fix="check the path") from None


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


def parse_yaml(text: str, path: Path, *, show_line: bool = False) -> YamlFile:
    """As `read_yaml`, from text; `path` only names it in messages."""
    try:
        tree = read_tree(text)
    except BadYamlError as error:
        what = error.what + _shown(text, error.line, show=show_line)
        raise InputError(what, where=f"{path}:{error.line}:{error.column}", fix=error.fix) from None
    if tree.data is None:
        what = "is empty" + _shown(text, 1, show=show_line)
        raise InputError(what, where=f"{path}:1:1", fix="see docs/operators.md for what goes in it")
    return YamlFile(path, tree.data, text, tree.positions, tree.scalars)


def _shown(text: str, line: int, *, show: bool) -> str:
    return within(line_of(text, line)) if show else ""


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
    what, fix = _say(first, _path(place, file), adapter, names)
    offset = first.get("ctx", {}).get("offset")
    text = within(file.line(place, offset)) if show_line else ""
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return InputError(f"{what}{text}{more}", where=file.where(place, offset), fix=fix)


def _path(place: Place, file: YamlFile) -> str:
    """A place in words: an item of a list by its id, else by its number from 1 on."""
    words, value = [], file.data
    for part in place:
        value = value[part]
        name = value.get("id") if isinstance(part, int) and isinstance(value, dict) else None
        named = (
            name
            if isinstance(name, str) and name.isprintable() and name
            else part + 1
            if isinstance(part, int)
            else part
        )
        words.append(_short(_spelt_out(str(named))))
    return ".".join(words) or "the file"


def _causes(error: ValidationError) -> list[Any]:
    """The errors without those that only follow: a list whose items are wrong is also called too short."""
    found = error.errors()
    return [
        one
        for one in found
        if one["type"] != "too_short"
        or not any(other is not one and other["loc"][: len(one["loc"])] == one["loc"] for other in found)
    ]


def _say(detail: Any, path: str, adapter: TypeAdapter[Any], names: Iterable[str]) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    key = str(detail["loc"][-1]) if detail["loc"] else ""
    value = detail.get("input")
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


def _spelt_out(text: str) -> str:
    return text if text.isprintable() else repr(text)[1:-1]


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
        # A part that leads nowhere names a member of a union; its own keys decide.
        nodes = [found for node in nodes for found in _step(schema, node, part)] or nodes
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
    if members := node.get("anyOf") or (node.get("oneOf") if "discriminator" not in node else None):
        return [found for one in members for found in _variants(schema, one)]
    return [node]
