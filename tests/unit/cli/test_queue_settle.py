"""`winback queue ask`, `again` and `settle`: what a person does about an act that has no end."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from tests.unit.cli.lived import lived
from winback.cli.app import main
from winback.cli.context import Session
from winback.errors import Exit
from winback.store.models import Case, Effect
from winback.store.store import Store
from winback.store.types import CaseState, EffectState
from workers.act import act_all

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
