"""Progress on the standard error: a bar on a terminal, a line now and then elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from workers.run_pass import Progress as PassProgress

TITLES = {"scan": "Looking for drops", "propose": "Asking the model", "act": "Carrying out"}


@contextmanager
def pass_progress(console: Console) -> Iterator[PassProgress]:
    """A callback for `workers.run_pass`; nothing is left on the terminal afterwards."""
    columns = (TextColumn("{task.description:<18}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(TITLES.get(step, step), total=of)
            bars.update(tasks[step], completed=done, total=of)

        yield progress
