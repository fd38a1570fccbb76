"""Whatever is typed, or lies in a file, a mistake is one line that a terminal can show."""

from pathlib import Path

import pytest

from winback.cli.app import COMMANDS, main
from winback.errors import Exit


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line; nothing in it that a terminal obeys."""
    assert main(arguments) == Exit.BAD_INPUT
    said = capsys.readouterr()
    assert said.err.startswith("winback: ")
    assert said.err.endswith("\n")
    assert said.err[:-1].isprintable()
    return said.err


@pytest.mark.parametrize("command", COMMANDS)
def test_an_argument_that_is_not_utf8(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """For every command, before it does anything."""
    said = refused(capsys, command, "caf\udce9")
    assert said == "winback: an argument: 'caf\\udce9' is not UTF-8 text; write it in UTF-8\n"


def test_a_name_that_is_not_utf8(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the environment is named."""
    monkeypatch.setenv("WINBACK_USER", "ren\udce9")
    assert refused(capsys, "queue", "list").startswith("winback: WINBACK_USER: 'ren\\udce9' is not UTF-8 text")


HOSTILE = [
    '{id: a, kind: expires, hours: 1, tools: {"\\e]0;x\\a\\nb": long}}',
    '{id: a, kind: expr, expression: "account.id > \\e[31m 3", then: deny, reason: r}',
    '{id: a, kind: consent, "\\e[2J": 1}',
    '{id: "\\e[2J\\n", kind: consent}',
]


@pytest.mark.parametrize("rule", HOSTILE)
def test_a_file_cannot_move_the_cursor(rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be seen is spelt out, line ends too."""
    (tmp_path / "p.yaml").write_text(f"version: 1\nrules: [{rule}]\n")
    assert "\\x1b" in refused(capsys, "policy", "check", str(tmp_path / "p.yaml"))


def test_a_choice_that_is_missing_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Its choices are listed in it."""
    assert "Choose from: " in refused(capsys, "contact", "record", "c1", "--by", "ines")
