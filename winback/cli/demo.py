"""`winback demo`: the main job on a simulated company, with a clock that jumps from date to date."""

import shutil
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

import click
from rich.console import Console
from sqlmodel import col, select

from policies.load import load_policy
from tools.catalogue import load_catalogue
from tools.registry import default_registry
from winback import HOME, bootstrap, event_log
from winback.cli.context import DATE, Session, pass_session
from winback.cli.demo_report import Tally, say_day, say_heading, say_log, say_next, say_score, say_verdicts
from winback.cli.progress import pass_progress
from winback.clock import SimulatedClock
from winback.decisions.kind import EntryKind
from winback.decisions.log import append, seal
from winback.decisions.verify import verify
from winback.errors import ConflictError
from winback.settings import Company, Log, Policies, Settings
from winback.simulation.company import Company as SampleCompany
from winback.simulation.company import make_company
from winback.simulation.truth import Found, score
from winback.simulation.writer import write_people, write_usage
from winback.store.models import Account, Case, Review
from winback.store.people import describe, store_people
from winback.store.store import make_folder
from winback.store.types import ReviewState
from winback.usage.import_file import import_usage
from winback.usage.people import read_people
from workers import review as reviews
from workers.act import act_all
from workers.known_names import known_names
from workers.run_pass import PassReport, run_pass
from workers.services import Services

MARK = "this-is-a-winback-demo"
EVERY = timedelta(days=3)
SPAN = timedelta(days=63)
HOURS = (6, 8, 10, 13, 15)
"""UTC hours at which a simulated day is visited: a pass at the first, then effects that have become due."""
REVIEWER = "demo-reviewer"

CONFIG = """# The demo's settings: its own folder, its own policy, nothing leaves the machine.
version: 1
home: .
company: {{name: Sample Company, sender: success@sample-company.example, zone: UTC, currency: EUR}}
policies: {{path: {policy}}}
log: {{level: error}}
"""


@click.command("demo")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("demo"), help="Where it all is kept.")
@click.option("--seed", type=int, default=7, show_default=True, help="Another seed is another company.")
@click.option("--accounts", type=click.IntRange(20, 5000), default=300, show_default=True)
@click.option("--end", type=DATE, help="Last day of usage; default yesterday.")
@click.option(
    "--policy", type=click.Path(path_type=Path), help="A policy file or folder to try; default the demo's own."
)
@pass_session
def command(
    session: Session, folder: Path, seed: int, accounts: int, end: datetime | None, policy: Path | None
) -> None:
    """The main job on a simulated sample company, in a scratch folder."""
    started = time.perf_counter()
    event_log.configure(Log(level="error"))
    out = session.out
    last_day = end.date() if end else datetime.now(UTC).date() - timedelta(days=1)
    out.rule("[bold]Winback demo")
    out.print(
        "The company is simulated: its accounts, people and usage are invented, and so is the reviewer.\n"
        "The model is the embedded one, for trying out: what it chooses proves the path, not its judgement.\n"
        "Nothing leaves this machine: messages go to a folder.\n"
    )
    settings = _prepare(folder, policy or HOME / "policies" / "demo.yaml")
    company = _make(out, seed, accounts, last_day)
    clock = SimulatedClock(datetime.combine(last_day - SPAN, datetime.min.time(), tzinfo=UTC))
    with bootstrap.services(settings, clock) as services:
        _import(out, services, company, folder)
        tally = _live(session, services, clock, last_day)
        say_verdicts(out, tally)
        say_score(out, score(company.truth, tally.found, tally.scanned))
        say_log(out, verify(services.store))
    say_next(out, folder)
    out.print(f"The demo took {time.perf_counter() - started:.0f} seconds.")


def _prepare(folder: Path, policy: Path) -> Settings:
    """An empty demo folder with a config and a policy one can edit. Only a demo's folder is ever emptied.

    Raises:
        InputError: the policy cannot be used; then nothing is emptied.
    """
    load_policy(policy, known_names(default_registry(), load_catalogue(None)))
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise ConflictError("is not empty and not a demo's", where=str(folder), fix="choose another --folder")
        shutil.rmtree(folder)
    make_folder(folder)
    (folder / MARK).write_text("`winback demo` empties this folder when it starts.\n")
    copied = folder / ("policy" if policy.is_dir() else "policy.yaml")
    (folder / "config.yaml").write_text(CONFIG.format(policy=copied.name), encoding="utf-8")
    if policy.is_dir():
        shutil.copytree(policy, copied)
    else:
        shutil.copyfile(policy, copied)
    return Settings(
        home=folder,
        company=Company(name="Sample Company", sender="success@sample-company.example"),
        policies=Policies(path=copied),
    )


