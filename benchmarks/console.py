"""How fast the console's pages come over a large store, and how much a browser has to load for them.

A server of its own process, asked over HTTP by somebody who is signed in, one question after another; a page's
time is from the question to its last byte. `cold_load_kb` is the page that costs most with everything it names,
loaded for the first time: bodies as they were sent, and heads. Nothing here runs script: what is counted is
there without it.

    python benchmarks/console.py [--items 100000] [--entries 1000000] [--requests 200] [--folder DIR] [--json]

With `--folder`, the store is kept there and used again.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter

import httpx
from sqlmodel import col, select

from benchmarks.console_data import fill
from winback import bootstrap, event_log
from winback.clock import SystemClock
from winback.console.people import By, add_user
from winback.console.rights import Role
from winback.settings import Log, Settings
from winback.store.models import DecisionEntry, Review
from winback.store.store import Store
from winback.testing.selector import ScriptedSelector

LOGIN, PASSWORD = "rita@example.com", "four plain words together"
WARM_UP = 5
FILTERS = (
    "", "tool=book_call", "plan=enterprise&region=JP", "tag=pilot", "owner=owner7@example.com",
    "rule=value-review", "rule=rare-rule", "older_hours=130", "assignee=rita", "words=cobalt+maple",
    "words=harbour+99999", "words=nobody+is+called+so", "state=claimed",
)  # fmt: skip
SOUGHT = (
    "",
    "q=cobalt",
    "q=harbour+maple",
    "q=river+99",
    "q=nobody+is+called+so",
    "q=Ann@cobalt-maple-1.example.com",
)
ASKED_OF_LOG = ("", "kind=queued", "kind=held_out", "by=rita", "case=7")
NAMED = re.compile(r'<(?:link|script|img)\b[^>]*(?:href|src)="(/[^"]+)"')


@dataclass(frozen=True)
class Found:
    """What came of asking for one kind of page: milliseconds of each, the server's own, and bytes of the first."""

    name: str
    took: Sequence[float]
    cpu: float
    size: int

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.took, n=20)[-1]


def measure(address: str, server: int, store: Store, requests: int) -> Iterator[Found]:
    """Each kind of page, `requests` times, over what is in the store; a page that there is not is left out."""
    with store.read() as session:
        items = session.exec(select(Review.id).where(Review.state == "pending").limit(50_000)).all()
        sealed = select(DecisionEntry.position).where(col(DecisionEntry.position).is_not(None))
        entries = session.exec(sealed.limit(50_000)).all()
    some = items[:: max(len(items) // requests, 1)]
    asked = {
        "queue": [f"/queue?{one}" for one in FILTERS],
        "item": [f"/queue/{one}" for one in some],
        "accounts": [f"/accounts?{one}" for one in SOUGHT],
        "account": [f"/accounts/{one}" for one in some],
        "decisions": [f"/decisions?{one}" for one in ASKED_OF_LOG],
        "decision": [f"/decisions/{one}" for one in entries[:: max(len(entries) // requests, 1)]],
        "overview": ["/"],
    }
    with httpx.Client(base_url=address, timeout=60) as client:
        sign_in(client)
        for name, paths in asked.items():
            if client.get(paths[0]).status_code != httpx.codes.NOT_FOUND:
                yield _found(client, server, name, paths, requests)


def sign_in(client: httpx.Client) -> None:
    """As a browser does."""
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get("/sign-in").text)
    given = {"csrf": token[1] if token else "", "login": LOGIN, "password": PASSWORD}
    if client.post("/sign-in", data=given).status_code != httpx.codes.SEE_OTHER:
        raise RuntimeError("nobody is let in")


def _found(client: httpx.Client, server: int, name: str, paths: Sequence[str], requests: int) -> Found:
    for path in paths[:WARM_UP]:
        client.get(path)
    took, before = [], _cpu(server)
    for path in islice(cycle(paths), requests):
        started = perf_counter()
        client.get(path).raise_for_status()
        took.append((perf_counter() - started) * 1000)
    cpu = (_cpu(server) - before) * 1000 / requests
    return Found(name, took, cpu, cold_load(client, paths[0]))


def _cpu(process: int) -> float:
    """Seconds that a process has computed."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cold_load(client: httpx.Client, path: str) -> int:
    """Bytes of a page and of all that it names."""
    page = client.get(path)
    return _bytes(page) + sum(_bytes(client.get(one)) for one in set(NAMED.findall(page.text)))


def _bytes(answer: httpx.Response) -> int:
    head = sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
    return len("HTTP/1.1 200 OK\r\n\r\n") + head + answer.num_bytes_downloaded


@contextmanager
def served(config: Path) -> Iterator[tuple[str, int]]:
    """`winback serve` in a process of its own; its address and its number."""
    command = [sys.executable, "-m", "winback", "--config", str(config), "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  ours
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield line.split()[2], process.pid
        finally:
            process.terminate()


def prepare(folder: Path, items: int, entries: int, say: Callable[[str], None]) -> tuple[Path, Store]:
    """A store in a folder, filled unless it is already, and the settings of its server."""
    config, database = folder / "config.yaml", folder / "winback.db"
    settings = Settings(home=folder, log=Log(level="error"))
    event_log.configure(settings.log)
    kept = database.exists()
    text = f"home: {folder}\nlog: {{level: error}}\nconsole: {{port: 0, requests_per_minute: 100000}}\n"
    config.write_text(text, encoding="utf-8")
    started = perf_counter()
    with bootstrap.services(settings, SystemClock(), selector=ScriptedSelector()) as services:
        if not kept:
            by = By("benchmark", "", datetime.now().astimezone())
            add_user(services.store, by, LOGIN, "Rita", Role.OPERATOR, PASSWORD)
            fill(services, items, entries)
            say(f"filled in {perf_counter() - started:.0f} s")
    return config, Store(f"sqlite:///{database}")


def main() -> None:
    """Fill a store, serve it, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    def say(words: str) -> None:
        if not given.json:
            print(words, flush=True)

    with tempfile.TemporaryDirectory() as scratch:
        folder = (given.folder or Path(scratch)).resolve()
        config, store = prepare(folder, given.items, given.entries, say)
        say(f"{'page':<12}{'p50 ms':>9}{'p95 ms':>9}{'server ms':>11}{'cold KB':>9}")
        numbers: dict[str, float] = {}
        sizes = []
        with served(config) as (address, process):
            for one in measure(address, process, store, given.requests):
                middle = statistics.median(one.took)
                say(f"{one.name:<12}{middle:9.1f}{one.p95:9.1f}{one.cpu:11.1f}{one.size / 1000:9.1f}")
                numbers[f"{one.name}_p95_ms"] = round(one.p95, 1)
                sizes.append(one.size)
        store.close()
    numbers["cold_load_kb"] = round(max(sizes) / 1000, 1)
    print(json.dumps(numbers) if given.json else f"cold load at most {numbers['cold_load_kb']} KB")


if __name__ == "__main__":
    main()
