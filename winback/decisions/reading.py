"""Reading parts of the log and of the other tables, over several processes where there is much of it."""

import gc
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

from winback.decisions.held import Held, read_held
from winback.decisions.part import SIZE, Part, read_part
from winback.decisions.source import Source

ALONE = 4 * SIZE
"""Rows that one process reads sooner than another has started."""
LOG = "decision_entry"
HEAD, GONE = 8, b""
"""Bytes that say how long an answer is; what stands for the answer of a process that is gone."""
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
            yield helpers[number % count].answer() if helpers else read(source, connection, span)


def read(source: Source, connection: Any, span: Span) -> Found:
    """What one span holds."""
    try:
        if span.table == LOG:
            return read_part(source, connection, span.start, span.end)
        return read_held(source, connection, *span)
    except source.broken():
        return None


class _Helper:
    """A process of its own, which needs a tenth of a second to start: it imports little.

    A thread takes its answers as they come: a helper that waits for its reader does nothing.
    """

    def __init__(self, process: subprocess.Popen[bytes], source: Source, spans: Sequence[Span]) -> None:
        self._process, self._asked = process, pickle.dumps((source, list(spans)))
        self._answers: SimpleQueue[bytes] = SimpleQueue()
        self._taking = Thread(target=self._take, daemon=True)
        self._taking.start()

    def answer(self) -> Found:
        """The next answer; None when the process is gone: then its spans are read with care."""
        try:
            found: Found = pickle.loads(self._next())  # noqa: S301  from ourselves
        except (EOFError, pickle.UnpicklingError):
            return None
        return found

    def _next(self) -> bytes:
        found = self._answers.get()
        if found == GONE:
            self._answers.put(GONE)  # for who asks once more
        return found

    def _take(self) -> None:
        asking, out = self._process.stdin, self._process.stdout
        try:
            if asking is None or out is None:
                raise RuntimeError("a process without pipes")
            with suppress(OSError), asking:
                asking.write(self._asked)
            while size := out.read(HEAD):
                self._answers.put(out.read(int.from_bytes(size, "big")))
        finally:
            self._answers.put(GONE)

    def end(self) -> None:
        """It has nothing left to say."""
        self._process.kill()
        self._taking.join()


@contextmanager
def _helper(source: Source, spans: Sequence[Span]) -> Iterator[_Helper]:
    command = (sys.executable, "-I", "-S", "-c", START, json.dumps(sys.path))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603  ourselves
        helper = _Helper(process, source, spans)
        try:
            yield helper
        finally:
            helper.end()


def serve() -> None:
    """Answer for the spans that come in, in their order."""
    gc.disable()
    source, spans = pickle.load(sys.stdin.buffer)  # noqa: S301  from ourselves
    out = sys.stdout.buffer
    with source.connect() as connection:
        for span in spans:
            found = pickle.dumps(read(source, connection, span), pickle.HIGHEST_PROTOCOL)
            out.write(len(found).to_bytes(HEAD, "big"))
            out.write(found)
            out.flush()
