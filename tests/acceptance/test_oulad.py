"""The main job on real learners: import, two passes, the queue worked, the log verified.

The data are the Open University Learning Analytics Dataset (CC BY 4.0), laid beside the project as
../shared/data/oulad; where it is not, the test says so. `docs/oulad.md` shows what the screen says.
"""

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from policies.load import PACKAGED
from tests.acceptance.conftest import Run
from tests.acceptance.replay_table import changed_policy, check_same, check_table, work
from tests.judge import executed, passes
from winback.testing.endpoint import Endpoint, Question, first_choice, serving

START = date(2013, 10, 1)
DATES = ("2013-12-01", "2014-03-16")
POLICY = """version: 1
rules:
  - id: tools
    kind: allow_tools
    allow:
      - {tools: [send_tutorial], mode: auto}
      - {tools: [book_call], mode: review}
  - {id: consent, kind: consent, unknown: deny}
  - {id: cap, kind: frequency_cap, scope: account, max: 1, window: {kind: rolling, days: 14}}
  - {id: quiet, kind: quiet_hours, from: "22:00", to: "05:00", fallback_zone: operator}
  - {id: holdout, kind: holdout, share: 0.1, seed: oulad}
  - {id: failure, kind: on_model_failure, then: review}
  - {id: expiry, kind: expires, hours: 336}
"""


def write_learners(data: Path, target: Path) -> int:
    """A people file: the course run as plan, and, since learners have no addresses here, invented ones."""
    rows = duckdb.sql(
        f"SELECT DISTINCT CAST(user_id AS VARCHAR), account FROM '{data / 'enrolments.parquet'}' ORDER BY 1"  # noqa: S608
    ).fetchall()
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["account", "plan", "zone", "contact", "contact_name", "email", "language", "consent"])
        for number, (learner, course) in enumerate(rows):
            consent = "unknown" if number % 10 == 9 else "granted"
            language = "hi" if number % 4 == 0 else "en"
            address = f"learner-{learner}@example.org"
            writer.writerow(
                [learner, course, "Europe/London", learner, f"Learner {learner}", address, language, consent]
            )
    return len(rows)


def import_learners(winback: Run, here: Run, folder: Path, learners: Path) -> int:
    """Their usage and themselves; returns how many there are."""
    people = write_learners(learners, folder / "people.csv")
    usage = winback(
        "import", str(learners / "daily_by_type.parquet"), "--account", "user_id", "--contact", "user_id",
        "--feature", "activity_type", "--count", "clicks", "--day-zero", str(START), "--json",
    )  # fmt: skip
    assert usage.code == 0, usage.err
    assert usage.json["rows"] == 296_345
    assert usage.json["bad"] == 0
    assert here("import", "people.csv").code == 0
    return people


def test_the_main_job_on_real_learners(winback: Run, here: Run, tmp_path: Path, learners: Path) -> None:
    """Every step of the way happens, and the log holds."""
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "config.yaml").write_text(
        "version: 1\npolicies: {path: policy.yaml}\ncompany: {zone: Europe/London}\nlog: {level: error}\n",
        encoding="utf-8",
    )
    people = import_learners(winback, here, tmp_path, learners)

    opened = queued = sent = 0
    for day in DATES:
        run = here("run", "--once", "--as-of", day, "--json")
        assert run.code == 0, run.err
        opened += run.json["opened"]
        moment = f"{date.fromisoformat(day) + timedelta(days=1)}T12:00"
        waiting = here("--at", moment, "queue", "list", "--json").json["items"]
        queued += len(waiting)
        for number, item in enumerate(waiting):
            verb = ["reject", "--code", "not_now"] if number % 3 == 2 else ["approve"]
            done = here(
                "--at", moment, "queue", verb[0], str(item["item"]), "--hash", item["hash"][:12], *verb[1:]
            )
            assert done.code == 0, done.err
        again = here("--at", moment, "run", "--once", "--as-of", day, "--json")
        assert again.code == 0, again.err
        sent = len(list((tmp_path / "data" / "outbox").glob("[0-9]*")))
    assert people > 1800
    assert opened >= 30
    assert sent >= 10
    assert here("--at", moment, "queue", "list", "--json").json["items"] == []
    verified = here("log", "verify", "--json")
    assert verified.code == 0
    assert verified.json["problems"] == []
    assert here("--at", moment, "log", "trace", "trace.jsonl").code == 0
    assert len(executed(passes(tmp_path / "trace.jsonl"))) == sent


def last_choice(question: Question) -> dict[str, Any]:
    """As `first_choice`, but the last of the options: of calls, one that lies further ahead."""
    answer = first_choice(question)
    if "action" not in answer:
        return answer
    actions = question["response_format"]["json_schema"]["schema"]["$defs"]
    number = sum(name.startswith("Action") for name in actions) - 1
    properties = actions[f"Action{number}"]["properties"]
    return {**answer, "action": {name: one["enum"][-1] for name, one in properties.items()}}


def test_the_replay_table_of_real_learners(winback: Run, here: Run, tmp_path: Path, learners: Path) -> None:
    """Lived under the default policy and replayed under a changed one, as docs/replay.md shows."""
    with serving(Endpoint(answer=last_choice)) as endpoint:
        (tmp_path / "config.yaml").write_text(
            "version: 1\ncompany: {zone: Europe/London}\nlog: {level: error}\n"
            f"model: {{base_url: '{endpoint.url}', name: scripted}}\n",
            encoding="utf-8",
        )
        import_learners(winback, here, tmp_path, learners)
        work(here, DATES)
    check_table(here, tmp_path / "data" / "winback.db", changed_policy(tmp_path))
    check_same(here, PACKAGED)
