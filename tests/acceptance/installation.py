"""An installation among real neighbours: a mail server, a calendar server, a model, and people with usage."""

import csv
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import duckdb
from aiosmtpd.controller import Controller

from tests.acceptance.conftest import Run, real_learners
from tests.acceptance.test_main_job import Inbox, free_port
from tests.integration.calendars.conftest import Served, calendar_server
from winback.bootstrap import services as open_services
from winback.clock import SimulatedClock
from winback.decisions.log import seal
from winback.settings_file import load_settings
from winback.simulation.company import make_company
from winback.simulation.writer import write_people, write_usage
from winback.testing.endpoint import Endpoint, Question, first_choice, serving
from workers.act import act_all

BASE = "https://hello.example.com"
"""Where mails say that the pages are. A web server with TLS would pass requests on; here the client does."""
POLICY = """version: 1
rules:
  - id: tools
    kind: allow_tools
    allow:
      - {tools: [send_tutorial], mode: auto}
      - {tools: [offer_trial_upgrade, book_call], mode: review}
  - {id: consent, kind: consent, unknown: deny}
  - {id: failure, kind: on_model_failure, then: review}
  - {id: expiry, kind: expires, hours: 168}
"""
CONFIG = """version: 1
policies: {{path: policy.yaml}}
log: {{level: error}}
detection: {{budget: {budget}}}
model: {{base_url: '{model}', name: scripted}}
channels: {{use: smtp, smtp: {{host: 127.0.0.1, port: {smtp}, security: none}}}}
pages: {{base_url: '{base}', port: 0, requests_per_minute: 10000}}
entitlements: {{use: ledger}}
"""
HOST = """  {host}:
    caldav: {{url: '{url}', username: {user}, password: {{$env: CALDAV_PASSWORD}}}}
    zone: Europe/Berlin
"""


class Model:
    """Of the tools that are left to it, chooses the one that it chose least: all come to be used."""

    def __init__(self) -> None:
        self.chosen: Counter[str] = Counter()

    def answer(self, question: Question) -> dict[str, Any]:
        answer = first_choice(question)
        if "action" not in answer:
            return answer
        offered = question["response_format"]["json_schema"]["schema"]["$defs"]
        actions = [one["properties"] for name, one in offered.items() if name.startswith("Action")]
        action = min(actions, key=lambda one: (self.chosen[one["tool"]["enum"][0]], one["tool"]["enum"]))
        self.chosen.update(action["tool"]["enum"])
        return {**answer, "action": {name: one["enum"][0] for name, one in action.items()}}


@dataclass
class Installation:
    """What a test does with it, and what its neighbours hold."""

    run: Run
    folder: Path
    inbox: Inbox
    calendar: Served
    people: list[dict[str, str]] = field(default_factory=list)

    def mails(self, address: str = "") -> list[EmailMessage]:
        """What the mail server received, of all or of one address, oldest first."""
        found = [(to, message_from_bytes(content, policy=default)) for to, content in self.inbox.received]
        return [one for to, one in found if address in ("", *to)]  # type: ignore[misc]

    def done(self, *command: str) -> Any:
        """What a command that succeeds says in JSON."""
        answer = self.run(*command, "--json")
        assert answer.code == 0, answer.err
        return answer.json

    def acted(self) -> dict[str, int]:
        acted: dict[str, int] = self.done("run", "--once")["acted"]
        return acted

    def ledger(self) -> Counter[tuple[str, str]]:
        """How often each account was granted something, and it was taken back."""
        path = self.folder / "data" / "entitlements" / "ledger.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return Counter((one["account"], one["part"]) for one in map(json.loads, lines))

    def save_people(self) -> None:
        with (self.folder / "people.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, self.people[0])
            writer.writeheader()
            writer.writerows(self.people)
        answer = self.run("import", "people.csv")
        assert answer.code == 0, answer.err

    def account_of(self, address: str) -> str:
        return next(one["account"] for one in self.people if one["email"] == address)

    def at(self, moment: datetime) -> None:
        """What a worker does at a later time, over the same files and servers."""
        settings = load_settings(self.folder / "config.yaml", os.environ)
        with open_services(settings, SimulatedClock(moment)) as services:
            act_all(services)
            seal(services.store, moment)


@contextmanager
def installation(run: Run, folder: Path, budget: int) -> Iterator[Installation]:
    """The servers and the configuration; no data yet."""
    inbox, port = Inbox(), free_port()
    mail = Controller(inbox, hostname="127.0.0.1", port=port)
    mail.start()
    try:
        with calendar_server(folder) as calendar, serving(Endpoint(answer=Model().answer)) as model:
            (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
            text = CONFIG.format(budget=budget, model=model.url, smtp=port, base=BASE)
            (folder / "config.yaml").write_text(text, encoding="utf-8")
            yield Installation(run, folder, inbox, calendar)
    finally:
        mail.stop()


def import_company(one: Installation) -> None:
    """The sample company, up to yesterday."""
    company = make_company(11, accounts=160, end=datetime.now(UTC).date() - timedelta(days=1))
    write_usage(company, one.folder / "usage.parquet")
    write_people(company, one.folder / "people.csv")
    with (one.folder / "people.csv").open(encoding="utf-8", newline="") as file:
        one.people = list(csv.DictReader(file))
    assert one.run("import", "usage.parquet").code == 0


def import_learners(one: Installation, until: int = 61) -> None:
    """Real learners, their days moved so that course day `until` was yesterday; one manager has them all."""
    source = real_learners() / "daily_by_type.parquet"
    usage, zero = one.folder / "usage.parquet", datetime.now(UTC).date() - timedelta(days=1 + until)
    duckdb.sql(f"COPY (SELECT * FROM '{source}' WHERE day <= {until}) TO '{usage}'")  # noqa: S608
    rows = duckdb.sql(f"SELECT DISTINCT CAST(user_id AS VARCHAR) FROM '{usage}' ORDER BY 1").fetchall()  # noqa: S608
    for (learner,) in rows:
        one.people.append(
            {
                "account": learner, "plan": "starter", "zone": "Europe/London", "contact": learner,
                "contact_name": f"Learner {learner}", "email": f"learner-{learner}@example.org", "language": "en",
                "consent": "granted", "owner_name": "Jonas Weber", "owner_email": "jonas@example.com",
            }
        )  # fmt: skip
    said = one.run(
        "import", "usage.parquet", "--account", "user_id", "--contact", "user_id",
        "--feature", "activity_type", "--count", "clicks", "--day-zero", f"{zero}",
    )  # fmt: skip
    assert said.code == 0, said.err


def configure_hosts(one: Installation) -> None:
    """Every account's manager has the same real calendar."""
    calendar = one.calendar.settings
    hosts = sorted({person["owner_email"] for person in one.people})
    with (one.folder / "config.yaml").open("a", encoding="utf-8") as file:
        file.write("calendars:\n")
        file.writelines(HOST.format(host=host, url=calendar.url, user=calendar.username) for host in hosts)