def _make(out: Console, seed: int, accounts: int, last_day: date) -> SampleCompany:
    with out.status("Making the company"):
        company = make_company(seed, accounts=accounts, end=last_day)
    truth = company.truth
    out.print(
        f"Made a company of {len(company.accounts)} accounts and {len(company.contacts)} people, "
        f"{company.first_day} to {company.last_day} (seed {seed}).\n"
        f"Planted: {len(truth.drops)} drops, {len(truth.dips)} quiet spells that end by themselves, "
        f"{len(truth.holidays)} holidays, an outage of {len(truth.outage)} days."
    )
    return company


def _import(out: Console, services: Services, company: SampleCompany, folder: Path) -> None:
    usage, people = folder / "usage.parquet", folder / "people.csv"
    now = datetime.combine(company.last_day + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    write_usage(company, usage)
    write_people(company, people)
    settings = services.settings
    with out.status("Importing"):
        report = import_usage(
            usage,
            services.warehouse,
            settings.usage.columns,
            settings.usage.zone,
            epoch=None,
            at=now,
            progress=lambda _done, _of: None,
        )
        found = read_people(people, services.warehouse.bad_folder, at=now)
        with services.store.write("demo") as session:
            append(session, EntryKind.IMPORTED, now, describe(found, store_people(session, found)))
    out.print(f"Imported {report.rows:,} rows of usage and {len(found.contacts):,} contacts.\n")


def _live(session: Session, services: Services, clock: SimulatedClock, last_day: date) -> Tally:
    """From date to date: a pass in the morning, the queue worked, effects when their hour comes."""
    tally = Tally([], [], {}, {})
    days = [last_day - EVERY * n for n in range(SPAN // EVERY, -1, -1)]
    say_heading(session.out)
    for day in days:
        clock.set(_morning(day))
        with pass_progress(session.err) as progress:
            report = run_pass(services, day, progress=progress)
        sent = _count(tally, services, report)
        # The simulated reviewer leaves the last days' queue to whoever watches.
        reviewed = _review(services) if day < last_day - EVERY else 0
        if day != last_day:
            sent += _act_until(services, clock, _morning(day + EVERY), tally)
        say_day(session.out, report, reviewed, sent)
    seal(services.store, clock.now())
    return tally


def _act_until(services: Services, clock: SimulatedClock, end: datetime, tally: Tally) -> int:
    """The days between two passes: effects that have become due are carried out; returns how many."""
    sent = 0
    for day in range(EVERY.days + 1):
        for hour in HOURS:
            moment = clock.now().replace(hour=hour) + timedelta(days=day)
            if clock.now() < moment < end:
                clock.set(moment)
                acted = act_all(services)
                _add(tally.acted, [one.kind.value for one in acted])
                sent += sum(one.kind is EntryKind.DONE for one in acted)
    return sent


def _morning(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time_of_day(HOURS[0]), tzinfo=UTC)


def _count(tally: Tally, services: Services, report: PassReport) -> int:
    """Add one pass to the tally; returns how many effects were carried out in it."""
    tally.scanned.append(report.as_of)
    with services.store.read() as session:
        rows = session.exec(select(Account.key).join(Case).where(col(Case.id).in_(report.scanned.opened))).all()
    tally.found.extend(Found(key, report.as_of) for key in rows)
    _add(tally.proposed, [one.kind.value for one in report.proposed])
    _add(tally.acted, [one.kind.value for one in report.acted])
    return sum(one.kind is EntryKind.DONE for one in report.acted)


def _add(counts: dict[str, int], kinds: Sequence[str]) -> None:
    for kind in kinds:
        counts[kind] = counts.get(kind, 0) + 1


def _review(services: Services) -> int:
    """The simulated reviewer: approves, and says no to every fourth; returns how many were decided."""
    with services.store.read() as session:
        waiting = session.exec(select(Review).where(Review.state == ReviewState.PENDING)).all()
    for one in waiting:
        if (one.id or 0) % 4:
            reviews.approve(services, one.id or 0, one.action_hash, REVIEWER)
        else:
            reviews.reject(services, one.id or 0, one.action_hash, REVIEWER, "not_now", "")
    return len(waiting)
