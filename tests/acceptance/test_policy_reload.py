"""A policy file that is broken while Winback runs, and between two commands: refused, said, and done without."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import END, Run, clean_environment
from tests.acceptance.first_operator import set_up
from tests.acceptance.test_main_job import POLICY, configure, imported
from winback.decisions.tell import tell
from winback.testing.endpoint import Endpoint, first_choice, serving

BROKEN = POLICY + "  - {id: weekly, kind: frequency_cap, max: 1, windw: 7}\n"
AT = ("--at", "2026-05-12T07:00")


def wait_for(found: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not found():
        assert time.monotonic() < until
        time.sleep(0.1)


def logged(here: Run, kind: str) -> list[str]:
    """What the log says of one kind of entry."""
    return [tell(one) for one in here("log", "tail", "-n", "500", "--json").json if one["kind"] == kind]


def test_an_idle_worker_says_it_on_the_screen_in_the_log_and_on_the_page(here: Run, tmp_path: Path) -> None:
    """Nothing is due, nothing is decided: the refusal is seen all the same, and so is the mending."""
    policy, errors = tmp_path / "policy.yaml", tmp_path / "stderr"
    policy.write_text(POLICY, encoding="utf-8")
    (tmp_path / "config.yaml").write_text(
        "version: 1\npolicies: {path: policy.yaml}\nconsole: {port: 0}\nlog: {level: error, format: json}\n",
        encoding="utf-8",
    )
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "winback", "up"],
            cwd=tmp_path,
            env={**clean_environment(), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        assert process.stdout is not None
        with set_up(process.stdout.readline()) as visitor:
            assert "refused since" not in visitor.get("/").text
            wait_for(lambda: "policy changed" in visitor.get("/").text)
            policy.write_text(BROKEN, encoding="utf-8")
            wait_for(lambda: "Policy refused since" in visitor.get("/").text)
            page = visitor.get("/").text
            assert "unknown key &#39;windw&#39;" in page
            assert "stays in force" in page
            policy.write_text(POLICY, encoding="utf-8")
            wait_for(lambda: "refused since" not in visitor.get("/").text)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    events = [json.loads(one) for one in errors.read_text().splitlines()]
    (refused,) = [one for one in events if one["event"] == "policy.refused"]
    assert (refused["role"], refused["file"]) == ("live", str(policy))
    assert f"{policy}:12:47: unknown key 'windw'" in refused["reason"]
    assert len(logged(here, "policy_refused")) == 1


@pytest.fixture
def lived(here: Run, tmp_path: Path, sample_files: Path) -> Run:
    """Some cases, a queue, and then somebody breaks the file."""
    with serving(Endpoint(answer=first_choice)) as endpoint:
        configure(tmp_path, endpoint.url)
        imported(here, sample_files)
        for back in (12, 0):
            run = here("run", "--once", "--as-of", f"{END.fromordinal(END.toordinal() - back)}", "--json")
            assert run.code == 0, run.err
    (tmp_path / "policy.yaml").write_text(BROKEN, encoding="utf-8")
    return here


def test_the_last_good_policy_stays_in_force_for_every_command(lived: Run, tmp_path: Path) -> None:
    """Each says in one line which file is refused, why, and what stays; what checks the file fails."""
    (item, *_) = lived(*AT, "queue", "list", "--json").json["items"]
    for command in (
        (*AT, "queue", "approve", str(item["item"]), "--hash", item["hash"][:12]),
        (*AT, "scan", "--dry-run"),
        ("policy", "explain", str(item["case"])),
        ("run", "--once", "--as-of", str(END)),
    ):
        answer = lived(*command)
        assert answer.code == 0, answer.err
        assert "policy.refused" in answer.line
        assert str(tmp_path / "policy.yaml") in answer.line
        assert "windw" in answer.line
    (changed,) = logged(lived, "policy_changed")
    (refused,) = logged(lived, "policy_refused")
    in_force = changed.split()[2].rstrip(",")
    assert in_force in answer.line
    assert f"{in_force} stays" in refused
    assert lived("policy", "check").code == 2
    (finding,) = [one for one in lived("doctor", "--offline", "--json").json if one["what"] == "policy"]
    assert finding["health"] == "bad"
    assert "windw" in finding["detail"]
    assert lived("log", "verify").code == 0


def test_a_case_file_is_explained_by_the_last_good_policy(lived: Run, tmp_path: Path) -> None:
    """As a case is."""
    (tmp_path / "case.yaml").write_text("# Nothing is wrong.\nexpect: {decision: allow}\n", encoding="utf-8")
    answer = lived("policy", "explain", "case.yaml")
    assert answer.code == 0, answer.err
    assert "policy.refused" in answer.line


def test_a_first_start_with_a_broken_policy_is_one_line(here: Run, tmp_path: Path) -> None:
    """Nothing was ever in force."""
    configure(tmp_path, "http://127.0.0.1:9/v1")
    (tmp_path / "policy.yaml").write_text(BROKEN, encoding="utf-8")
    for command in (("run", "--once"), ("policy", "explain", "1")):
        answer = here(*command)
        assert answer.code == 2
        assert "policy.yaml:12:47: unknown key 'windw'" in answer.line


def test_a_broken_shadow_does_not_stop_the_live_policy(here: Run, tmp_path: Path, sample_files: Path) -> None:
    """It decides nothing; it is refused, written down, and left out."""
    with serving(Endpoint(answer=first_choice)) as endpoint:
        configure(tmp_path, endpoint.url)
        config = tmp_path / "config.yaml"
        text = config.read_text(encoding="utf-8").replace(
            "path: policy.yaml", "path: policy.yaml, shadow: next.yaml"
        )
        config.write_text(text, encoding="utf-8")
        (tmp_path / "next.yaml").write_text(BROKEN, encoding="utf-8")
        imported(here, sample_files)
        run = here("run", "--once", "--as-of", str(END), "--json")
    assert run.code == 0, run.err
    assert run.json["proposed"]
    assert "policy.refused" in run.line
    assert "next.yaml" in run.line
    (refused,) = logged(here, "policy_refused")
    assert refused.startswith("shadow by ")
    (finding,) = [one for one in here("doctor", "--offline", "--json").json if one["what"] == "shadow"]
    assert finding["health"] == "bad"
