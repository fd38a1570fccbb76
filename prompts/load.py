"""Prompts for the model: files with versions and languages, rendered by one function.

A file `agent/NAME.LANGUAGE.md` holds turns, each under a line `=== system`, `=== user` or
`=== assistant`. It is cut into turns before it is rendered, so no value can begin a turn of its own.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from winback.errors import SetupError

Role = Literal["system", "user", "assistant"]

FOLDER = Path(__file__).parent / "agent"
VERSION_DIGITS = 12
_HEADING = re.compile(r"^=== ?(.*)$", re.MULTILINE)
_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said in the conversation that is put before the model."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """`version` names the words: a short hash of the file's content."""

    name: str
    language: str
    version: str
    turns: tuple[Turn, ...]

    def render(self, values: Mapping[str, Any]) -> tuple[Turn, ...]:
        """The turns with the values in place.

        Raises:
            jinja2.UndefinedError: the prompt needs a value that was not given.
        """
        return tuple(Turn(turn.role, _render(turn.text, values)) for turn in self.turns)


@cache
def load_prompt(name: str, language: str = "en") -> Prompt:
    """Read a prompt file.

    Raises:
        SetupError: there is no such file, or it is not made of turns.
    """
    path = FOLDER / f"{name}.{language}.md"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SetupError(
            f"cannot be read: {error.strerror}", where=str(path), fix="install Winback again"
        ) from error
    version = hashlib.sha256(text.encode()).hexdigest()[:VERSION_DIGITS]
    return Prompt(name=name, language=language, version=version, turns=_turns(text, path))


def _turns(text: str, path: Path) -> tuple[Turn, ...]:
    before, *parts = _HEADING.split(text)
    roles, bodies = parts[::2], parts[1::2]
    if before.strip() or not roles or not set(roles) <= set(get_args(Role)):
        raise SetupError(
            "is not made of turns",
            where=str(path),
            fix="put every line under '=== system', '=== user' or '=== assistant'",
        )
    return tuple(
        Turn(role=role, text=body.strip())  # type: ignore[arg-type]  # checked above against the same names
        for role, body in zip(roles, bodies, strict=True)
    )


@cache
def _template(text: str) -> Any:
    return _ENVIRONMENT.from_string(text)


def _render(text: str, values: Mapping[str, Any]) -> str:
    return str(_template(text).render(values)).strip()
