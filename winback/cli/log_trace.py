"""`winback log trace`: the lives of cases in a form that a judge from outside, agentack, can read."""

from datetime import UTC, datetime
from pathlib import Path

import click

from winback.cli.context import DATE, Session, pass_session
from winback.cli.log_proof import FILE, progress_bar, replacing
from winback.decisions.trace import JUDGE, READ, Traced, write_trace
from winback.store.opening import open_store
from winback.usage.atomic import write_whole, writing


@click.command("trace")
@click.argument("file", type=FILE)
@click.option("--since", type=DATE, help="Only cases that were opened on this day (UTC) or later.")
@click.option("--finished", is_flag=True, help="Leave out acts that are not over yet.")
@click.option("--policy", type=FILE, help="Also write agentack's own policy: every act needs an approval.")
@pass_session
def command(session: Session, file: Path, since: datetime | None, finished: bool, policy: Path | None) -> None:
    """What was proposed, who allowed it and what was done, as a trace that agentack can judge."""
    start = since.replace(tzinfo=UTC) if since else None
    name, now = session.settings.decisions.origin, session.clock.now()
    with (
        open_store(session.settings) as store,
        store.read() as state,
        progress_bar(session, "Reading cases") as progress,
        replacing(file) as text,
    ):
        traced = write_trace(state, text, name, now, since=start, finished=finished, progress=progress)
    if policy is not None:
        with writing(policy.parent):
            write_whole(policy, JUDGE.encode())
    _say(session, traced, file, finished)


def _say(session: Session, traced: Traced, file: Path, finished: bool) -> None:
    say = session.out.print
    say(f"{traced.acts} acts, {traced.executed} of them executed, in {file}", markup=False, soft_wrap=True)
    if traced.doubtful:
        say(f"{traced.doubtful} may have been sent, and are told as executed.")
    if traced.not_over:
        say(f"{traced.not_over} are not over yet" + (", and were left out." if finished else "."))
    if traced.lines > READ:
        session.err.print(f"agentack reads {READ:,} lines, and these are {traced.lines:,}: use --since.")
