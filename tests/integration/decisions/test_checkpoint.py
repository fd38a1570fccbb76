"""Checkpoints: written whatever happened, and what they cover cannot be taken away unseen."""

import re
import shutil
import stat
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import select

from tests.integration.decisions.small_log import Cli, change, found, write_late
from winback.cli.context import Session
from winback.clock import SimulatedClock
from winback.decisions.checkpoint import Checkpoint, write_checkpoint
from winback.decisions.covered import Kept
from winback.decisions.key import key_file, new_seed, own_key, signing_key
from winback.decisions.log import seal
from winback.decisions.note import SigningKey
from winback.decisions.verify import verify
from winback.errors import InputError, IntegrityError, SetupError
from winback.settings import Decisions, Settings
from winback.store.models import Run
from winback.store.store import Store
from winback.store.types import RunState
from winback.testing.world import NOON
from workers.schedule import ACT, CHECKPOINT, checkpoint_trigger, insert_run, take_run, tick_checkpoint
from workers.services import Services
from workers.worker import carry_out, checkpoint_when_due

Given = Callable[[], Kept]


def write(store: Store, settings: Settings) -> Checkpoint:
    return write_checkpoint(store, settings.checkpoint_folder, signing_key(settings), NOON)


def truncate(store: Store) -> None:
    """As somebody who covers their tracks: entries, seals, the case's version, and the proposal."""
    change(store, "DELETE FROM decision_entry WHERE position > 3")
    change(store, "DELETE FROM seal WHERE size > 4")
    change(store, "DELETE FROM proposal WHERE case_id = 2")
    change(store, "DELETE FROM cases WHERE id = 2")


def test_a_checkpoint_seals_and_says_what_there_is(log: Store, settings: Settings, kept: Given) -> None:
    """Size, root, time and number, in a file whose name sorts."""
    write_late(log)
    made = write(log, settings)
    result = verify(log, kept())
    assert (made.size, made.root.hex(), made.number, made.time) == (9, result.root, 1, NOON)
    assert (result.checkpoints, result.problems) == ((made,), ())
    assert [one.name for one in settings.checkpoint_folder.iterdir()] == ["checkpoint-00000001.txt"]


def test_an_empty_period_has_one_too(store: Store, settings: Settings, kept: Given) -> None:
    """Of an empty log, and again when nothing has changed: silence would look like a cut."""
    assert [write(store, settings).number for _ in range(3)] == [1, 2, 3]
    assert verify(store, kept()).problems == ()


def test_a_cut_that_leaves_no_trace_in_the_database_is_found(log: Store, settings: Settings, kept: Given) -> None:
    """Entries, seals, case and proposal are gone together: only the checkpoint knows."""
    write(log, settings)
    truncate(log)
    assert found(log) == set()
    assert found(log, kept()) == {
        ("missing", "entries 4 to 7: checkpoint 1 of 2026-05-12 10:00 UTC covers 8 entries")
    }


def test_a_log_that_was_cut_is_not_signed(log: Store, settings: Settings) -> None:
    """Nobody gets a checkpoint that would make it look whole."""
    write(log, settings)
    truncate(log)
    with pytest.raises(IntegrityError, match="not the one of checkpoint 1 of 2026-05-12 10:00 UTC any more"):
        write(log, settings)


@pytest.mark.parametrize("later", [4, 9])
def test_a_log_that_was_cut_and_has_regrown_is_not_signed(log: Store, settings: Settings, later: int) -> None:
    """As large again, or larger: it does not begin with what was signed. The folder tells, or the database."""
    write(log, settings)
    truncate(log)
    for _ in range(later):
        write_late(log)
    with pytest.raises(IntegrityError, match="not the one of checkpoint 1 of 2026-05-12 10:00 UTC any more"):
        write(log, settings)
    change(log, "DELETE FROM installation")
    with pytest.raises(IntegrityError, match="not the one of checkpoint 1 of 2026-05-12 10:00 UTC any more"):
        write(log, settings)


