"""Changing the policy: a form, what is wrong with it, what it would change, saving; going back to a version."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Depends, Form, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from policies.trial.case_report import plain_report
from policies.trial.diff_words import EFFECTS, plain_difference
from winback.console.api import api_router, page_router
from winback.console.audit import What, note
from winback.console.drafts import Drafts, Kept
from winback.console.example import example
from winback.console.rights import Operator, Person
from winback.console.visit import Here, Visit
from winback.console.words import N_
from winback.errors import ConflictError, InputError
from winback.store.bookkeeping import PolicyVersion
from workers.hindsight.outcomes import HAPPENED
from workers.hindsight.table import changed, plain_replay, rows, unknowable
from workers.policy_watch import Role
from workers.rulebook.check import finding_lines, plain_finding
from workers.rulebook.draft import begin, editable, role_source
from workers.rulebook.files import locked, seal_of
from workers.rulebook.history import texts_to_go_back

router = page_router()
api = api_router("policies")
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Text = Annotated[str, Form(max_length=400_000)]
Name = Annotated[str, Form(max_length=255)]


def _drafts(request: Request) -> Drafts:
    found: Drafts = request.app.state.drafts
    return found


Shelf = Annotated[Drafts, Depends(_drafts)]


class NewDraft(BaseModel):
    """New texts for files of a policy, and the seals of the texts that they were made from."""

    role: Literal["live", "shadow"] = Field("live", examples=["live"])
    texts: dict[str, str] = Field(
        min_length=1, max_length=50, examples=[{"mine.yaml": "version: 1\nrules: []\n"}],
        description="By the file's name, as GET /policies lists them.",
    )  # fmt: skip
    seals: dict[str, str] = Field(
        default_factory=dict, max_length=50, examples=[{"mine.yaml": "9f86d081884c7d65"}],
        description="Of the same files, as GET /policies/file gave them; who leaves one out overwrites unseen.",
    )  # fmt: skip


class DraftOut(BaseModel):
    """A change that was read without a mistake. It may be saved when `state` is looked or failed."""

    id: int
    role: str
    who: str
    state: Literal["waiting", "looking", "looked", "failed", "saved"]
    done: int = Field(description="Stretches of the log that were read, of `of`.")
    of: int
    problem: str
    hash: str
    files: list[str]
    findings: list[dict[str, str]] = Field(description="As `winback policy check --json` gives them.")
    cases: dict[str, Any] | None = Field(description="As `winback policy test --json` gives them.")
    no_cases: str = Field(description="Why there are none.")
    difference: dict[str, Any] | None = Field(description="As `winback policy diff --json` gives it.")
    replay: dict[str, Any] | None = Field(description="As `winback policy replay --json` gives it.")


class SavedOut(BaseModel):
    """What is in force now."""

    hash: str
    author: str


@router.get("/policies/edit")
def edit(
    here: Here,
    person: Operator,
    shelf: Shelf,
    role: Annotated[Role, Query()] = "live",
    file: Annotated[str, Query(max_length=255)] = "",
    draft: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """The form: of a file as it stands, or as a draft would have it."""
    source = role_source(here.services, role)
    name = file or source.path.name
    text = editable(here.services, role, name)
    seal = "" if source.gone() else seal_of(text)
    if draft is not None:
        text = shelf.get(draft).draft.texts.get(name) or text
    return _form(here, person, role, name, text, seal)


@router.post("/policies/edit")
def check(
    here: Here,
    person: Operator,
    shelf: Shelf,
    file: Name,
    text: Text,
    role: Annotated[Role, Form()],
    seal: Name = "",
) -> Response:  # fmt: skip
    """Look at what was typed: its mistake beside the text, or a page of what it would do."""
    text = text.replace("\r\n", "\n")
    try:
        editable(here.services, role, file)
        seals = {file: seal} if seal or not role_source(here.services, role).gone() else {}
        draft = begin(here.services, role, {file: text}, seals)
    except InputError as error:
        return _form(here, person, role, file, text, seal, str(error), 400)
    except ConflictError as error:
        return _form(here, person, role, file, text, seal, str(error), 409)
    return here.back(person, f"/policies/drafts/{shelf.keep(draft, person.login).number}")


def _form(
    here: Visit, person: Person, role: str, file: str, text: str, seal: str, problem: str = "", status: int = 200
) -> Response:
    why = locked(role_source(here.services, role).path)  # type: ignore[arg-type]
    return here.page(
        person, "policy_edit.html", status, role=role, file=file, text=text, seal=seal, problem=problem, locked=why
    )


@router.get("/policies/drafts/{number}")
def show(here: Here, person: Operator, shelf: Shelf, number: Number) -> Response:
    """What it says, what is doubtful, what its cases say, and what it would have said of the log."""
    values = _values(shelf.get(number))
    if "hx-request" in here.request.headers:
        return here.part(person, "policy_draft.html", "ahead", **values)
    return here.page(person, "policy_draft.html", **values)


@router.post("/policies/drafts/{number}/look")
def look(here: Here, person: Operator, shelf: Shelf, number: Number) -> Response:
    """Hold it against the log, if that was not begun."""
    shelf.look(shelf.get(number))
    return here.back(person, f"/policies/drafts/{number}")


@router.post("/policies/drafts/{number}/save")
def save(here: Here, person: Operator, shelf: Shelf, number: Number) -> Response:
    """Bring it into force."""
    written = _save(here, person, shelf, number)
    return here.back(
        person, "/policies", N_("Saved: policy %(hash)s is in force from the next decision on."), hash=written[:12]
    )


@router.post("/policies/versions/{number}/back")
def go_back(here: Here, person: Operator, shelf: Shelf, number: Number) -> Response:
    """A draft that puts an earlier version in force again."""
    return here.back(person, f"/policies/drafts/{_back(here, person, shelf, number).number}")


@api.post("/policies/drafts", status_code=201, responses=example("policy_draft_made", 201))
def make(here: Here, person: Operator, shelf: Shelf, new: NewDraft) -> DraftOut:
    """Check a change: 400 with file, line and column for a mistake, 409 with the difference for a changed file.

    It is then held against the decision log, one draft at a time: ask for it again until it is looked at.
    """
    for name in new.texts:
        editable(here.services, new.role, name)
    return _out(shelf.keep(begin(here.services, new.role, new.texts, new.seals), person.login))


@api.get("/policies/drafts/{number}", responses=example("policy_draft"))
def read(here: Here, person: Operator, shelf: Shelf, number: Number) -> DraftOut:  # noqa: ARG001
    """How far it is, and what it would change."""
    return _out(shelf.get(number))


@api.post("/policies/drafts/{number}/look", status_code=202, responses=example("policy_draft_look", 202))
def look_by_program(here: Here, person: Operator, shelf: Shelf, number: Number) -> DraftOut:  # noqa: ARG001
    """Hold it against the log, where another draft was in the way before; 409 while one still is."""
    kept = shelf.get(number)
    shelf.look(kept)
    return _out(kept)


@api.post("/policies/drafts/{number}/save", responses=example("policy_saved"))
def save_by_program(here: Here, person: Operator, shelf: Shelf, number: Number) -> SavedOut:
    """Bring it into force; 409 when nobody has looked at it, or a file has changed meanwhile."""
    return SavedOut(hash=_save(here, person, shelf, number), author=person.login)


@api.post("/policies/versions/{number}/back", status_code=201, responses=example("policy_back", 201))
def go_back_by_program(here: Here, person: Operator, shelf: Shelf, number: Number) -> DraftOut:
    """A draft that puts an earlier version in force again."""
    return _out(_back(here, person, shelf, number))


def _save(here: Visit, person: Person, shelf: Drafts, number: int) -> str:
    kept, by = shelf.get(number), here.by(person)

    def noted(session: Session) -> None:
        detail = f"{kept.draft.role} {', '.join(kept.draft.texts)} {kept.draft.loaded.policy.hash[:12]}"
        note(session, by.at, by.who, What.POLICY_SAVED, by.place, detail)

    return shelf.save(kept, person.login, noted)


def _back(here: Visit, person: Person, shelf: Drafts, number: int) -> Kept:
    services = here.services
    with services.store.read() as session:
        version = session.get(PolicyVersion, number)
    if version is None:
        raise HTTPException(404, "there is no such version")
    role: Role = "shadow" if version.role.startswith("shadow") else "live"
    texts = texts_to_go_back(version, role_source(services, role).path)
    return shelf.keep(begin(services, role, texts, {}), person.login)


def _values(kept: Kept) -> Mapping[str, Any]:
    found, draft = kept.found, kept.draft
    every = rows(found.replayed) if found else []
    return {
        "kept": kept,
        "draft": draft,
        "lines": list(finding_lines(draft.loaded, draft.findings)),
        "difference": found and found.difference,
        "effects": EFFECTS,
        "replayed": found and found.replayed,
        "changed": changed(found.replayed) if found else 0,
        "rows": every,
        "words": [word for word in HAPPENED if any(tally.happened[word] for _, _, tally in every)],
        "cannot": list(unknowable(found.replayed)) if found else [],
        "only": next(iter(draft.texts)) if len(draft.texts) == 1 else "",
    }


def _out(kept: Kept) -> DraftOut:
    draft, found = kept.draft, kept.found
    return DraftOut(
        id=kept.number, role=draft.role, who=kept.who, state=kept.state, done=kept.done, of=kept.of,
        problem=kept.problem, hash=draft.loaded.policy.hash, files=sorted(draft.texts),
        findings=[plain_finding(one, draft.loaded) for one in draft.findings],
        cases=plain_report(draft.cases) if draft.cases else None, no_cases=draft.no_cases,
        difference=plain_difference(found.difference) if found else None,
        replay=plain_replay(found.replayed) if found else None,
    )  # fmt: skip
