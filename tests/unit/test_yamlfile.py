"""A mistake in a YAML file is answered with its place, in one line."""

import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from winback.errors import InputError
from winback.yamlfile import parse_yaml, read_yaml, validate

PATH = Path("file.yaml")


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Cat(Part):
    kind: Literal["cat"]
    lives: int = Field(strict=True)
    toys: tuple[Literal["ball", "mouse"], ...] = Field((), min_length=1)


class Dog(Part):
    kind: Literal["dog"]
    legs: int = 4


class House(Part):
    pets: tuple[Annotated[Cat | Dog, Field(discriminator="kind")], ...]
    rooms: dict[str, Dog] = Field(default_factory=dict)
    guest: Cat | None = None
    open: bool = False


def answer(text: str, *, show_line: bool = False) -> str:
    with pytest.raises(InputError) as caught:
        validate(House, parse_yaml(text, PATH), show_line=show_line)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("pets: []\nopne: true\n", "file.yaml:2:1: unknown key 'opne'; did you mean 'open'?"),
        (
            "pets: [{kind: cat, lives: 9, tail: 4}]\n",
            "file.yaml:1:30: unknown key 'tail'; known here: kind, lives, toys",
        ),
        ("pets: [{kind: dog, lges: 4}]\n", "file.yaml:1:20: unknown key 'lges'; did you mean 'legs'?"),
        (
            "pets: []\nrooms: {attic: {kind: dog, lges: 3}}\n",
            "file.yaml:2:28: unknown key 'lges'; did you mean 'legs'?",
        ),
        (
            "pets: []\nguest: {kind: cat, lives: 9, livs: 3}\n",
            "file.yaml:2:30: unknown key 'livs'; did you mean 'lives'?",
        ),
        ("pets: [{kind: cta}]\n", "file.yaml:1:9: pets.1.kind: unknown 'cta'; did you mean 'cat'?"),
        ("pets: [{kind: elephant}]\n", "file.yaml:1:9: pets.1.kind: unknown 'elephant'; known: cat, dog"),
        ("pets: [{lives: 9}]\n", "file.yaml:1:8: key 'kind' is missing; add 'kind'"),
        ("pets: [{kind: cat}]\n", "file.yaml:1:8: key 'lives' is missing; add 'lives'"),
        (
            "pets: [one]\n",
            "file.yaml:1:8: pets.1: should be a mapping of keys to values, not 'one'; mend the value",
        ),
        ("pets: one\n", "file.yaml:1:1: pets: should be a list, not 'one'; write [one, two] or one item a line"),
        (
            "pets: []\nopen: perhaps\n",
            "file.yaml:2:1: open: should be true or false, not 'perhaps'; write true or false",
        ),
        (
            "pets: [{kind: cat, lives: 9, toys: [bal]}]\n",
            "file.yaml:1:37: pets.1.toys.1: Input should be 'ball' or 'mouse', not 'bal'; did you mean 'ball'?",
        ),
        (
            "pets: [{kind: cat, lives: nine}, {kind: dog, legs: x}]\n",
            "file.yaml:1:20: pets.1.lives: Input should be a valid integer, not 'nine' (and 1 more); mend",
        ),
    ],
)
def test_the_first_mistake_is_named_with_its_place(text: str, line: str) -> None:
    """Keys are compared with those that may stand there, kinds and words with their closed set."""
    assert answer(text).startswith(line)


def test_the_text_of_the_line_is_shown_on_request() -> None:
    """Not by default: a file may hold secrets. A long line is cut."""
    assert answer("pets: []\nopne: secret\n") == "file.yaml:2:1: unknown key 'opne'; did you mean 'open'?"
    shown = answer("pets: []\nopne: public\n", show_line=True)
    assert shown == "file.yaml:2:1: unknown key 'opne' in \"opne: public\"; did you mean 'open'?"
    assert "..." in answer(f"pets: []\nopne: {'x' * 200}\n", show_line=True)