def test_a_cut_log_is_not_signed_into_an_empty_folder(log: Store, settings: Settings) -> None:
    """The database remembers what was signed."""
    write(log, settings)
    truncate(log)
    for _ in range(9):
        write_late(log)
    shutil.rmtree(settings.checkpoint_folder)
    with pytest.raises(
        IntegrityError, match="not the one of checkpoint 1, as the database remembers it, any more"
    ):
        write(log, settings)


def test_leaves_that_are_not_the_sealed_ones_are_not_signed(log: Store, settings: Settings) -> None:
    """A root is signed only over the entries that give it."""
    change(log, "UPDATE decision_entry SET leaf_hash = entry_hash WHERE position = 3")
    with pytest.raises(IntegrityError, match="the newest seal is not that of the entries"):
        write(log, settings)


def test_the_newest_checkpoint_is_missed(log: Store, settings: Settings, kept: Given, cli: Cli) -> None:
    """Whoever takes it away, or all of them; the next one leaves the gap open. A command writes it down too."""
    for _ in range(2):
        write(log, settings)
    assert cli("checkpoint").code == cli("export", "log.jsonl").code == 0
    newest = [settings.checkpoint_folder / f"checkpoint-{number:08}.txt" for number in (3, 4)]
    for one in newest:
        one.unlink()
    assert found(log, kept()) == {("missing", "checkpoints 3 to 4: the database remembers that it was written")}
    assert write(log, settings).number == 5
    assert found(log, kept()) == {("missing", "checkpoints 3 to 4")}
    shutil.rmtree(settings.checkpoint_folder)
    assert found(log, kept()) == {("missing", "checkpoints 1 to 5: the database remembers that it was written")}
    key_file(settings).unlink()
    assert found(log, kept()) == {("missing", "the key of the checkpoints: give it with --key")}


def test_what_the_database_remembers_is_held_against_the_folder(
    log: Store, settings: Settings, kept: Given
) -> None:
    """And named when it is not what Winback writes; then nothing is signed."""
    made = write(log, settings)
    other = f"1 7 {made.root.hex()}"
    change(log, "UPDATE installation SET value = :value WHERE name LIKE 'checkpoint %'", value=other)
    named = "checkpoint 1 of 2026-05-12 10:00 UTC is not the one that the database remembers"
    assert found(log, kept()) == {("altered", named)}
    change(log, "UPDATE installation SET value = 'odd' WHERE name LIKE 'checkpoint %'")
    assert found(log, kept()) == {("altered", "what the database remembers of the newest checkpoint")}
    with pytest.raises(IntegrityError, match="not what Winback remembers of a checkpoint"):
        write(log, settings)


