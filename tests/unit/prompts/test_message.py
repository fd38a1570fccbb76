"""Rendering: hostile values stay values, slots stay in their bounds, versions name what was said."""

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prompts.message
from prompts.message import (
    Slot,
    clean,
    has_link,
    message_language,
    person_name,
    render_message,
    slot_problems,
    slots_of,
)
from tests.unit.tools.situations import COMPANY, SITUATION
from tools.send_tutorial import SendTutorial
from winback.errors import InputError, SetupError, WinbackError

TOOL = SendTutorial()
VALUES = TOOL.template_values(TOOL.options(SITUATION)[0], SITUATION)
BIDI = "\u202e\u2066\u200f\u061c"


def render(slots: dict[str, str] | None = None, language: str = "en", **values: Any) -> prompts.message.Message:
    return render_message("send_tutorial", language, {**VALUES, **values}, slots or {}, COMPANY)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_clean_text_is_one_visible_line(text: str) -> None:
    """Whatever comes in, one line without control or turning characters comes out, and cleaning is done once."""
    found = clean(text, 80)
    assert len(found) <= 80
    assert len(found.splitlines()) <= 1
    kept = [one for one in found if unicodedata.category(one)[0] == "C"]
    assert set(kept) <= {"\u200c", "\u200d"}
    assert clean(found, 80) == found


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_hostile_names_add_no_line(name: str, owner: str) -> None:
    """A name can change the words of its line, never the number of lines."""
    plain = render().body.count("\n")
    message = render(name=name, owner="x" + owner)
    assert message.body.count("\n") == plain
    assert len(message.subject.splitlines()) == 1


@settings(deadline=None)
@given(st.text(max_size=60))
def test_greeting_never_becomes_a_link(name: str) -> None:
    """A name that a mail program would make a link of is left out of the greeting."""
    assert not has_link(person_name(name))


@pytest.mark.parametrize(
    "name", ["http://evil.example", "www.evil.example", "evil.example.com", "a@b.co", "123", BIDI]
)
def test_names_that_are_none_are_left_out(name: str) -> None:
    """An address, a number or nothing visible is no name to greet with."""
    assert person_name(name) == ""


@pytest.mark.parametrize("name", ["Asha Rao", "आशा राव", "O'Brien, Pat", "J. R. Smith", "Zoë", "李雷"])
def test_names_are_kept(name: str) -> None:
    """People's names in any script stay as they are."""
    assert person_name(name) == name


def test_template_code_in_a_value_is_only_text() -> None:
    """A value that looks like template code is said, not run."""
    assert "{{ 7 * 7 }}" in render(owner="{{ 7 * 7 }}").body


def test_hindi_keeps_its_joiners() -> None:
    """Letters that need a joiner are not broken by cleaning."""
    assert clean("क\u094d\u200dष", 20) == "क\u094d\u200dष"


def test_slot_fills_its_place() -> None:
    """A writer's words stand where the template's own would stand, and are kept with the message."""
    message = render({"subject": "A look at reports", "note": "You had made good progress."})
    assert message.subject == "A look at reports"
    assert "You had made good progress." in message.body
    assert "If something got in the way" not in message.body
    assert message.slots == {"subject": "A look at reports", "note": "You had made good progress."}


def test_empty_slot_gets_the_templates_words() -> None:
    """A slot of white space counts as not filled."""
    assert render({"note": "  \n"}) == render()


@pytest.mark.parametrize(
    ("slots", "problem"),
    [
        ({"notes": "x"}, "slot 'notes' is unknown"),
        ({"subject": "x" * 71}, "slot 'subject' is longer than 70 characters"),
        ({"note": "see https://evil.example"}, "slot 'note' holds a link or an address"),
        ({"note": "see evil.example.com"}, "slot 'note' holds a link or an address"),
        ({"note": "see \uff57\uff57\uff57.evil"}, "slot 'note' holds a link or an address"),
        ({"note": "write to me@evil.example"}, "slot 'note' holds a link or an address"),
    ],
)
def test_slot_out_of_bounds_is_refused(slots: dict[str, str], problem: str) -> None:
    """An unknown slot, a long one and one with a link are named, and nothing is rendered."""
    assert slot_problems("send_tutorial", "en", slots) == (problem,)
    with pytest.raises(InputError, match="the message's slot"):
        render(slots)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["subject", "note"]), st.text(max_size=60)))
def test_slots_without_problems_render(slots: dict[str, str]) -> None:
    """What has no problem can be said, and makes no new line."""
    if not slot_problems("send_tutorial", "en", slots):
        assert render(slots).body.count("\n") == render().body.count("\n")


def test_slots_are_declared_by_the_template() -> None:
    """The template says what may be filled and how long it may be."""
    assert slots_of("send_tutorial", "hi") == (Slot("subject", 70), Slot("note", 300))


def test_language_without_template_falls_back_and_says_so() -> None:
    """A message in a language we have no words for is in English, and is marked English."""
    assert message_language("send_tutorial", "fr") == "en"
    assert render(language="fr") == render(language="en")
    assert render(language="../en").language == "en"


def test_missing_value_is_an_error() -> None:
    """A template that asks for what nobody gave fails; it never leaves a hole."""
    values = {name: value for name, value in VALUES.items() if name != "link"}
    with pytest.raises(WinbackError, match=r"message template send_tutorial\.en: cannot be rendered: 'link'"):
        render_message("send_tutorial", "en", values, {}, COMPANY)


def test_value_of_unknown_kind_is_refused() -> None:
    """Only plain values reach a template."""
    with pytest.raises(TypeError, match="cannot say a object"):
        render(owner=object())


def test_version_changes_with_the_template_and_what_it_includes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version is that of every word: an included file counts."""
    made = []
    for part in ("one", "two"):
        folder = tmp_path / part
        folder.mkdir()
        (folder / "x.en.txt").write_text("Subject: Hi\n\nbody {% include 'part.en.txt' %}\n")
        (folder / "part.en.txt").write_text(part)
        monkeypatch.setattr(prompts.message, "MESSAGES", folder)
        made.append(render_message("x", "en", {}, {}, COMPANY))
    first, second = made
    assert first.body == "body one\n"
    assert first.template_version != second.template_version


@pytest.mark.parametrize(
    "front", ["Hello\n\nbody", "Subject: a\nSubject: b\n\nbody", "Slot: a\nSubject: b\n\nbody"]
)
def test_malformed_front_part_is_named(front: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template without exactly one subject, or with a malformed slot, is refused with its path."""
    (tmp_path / "x.en.txt").write_text(front)
    monkeypatch.setattr(prompts.message, "MESSAGES", tmp_path)
    with pytest.raises(SetupError, match=r"x\.en\.txt"):
        render_message("x", "en", {}, {}, COMPANY)


def test_template_of_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin's templates lie in its own package and may include ours."""
    folder = tmp_path / "some_winback_plugin" / "messages"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "hello.en.txt").write_text("Subject: Hello\n\n{% include 'close.en.txt' %}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    message = render_message("some_winback_plugin:hello", "en", {"owner": "Jonas"}, {}, COMPANY)
    assert "To stop messages like this one" in message.body
    with pytest.raises(SetupError, match="no package 'not_there'"):
        render_message("not_there:hello", "en", {}, {}, COMPANY)
