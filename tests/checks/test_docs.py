"""The documents name what is there."""

import re
from pathlib import Path

import click
import pytest

from winback.cli.app import COMMANDS, app
from winback.decisions.kind import EntryKind
from winback.decisions.tell import WORDS
from workers.review import REJECT_CODES

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link is to a file that exists."""
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps(name: str) -> None:
    """`-h` on each command and subcommand says what it does."""
    command = app.get_command(click.Context(app), name)
    assert command is not None
    assert command.help
    if isinstance(command, click.Group):
        assert all(one.help for one in command.commands.values())


def test_commands_in_the_documents_exist() -> None:
    """A `winback ...` in a code block names a real command."""
    for page in PAGES:
        for name in re.findall(
            r"^(?:    )?(?:\.venv/bin/)?winback ([a-z]+)\b", page.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert name in COMMANDS, (page.name, name)


def test_every_kind_of_entry_has_words() -> None:
    """`log tail` can tell all of them."""
    assert set(WORDS) == set(EntryKind)


def test_reject_codes_are_in_the_reviewers_guide() -> None:
    """A code nobody can read about is no use."""
    text = (ROOT / "docs" / "reviewers.md").read_text(encoding="utf-8")
    assert all(f"`{code}`" in text for code in REJECT_CODES)
