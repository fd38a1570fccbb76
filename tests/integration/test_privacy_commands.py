"""`winback privacy` and `winback contact` at the command line."""

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from winback.cli import privacy
from winback.cli.app import main

Run = Callable[..., tuple[int, str, str]]

PEOPLE = (
    "account,account_name,contact,contact_name,email,consent\n"
    "acme,Acme,c1,Ravi Shah,ravi@acme.example,granted\nacme,Acme,c2,Ann Ray,ann@acme.example,granted\n"
    "solo@x.example,Solo,solo@x.example,So Lo,solo@x.example,granted\n"
)
USAGE = "account,contact,feature,day,count\nacme,c1,reports,2026-02-01,3\nacme,c2,reports,2026-02-01,4\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "usage.csv").write_text(USAGE)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    for name in ("people.csv", "usage.csv"):
        assert run("import", name)[0] == 0
    return run


def test_without_yes_and_a_person_nothing_is_erased(run: Run) -> None:
    """What would go is shown, and a program that did not say --yes is refused in one line."""
    code, out, err = run("privacy", "erase", "RAVI@acme.example")
    assert code == 2
    assert "c1 at acme" in out
    assert "1  usage rows" in out
    assert err == "winback: nobody is here to confirm; add --yes\n"
    assert run("contact", "list", "c1")[0] == 0


@pytest.mark.parametrize(("answer", "code"), [("n", 130), ("y", 0)])
def test_a_person_is_asked(run: Run, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    """On a terminal the question is put, and no means no."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(privacy.click, "confirm", lambda *_, **__: answer == "y")
    assert run("privacy", "erase", "c1")[0] == code
    assert run("contact", "list", "c1")[0] == (0 if answer == "n" else 2)


def test_erased_then_imported_again(run: Run, tmp_path: Path) -> None:
    """Every screen says what was left out; a second erasure says that it was done; the log verifies."""
    code, out, _ = run("privacy", "erase", "ravi@acme.example", "--yes", "--reason", "letter")
    assert (code, "Erased: 1 contact(s)" in out) == (0, True)
    assert run("privacy", "erase", "ravi@acme.example", "--yes")[1].startswith("Erased before")
    assert "1 erased person left out" in run("import", "people.csv")[1]
    (tmp_path / "usage.csv").write_text(USAGE + "acme,c1,reports,2026-02-02,3\n")
    assert "2 rows of erased people: counted for their account as a whole" in run("import", "usage.csv")[1]
    assert json.loads(run("import", "people.csv", "--json")[1])["stored"]["erased"] == 1
    assert run("log", "verify")[0] == 0
    assert "contact 1" in run("log", "tail")[1]


def test_an_account_that_looks_like_the_person(run: Run) -> None:
    """It is pointed out, and goes when asked."""
    _, out, err = run("privacy", "erase", "solo@x.example")
    assert "looks like the person" in err
    code, out, err = run("privacy", "erase", "solo@x.example", "--account-too", "--yes")
    assert (code, err) == (0, "")
    assert "Account solo@x.example is erased too" in out


def test_a_database_in_use_is_wiped_later(run: Run, tmp_path: Path) -> None:
    """While a reader holds the old rows the command says to come again; then the file has nothing."""
    reader = sqlite3.connect(tmp_path / "data" / "winback.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM contact").fetchone()
    (tmp_path / "config.yaml").write_text("version: 1\ndatabase: {busy_seconds: 1}\n")
    code, _, err = run("privacy", "erase", "ravi@acme.example", "--yes")
    assert (code, "run the same command again" in err) == (4, True)
    reader.close()
    assert run("privacy", "erase", "ravi@acme.example", "--yes")[0] == 0
    held = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("winback.db*") if path.is_file())
    assert b"ravi" not in held.lower()


def test_an_account_that_was_erased_too_is_wiped_later_by_the_same_command(run: Run, tmp_path: Path) -> None:
    """Asked for by key, the account's key is gone when the command comes again."""
    (tmp_path / "people.csv").write_text(f"{PEOPLE}bolt,Bolt,b1,Bo Lt,,granted\n")
    run("import", "people.csv")
    reader = sqlite3.connect(tmp_path / "data" / "winback.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM contact").fetchone()
    (tmp_path / "config.yaml").write_text("version: 1\ndatabase: {busy_seconds: 1}\n")
    again = ("privacy", "erase", "b1", "--yes", "--account-too")
    code, _, err = run(*again)
    assert (code, "run the same command again" in err) == (4, True)
    reader.close()
    code, out, _ = run(*again)
    assert (code, out.startswith("Erased before")) == (0, True)
    held = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("winback.db*") if path.is_file())
    assert b"Bo Lt" not in held


