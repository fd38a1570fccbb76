"""Schedules: when each ran and runs next, at once where an operator wants it, or not at all for a while."""

from enum import StrEnum
from typing import Annotated

from fastapi import Form, Query, Response

from winback.console.api import api_router, page_router
from winback.console.audit import What
from winback.console.example import example
from winback.console.overview_page import RUNS, STATES
from winback.console.rights import Looker, Operator
from winback.console.runs import Runs, Schedule, run_list, schedules
from winback.console.visit import Here
from winback.console.words import N_
from workers.pause import pause, resume, run_now

router = page_router()
api = api_router("runs")
After = Annotated[str | None, Query(max_length=2000, description="`next` of the page before.")]
Reason = Annotated[str, Form(max_length=200, examples=["the import is being mended"])]
WORDS = {
    "pass": N_("Full pass: detect, propose, act"),
    "act": N_("Acting on what is due"),
    "checkpoint": N_("Signed checkpoint of the log"),
    "inbox": N_("Reading the mailbox"),
}


class Name(StrEnum):
    """The schedules that there are."""

    PASS = "pass"  # noqa: S105  a name
    ACT = "act"
    CHECKPOINT = "checkpoint"
    INBOX = "inbox"


Which = Annotated[Name | None, Query(description="Of one schedule only.")]


@router.get("/runs")
def show(here: Here, person: Looker, schedule: Which = None, after: After = None) -> Response:
    """All schedules, and what ran."""
    with here.services.store.read() as session:
        found = run_list(session, schedule=schedule or "", after=after)
    return here.page(
        person, "runs.html", schedules=schedules(here.services), found=found, schedule=schedule or "", words=WORDS,
        states={**STATES, **RUNS}, first=after is None,
    )  # fmt: skip


@router.post("/runs/{schedule}/now")
def now(here: Here, person: Operator, schedule: Name) -> Response:
    """A run at once."""
    run_now(here.services, schedule)
    here.note(person, What.RUN_ASKED, schedule)
    return here.back(person, "/runs", N_("It runs as soon as a worker is free."))


@router.post("/runs/{schedule}/pause")
def rest(here: Here, person: Operator, schedule: Name, reason: Reason) -> Response:
    """No run until somebody resumes it."""
    pause(here.services, schedule, person.login, reason)
    here.note(person, What.PAUSED, f"{schedule.value}: {reason}")
    return here.back(person, "/runs", N_("Paused: no worker begins it until somebody resumes it."))


@router.post("/runs/{schedule}/resume")
def go_on(here: Here, person: Operator, schedule: Name) -> Response:
    """Runs come again."""
    resume(here.services, schedule)
    here.note(person, What.RESUMED, schedule)
    return here.back(person, "/runs", N_("Resumed."))


@api.get("/schedules", responses=example("schedules"))
def list_schedules(here: Here, person: Looker) -> tuple[Schedule, ...]:  # noqa: ARG001  whoever may look
    """Every schedule with its last run, its next one, and who lets it rest."""
    return schedules(here.services)


@api.get("/runs", responses=example("runs"))
def list_runs(here: Here, person: Looker, schedule: Which = None, after: After = None) -> Runs:  # noqa: ARG001
    """Runs, the newest first, fifty a page."""
    with here.services.store.read() as session:
        return run_list(session, schedule=schedule or "", after=after)


@api.post("/schedules/{schedule}/run", status_code=204)
def run_api(here: Here, person: Operator, schedule: Name) -> None:
    """A run at once; 409 while it rests."""
    run_now(here.services, schedule)
    here.note(person, What.RUN_ASKED, schedule)


@api.post("/schedules/{schedule}/pause", status_code=204)
def pause_api(here: Here, person: Operator, schedule: Name, reason: Reason) -> None:
    """No run until somebody resumes it; 409 where it rests already."""
    pause(here.services, schedule, person.login, reason)
    here.note(person, What.PAUSED, f"{schedule.value}: {reason}")


@api.post("/schedules/{schedule}/resume", status_code=204)
def resume_api(here: Here, person: Operator, schedule: Name) -> None:
    """Runs come again, and what was missed at once; 409 where it does not rest."""
    resume(here.services, schedule)
    here.note(person, What.RESUMED, schedule)
