"""The main job under one policy, replayed under another: what the table between the two must add up to."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from policies.load import PACKAGED
from tests.acceptance.conftest import Run

CHANGES = (
    ("    days: {max: 14}", "    days: {max: 7}"),
    ("start: {within_days: {max: 14}}", "start: {within_days: {max: 7}}"),
    ("scope: account\n    max: 2", "scope: account\n    max: 1"),
    ("embedded_model: true", "embedded_model: false"),
    ("first_contact: true", "first_contact: false"),
)
"""Those of docs/replay.md."""
ENDINGS = ("recovered", "still_quiet", "lapsed", "unsubscribed", "unknown")


def changed_policy(folder: Path) -> Path:
    """The packaged default policy with the changes of docs/replay.md."""
    text = PACKAGED.read_text(encoding="utf-8")
    for before, after in CHANGES:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    (folder / "changed.yaml").write_text(text, encoding="utf-8")
    return folder / "changed.yaml"


def work(here: Run, days: Sequence[str]) -> None:
    """A pass for each day, the queue worked at noon by one who approves two of three, and a pass to act."""
    for day in days:
        assert here("run", "--once", "--as-of", day).code == 0
        at = ("--at", f"{date.fromisoformat(day) + timedelta(days=1)}T12:00")
        for number, item in enumerate(here(*at, "queue", "list", "--json").json["items"]):
            verb = ["reject", "--code", "not_now"] if number % 3 == 2 else ["approve"]
            done = here(*at, "queue", verb[0], str(item["item"]), "--hash", item["hash"], *verb[1:])
            assert done.code == 0, done.err
        assert here(*at, "run", "--once", "--as-of", day).code == 0


def logged(database: Path) -> Counter[tuple[str, str]]:
    """Each logged decision by its moment and what was said, counted without the code that is under test."""
    found: Counter[tuple[str, str]] = Counter()
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT kind, body, evidence FROM decision_entry").fetchall()
    connection.close()
    for kind, body, evidence in rows:
        if kind == "held_out":
            found["propose", "held out"] += 1
        elif kind == "model_failed":
            found["propose", f"model failed: {json.loads(body)['then']}"] += 1
        elif kind == "nothing_allowed":
            found["propose", "deny"] += 1
        elif evidence is not None:
            plain = json.loads(evidence)
            found[plain["facts"]["moment"], plain["verdict"]["decision"]] += 1
    return found


def check_table(here: Run, database: Path, against: Path) -> None:
    """Every decision of the log is in one row, and every row's endings add up to it."""
    answer = here("policy", "replay", "--against", str(against), "--json")
    assert answer.code == 0, answer.err
    found, was = answer.json, logged(database)
    assert found["decisions"] == was.total() > 0
    rows = found["changes"]
    assert sum(one["count"] for one in rows) == found["decisions"]
    others = [one for one in rows if one["before"] != one["after"] or one["moved"]]
    assert found["changed"] == sum(one["count"] for one in others) > 0
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM effect WHERE state = 'done'").fetchone()[0] > 0
    connection.close()
    by_was: Counter[tuple[str, str]] = Counter()
    for one in rows:
        by_was[one["moment"], one["before"]] += one["count"]
        assert sum(one["happened"][ending] for ending in ENDINGS) == one["count"]
        assert one["happened"]["rejected"] <= one["count"]
    assert by_was == was
    check_words(here("policy", "replay", "--against", str(against)).out, found["decisions"], found["changed"])


def check_words(out: str, decisions: int, changed: int) -> None:
    """What a person reads says the same numbers."""
    assert f"{decisions} decisions judged again by policy " in out
    assert f", {changed} change." in out
    table = re.findall(r"^(?:proposing|acting) +(.+?) {2,}(\d+) ", out, re.MULTILINE)
    assert sum(int(count) for _, count in table) == decisions
    assert sum(int(count) for words, count in table if not words.endswith(", same")) == changed


def check_same(here: Run, policy: Path) -> None:
    """Under the policy that judged every verdict comes out again."""
    answer = here("policy", "replay", "--against", str(policy), "--json")
    assert answer.code == 0, answer.err
    found = answer.json
    assert (found["changed"], found["differing"]["count"]) == (0, 0)
    assert found["reproduced"] == found["decisions"] > 0
