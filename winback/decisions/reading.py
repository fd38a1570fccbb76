"""Reading parts of the log and of the other tables, over several processes where there is much of it."""

import gc
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, Any, NamedTuple

from winback.decisions.held import Held, read_held
from winback.decisions.part import SIZE, Part, read_part
from winback.decisions.source import Source

ALONE = 4 * SIZE
"""Rows that one process reads sooner than another has started."""
LOG = "decision_entry"
START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from winback.decisions.reading import serve; serve()"
)


class Span(NamedTuple):
    """Rows of a table: positions of the log, numbers of the others, from `start` up to and without `end`."""

    table: str
    start: int
    end: int


Found = Part | Held | None
"""None: something there is not as Winback wrote it, or could not be read."""


def read_all(source: Source, connection: Any, spans: Sequence[Span]) -> Iterator[Found]:
    """What each of the spans holds, in their order. `connection` is used where one process is enough."""
    count = min(os.cpu_count() or 1, len(spans))
    if sum(span.end - span.start for span in spans) <= ALONE:
        count = 0
    with ExitStack() as stack:
        helpers = [stack.enter_context(_helper(source, spans[one::count])) for one in range(count)]
        for number, span in enumerate(spans):
            yield _answer(helpers[number % count]) if helpers else read(source, connection, span)


def read(source: Source, connection: Any, span: Span) -> Found:
    """What one span holds."""
    try:
        if span.table == LOG:
            return read_part(source, connection, span.start, span.end)
        return read_held(source, connection, *span)
    except source.broken():
        return None


@contextmanager
def _helper(source: Source, spans: Sequence[Span]) -> Iterator[IO[bytes]]:
    """Answers from a process of its own, which needs a tenth of a second to start: it imports little."""
    command = (sys.executable, "-I", "-S", "-c", START, json.dumps(sys.path))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603  ourselves
        try:
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("a process without pipes")
            pickle.dump((source, list(spans)), process.stdin)
            process.stdin.flush()
            yield process.stdout
        finally:
            process.kill()


def _answer(answers: IO[bytes]) -> Found:
    """The next answer; None when the process is gone: then its spans are read with care."""
    try:
        found: Found = pickle.load(answers)  # noqa: S301  from ourselves
    except (EOFError, pickle.UnpicklingError):
        return None
    return found


def serve() -> None:
    """Answer for the spans that come in, in their order."""
    gc.disable()
    source, spans = pickle.load(sys.stdin.buffer)  # noqa: S301  from ourselves
    with source.connect() as connection:
        for span in spans:
            pickle.dump(read(source, connection, span), sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
            sys.stdout.buffer.flush()
