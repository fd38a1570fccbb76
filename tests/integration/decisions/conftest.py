"""A small log with evidence, sealed in two batches, and the command line on it; small lives to judge."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select

from tests.integration.decisions.lives import begin, export, shown
from tests.integration.decisions.small_log import Answer, Cli, write_case, write_late
from tests.judge import Line, passes
from winback.cli.app import main
from winback.cli.context import Session
from winback.decisions.covered import Kept
from winback.decisions.key import own_key
from winback.decisions.log import seal
from winback.decisions.trace import Traced
from winback.settings import Database, Settings
from winback.store.models import Effect
from winback.store.store import Store
from winback.store.types import EMAIL, ENTITLEMENT
from winback.testing.channel import MemoryChannel
from winback.testing.world import NOON
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.answer import answer_offer
from workers.link import Links
from workers.services import Services


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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a trace is written."""
    return tmp_path / "trace.jsonl"


@pytest.fixture
def done(services: Services, path: Path) -> list[Line]:
    """One act that the policy allowed and one that a person approved, both carried out; one rejected."""
    begin(services, DropKind.FEATURE_FELL, DropKind.LIMIT_REACHED, DropKind.LIMIT_REACHED)
    reviews.approve(services, 1, shown(services, 1), "rita")
    reviews.reject(services, 2, shown(services, 2), "rita", "not_now", "no, really")
    act_all(services)
    assert export(services, path) == Traced(lines=13, acts=3, executed=2, doubtful=0, not_over=0)
    return passes(path)


@pytest.fixture
def accepted(services: Services) -> Services:
    """A trial that a customer accepted, to be granted by itself."""
    channels = {EMAIL: services.channels[EMAIL], ENTITLEMENT: MemoryChannel(name="ledger")}
    found = replace(services, channels=channels, links=Links("https://hello.example.com", "s" * 40))
    begin(found, DropKind.LIMIT_REACHED)
    reviews.approve(found, 1, shown(found, 1), "rita")
    act_all(found)
    with found.store.read() as session:
        key = session.exec(select(Effect.key)).one()
    answer_offer(found, key, "accepted")
    return found
