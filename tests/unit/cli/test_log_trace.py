"""`winback log trace`: where it writes, and what it says of it."""

from pathlib import Path

import pytest

from tests.judge import agentack, lines_of
from winback.cli.app import main
from winback.errors import Exit

AT = ("--at", "2026-10-20T06:00")


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.yaml"
    path.write_text("home: data\ndecisions: {origin: acme-log}\nlog: {level: error}\n")
    return str(path)


def test_an_empty_log_is_a_trace_too(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, which says that this is the end; the policy is one that agentack reads."""
    trace, policy = tmp_path / "trace.jsonl", tmp_path / "agentack.toml"
    asked = ("log", "trace", str(trace), "--policy", str(policy), "--since", "2026-10-01")
    assert main(["-c", config, *AT, *asked]) == Exit.OK
    assert capsys.readouterr().out == f"0 acts, 0 of them executed, in {trace}\n"
    (line,) = lines_of(trace)
    assert (line["type"], line["session_id"], line["timestamp"]) == (
        "session_end", "acme-log", "2026-10-20T06:00:00.000000Z",
    )  # fmt: skip
    assert agentack(trace, policy) == 0


def test_a_folder_that_is_not_there(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says so, and nothing is left behind."""
    assert main(["-c", config, "log", "trace", str(tmp_path / "no" / "trace.jsonl")]) == Exit.ENVIRONMENT
    assert "cannot write here: no such file or directory" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
