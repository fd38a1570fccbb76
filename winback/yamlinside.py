"""Where in a YAML file a character of a text stands: for mistakes inside a text of many lines."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Scalar(NamedTuple):
    """Where a text begins in the file, 1-based, and how it is written: '|', '>', '"', "'" or '' (plain)."""

    line: int
    column: int
    style: str


BREAK = re.compile(r"\r\n|\r|\n")


def lines_of(text: str) -> list[str]:
    """The lines as YAML 1.2 counts them: fewer characters break a line there than in Python."""
    return BREAK.split(text)


def spot(lines: Sequence[str], written: Scalar, text: str, offset: int) -> tuple[int, int] | None:
    """The 1-based line and column of `text[offset]`, or of what follows the text; None where nobody can tell.

    White space may be folded in many ways, so the other characters are walked over, one beside the other.
    """
    source = _characters(lines, written)
    wanted = [index for index, one in enumerate(text) if not one.isspace()]
    place = None
    for index in wanted:
        found = next(source, None)
        if found is not None and _escapes(found[2], written.style):
            found = next(source, None)
        if found is None or found[2] != text[index]:
            return None
        place = found[0], found[1]
        if index >= offset:
            return place
    return None if place is None else (place[0], place[1] + 1)


def _escapes(character: str, style: str) -> bool:
    """Whether the next character is meant: a quote within single quotes stands twice."""
    return (style == "'" and character == "'") or (style == '"' and character == "\\")


def _characters(lines: Sequence[str], written: Scalar) -> Iterator[tuple[int, int, str]]:
    """Line, column and character of all that is no white space, from where the text begins."""
    block = written.style in ("|", ">")
    first = written.line + block
    begins = 1 if block else written.column + bool(written.style)
    for number in range(first, len(lines) + 1):
        for column, character in enumerate(lines[number - 1], start=1):
            if (number > first or column >= begins) and not character.isspace():
                yield number, column, character
