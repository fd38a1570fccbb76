"""Accounts: the list, and one account with its usage, its people and its thread."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Form, HTTPException, Query, Response
from pydantic import BaseModel

from winback.console.api import api_router, page_router
from winback.console.audit import What
from winback.console.evidence.account import Accounts, AccountView, Person, Row, account_list, account_view
from winback.console.evidence.thread import Happened
from winback.console.example import example
from winback.console.overview_page import STATES
from winback.console.person import stop_account
from winback.console.rights import Looker, Operator
from winback.console.visit import Here, Number, Visit
from winback.console.words import N_

router = page_router()
api = api_router("accounts")
Search = Annotated[str, Query(max_length=200, description="Part of a name or key, or somebody's address.")]
After = Annotated[str | None, Query(max_length=2000, description="`next` of the page before.")]
Source = Annotated[str, Form(max_length=200, examples=["on the phone, 12 May"])]


class HappenedOut(BaseModel):
    """One thing on an account's thread, in English; `about` names the row it tells of."""

    at: datetime
    kind: str
    words: str
    about: tuple[str, str]
    case: int | None
    contact: str
    by: list[str]
    text: str


class UsageOut(BaseModel):
    """The newest drop: active days of a window of `window` days, expected and seen."""

    window: int
    as_of: date
    onset: date
    expected: float
    seen: int
    baseline: float
    low: int
    high: int


class AccountOut(BaseModel):
    """One account."""

    row: Row
    zone: str
    region: str
    tags: list[str]
    people: list[Person]
    cases: list[int]
    usage: UsageOut | None
    thread: list[HappenedOut]
    next: str | None


class Stopped(BaseModel):
    """How many people newly will never be written to again."""

    stopped: int


@router.get("/accounts")
def show(here: Here, person: Looker, q: Search = "", after: After = None) -> Response:
    """The list."""
    found = account_list(here.services, search=q, after=after)
    return here.page(person, "accounts.html", found=found, q=q, first=after is None, case_states=STATES)


@router.get("/accounts/{number}")
def show_one(here: Here, person: Looker, number: Number, after: After = None) -> Response:
    """One account."""
    return here.page(person, "account.html", view=_view(here, number, after), first=after is None)


@router.post("/accounts/{number}/stop")
def stop_all(here: Here, person: Operator, number: Number, source: Source) -> Response:
    """Never write to anybody there again."""
    stopped = stop_account(here.services, number, source)
    here.note(person, What.STOPPED, f"account {number}")
    return here.back(
        person, f"/accounts/{number}", N_("%(count)s people there will never be written to again."), count=stopped
    )


@api.get("/accounts", responses=example("accounts"))
def list_accounts(here: Here, person: Looker, q: Search = "", after: After = None) -> Accounts:  # noqa: ARG001
    """Accounts by their keys, fifty a page."""
    return account_list(here.services, search=q, after=after)


@api.get("/accounts/{number}", responses=example("account"))
def read_account(here: Here, person: Looker, number: Number, after: After = None) -> AccountOut:  # noqa: ARG001
    """One account with its people, its cases and a page of its thread."""
    view = _view(here, number, after)
    usage = view.usage
    return AccountOut(
        row=view.row,
        zone=view.zone,
        region=view.region,
        tags=list(view.tags),
        people=list(view.people),
        cases=list(view.cases),
        usage=None
        if usage is None
        else UsageOut(
            window=usage.window, as_of=usage.as_of, onset=usage.onset, expected=usage.expected, seen=usage.seen,
            baseline=usage.baseline, low=usage.low, high=usage.high,
        ),
        thread=[_happened(one) for one in view.thread.happened],
        next=view.thread.next,
    )  # fmt: skip


@api.post("/accounts/{number}/stop", responses=example("stopped"))
def stop_all_api(here: Here, person: Operator, number: Number, source: Source) -> Stopped:
    """Never write to anybody there again; `source` says where they said so."""
    stopped = stop_account(here.services, number, source)
    here.note(person, What.STOPPED, f"account {number}")
    return Stopped(stopped=stopped)


def _view(here: Visit, number: int, after: str | None) -> AccountView:
    view = account_view(here.services, number, after=after)
    if view is None:
        raise HTTPException(404, "there is no such account")
    return view


def _happened(one: Happened) -> HappenedOut:
    return HappenedOut(
        at=one.at, kind=one.kind, words=str(one.words), about=one.target, case=one.case, contact=one.contact,
        by=list(one.by), text=one.text,
    )  # fmt: skip
