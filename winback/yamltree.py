"""YAML text as plain values, with the place of every key and item."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from winback.yamlinside import Scalar, lines_of

Place = tuple[str | int, ...]
Positions = dict[Place, tuple[int, int]]
MAX_DEPTH = 60
MAX_NODES = 100_000  # anchors can make a short file very long
STANDARD = "tag:yaml.org,2002:"
SCALARS = frozenset(STANDARD + name for name in ("str", "int", "float", "bool", "null", "timestamp"))
MERGE = STANDARD + "merge"
MEND = "mend the line"


class BadYamlError(Exception):
    """What is wrong with the text, its 1-based line and column, and what to do."""

    def __init__(self, what: str, line: int, column: int, fix: str) -> None:
        self.what, self.line, self.column, self.fix = what, line, column, fix
        super().__init__(what)


class Tree(NamedTuple):
    """The values of a document (None for an empty one), and where its keys, items and texts stand."""

    data: Any
    positions: Positions
    scalars: dict[Place, Scalar]


def read_tree(text: str) -> Tree:
    """One YAML 1.2 document as values, with the 1-based (line, column) of every key, item and text.

    Raises:
        BadYamlError: not YAML, a key that is no word or given twice, an unknown tag, or too much of it.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    yaml.composer.warn_double_anchors = False  # YAML lets an anchor be set again
    try:
        node = yaml.compose(text)
        tree = _Tree(yaml.constructor)
        if node is not None:
            tree.positions[()] = (node.start_mark.line + 1, node.start_mark.column + 1)
        data = None if node is None else tree.value(node, ())
        return Tree(data, tree.positions, tree.scalars)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = _shown(text, mark.line + 1, mark.column + 1) if mark else (1, 1)
        if isinstance(error, MaxDepthExceededError):
            raise BadYamlError("is nested too deeply", line, column, "write it flatter") from None
        raise BadYamlError(f"malformed YAML: {_problem(error)}", line, column, MEND) from None
    except ReaderError as error:
        before = text[: error.position]
        what = f"malformed YAML: the character {error.character!r} may not stand in a text"
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise BadYamlError(what, line, column, "remove it") from None
    except BadYamlError:
        raise
    except (
        YAMLError,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        AssertionError,
        RecursionError,
    ) as error:
        # The parser stumbles in many ways over text that is not YAML.
        what = " ".join(str(error).split())[:200] or type(error).__name__
        raise BadYamlError(f"malformed YAML: {what}", 1, 1, "mend the file") from None


def _shown(text: str, line: int, column: int) -> tuple[int, int]:
    """The place, or, where nothing stands in its line, the end of what stands last before it."""
    lines = lines_of(text)[:line]
    if len(lines) == line and lines[-1].strip():
        return line, column
    for number in range(len(lines), 0, -1):
        if before := lines[number - 1].rstrip():
            return number, len(before) + 1
    return line, column


def _problem(error: MarkedYAMLError) -> str:
    return " ".join(str(error.problem or error.context or "cannot be read").split())[:200]


class _Tree:
    """One walk over the nodes of a document."""

    def __init__(self, constructor: Any) -> None:
        self.positions: Positions = {(): (1, 1)}
        self.scalars: dict[Place, Scalar] = {}
        self._constructor = constructor
        self._around: list[Node] = []

    def value(self, node: Node, place: Place) -> Any:
        if len(self.positions) > MAX_NODES:
            raise _bad(node, "holds too many values", "write fewer aliases (*name)")
        if isinstance(node, ScalarNode):
            mark = node.start_mark
            self.scalars[place] = Scalar(mark.line + 1, mark.column + 1, str(node.style or ""))
            return self._scalar(node)
        if any(node is one for one in self._around):
            raise _bad(node, "contains itself", "remove the alias (*name)")
        if node.tag not in (STANDARD + "map", STANDARD + "seq"):
            raise _bad(node, f"unknown tag {str(node.tag)[:100]!r}", "remove it")
        self._around.append(node)
        found = self._mapping(node, place) if isinstance(node, MappingNode) else self._sequence(node, place)
        self._around.pop()
        return found

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key, value in _pairs(node):
            inner = (*place, key.value)
            self.positions[inner] = (key.start_mark.line + 1, key.start_mark.column + 1)
            plain[key.value] = self.value(value, inner)
        return plain

    def _sequence(self, node: Node, place: Place) -> list[Any]:
        for index, item in enumerate(node.value):
            self.positions[(*place, index)] = (item.start_mark.line + 1, item.start_mark.column + 1)
        return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]

    def _scalar(self, node: ScalarNode) -> Any:
        tag = str(node.tag)
        if tag == STANDARD + "str":
            return str(node.value)
        if tag not in SCALARS:
            raise _bad(node, f"unknown tag {tag[:100]!r}", "remove it")
        try:
            found = self._constructor.yaml_constructors[tag](self._constructor, node)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, AssertionError, MarkedYAMLError):
            kind = tag.removeprefix(STANDARD)
            raise _bad(node, f"{str(node.value)[:60]!r} is no {kind} that can be read", "mend the value") from None
        return found if found is None or isinstance(found, bool | int | float | date) else str(found)


def _pairs(node: MappingNode, depth: int = 0) -> Iterator[tuple[ScalarNode, Node]]:
    """Keys and values; what `<<` brings in stands behind, and gives way to, what is written here."""
    if depth > 20:
        raise _bad(node, "contains itself", "remove the alias (*name)")
    own: dict[str, ScalarNode] = {}
    merged: list[Node] = []
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise _bad(key, "a list or a mapping stands where a key should", "write a word")
        if key.tag == MERGE:
            merged += value.value if isinstance(value, SequenceNode) else [value]
            continue
        if key.tag != STANDARD + "str":
            raise _bad(key, f"key {str(key.value)[:60]!r} is no word", "put it in quotes")
        if (first := own.get(key.value)) is not None:
            line = first.start_mark.line + 1
            raise _bad(key, f"key {key.value[:60]!r} is given twice, first in line {line}", "remove one")
        own[key.value] = key
        yield key, value
    yield from _merged(merged, set(own), depth)


def _merged(nodes: Sequence[Node], taken: set[str], depth: int) -> Iterator[tuple[ScalarNode, Node]]:
    for one in nodes:
        if not isinstance(one, MappingNode):
            raise _bad(one, "'<<' wants a mapping", MEND)
        for key, value in _pairs(one, depth + 1):
            if key.value not in taken:
                taken.add(key.value)
                yield key, value


def _bad(node: Node, what: str, fix: str) -> BadYamlError:
    return BadYamlError(what, node.start_mark.line + 1, node.start_mark.column + 1, fix)
