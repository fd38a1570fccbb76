"""The registry: exact names, one door for built-in tools and plugins, nothing let in that is no tool."""

from importlib.metadata import EntryPoint
from typing import Any

import pytest

import tools.registry
from prompts.message import slots_of
from tests.unit.tools.situations import situation
from tools.registry import Registry, default_registry
from tools.send_tutorial import SendTutorial
from winback.errors import InputError, SetupError


class Other(SendTutorial):
    name = "other_tool"


class NoTool:
    name = "other_tool"


def broken() -> Any:
    raise RuntimeError("out of order")


def plugin(monkeypatch: pytest.MonkeyPatch, value: str, name: str = "other_tool") -> None:
    point = EntryPoint(name=name, value=value, group="winback.tools")
    monkeypatch.setattr(tools.registry, "entry_points", lambda group: [point] if group == "winback.tools" else [])


def test_built_in_tools() -> None:
    """The four built-in tools are there, in their order; one of them is nothing that customers could refuse."""
    registry = default_registry()
    assert [tool.name for tool in registry] == [
        "send_tutorial",
        "offer_trial_upgrade",
        "book_call",
        "notify_owner",
    ]
    assert registry.tool_names() == {"send_tutorial", "offer_trial_upgrade", "book_call", "notify_owner"}
    assert registry.topics() == {"send_tutorial", "offer_trial_upgrade", "book_call"}


@pytest.mark.parametrize("name", ["send", "send_tutorial_all", "Send_Tutorial", " send_tutorial", ""])
def test_names_match_exactly(name: str) -> None:
    """A name that is not exactly a tool's is unknown: neither a prefix nor another case will do."""
    with pytest.raises(InputError, match="unknown tool"):
        default_registry().get(name)


def test_a_near_name_is_suggested() -> None:
    """A slip of the pen is answered with the name that was meant."""
    with pytest.raises(InputError, match="did you mean 'book_call'"):
        default_registry().get("book_cal")


def test_a_name_is_taken_once() -> None:
    """A second tool of the same name is refused, not put in place of the first."""
    with pytest.raises(SetupError, match="tool name 'send_tutorial' is taken by SendTutorial"):
        default_registry().register(SendTutorial())


def test_plugin_enters_by_the_same_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool of another distribution is found by its entry point and stands after the built-in ones."""
    plugin(monkeypatch, f"{__name__}:Other")
    monkeypatch.setattr(EntryPoint, "load", lambda _self: Other)
    assert default_registry().get("other_tool").name == "other_tool"


@pytest.mark.parametrize(
    ("loaded", "name", "says"),
    [
        (broken, "other_tool", "RuntimeError: out of order"),
        (Other, "another_name", "the tool calls itself 'other_tool'"),
        (SendTutorial, "send_tutorial", "is taken"),
        (NoTool, "other_tool", "NoTool is no tool: its arguments"),
    ],
)
def test_broken_plugin_is_named(loaded: Any, name: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin that fails, lies about its name or is no tool stops the start, in one line."""
    plugin(monkeypatch, "some.module:Tool", name)
    monkeypatch.setattr(EntryPoint, "load", lambda _self: loaded)
    with pytest.raises(SetupError) as caught:
        default_registry()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_plugin_module_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point that leads nowhere is told as what it is."""
    plugin(monkeypatch, "not_there_at_all:Tool")
    with pytest.raises(SetupError, match="entry point other_tool = not_there_at_all:Tool"):
        default_registry()


def test_what_is_editable_exists() -> None:
    """Every editable name is an argument of the tool or a slot of its template, in every language."""
    for tool in default_registry():
        for language in ("en", "hi"):
            slots = {f"slots.{slot.name}" for slot in slots_of(tool.template, language)}
            assert set(tool.editable) <= slots | set(tool.arguments.model_fields)


def test_options_name_their_tool_and_an_id_of_the_catalogue() -> None:
    """What any tool offers customers carries its own name, arguments of its kind and a known id; fits fall."""
    here = situation()
    for tool in default_registry():
        options = tool.options(here)
        assert [option.fit for option in options] == sorted((option.fit for option in options), reverse=True)
        for option in options:
            assert option.tool == tool.name
            assert isinstance(option.arguments, tool.arguments)
            assert option.catalogue_id in here.catalogue.ids() or option.audience == "colleague"


def test_an_empty_registry_knows_nothing() -> None:
    """A registry without tools lets no name through."""
    assert Registry().tool_names() == frozenset()
    with pytest.raises(InputError, match="unknown tool 'send_tutorial'"):
        Registry().get("send_tutorial")
