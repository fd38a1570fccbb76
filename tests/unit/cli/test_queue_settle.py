"""`winback queue list`, `ask`, `again` and `settle`: what is open after an act, and what people do about it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from tests.unit.cli.lived import lived
from winback.cli.app import main
from winback.cli.context import Session
from winback.errors import Exit
from winback.store.models import Account, Case, Effect
from winback.store.store import Store
from winback.store.types import CaseState, EffectState
from workers.act import act_all
from workers.answer import contest

AT = ("--at", "2026-05-13T10:00")


@pytest.fixture
def open_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int, Store]:
    """One act that may have been sent over the channel `files`, which has nothing of it."""
    monkeypatch.setenv("WINBACK_USER", "rita")
    config = str(lived(tmp_path))
    store = Store(f"sqlite:///{tmp_path / 'winback.db'}")
    return config, in_doubt(store), store


def in_doubt(store: Store) -> int:
    with store.write("test") as session:
        effect = session.exec(select(Effect).order_by(Effect.id)).first()  # type: ignore[arg-type]
        assert effect is not None
        effect.state, effect.channel, effect.problem = EffectState.UNKNOWN, "files", "the line dropped"
        session.get_one(Case, effect.case_id).state = CaseState.WATCHING
        return effect.id or 0


def said(capsys: pytest.CaptureFixture[str], config: str, *more: str) -> str:
    assert main(["-c", config, *AT, *more]) == Exit.OK
    return " ".join(capsys.readouterr().out.split())


def test_the_receiver_is_asked_and_sent_to_again(
    open_end: tuple[str, int, Store], capsys: pytest.CaptureFixture[str]
) -> None:
    """What it has not goes again, for it refuses repeats; what it has is settled as sent."""
    config, number, store = open_end
    assert f"winback queue ask, again or settle {number}" in said(capsys, config, "queue", "list")
    asked = said(capsys, config, "queue", "ask", str(number))
    assert asked.startswith("The receiver does not have it.")
    assert said(capsys, config, "queue", "again", str(number)) == "It is tried again at the next run."
    assert main(["-c", config, *AT, "queue", "again", str(number)]) == Exit.CONFLICT
    assert "nothing is open about it" in capsys.readouterr().err
    with Session(Path(config), datetime(2026, 5, 13, 10, tzinfo=UTC)).services() as services:
        assert [one.kind for one in act_all(services)] == ["done"]
    with store.read() as session:
        assert session.get_one(Effect, number).state == EffectState.DONE
    in_doubt(store)
    assert said(capsys, config, "queue", "ask", str(number)) == "The receiver has it: settled as sent."
    with store.read() as session:
        assert session.get_one(Effect, number).receipt["settled_by"] == "rita"
    assert json.loads(said(capsys, config, "queue", "list", "--json"))["effects"] == []
    store.close()


def test_objections_that_nobody_answered_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Below what waits, with the day and the account where they are read."""
    config = str(lived(tmp_path))
    assert "objection" not in said(capsys, config, "queue", "list")
    with Session(Path(config), datetime(2026, 5, 12, 11, tzinfo=UTC)).services() as services:
        with services.store.read() as session:
            effect = session.exec(select(Effect).where(Effect.state == EffectState.DONE)).first()
            assert effect is not None
            account = session.get_one(Account, effect.account_id).key
        contest(services, effect.key, "That was a holiday.")
    listed = said(capsys, config, "queue", "list")
    assert f"1 objection of the last 30 days without an answer: {account} (2026-05-12)" in listed
    (one,) = json.loads(said(capsys, config, "queue", "list", "--json"))["objections"]
    assert one == {"account": account, "at": "2026-05-12T11:00:00+00:00"}
