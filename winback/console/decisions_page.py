"""The decision log: searched, each entry explained, proven, and held against another policy."""

import json
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Form, Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from winback.console.api import api_router, page_router
from winback.console.evidence.decision import (
    Decisions,
    DecisionView,
    Search,
    decision_list,
    decision_proof,
    decision_view,
)
from winback.console.evidence.phrase import shown_text
from winback.console.example import example
from winback.console.replay import Under, policy_under
from winback.console.rights import Decider, Looker, Operator, Person
from winback.console.verification import State, Verifier
from winback.console.visit import Here, Visit
from winback.console.words import N_
from winback.decisions.kind import EntryKind
from winback.errors import ConflictError, InputError, IntegrityError

router = page_router()
api = api_router("decisions")
POLICY = "version: 1\nrules:\n- {id: tools, kind: allow_tools, allow: [{tools: [send_tutorial], mode: review}]}\n"
LONGEST_TEXT, LONGEST_SHOWN = 200_000, 60_000
Row = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Kind = Annotated[EntryKind | None, Query(description="Of this kind.")]
By = Annotated[str, Query(max_length=200, description="Decided or written down by this person.")]
After = Annotated[str | None, Query(max_length=2000, description="`next` of the page before.")]
Entry = Annotated[str, Path(max_length=20, description="Its position, or +ROW while it is not sealed.")]
Text = Annotated[str, Form(max_length=LONGEST_TEXT)]


class ReplayIn(BaseModel):
    """The policy to hold a decision against; `text` where it is not one in force."""

    under: Under = Field("text", examples=["text"])
    text: str = Field("", max_length=LONGEST_TEXT, examples=[POLICY])


@router.get("/decisions")
def show(
    here: Here,
    person: Looker,
    case: Annotated[str, Query(max_length=20)] = "",
    account: Annotated[str, Query(max_length=20)] = "",
    kind: Annotated[str, Query(max_length=40)] = "",
    by: By = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
    after: After = None,
) -> Response:
    """The log, the newest first."""
    asked = {"case": case, "account": account, "kind": kind, "by": by, "since": since, "until": until}
    search = _search(person, asked)
    with here.services.store.read() as session:
        found = decision_list(session, search, person.say, after=after)
    return here.page(
        person, "decisions.html", found=found, asked=asked, kinds=list(EntryKind), first=after is None,
        state=_verifier(here).state(),
    )  # fmt: skip


@router.get("/decisions/verification")
def show_verification(here: Here, person: Looker) -> Response:
    """How far it is, for HTMX, which asks as long as it runs."""
    return here.part(person, "decisions.html", "verification", state=_verifier(here).state())


@router.post("/decisions/verification")
def verify(here: Here, person: Operator) -> Response:
    """Verify the log beside the pages."""
    _verifier(here).start(here.by(person))
    return here.back(person, "/decisions", N_("The verification has begun."))


@router.get("/decisions/{name}")
def show_one(here: Here, person: Looker, name: Entry) -> Response:
    """One entry, explained."""
    return _page(here, person, name, "live", "")


@router.post("/decisions/{name}")
def replay(here: Here, person: Decider, name: Entry, under: Annotated[Under, Form()], text: Text = "") -> Response:
    """The same, with what another policy says of the same facts."""
    return _page(here, person, name, under, text)


@router.get("/decisions/{name}/proof")
def proof(here: Here, person: Looker, name: Entry) -> Response:  # noqa: ARG001  whoever may look
    """Its proof, for whoever checks it without us."""
    headers = {"Content-Disposition": 'attachment; filename="proof.json"'}
    return JSONResponse(_proof(here, name), headers=headers)