def test_a_configured_folder_that_is_away_is_a_problem(
    log: Store, settings: Settings, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share that is not mounted is no intact log, even if the database was made to forget."""
    share = settings.home / "share"
    named = settings.model_copy(update={"decisions": Decisions(checkpoints=share)})
    monkeypatch.setattr(Session, "settings", named)
    assert cli("checkpoint").code == cli("verify").code == 0
    shutil.rmtree(share)
    change(log, "DELETE FROM installation")
    said = cli("verify")
    assert said.code == 1
    assert f"missing: the folder of the checkpoints, {share}" in said.out


def test_a_log_written_anew_is_found(log: Store, settings: Settings, kept: Given) -> None:
    """Every hash in the database agrees, and the signed root does not."""
    write(log, settings)
    truncate(log)
    for _ in range(4):
        write_late(log)
    seal(log, NOON)
    assert found(log) == set()
    assert found(log, kept()) == {
        ("altered", "the first 8 entries are not those of checkpoint 1 of 2026-05-12 10:00 UTC")
    }


def test_a_seal_that_is_gone_does_not_matter_to_a_checkpoint(log: Store, settings: Settings, kept: Given) -> None:
    """The root is computed from the leaves then."""
    write(log, settings)
    write_late(log)
    write(log, settings)
    change(log, "DELETE FROM seal WHERE size = 8")
    assert found(log, kept()) == set()


def test_a_seal_that_is_gone_does_not_hide_another_log(log: Store, settings: Settings, kept: Given) -> None:
    """Whoever writes the log anew may leave out the seal that the checkpoint was made from."""
    write(log, settings)
    truncate(log)
    for _ in range(4):
        write_late(log)
    seal(log, NOON)
    write_late(log)
    seal(log, NOON)
    change(log, "DELETE FROM seal WHERE size = 8")
    assert found(log, kept()) == {
        ("altered", "the first 8 entries are not those of checkpoint 1 of 2026-05-12 10:00 UTC")
    }


def test_a_missing_checkpoint_is_named(log: Store, settings: Settings, kept: Given) -> None:
    """Their numbers go up by one."""
    for _ in range(4):
        write(log, settings)
    for number in (2, 3):
        (settings.checkpoint_folder / f"checkpoint-{number:08}.txt").unlink()
    assert found(log, kept()) == {("missing", "checkpoints 2 to 3")}


def test_an_altered_checkpoint_is_named(log: Store, settings: Settings, kept: Given) -> None:
    """By its file; what cannot be read is named too."""
    write(log, settings)
    file = settings.checkpoint_folder / "checkpoint-00000001.txt"
    file.write_text(file.read_text(encoding="utf-8").replace("\n8\n", "\n7\n"), encoding="utf-8")
    (settings.checkpoint_folder / "checkpoint-00000002.txt").write_bytes(b"\xff")
    assert found(log, kept()) == {
        ("altered", "checkpoint-00000001.txt its text is not the one that was signed"),
        ("altered", "checkpoint-00000002.txt is not a checkpoint"),
    }


def test_another_key_is_named(log: Store, settings: Settings, cli: Cli) -> None:
    """A forger signs with a key of their own; the key that was kept elsewhere tells."""
    write(log, settings)
    mine = signing_key(settings).verifier
    forged = SigningKey("winback", bytes(32))
    elsewhere = settings.home / "elsewhere"
    write_checkpoint(log, elsewhere, forged, NOON)
    said = cli("verify", "--checkpoints", str(elsewhere), "--key", str(mine))
    assert said.code == 1
    told = f"is signed with another key ({forged.verifier.short}), not with {mine.short}"
    assert f"altered: checkpoint-00000001.txt {told}" in said.out
    assert cli("verify", "--checkpoints", str(elsewhere), "--key", str(forged.verifier)).code == 0


def test_checkpoints_without_a_key_are_not_believed(log: Store, settings: Settings, cli: Cli) -> None:
    """Verifying makes no key: one that is made now has signed nothing."""
    write(log, settings)
    key_file(settings).unlink()
    said = cli("verify")
    assert said.code == 1
    assert "missing: the key of the checkpoints: give it with --key" in said.out
    assert own_key(settings) is None


def test_the_key_file_is_the_owners_alone(settings: Settings) -> None:
    """Made once, on first use, and refused when others can read it."""
    first = signing_key(settings)
    file = key_file(settings)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert signing_key(settings) == first
    file.chmod(0o640)
    with pytest.raises(SetupError, match="others can read this key; chmod 600"):
        signing_key(settings)


def test_a_key_from_the_environment_leaves_no_file(settings: Settings) -> None:
    """The seed that `winback log key --new` printed."""
    given = settings.model_copy(update={"decisions": Decisions(signing_key=SecretStr(new_seed()), origin="acme")})
    assert signing_key(given).verifier.name == "acme"
    assert not key_file(given).exists()
    broken = settings.model_copy(update={"decisions": Decisions(signing_key=SecretStr("abc"))})
    with pytest.raises(InputError, match=r"decisions\.signing_key: is not 32 bytes in base64") as error:
        signing_key(broken)
    assert "abc" not in str(error.value)


def test_two_writers_never_share_a_number(log: Store, settings: Settings, kept: Given) -> None:
    """The second takes the next one."""
    signing_key(settings)
    threads = [threading.Thread(target=write, args=(log, settings)) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    result = verify(log, kept())
    assert [one.number for one in result.checkpoints] == [1, 2, 3, 4]
    assert result.problems == ()


@pytest.mark.usefixtures("log")
def test_the_commands(cli: Cli) -> None:
    """Key, fresh secret, checkpoint, verify."""
    key = cli("key").out
    assert re.fullmatch(r"winback\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}\n", key)
    secrets = {cli("key", "--new").out for _ in range(2)}
    assert len(secrets) == 2
    assert cli("key").out == key
    assert "checkpoint 1 of 2026-05-12 10:00 UTC: 8 entries" in cli("checkpoint").out
    said = cli("verify").out
    assert "1 checkpoints; checkpoint 1 of 2026-05-12 10:00 UTC covers 8 entries." in said
    assert cli("verify", "--json").json["checkpoints"] == 1
    assert cli("verify", "--key", "nonsense").code == 2


def runs(services: Services) -> list[Run]:
    with services.store.read() as session:
        return list(session.exec(select(Run).where(Run.schedule == CHECKPOINT)).all())


def run_due(services: Services) -> None:
    slot = take_run(services)
    assert slot is not None
    carry_out(services, slot, threading.Event())


def test_schedulers_write_one_checkpoint_a_slot(services: Services) -> None:
    """However many there are; missed slots are one."""
    for _ in range(3):
        tick_checkpoint(services)
    run_due(services)
    assert take_run(services) is None
    assert isinstance(services.clock, SimulatedClock)
    for minutes in (10, 20):
        services.clock.set(NOON + timedelta(hours=5, minutes=minutes))
        tick_checkpoint(services)
    run_due(services)
    assert [(run.state, run.report) for run in runs(services)] == [
        (RunState.DONE, {"checkpoint": 1, "entries": 0}),
        (RunState.DONE, {"checkpoint": 2, "entries": 0}),
    ]


def test_a_pass_without_a_worker_writes_the_checkpoint_that_is_due(services: Services) -> None:
    """Once for each slot; work of other schedules is left for a worker."""
    insert_run(services.store, ACT, NOON - timedelta(hours=3))
    for minutes in (0, 10, 70):
        assert isinstance(services.clock, SimulatedClock)
        services.clock.set(NOON + timedelta(minutes=minutes))
        checkpoint_when_due(services)
    assert [run.report["checkpoint"] for run in runs(services)] == [1, 2]
    slot = take_run(services)
    assert slot is not None
    assert slot.schedule == ACT


def test_a_folder_that_is_away_does_not_stop_the_worker(services: Services, tmp_path: Path) -> None:
    """The run fails and says why; the next one tries again."""
    folder = tmp_path / "checkpoints"
    folder.write_text("in the way", encoding="utf-8")
    insert_run(services.store, CHECKPOINT, NOON)
    run_due(services)
    assert [run.state for run in runs(services)] == [RunState.FAILED]
    assert "cannot write here" in str(runs(services)[0].report["reason"])
    folder.unlink()
    insert_run(services.store, CHECKPOINT, NOON + timedelta(hours=1))
    run_due(services)
    assert [run.state for run in runs(services)] == [RunState.FAILED, RunState.DONE]


def test_a_broken_cron_expression_is_one_line() -> None:
    """The setting is named."""
    settings = Settings(decisions=Decisions(checkpoint="hourly"))
    with pytest.raises(InputError, match=r"decisions\.checkpoint: 'hourly' is not a cron expression"):
        checkpoint_trigger(settings)
