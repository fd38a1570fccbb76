"""Whether the list has changed: a browser asks by server-sent events and then loads the list anew.

A stream ends after some seconds and the browser opens the next one, so that whoever is signed out hears
nothing more, and nothing keeps the server from stopping.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import Query
from fastapi.concurrency import run_in_threadpool
from sqlmodel import Session, col, func, select
from starlette.responses import StreamingResponse

from winback.console.api import page_router
from winback.console.rights import Looker
from winback.console.visit import Here
from winback.store.models import Review
from winback.store.queue import Planted
from workers.services import Services

router = page_router()
STREAM_SECONDS, LOOK_SECONDS, AGAIN_MS = 8, 1, 1000
BY_TIME = 30
"""Seconds after which the list is another by time alone: claims come and lapse, snoozed items wake."""


def news_of(session: Session, now: datetime) -> str:
    """A short name for the state of the list; another one: something came or was decided, or time has passed.

    Nothing is counted: every browser asks this each second, and a hundred thousand items may wait.
    """
    newest = [
        session.exec(select(func.max(col(what)))).one()
        for what in (Review.id, Review.decided_at, Planted.id, Planted.decided_at)
    ]
    seen = (*newest, int(now.timestamp()) // BY_TIME)
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


@router.get("/queue/news")
async def news(
    here: Here,
    person: Looker,  # noqa: ARG001  whoever may look
    seen: Annotated[str, Query(max_length=16)] = "",
) -> StreamingResponse:
    """One event with the list's new name as soon as it is not `seen` any more, or nothing for some seconds."""
    known = here.request.headers.get("last-event-id", seen)
    return StreamingResponse(_stream(here.services, known), media_type="text/event-stream")


async def _stream(services: Services, known: str) -> AsyncIterator[str]:
    yield f"retry: {AGAIN_MS}\n\n"
    for _ in range(STREAM_SECONDS // LOOK_SECONDS):
        found = await run_in_threadpool(_look, services)
        if found != known:
            yield f"id: {found}\nevent: queue\ndata: {found}\n\n"
            return
        await asyncio.sleep(LOOK_SECONDS)


def _look(services: Services) -> str:
    with services.store.read() as session:
        return news_of(session, services.clock.now())
