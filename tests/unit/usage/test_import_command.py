"""`winback import` at the command line: which kind of file it is, and what the operator reads."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.unit.usage.importing import HEADER, Write, usage
from winback.cli.context import Session
from winback.cli.import_ import command
from winback.errors import InputError
from winback.usage.warehouse import Warehouse

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    config = tmp_path / "config.yaml"
    config.write_text("version: 1\nhome: home\n")

    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(command, [str(one) for one in arguments], obj=Session(config))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def test_usage(run: Run, write: Write, warehouse: Warehouse) -> None:
    """Usage is stored, and the operator reads how much, what was refused, and where that lies."""
    path = write(HEADER + "a,p,f,2026-02-01,1\na,p,f,2026-02-30,1\n")
    shown = run(path).output
    assert len(usage(warehouse)) == 1
    assert "1 account, 2026-02-01 to 2026-02-01" in shown
    assert "1 bad row left out" in shown
    assert "day: is not a day or hour that exists" in shown
    assert str(warehouse.bad_folder) in shown
    assert "nothing changed" in run(path).output


def test_json(run: Run, write: Write) -> None:
    """With --json the standard output is one document."""
    result = run(write(HEADER + "a,p,f,2026-02-01,1\n"), "--json")
    assert json.loads(result.stdout)["rows"] == 1
    assert "100 %" in result.stderr


def test_flags_name_columns(run: Run, write: Write, warehouse: Warehouse) -> None:
    """Flags name the columns and day 0."""
    path = write("who,n,hits\na,-1,3\n")
    run(path, "--account", "who", "--day", "n", "--count", "hits", "--day-zero", "2026-02-02")
    ((account, _, _, day, count),) = usage(warehouse)
    assert (account, str(day), count) == ("a", "2026-02-01", 3)


def test_people_are_known_by_their_columns(run: Run, write: Write, warehouse: Warehouse) -> None:
    """A file about accounts and contacts is known by its columns; a second time nothing changes."""
    path = write("account,contact,email,consent,shoe\nacme,c1,a@b.example,granted,44\n", "people.csv")
    first, second = run(path).output, run(path).output
    assert "accounts: 1 new" in first
    assert "columns not used: shoe" in first
    assert "contacts: 0 new, 0 changed" in second
    assert warehouse.is_empty()


def test_people_take_no_flags(run: Run, write: Write) -> None:
    """--people together with a column flag is refused, not half obeyed."""
    with pytest.raises(InputError, match="no column flags"):
        run(write("account,contact\na,c\n"), "--people", "--day", "x")


def test_hostile_text_stays_text(run: Run, write: Write) -> None:
    """Names of files and columns reach the terminal as text: no markup, no control sequences."""
    path = write("account,account_name,[red]x\x9b31m\na,A,1\n", "p[bold]eople.csv")
    shown = run(path).output
    assert "p[bold]eople.csv" in shown
    assert "[red]x" in shown
    assert "\x9b" not in shown
