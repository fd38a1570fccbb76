"""The tool of docs/tools.md, built from the page alone, to an effect that a person agreed to."""

import re
import tomllib
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from tests.acceptance.conftest import END, Answer, Run
from tests.judge import executed, passes
from winback.testing.endpoint import Endpoint, first_choice, serving

PAGE = (Path(__file__).parents[2] / "docs" / "tools.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r"^    \$ (.*)$", PAGE[PAGE.index("## A tool of your own") :], re.MULTILINE)
AT = ("--at", "2026-05-12T07:00")


def install(folder: Path) -> None:
    """The page's files, and what an installer writes for the entry point that they declare."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "acme_winback" / "__init__.py").touch()
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    written = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    written.mkdir()
    (written / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8"
    )
    lines = [f"[{group}]\n{name} = {value}\n" for group, points in project["entry-points"].items()
             for name, value in points.items()]  # fmt: skip
    (written / "entry_points.txt").write_text("".join(lines), encoding="utf-8")


def test_it_takes_under_fifty_lines() -> None:
    """All files together, as they stand on the page, empty lines too."""
    assert set(FILES) == {
        "acme_winback/send_checklist.py", "acme_winback/messages/send_checklist.en.txt", "pyproject.toml",
        "policy.yaml",
    }  # fmt: skip
    assert sum(len(text.splitlines()) for text in FILES.values()) < 50


def test_from_the_page_to_a_reviewed_effect(winback: Run, tmp_path: Path, sample_files: Path) -> None:
    """The model chooses it, a person agrees, one message goes out; the log holds."""
    install(tmp_path)
    places = f"{tmp_path}:{Path(__file__).parents[2]}"

    def run(*arguments: str) -> Answer:
        answer = winback(*arguments, env={"PYTHONPATH": places})
        assert answer.code == 0, answer.err
        return answer

    with serving(Endpoint(answer=first_choice)) as endpoint:
        (tmp_path / "config.yaml").write_text(
            "version: 1\npolicies: {path: policy.yaml}\nlog: {level: error}\ndetection: {budget: 8}\n"
            f"model: {{base_url: '{endpoint.url}', name: scripted}}\n",
            encoding="utf-8",
        )
        for name in ("usage.parquet", "people.csv"):
            run("import", str(sample_files / name))
        assert COMMANDS[:3] == ["pip install -e .", "winback policy check policy.yaml", "winback run --once"]
        run("policy", "check", "policy.yaml")
        counts = run("run", "--once", "--as-of", str(END), "--json").json["proposed"]
    assert counts["queued"] >= 1
    assert "allowed" not in counts
    items = run(*AT, "queue", "list", "--json").json["items"]
    assert {one["tool"] for one in items} == {"send_checklist"}
    assert COMMANDS[3:] == ["winback queue list", "winback queue approve 1 --hash HASH", "winback run --once"]
    run(*AT, "queue", "approve", "1", "--hash", items[0]["hash"][:12])
    assert run(*AT, "run", "--once", "--as-of", str(END), "--json").json["acted"] == {"done": 1}
    (sent,) = (tmp_path / "data" / "outbox").glob("*/message.eml")
    mail = message_from_bytes(sent.read_bytes(), policy=default)
    assert mail["Subject"] in ("A checklist for reports", "A checklist for dashboards")
    assert "https://help.acme.example/" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    run("log", "verify")
    run("log", "trace", "trace.jsonl", "--finished")
    assert len(executed(passes(tmp_path / "trace.jsonl"))) == 1
