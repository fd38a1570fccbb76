"""A small log with evidence, sealed in two batches, and the command line on it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.decisions.small_log import Answer, Cli, write_case, write_late
from winback.cli.app import main
from winback.cli.context import Session
from winback.decisions.covered import Kept
from winback.decisions.key import own_key
from winback.decisions.log import seal
from winback.settings import Database, Settings
from winback.store.store import Store
from winback.testing.world import NOON


@pytest.fixture
def log(store: Store) -> Store:
    """Eight entries: two cases of three, and two of none. Positions 1 and 5 have evidence."""
    write_case(store, "acme")
    write_late(store)
    seal(store, NOON)
    write_case(store, "bolt")
    write_late(store, 1)
    seal(store, NOON)
    return store


@pytest.fixture
def settings(store: Store, tmp_path: Path) -> Settings:
    """Of the same database."""
    url = store.url.render_as_string(hide_password=False)
    return Settings(home=tmp_path, database=Database.model_validate({"url": url}))


@pytest.fixture
def kept(settings: Settings) -> Callable[[], Kept]:
    """The checkpoints to verify by, with the own key."""

    def given() -> Kept:
        own = own_key(settings)
        return Kept(settings.checkpoint_folder, own.verifier if own else None)

    return given


@pytest.fixture
def cli(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Cli:
    """Run `winback log` with these settings."""
    monkeypatch.setattr(Session, "settings", settings)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Answer:
        capsys.readouterr()
        code = main(["--at", f"{NOON:%Y-%m-%dT%H:%M}", "log", *arguments])
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return run
