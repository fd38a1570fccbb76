"""`winback inbox` and the mailbox in the settings, as they are typed."""

import json
from pathlib import Path

import pytest
from sqlmodel import select

from tests.integration.workers.inbox.conftest import PASSWORD, put
from tests.unit.cli.lived import lived
from tests.unit.workers.inbox import mails
from winback.cli.app import main
from winback.settings_channels import Imap
from winback.store.models import Effect
from winback.store.store import Store

FROM_ENVIRONMENT = "{$env: IMAP_PASSWORD}"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A company that has written to some of its customers."""
    return lived(tmp_path)


@pytest.fixture
def with_mailbox(config: Path, mailbox: Imap, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, with a mailbox in its settings."""
    monkeypatch.setenv("IMAP_PASSWORD", PASSWORD)
    config.write_text(config.read_text() + imap(port=mailbox.port, username=mailbox.username))
    return config


def imap(host: str = "127.0.0.1", secret: str = FROM_ENVIRONMENT, **more: object) -> str:
    given = {"host": host, "security": "none", "username": "x", **more}
    said = ", ".join(f"{name}: {value}" for name, value in given.items())
    return f"inbox: {{imap: {{{said}, password: {secret}}}}}\n"


def a_reply(config: Path, text: str) -> bytes:
    store = Store(f"sqlite:///{config.parent / 'winback.db'}")
    with store.read() as session:
        key = session.exec(select(Effect.key).order_by(Effect.id)).first()  # type: ignore[arg-type]
    store.close()
    return mails.reply(text, key=key)


def test_reading(with_mailbox: Path, mailbox: Imap, capsys: pytest.CaptureFixture[str]) -> None:
    """What was taken is counted, what was left is named by its number and its reason."""
    put(mailbox, a_reply(with_mailbox, "STOP"), mails.reply("Hello?", key=None))
    assert main(["-c", str(with_mailbox), "inbox", "read"]) == 0
    said = capsys.readouterr().out
    assert "Taken: 1 request(s) to stop." in said
    assert "Stopped: 1 contact(s)" in said
    assert "number 2, it answers none of our messages" in said
    assert main(["-c", str(with_mailbox), "inbox", "read", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "taken": {}, "stopped": 0, "repeats": 0, "left": {}, "waiting": 1, "broken": [], "complete": True,
    }  # fmt: skip


def test_a_file(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Taken once; what is left is an error of one line; what is not there too."""
    mail = tmp_path / "one.eml"
    mail.write_bytes(a_reply(config, "Gladly"))
    assert main(["-c", str(config), "inbox", "file", str(mail)]) == 0
    assert main(["-c", str(config), "inbox", "file", str(mail)]) == 0
    assert capsys.readouterr().out.count("Taken: replies.") == 2
    mail.write_bytes(b"\x00\xff")
    assert main(["-c", str(config), "inbox", "file", str(mail), "--json"]) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["why"] == "no_answer"
    assert "left, it answers none of our messages" in told.err
    assert main(["-c", str(config), "inbox", "file", str(tmp_path / "none")]) == 2


def test_doctor_tries_it(with_mailbox: Path, mailbox: Imap, capsys: pytest.CaptureFixture[str]) -> None:
    """How many messages there are, or what is wrong."""
    put(mailbox, mails.reply("Hello?"))
    main(["-c", str(with_mailbox), "doctor", "--json"])
    found = {one["what"]: one for one in json.loads(capsys.readouterr().out)}
    assert found["inbox"]["detail"] == "127.0.0.1: 1 message(s) in INBOX"


WRONG = [
    (imap(host="mail.example.com"), "in the clear"),
    (imap(secret="horse"), "a secret is written in the file"),
    (imap(handled="inbox"), "would stay where it arrives"),
    (imap(folder="'In%box'"), "inbox.imap.folder"),
    ("", "no mailbox is set"),
]


@pytest.mark.parametrize(("text", "says"), WRONG)
def test_what_cannot_be_set(
    config: Path, text: str, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says what, where, and what to do."""
    monkeypatch.setenv("IMAP_PASSWORD", PASSWORD)
    config.write_text(config.read_text() + text)
    assert main(["-c", str(config), "inbox", "read"]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert "horse" not in told


def test_no_pretended_time(with_mailbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A real mailbox has its own."""
    assert main(["-c", str(with_mailbox), "--at", "2026-05-12T10:00", "inbox", "read"]) == 2
    assert "pretended time" in capsys.readouterr().err
