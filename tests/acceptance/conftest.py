"""The real command line, as a user runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import lacking
from winback.cli.app import main
from winback.simulation.company import Company, make_company
from winback.simulation.writer import write_people, write_usage

END = date(2026, 5, 11)


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def line(self) -> str:
        """The one line of a mistake: there must be no other, and no traceback."""
        lines = [one for one in self.err.splitlines() if one.strip()]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


Run = Callable[..., Answer]


@pytest.fixture
def winback(tmp_path: Path) -> Run:
    """Run `winback` in a folder of its own and wait for it."""

    def run(*arguments: str, env: Mapping[str, str] | None = None, code: str | None = None) -> Answer:
        head: Sequence[str] = ("-c", code) if code else ("-m", "winback")
        done = subprocess.run(  # noqa: S603
            [sys.executable, *head, *arguments],
            cwd=tmp_path,
            env={**clean_environment(), **(env or {})},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The same command line without a new process, for the many small commands of one story."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ.keys() - clean_environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Answer:
        capsys.readouterr()
        code = main(arguments)
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return run


def clean_environment() -> dict[str, str]:
    """Without this machine's own settings; as wide as the longest line."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WINBACK")}
    return {**kept, "COLUMNS": "200", "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONWARNINGS": "error"}


@pytest.fixture(scope="session")
def company() -> Company:
    """A small sample company with planted drops."""
    return make_company(11, accounts=80, end=END)


@pytest.fixture(scope="session")
def sample_files(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """usage.parquet and people.csv of the small company."""
    folder = tmp_path_factory.mktemp("sample")
    write_usage(company, folder / "usage.parquet")
    write_people(company, folder / "people.csv")
    return folder


def real_learners() -> Path:
    """The folder of their usage, if it is here."""
    data = Path(__file__).parents[2].parent / "shared" / "data" / "oulad"
    if not (data / "daily_by_type.parquet").exists():
        lacking("the OULAD data are not at ../shared/data/oulad")
    return data


@pytest.fixture
def learners() -> Path:
    """Real learners; skipped where they are not."""
    return real_learners()
