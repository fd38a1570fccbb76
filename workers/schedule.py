"""When things run. A tick does one thing: insert a run row that is unique on (schedule, fire time)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import true, update
from sqlmodel import Session, col, select

from winback.clock import aware
from winback.errors import ConflictError, InputError
from winback.settings import Settings
from winback.store.bookkeeping import Pause
from winback.store.models import Run
from winback.store.store import Store
from winback.store.types import RunState
from workers.due import due_effects
from workers.expire import overdue
from workers.owner import is_dead
from workers.services import Services

PASS, ACT, CHECKPOINT, INBOX = "pass", "act", "checkpoint", "inbox"
SCHEDULES = (PASS, ACT, CHECKPOINT, INBOX)
PAUSED = select(Pause.schedule)
LOOK_BACK = timedelta(days=2)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def trigger_of(settings: Settings) -> CronTrigger:
    """The schedule of full passes.

    Raises:
        InputError: the cron expression cannot be read, or no day is ever like it.
    """
    return _cron(settings.schedule.pass_, settings, "schedule.pass", "0 6 * * *")


def checkpoint_trigger(settings: Settings) -> CronTrigger:
    """The schedule of the decision log's checkpoints; raises the same."""
    return _cron(settings.decisions.checkpoint, settings, "decisions.checkpoint", "0 * * * *")


def _cron(expression: str, settings: Settings, where: str, example: str) -> CronTrigger:
    try:
        trigger = CronTrigger.from_crontab(expression, timezone=ZoneInfo(settings.company.zone))
    except ValueError as error:
        raise InputError(
            f"{expression!r} is not a cron expression ({error})",
            where=where,
            fix=f"write five fields, such as {example!r}",
        ) from None
    if trigger.get_next_fire_time(None, LONG_AGO) is None:
        raise InputError(f"{expression!r} never comes", where=where, fix="name a day that exists")
    return trigger


def last_slot(trigger: CronTrigger, now: datetime) -> datetime | None:
    """The latest fire time up to `now`, of the last two days: older misses are one miss."""
    slot: datetime | None = None
    following = trigger.get_next_fire_time(None, now - LOOK_BACK)
    while following is not None and following <= now:
        slot = following
        following = trigger.get_next_fire_time(slot, slot + timedelta(seconds=1))
    return aware(slot) if slot else None


def insert_run(store: Store, schedule: str, fire_time: datetime) -> bool:
    """Insert a slot; False when somebody already has, or the schedule rests."""
    try:
        with store.write("tick") as session:
            same = session.exec(select(Run.id).where(Run.schedule == schedule, Run.fire_time == fire_time)).first()
            if same is not None or session.get(Pause, schedule) is not None:
                return False
            session.add(Run(schedule=schedule, fire_time=fire_time))
            session.flush()
    except ConflictError:
        return False
    return True


def tick_pass(services: Services) -> None:
    """The slot that is due now, also when it was missed while nothing ran."""
    slot = last_slot(trigger_of(services.settings), services.clock.now())
    if slot is not None:
        insert_run(services.store, PASS, slot)


def tick_act(services: Services) -> None:
    """A slot for acting, only when an effect is due or a wait is over: a quiet day leaves no rows."""
    if due_effects(services) or overdue(services):
        insert_run(services.store, ACT, _slot(services, services.settings.schedule.act_every_seconds))


def tick_inbox(services: Services) -> None:
    """A slot for reading the mailbox, where one is set."""
    if services.settings.inbox.imap is not None:
        insert_run(services.store, INBOX, _slot(services, services.settings.schedule.inbox_every_seconds))


def _slot(services: Services, every: int) -> datetime:
    now = int(services.clock.now().timestamp())
    return datetime.fromtimestamp(now - now % every, tz=UTC)


def tick_checkpoint(services: Services) -> None:
    """The slot of the checkpoint that is due now, changes or not; several missed ones are one."""
    slot = last_slot(checkpoint_trigger(services.settings), services.clock.now())
    if slot is not None:
        insert_run(services.store, CHECKPOINT, slot)


def make_scheduler(services: Services) -> BackgroundScheduler:
    """APScheduler in memory; the rows make any number of schedulers harmless."""
    scheduler = BackgroundScheduler(
        timezone=ZoneInfo("UTC"),
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    scheduler.add_job(tick_pass, trigger_of(services.settings), args=[services], id=PASS)
    trigger = checkpoint_trigger(services.settings)
    scheduler.add_job(tick_checkpoint, trigger, args=[services], id=CHECKPOINT)
    every = services.settings.schedule.act_every_seconds
    scheduler.add_job(tick_act, IntervalTrigger(seconds=every), args=[services], id=ACT)
    reading = services.settings.schedule.inbox_every_seconds
    scheduler.add_job(tick_inbox, IntervalTrigger(seconds=reading), args=[services], id=INBOX)
    return scheduler


def next_slot(services: Services, schedule: str) -> datetime | None:
    """When a schedule comes next, if nobody lets it rest; None: never here."""
    soon, settings = services.clock.now() + timedelta(seconds=1), services.settings
    match schedule:
        case "pass":
            following = trigger_of(settings).get_next_fire_time(None, soon)
        case "checkpoint":
            following = checkpoint_trigger(settings).get_next_fire_time(None, soon)
        case "inbox" if settings.inbox.imap is None:
            following = None
        case "inbox":
            every = settings.schedule.inbox_every_seconds
            following = _slot(services, every) + timedelta(seconds=every)
        case _:
            every = settings.schedule.act_every_seconds
            following = _slot(services, every) + timedelta(seconds=every)
    return aware(following) if following else None


@dataclass(frozen=True)
class Slot:
    """A run this worker has taken."""

    id: int
    schedule: str
    fire_time: datetime


def take_run(services: Services, schedule: str | None = None) -> Slot | None:
    """Take the oldest slot that is due, or whose worker died; None when there is none. `schedule`: of one only.

    A schedule that rests has none, whatever is due of it.
    """
    which = true() if schedule is None else col(Run.schedule) == schedule
    with services.store.write("take_run") as session:
        for run in session.exec(
            select(Run)
            .where(which, col(Run.state).in_((RunState.DUE, RunState.RUNNING)), col(Run.schedule).not_in(PAUSED))
            .order_by(col(Run.fire_time), col(Run.id))
            .with_for_update(skip_locked=True)
        ).all():
            if run.state == RunState.DUE or is_dead(run.owner):
                return _take(session, services, run)
    return None


def _take(session: Session, services: Services, run: Run) -> Slot:
    run.state, run.owner, run.started_at = RunState.RUNNING, services.owner, services.clock.now()
    session.flush()
    return Slot(run.id or 0, run.schedule, run.fire_time)


def finish_run(services: Services, slot: Slot, state: RunState, report: dict[str, object]) -> None:
    """Write down how a slot ended; DUE puts it back for the next worker."""
    with services.store.write("finish_run") as session:
        session.connection().execute(
            update(Run)
            .where(col(Run.id) == slot.id, col(Run.owner) == services.owner)
            .values(state=state, finished_at=services.clock.now(), report=report)
        )