def test_export(run: Run, tmp_path: Path) -> None:
    """One JSON document, on the standard output or in a file that only its owner may read."""
    code, out, err = run("privacy", "export", "c1")
    found = json.loads(out)
    assert (code, found["usage"]["rows"][0]["count"]) == (0, 3)
    assert all(section["what"].endswith(".") for section in found.values() if isinstance(section, dict))
    assert "usage: 1" in err
    os.umask(0o022)
    assert run("privacy", "export", "c1", "--out", "c1.json")[1] == ""
    assert (tmp_path / "c1.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "c1.json").read_text())["contacts"] == found["contacts"]
    run("privacy", "erase", "ravi@acme.example", "--yes")
    assert json.loads(run("privacy", "export", "ravi@acme.example")[1])["erased_before"]["rows"] == [
        {"erased": True}
    ]


@pytest.mark.parametrize("command", ["erase", "export"])
def test_nobody(run: Run, command: str) -> None:
    """Somebody who is not there is one line, and no file is left."""
    code, out, err = run(
        "privacy", command, "no\x1b[31mbody", *(["--out", "x.json"] if command == "export" else [])
    )
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "\x1b" not in err
    assert not list(Path().glob("*x.json*"))


def test_a_folder_that_is_not_there(run: Run) -> None:
    """An export that cannot be written is one line."""
    code, _, err = run("privacy", "export", "c1", "--out", "gone/x.json")
    assert (code, err.count("\n")) == (3, 1)


def test_record_list_and_close(run: Run) -> None:
    """What was written down is listed; a ticket is closed; hostile text moves no cursor."""
    assert run("contact", "record", "c1", "--what", "ticket", "--by", "rita", "--note", "a\x1b[31m[red]b")[1] == (
        "Recorded as number 1.\n"
    )
    assert "number 2" in run("contact", "record", "account:acme", "--what", "message", "--by", "rita")[1]
    assert run("contact", "close", "1", "--by", "ravi")[1] == "Ticket 1 is closed.\n"
    _, out, _ = run("contact", "list", "c1")
    assert "c1: not unsubscribed; email granted" in out
    assert "ticket, closed" in out
    assert "[red]b" in out
    assert "\x1b" not in out
    assert "No effects." in out
    assert len(json.loads(run("contact", "list", "account:acme", "--json")[1])["interactions"]) == 2
    run("contact", "stop", "c1", "--source", "reply")
    assert "c1: unsubscribed since" in run("contact", "list", "c1")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("record", "c1", "--what", "refusal", "--by", "r", "--offer", "trail-team"),
            "did you mean 'trial-team'?",
        ),
        (("record", "c1", "--what", "reply", "--by", "r", "--at", "2199-01-01"), "in the future"),
        (("record", "who", "--what", "reply", "--by", "r"), "no contact has this address or key"),
        (("record", "c1", "--what", "shout", "--by", "r"), "see 'winback contact record -h'"),
        (("close", "7", "--by", "r"), "there is no ticket 7"),
        (("close", "7", "--by", ""), "--by: is empty"),
        (("record", "c1", "--what", "reply", "--by", " "), "--by: is empty"),
    ],
)
def test_mistakes_are_one_line(run: Run, arguments: tuple[str, ...], words: str) -> None:
    """What, where, what to do."""
    code, out, err = run("contact", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err
