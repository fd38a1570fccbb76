"""Two engines for durable work, doing one durable step each: what `effects.py` is held against."""

import asyncio
import logging
import time
from multiprocessing import get_context
from typing import Any


def dbos_per_second(url: str, steps: int) -> float:
    """Workflows of one durable step a second, in a process of their own."""
    return _apart(_dbos, url, steps)


def _dbos(url: str, steps: int, answer: Any) -> None:
    from dbos import DBOS  # noqa: PLC0415  in the child alone

    logging.disable(logging.CRITICAL)
    DBOS(config={"name": "bench", "system_database_url": url, "run_admin_server": False})

    @DBOS.step()
    def step(number: int) -> int:
        return number

    @DBOS.workflow()
    def workflow(number: int) -> int:
        return step(number)

    DBOS.launch()
    for number in range(20):
        workflow(number)
    began = time.perf_counter()
    for number in range(steps):
        workflow(number)
    answer.put(steps / (time.perf_counter() - began))
    DBOS.destroy()


def procrastinate_per_second(url: str, jobs: int) -> float:
    """Jobs a second of one worker that takes one after another, in a process of its own."""
    return _apart(_procrastinate, url, jobs)


def _procrastinate(url: str, jobs: int, answer: Any) -> None:
    import procrastinate  # noqa: PLC0415  in the child alone

    logging.disable(logging.CRITICAL)
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))

    @app.task(name="step")
    def step(number: int) -> int:
        return number

    async def run() -> float:
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            await step.batch_defer_async(*({"number": one} for one in range(20)))
            await app.run_worker_async(wait=False, install_signal_handlers=False, concurrency=1)
            await step.batch_defer_async(*({"number": one} for one in range(jobs)))
            began = time.perf_counter()
            await app.run_worker_async(wait=False, install_signal_handlers=False, concurrency=1)
            return jobs / (time.perf_counter() - began)

    answer.put(asyncio.run(run()))


def _apart(run: Any, url: str, count: int) -> float:
    context = get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=run, args=(url, count, answer))
    process.start()
    found = float(answer.get(timeout=180))
    process.join(timeout=30)
    if process.is_alive():
        process.kill()
    return found
