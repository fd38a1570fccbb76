"""PostgreSQL goes down at once and comes back while `winback run` sends: it waits, and finishes what it began."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlmodel import col, func, select

from tests.acceptance.conftest import clean_environment
from tests.acceptance.test_main_job import outbox
from tests.conftest import lacking
from tests.judge import agrees
from winback.decisions.verify import verify
from winback.store.migrate import migrate
from winback.store.models import Effect
from winback.store.store import Store
from winback.store.types import EffectState
from winback.testing.world import AS_OF, PERMISSIVE, add_account, open_case, world
from workers.propose import propose_all

ACTS, BEFORE_IT_FALLS, PATIENCE_SECONDS = 400, 40, 60


@dataclass(frozen=True)
class Cluster:
    """A server of our own, which may be stopped. Not as root, which PostgreSQL refuses to be."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        found = max(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
        somebody = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*somebody, str(found), "-D", str(self.folder / "data"), *arguments]
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603

    def start(self) -> None:
        self.run("pg_ctl", "-o", f"-p {self.port} -k {self.folder}", "-l", str(self.folder / "log"), "-w", "start")

    def crash(self) -> None:
        self.run("pg_ctl", "-m", "immediate", "-w", "stop")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        lacking("no PostgreSQL server is installed under /usr/lib/postgresql")
    folder = Path("/tmp") / f"winback-cluster-{os.getpid()}"  # noqa: S108  its socket's path must be short
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = Cluster(folder, free.getsockname()[1])
    try:
        found.run("initdb", "-A", "trust", "-U", "postgres")
        found.start()
        yield found
        found.crash()
    finally:
        shutil.rmtree(folder)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_server_restarts_in_mid_run(cluster: Cluster, tmp_path: Path) -> None:
    """The same process goes on when it is back; each act went out once."""
    store = Store(cluster.url)
    migrate(store)
    with world(store, tmp_path, PERMISSIVE, datetime.now(UTC)) as services:
        with store.write("test") as session:
            for number in range(ACTS):
                open_case(session, add_account(session, f"account-{number}"))
        propose_all(services, AS_OF)

        def done() -> int:
            with store.read() as session:
                query = select(func.count()).where(col(Effect.state) == EffectState.DONE)
                return session.exec(query).one()

        config = f"version: 1\ndatabase: {{url: '{cluster.url}'}}\npolicies: {{path: policy.yaml}}\n"
        config += "worker: {lease_seconds: 6}\nschedule: {act_every_seconds: 2}\n"
        (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
        with (tmp_path / "run.log").open("wb") as log:
            command = [sys.executable, "-m", "winback", "run"]
            worker = subprocess.Popen(command, cwd=tmp_path, env=clean_environment(), stdout=log, stderr=log)  # noqa: S603
            try:
                until(lambda: len(outbox(tmp_path)) >= BEFORE_IT_FALLS)
                cluster.crash()
                until(lambda: "database does not answer" in (tmp_path / "run.log").read_text(encoding="utf-8"))
                assert len(outbox(tmp_path)) < ACTS
                cluster.start()
                with psycopg.connect(cluster.url):
                    pass
                store.close()
                until(lambda: done() == ACTS)
                assert worker.poll() is None
            finally:
                worker.terminate()
                worker.wait(PATIENCE_SECONDS)
        assert len(outbox(tmp_path)) == ACTS
        assert "Traceback" not in (tmp_path / "run.log").read_text(encoding="utf-8")
        assert verify(store).problems == ()
        agrees(services, tmp_path / "trace.jsonl")
    store.close()
