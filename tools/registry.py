"""All tools by exact name. Built-in ones and those of other distributions enter by `Registry.register`."""

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from tools.book_call import BookCall
from tools.notify_owner import NotifyOwner
from tools.offer_trial_upgrade import OfferTrialUpgrade
from tools.send_tutorial import SendTutorial
from tools.tool import Arguments, Tool, audience_of, media_of
from winback.errors import InputError, SetupError
from winback.spelling import did_you_mean
from winback.store.types import COLLEAGUE, CUSTOMER, EMAIL, IN_APP

GROUP = "winback.tools"
BUILT_IN: tuple[type[Tool], ...] = (SendTutorial, OfferTrialUpgrade, BookCall, NotifyOwner)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_METHODS = ("options", "resolve", "template_values", "attachments")


class Registry:
    """Tools in the order they were registered."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        for tool in tools:
            self.register(tool)

    def register(self, tool: Tool) -> None:
        """Let a tool in.

        Raises:
            SetupError: it is not shaped like a tool, or its name is taken.
        """
        for problem in _problems(tool):
            raise SetupError(f"{type(tool).__name__} is no tool: {problem}", fix="see docs/tools.md")
        if tool.name in self._tools:
            other = type(self._tools[tool.name]).__name__
            raise SetupError(f"tool name {tool.name!r} is taken by {other}", fix="rename or uninstall one")
        self._tools[tool.name] = tool

    def get(self, name: str) -> Tool:
        """Raises InputError for a name that is not exactly that of a tool."""
        if name not in self._tools:
            fix = did_you_mean(name, self._tools) or f"use one of {', '.join(sorted(self._tools))}"
            raise InputError(f"unknown tool {name!r}", fix=fix)
        return self._tools[name]

    def tool_names(self) -> frozenset[str]:
        return frozenset(self._tools)

    def topics(self) -> frozenset[str]:
        """What a customer can want to hear of, or not: the tools that reach customers."""
        return frozenset(tool.name for tool in self if audience_of(tool) == CUSTOMER)

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())


def default_registry() -> Registry:
    """The built-in tools and those of installed distributions (entry points in `winback.tools`).

    Raises:
        SetupError: a plugin cannot be imported, is not a tool, or claims a name that is taken.
    """
    plugins = sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    return Registry([*(make() for make in BUILT_IN), *(_from_plugin(point) for point in plugins)])


def _from_plugin(point: EntryPoint) -> Tool:
    try:
        tool: Tool = point.load()()
    except Exception as error:  # noqa: BLE001 - another distribution's code may fail in any way
        raise SetupError(
            f"tool plugin cannot be loaded: {type(error).__name__}: {error}",
            where=f"entry point {point.name} = {point.value}",
            fix="mend or uninstall it",
        ) from None
    if getattr(tool, "name", None) != point.name:
        raise SetupError(
            f"the tool calls itself {getattr(tool, 'name', None)!r}",
            where=f"entry point {point.name} = {point.value}",
            fix="give both the same name",
        )
    return tool


def _problems(tool: Any) -> Iterator[str]:
    name, arguments = getattr(tool, "name", None), getattr(tool, "arguments", None)
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        yield "its name must be lower-case letters, digits and _"
    if not (isinstance(arguments, type) and issubclass(arguments, Arguments)):
        yield "its arguments must be a subclass of tools.tool.Arguments"
    if not isinstance(getattr(tool, "template", None), str):
        yield "it names no template"
    if not isinstance(getattr(tool, "editable", None), tuple):
        yield "editable must be a tuple of names"
    if audience_of(tool) not in (CUSTOMER, COLLEAGUE):
        yield f"its audience must be {CUSTOMER!r} or {COLLEAGUE!r}"
    if not set(media_of(tool)) <= {EMAIL, IN_APP}:
        yield f"its media must be among {EMAIL!r} and {IN_APP!r}"
    yield from (f"it has no method {one!r}" for one in _METHODS if not callable(getattr(tool, one, None)))
