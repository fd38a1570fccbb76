"""How fast the whole way is: accounts scanned a second, and cases decided with a model that answers at once.

Beside it, on the same machine in the same run: the bare `create_agent` call with that model, and a bare
durable SQLite transaction. `decide_ms` is what we put around that call, the commit included: options, judging
each of them, the brief, the union, judging the proposal, rendering, the log entry and the effect row; the
median of the whole (`decide_with_model_ms`) less that of the bare call.

    python benchmarks/pipeline.py [--cases 300] [--accounts 2000] [--json]
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy
from pydantic import BaseModel
from sqlmodel import func, select

from agents.selector import Selector
from winback import bootstrap, event_log
from winback.clock import SimulatedClock
from winback.settings import Detection, Log, Policies, Settings
from winback.simulation.company import make_company
from winback.simulation.writer import write_usage
from winback.store.models import Effect
from winback.testing.channel import MemoryChannel
from winback.testing.scripted_model import ScriptedModel, first_option, scripted
from winback.testing.world import add_account, open_case
from winback.usage.detect.detector import detect
from winback.usage.import_file import import_usage
from winback.usage.warehouse import Warehouse
from workers.propose import propose
from workers.services import Services

POLICY = Path(__file__).parents[1] / "policies" / "demo.yaml"
NOW = datetime(2026, 5, 12, 10, tzinfo=UTC)
WARM_UP = 20


class Answer(BaseModel):
    """The form that the bare call asks for."""

    tool: str
    confidence: float


def milliseconds(call: Callable[[], object], times: int) -> list[float]:
    """How long each of `times` calls took, after a warm-up."""
    for _ in range(WARM_UP):
        call()
    found = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        found.append((time.perf_counter() - started) * 1000)
    return found


def bare_agent(times: int) -> list[float]:
    """LangChain alone: one compiled agent, the same scripted model, a typed answer."""
    chat = ScriptedModel(answers=['{"tool": "send_tutorial", "confidence": 0.8}'], repeat=True)
    agent = create_agent(chat, tools=[], response_format=ProviderStrategy(Answer))
    return milliseconds(lambda: agent.invoke({"messages": [("user", "choose")]}), times)


def bare_commit(services: Services, times: int) -> list[float]:
    """One durable transaction with one row."""

    def commit() -> None:
        with services.store.write("benchmark") as session:
            add_account(session, f"bare-{time.perf_counter_ns()}")

    return milliseconds(commit, times)


def decided(folder: Path, cases: int) -> tuple[list[float], list[float], int]:
    """Milliseconds per decided case, per bare commit, and how many effect rows there are at the end."""
    clock = SimulatedClock(NOW)
    settings = Settings(home=folder, policies=Policies(path=POLICY))
    selector = Selector(scripted([first_option], clock, repeat=True))
    with bootstrap.services(settings, clock, selector=selector, channel=MemoryChannel()) as services:
        with services.store.write("benchmark") as session:
            ids = [open_case(session, add_account(session, f"a-{number}"), now=NOW) for number in range(cases)]
        todo = iter(ids)
        took = milliseconds(lambda: propose(services, next(todo), {}), cases - WARM_UP)
        commits = bare_commit(services, 200)
        with services.store.read() as session:
            effects = session.exec(select(func.count()).select_from(Effect)).one()
    return took, commits, effects


def scanned(folder: Path, accounts: int) -> tuple[int, float]:
    """Accounts of one full pass, and its best time of three in seconds."""
    end = date(2026, 5, 11)
    company = make_company(7, accounts=accounts, end=end)
    write_usage(company, folder / "usage.parquet")
    warehouse = Warehouse(folder / "usage")
    settings = Settings(home=folder)
    import_usage(
        folder / "usage.parquet",
        warehouse,
        settings.usage.columns,
        "UTC",
        epoch=None,
        at=NOW + timedelta(days=1),
        progress=lambda _done, _of: None,
    )
    times = []
    for _ in range(3):
        started = time.perf_counter()
        with warehouse.connect() as connection:
            scan = detect(connection, warehouse.view(connection), end, Detection())
        times.append(time.perf_counter() - started)
    return scan.accounts, min(times)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--accounts", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    event_log.configure(Log(level="error"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        accounts, seconds = scanned(folder, options.accounts)
        took, commits, effects = decided(folder, options.cases)
    agent = bare_agent(200)
    result = {
        "accounts_scanned_per_s": round(accounts / seconds),
        "cases_decided_per_s": round(1000 * len(took) / sum(took), 1),
        "decide_ms": round(statistics.median(took) - statistics.median(agent), 2),
        "decide_with_model_ms": round(statistics.median(took), 2),
        "decide_with_model_p95_ms": round(statistics.quantiles(took, n=20)[-1], 2),
        "create_agent_ms": round(statistics.median(agent), 2),
        "bare_commit_ms": round(statistics.median(commits), 2),
        "decide_over_create_agent": round(statistics.median(took) / statistics.median(agent), 2),
        "effects_made": effects,
    }
    if options.json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:<26}{value:>12}")


if __name__ == "__main__":
    main()