def test_strict_fields_stay_strict() -> None:
    """A model that asks for a number is not given a word that looks like one."""
    assert "valid integer" in answer('pets: [{kind: cat, lives: "9"}]\n')


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("&a {b: *a}\n", "file.yaml:1:1: contains itself"),
        ("a: 1\na: 2\n", "file.yaml:2:1: key 'a' is given twice, first in line 1; remove one"),
        ("a: 1\n'a': 2\n", "file.yaml:2:1: key 'a' is given twice"),
        ("a: {1: 2}\n", "file.yaml:1:5: key '1' is no word; put it in quotes"),
        ("!!null a: 1\n", "file.yaml:1:1: key 'a' is no word"),
        ("[a]: 1\n", "file.yaml:1:1: a list or a mapping stands where a key should"),
        (
            "a: !!python/object:os.system x\n",
            "file.yaml:1:4: unknown tag 'tag:yaml.org,2002:python/object:os.system'",
        ),
        ("a: !mine {b: 1}\n", "file.yaml:1:4: unknown tag '!mine'; remove it"),
        ("a: 2026-02-30\n", "file.yaml:1:4: '2026-02-30' is no timestamp that can be read"),
        ("a: " + "9" * 5000, "file.yaml:1:4: '" + "9" * 60 + "' is no int that can be read"),
        ("a: &x {b: 1}\nc: {<<: [*x, 3]}\n", "file.yaml:2:14: '<<' wants a mapping"),
        ("a: [1\n", "file.yaml:1:6: malformed YAML"),
        ("a: [1\n\n  \n", "file.yaml:1:6: malformed YAML"),
        ("", "file.yaml:1:1: is empty"),
        ("~\n", "file.yaml:1:1: is empty"),
        ("a: 1\nb: \x00", "file.yaml:2:4: malformed YAML: the character"),
        ("a: " + "[" * 500, "file.yaml:1:63: is nested too deeply; write it flatter"),
        ("a:\n  b: " + "{a: " * 500, "file.yaml:2:"),
    ],
)
def test_text_that_is_no_yaml_is_refused(text: str, what: str) -> None:
    """Whatever the parser stumbles over becomes one line."""
    with pytest.raises(InputError) as caught:
        parse_yaml(text, PATH)
    assert str(caught.value).startswith(what)
    assert "\n" not in str(caught.value)


def test_merged_keys_give_way() -> None:
    """What `<<` brings in never replaces what is written; `yes` and `on` are words."""
    text = (
        "base: &b {max: 1, min: 2}\nother: {<<: *b, max: 3}\nlast: {<<: [{a: 1}, {a: 2, b: 3}]}\n'1': {yes: on}\n"
    )
    assert parse_yaml(text, PATH).data == {
        "base": {"max": 1, "min": 2},
        "other": {"max": 3, "min": 2},
        "last": {"a": 1, "b": 3},
        "1": {"yes": "on"},
    }


def test_aliases_cannot_fill_the_memory() -> None:
    """Ten lists of ten lists of ten lists, from nine short lines, are refused and not unfolded."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(InputError, match="holds too many values"):
        parse_yaml("\n".join(lines), PATH)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """A missing file, a folder and another encoding each have their line."""
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: \xe9\n")
    with pytest.raises(InputError, match="no such file"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="is a folder"):
        read_yaml(tmp_path)
    with pytest.raises(InputError, match=r"latin.yaml:2:1: is not UTF-8"):
        read_yaml(tmp_path / "latin.yaml")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("file/x.yaml", "'{}': cannot be read (Not a directory); check the path"),
        ("p" * 300, "'{}': cannot be read (File name too long); check the path"),
        ("a\0b", "cannot be read (embedded null byte); check the path"),
    ],
)
def test_a_path_that_cannot_be_read(tmp_path: Path, path: str, line: str) -> None:
    """Whatever the system says of a path, it is one line."""
    (tmp_path / "file").write_text("a: 1\n")
    with pytest.raises(InputError) as caught:
        read_yaml(tmp_path / path)
    assert line.format(tmp_path / path) in str(caught.value)


def test_the_line_is_shown_only_where_it_may_be() -> None:
    """A settings file may hold secrets; a policy may not."""
    for text in ("a: 1\na: secret\n", "a: [secret\n", "# secret\n"):
        with pytest.raises(InputError) as hidden:
            parse_yaml(text, PATH)
        assert "secret" not in str(hidden.value)
        with pytest.raises(InputError, match=r' in ".*secret"; '):
            parse_yaml(text, PATH, show_line=True)


def test_a_key_that_cannot_be_seen_is_spelt_out() -> None:
    """In the place of the mistake too: a terminal would obey it, or show nothing."""
    refused = answer('pets: []\nrooms:\n  "\\u200bhall": {kind: cow}\n')
    assert refused.isprintable()
    assert "rooms.\\u200bhall" in refused


def test_text_that_is_no_utf8_is_shown_with_a_mark(tmp_path: Path) -> None:
    """The line as far as it can be read."""
    (tmp_path / "p.yaml").write_bytes(b"a: 1\nb: gr\xfcn\n")
    with pytest.raises(InputError, match=re.escape('p.yaml:2:1: is not UTF-8 text in "b: gr\ufffdn"; ')):
        read_yaml(tmp_path / "p.yaml", show_line=True)


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
def test_a_line_is_what_yaml_calls_one(character: str) -> None:
    """Python's lines are more: the wrong one would be shown."""
    with pytest.raises(InputError, match=r"file.yaml:2:1: key 'a' is given twice, first in line 1 in \"a: 2\"; "):
        parse_yaml(f"a: 'x{character}y'\na: 2\n", PATH, show_line=True)