@api.get("/decisions", responses=example("decisions"))
def list_decisions(
    here: Here,
    person: Looker,  # noqa: ARG001
    case: Row = None,
    account: Row = None,
    kind: Kind = None,
    by: By = "",
    since: datetime | None = None,
    until: datetime | None = None,
    after: After = None,
) -> Decisions:
    """Entries of the log, the newest first. A page of a search may be empty and yet have a `next`."""
    for moment in (since, until):
        if moment is not None and moment.tzinfo is None:
            raise InputError("has no time zone", where="since or until", fix="end it with Z or +05:30")
    with here.services.store.read() as session:
        return decision_list(session, Search(case, account, kind, by, since, until), after=after)


@api.get("/decisions/verification", responses=example("verification"))
def read_verification(here: Here, person: Looker) -> State:  # noqa: ARG001
    """Whether a verification runs, how far it is, and when the log was verified last."""
    return _verifier(here).state()


@api.post("/decisions/verification", status_code=202)
def verify_api(here: Here, person: Operator) -> None:
    """Verify the log in the background; 409 while one runs."""
    _verifier(here).start(here.by(person))


@api.get("/decisions/{name}", responses=example("decision"))
def read_decision(here: Here, person: Looker, name: Entry) -> DecisionView:  # noqa: ARG001
    """One entry: told, its body and evidence, what each rule said, and what the policy in force says now."""
    return decision_view(here.services, name, policy_under(here.services, "live"))


@api.post("/decisions/{name}/replay", responses=example("replay"))
def replay_api(here: Here, person: Decider, name: Entry, wanted: ReplayIn) -> DecisionView:  # noqa: ARG001
    """The same, with what another policy says of the same facts. Changes nothing."""
    return decision_view(here.services, name, policy_under(here.services, wanted.under, wanted.text))


@api.get("/decisions/{name}/proof")
def proof_api(here: Here, person: Looker, name: Entry) -> dict[str, Any]:  # noqa: ARG001
    """What `winback log prove` prints; 400 while no checkpoint covers the entry."""
    return _proof(here, name)


def _verifier(here: Visit) -> Verifier:
    found: Verifier = here.request.app.state.verifier
    return found


def _page(here: Visit, person: Person, name: str, under: Under, text: str) -> Response:
    view = decision_view(here.services, name, policy_under(here.services, under, text), person.say)
    return here.page(
        person, "decision.html", view=view, under=under, text=text, body=_pretty(view.body),
        evidence=_pretty(view.evidence) if view.evidence else "", shadow=here.services.shadow_policy is not None,
        longest=LONGEST_TEXT,
    )  # fmt: skip


def _pretty(text: str) -> str:
    """JSON for people, in ASCII: whatever somebody wrote into it, nothing hides or turns."""
    try:
        return json.dumps(json.loads(text), indent=2)[:LONGEST_SHOWN]
    except (ValueError, RecursionError):
        return shown_text(text, LONGEST_SHOWN)


def _proof(here: Visit, name: str) -> dict[str, Any]:
    try:
        return decision_proof(here.services, name)
    except IntegrityError as error:
        raise ConflictError(error.what, where=error.where, fix="verify the log") from None


def _search(person: Person, asked: dict[str, str]) -> Search:
    """What was typed; raises InputError for what cannot be looked for."""
    kind = asked["kind"]
    if kind and kind not in set(EntryKind):
        raise InputError("is no kind of entry", where=repr(kind), fix="choose one of those shown")
    since, until = (_midnight(person, one, asked[one]) for one in ("since", "until"))
    return Search(
        case=_number("case", asked["case"]),
        account=_number("account", asked["account"]),
        kind=EntryKind(kind) if kind else None,
        by=asked["by"].strip(),
        since=since,
        until=until + timedelta(days=1) if until else None,
    )


def _number(where: str, typed: str) -> int | None:
    typed = typed.strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 10):
        raise InputError("is no number", where=where, fix="leave it empty, or give one")
    return int(typed)


def _midnight(person: Person, where: str, typed: str) -> datetime | None:
    """The first moment of a day where they live."""
    try:
        return datetime.combine(date.fromisoformat(typed), time(), ZoneInfo(person.zone)) if typed else None
    except ValueError:
        raise InputError("is no day", where=where, fix="write one such as 2026-05-12") from None
