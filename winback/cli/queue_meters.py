"""`winback queue meters`, `plant`: how reviewers and the queue fare, and a test of both."""

from datetime import datetime, timedelta

import click
from rich.table import Table

from winback.cli.context import DATE, NUMBER, Session, json_option, pass_session, print_json
from winback.cli.queue_item import me
from winback.cli.since import Since, moment_of
from winback.cli.terminal import plain_text
from winback.errors import InputError
from winback.store.opening import open_store
from workers import planted
from workers.meters import Health, Meter, meters_of

MONTH = timedelta(days=30)


@click.command("meters")
@click.option(
    "--since", type=Since(), default=MONTH, metavar="30d|12h|4w|DATE", show_default="30d", help="From when on."
)
@click.option("--until", type=DATE, help="Until that day begins; without it, until now.")
@click.option("--of", help="One reviewer only.")
@json_option
@pass_session
def meters(
    session: Session, since: timedelta | datetime, until: datetime | None, of: str | None, as_json: bool
) -> None:
    """Who decided how much, how fast and how well, and how long things wait."""
    start, end = moment_of(session, since), moment_of(session, until) or session.clock.now()
    if start is None or start >= end:
        raise InputError("no time lies between --since and --until", fix="give an earlier --since")
    with open_store(session.settings) as store, store.read() as state:
        found = meters_of(state, start, end, of=of, faults=True)
    if as_json:
        print_json(found.to_plain())
        return
    session.out.print(f"From {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC")
    if found.people:
        session.out.print(_table(found.people))
    else:
        session.out.print("Nobody decided anything.")
    session.out.print(_queue(found.queue))


def _table(people: tuple[Meter, ...]) -> Table:
    table = Table(
        "reviewer", "decided", "approved", "rejected", "edited", "time each", "words changed", "faults found",
        box=None,
    )  # fmt: skip
    for one in people:
        share = one.share_approved or 0.0
        table.add_row(
            plain_text(one.person),
            str(one.decided),
            f"{one.approved} ({share:.0%})",
            str(one.rejected),
            str(one.edited),
            _long(one.seconds),
            "-" if one.words_changed is None else f"{one.words_changed:.1f}",
            f"{one.caught} of {(one.caught or 0) + (one.missed or 0)}",
        )
    return table


def _queue(queue: Health) -> str:
    came = (
        f"{queue.arrived} came, {queue.decided} were decided, {queue.expired} expired, "
        f"{queue.withdrawn} were withdrawn"
    )
    if not queue.waiting:
        return f"{came}; nothing waits."
    p50, p95 = _long(queue.age_p50), _long(queue.age_p95)
    return f"{came}; {queue.waiting} wait, half of them for {p50} or less, nineteen in twenty for {p95} or less."


def _long(seconds: float | None) -> str:
    """A while, as roughly as people say it."""
    if seconds is None:
        return "-"
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


@click.command("plant")
@click.argument("number", type=NUMBER)
@pass_session
def plant(session: Session, number: int) -> None:
    """Put so many items with a known fault into the queue, to see whether they are found. None can ever act."""
    with session.services() as services:
        there = planted.plant(services, number, me())
    session.out.print(
        f"Planted: {', '.join(map(str, there))}." if there else "There is no proposal that could be copied."
    )


METERS = (meters, plant)
