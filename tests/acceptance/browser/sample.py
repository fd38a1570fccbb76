"""The sample company after two passes: what the first proposed was approved and sent, the second's waits."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from sqlmodel import select

from agents.brief import Brief
from agents.choice import Choice, Outcome
from tests.integration.console.evidence.sample import take_in
from tools.tool import Option
from winback import bootstrap
from winback.clock import SimulatedClock
from winback.settings import Company, Detection, Policies, Settings
from winback.simulation.company import make_company
from winback.store.models import Review
from winback.store.types import ReviewState
from winback.testing.selector import ScriptedSelector, run_of
from winback.testing.world import SilentWriter
from workers import review as reviews
from workers.act import act_all
from workers.run_pass import run_pass
from workers.services import Services

END = date(2026, 5, 11)
BEFORE = END - timedelta(days=12)
POLICY = """version: 1
rules:
- id: tools
  kind: allow_tools
  allow:
  - {tools: [send_tutorial, offer_trial_upgrade, book_call], mode: review}
- {id: consent, kind: consent, unknown: deny}
- {id: expiry, kind: expires, hours: 168}
"""
CASE = """# Who said no is left alone.
facts:
  contact: {consent: {email/retention: {state: refused}}}
expect: {decision: deny, rule: consent}
"""


def morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC) + timedelta(days=1)


def each_in_turn() -> ScriptedSelector:
    """Of what may be done another one each time, so that all kinds of things wait."""
    selector = ScriptedSelector()

    def answer(_brief: Brief, options: Sequence[Option]) -> Outcome:
        option = options[len(selector.asked) % len(options)]
        return Choice(option=option, confidence=1.0, why="teaches_what_fell", run=run_of("scripted"))

    selector.answer = answer
    return selector


@contextmanager
def sample(home: Path, day: date = END) -> Iterator[Services]:
    """What lies in a folder, on the morning after a day; the model is scripted."""
    settings = Settings(
        home=home,
        company=Company(name="Sample Company", sender="success@sample-company.example"),
        detection=Detection(budget=40),
        policies=Policies(path=home / "policy.yaml"),
    )
    with bootstrap.services(settings, SimulatedClock(morning(day)), selector=each_in_turn()) as services:
        yield replace(services, writer=SilentWriter())


@cache
def make(home: Path) -> Path:
    """Live through it, once in a process."""
    home.mkdir()
    (home / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (home / "cases").mkdir()
    (home / "cases" / "denied_without_consent.yaml").write_text(CASE, encoding="utf-8")
    with sample(home, BEFORE) as services:
        take_in(services, home, make_company(11, accounts=40, end=END))
        run_pass(services, BEFORE)
        with services.store.read() as session:
            waiting = session.exec(select(Review).where(Review.state == ReviewState.PENDING)).all()
        for one in waiting:
            reviews.approve(services, one.id or 0, one.action_hash, "rita")
        act_all(services)
    with sample(home, END) as services:
        run_pass(services, END)
    return home
