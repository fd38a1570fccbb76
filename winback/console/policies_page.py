"""The policies in force, every one that was, the difference between any two, and what the shadow would decide."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import HTTPException, Path, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from policies.trial.diff import Difference, difference
from policies.trial.diff_words import EFFECTS, plain_difference
from winback.console.api import api_router, page_router
from winback.console.audit import What, note
from winback.console.example import example
from winback.console.policies import InForce, Line, in_force, line_of
from winback.console.rights import Looker, Operator, Person
from winback.console.visit import Here, Visit
from winback.console.words import N_
from winback.store.bookkeeping import PolicyVersion
from workers.hindsight.findings import Findings
from workers.hindsight.outcomes import HAPPENED
from workers.hindsight.replay import shadowed
from workers.hindsight.table import changed, plain_findings, rows
from workers.policy_watch import newest_version
from workers.rulebook.draft import role_source
from workers.rulebook.files import named
from workers.rulebook.history import policy_of, rules_text, text_difference, versions
from workers.rulebook.shadow import end_shadow
from workers.switches import switches

router = page_router()
api = api_router("policies")
MOST = 2**31 - 1
Number = Annotated[int, Path(ge=1, le=MOST)]
Which = Annotated[int, Query(ge=1, le=MOST, description="Number of a version.")]
Before = Annotated[int | None, Query(ge=1, le=MOST, description="Versions with a lower number.")]
Days = Annotated[int, Query(ge=1, le=3660, description="Decisions of so many days.")]
HOW = {
    "disk": N_("changed on the disk"),
    "console": N_("saved in the console"),
    "switch": N_("by a kill switch"),
}


class VersionOut(BaseModel):
    """A policy that came into force, with its text."""

    line: Line
    rules: str = Field(description="What it says, as YAML without comments and switches.")
    files: dict[str, str] | None = Field(description="Its files as they were written, where they were kept.")


class DifferenceOut(BaseModel):
    """From one version to another."""

    meaning: dict[str, Any] = Field(description="As `winback policy diff --json` gives it.")
    text: str = Field(description="As `diff -u` tells it.")


class FileOut(BaseModel):
    """A file as it stands on the disk."""

    name: str = Field(examples=["mine.yaml"])
    text: str = Field(examples=["version: 1\nrules: []\n"])
    seal: str = Field(description="Names this text; give it back with a change.", examples=["9f86d081884c7d65"])


class ShadowOut(BaseModel):
    """What the shadow policy would have decided; None where there is none, or it has judged nothing."""

    configured: bool
    policy: str | None
    since: str | None
    author: str | None
    findings: dict[str, Any] | None = Field(description="As `winback policy shadow --json` gives them.")


@router.get("/policies")
def show(here: Here, person: Looker, before: Before = None) -> Response:
    """The page."""
    found = in_force(here.services)
    with here.services.store.read() as session:
        lines = [line_of(one) for one in versions(session, before)]
        engaged = switches(session, engaged=True)
    return here.page(person, "policies.html", policies=found, lines=lines, engaged=engaged, how=HOW)


@router.get("/policies/versions/{number}")
def show_version(here: Here, person: Looker, number: Number) -> Response:
    """One of them, with its text."""
    version = _version(here, number)
    policy = policy_of(version)
    return here.page(
        person, "policy_version.html", line=line_of(version), policy=policy, how=HOW,
        files=version.files or {version.source: rules_text(policy)},
    )  # fmt: skip


@router.get("/policies/diff")
def show_difference(here: Here, person: Looker, old: Which, new: Which) -> Response:
    """What one says that the other does not: in meaning, and in text."""
    first, second = _version(here, old), _version(here, new)
    return here.page(
        person, "policy_diff.html", old=line_of(first), new=line_of(second), difference=_meaning(first, second),
        effects=EFFECTS, text=text_difference(first, second),
    )  # fmt: skip


@router.get("/policies/shadow")
def show_shadow(here: Here, person: Looker, days: Days = 30) -> Response:
    """Where it would have decided otherwise."""
    version, found = _shadow(here, days)
    every = rows(found) if found else []
    return here.page(
        person, "policy_shadow.html", shadow=here.services.shadow, version=version, days=days,
        replayed=found, rows=every, changed=changed(found) if found else 0,
        words=[word for word in HAPPENED if any(tally.happened[word] for _, _, tally in every)],
    )  # fmt: skip


@router.post("/policies/shadow/end")
def end_it(here: Here, person: Operator) -> Response:
    """Let nothing judge beside the policy in force any more."""
    _end_shadow(here, person)
    return here.back(person, "/policies/shadow", N_("The shadow policy judges no more."))


@api.get("/policies", responses=example("policies"))
def list_policies(here: Here, person: Looker) -> list[InForce]:  # noqa: ARG001  whoever may look
    """What is in force, and its files."""
    return list(in_force(here.services))


@api.get("/policies/file", responses=example("policy_file"))
def read_file(
    here: Here,
    person: Looker,  # noqa: ARG001
    name: Annotated[str, Query(max_length=255, examples=["mine.yaml"])],
    role: Literal["live", "shadow"] = "live",
) -> FileOut:
    """A file of a policy as it stands."""
    found = named(role_source(here.services, role).path, name)
    return FileOut(name=found.name, text=found.text, seal=found.seal)


@api.get("/policies/versions", responses=example("policy_versions"))
def list_versions(here: Here, person: Looker, before: Before = None) -> list[Line]:  # noqa: ARG001
    """What came into force and what was refused, the newest first."""
    with here.services.store.read() as session:
        return [line_of(one) for one in versions(session, before)]


@api.get("/policies/versions/{number}", responses=example("policy_version"))
def read_version(here: Here, person: Looker, number: Number) -> VersionOut:  # noqa: ARG001
    """One of them, with its text."""
    version = _version(here, number)
    return VersionOut(line=line_of(version), rules=rules_text(policy_of(version)), files=version.files)


@api.get("/policies/diff", responses=example("policy_diff"))
def read_difference(here: Here, person: Looker, old: Which, new: Which) -> DifferenceOut:  # noqa: ARG001
    """What one version says that the other does not."""
    first, second = _version(here, old), _version(here, new)
    return DifferenceOut(meaning=plain_difference(_meaning(first, second)), text=text_difference(first, second))


@api.get("/policies/shadow", responses=example("policy_shadow"))
def read_shadow(here: Here, person: Looker, days: Days = 30) -> ShadowOut:  # noqa: ARG001
    """What the shadow policy would have decided otherwise; reads the log, and may take seconds."""
    version, found = _shadow(here, days)
    return ShadowOut(
        configured=here.services.shadow is not None, policy=version.hash if version else None,
        since=version.at.isoformat() if version else None, author=version.author if version else None,
        findings=plain_findings(found) if found else None,
    )  # fmt: skip


@api.post("/policies/shadow/end", responses=example("policy_shadow_ended"))
def end_by_program(here: Here, person: Operator) -> ShadowOut:
    """Let nothing judge beside the policy in force any more: its file is taken away. One begins as a draft."""
    _end_shadow(here, person)
    return read_shadow(here, person)


def _end_shadow(here: Visit, person: Person) -> None:
    by = here.by(person)

    def noted(session: Session) -> None:
        note(session, by.at, by.who, What.SHADOW_ENDED, by.place, role_source(here.services, "shadow").path.name)

    end_shadow(here.services, person.login, noted)


def _version(here: Visit, number: int) -> PolicyVersion:
    with here.services.store.read() as session:
        found = session.get(PolicyVersion, number)
    if found is None:
        raise HTTPException(404, "there is no such version")
    return found


def _meaning(old: PolicyVersion, new: PolicyVersion) -> Difference:
    return difference(policy_of(old), policy_of(new))


def _shadow(here: Visit, days: int) -> tuple[PolicyVersion | None, Findings | None]:
    services = here.services
    if services.shadow is None or services.shadow.gone():
        return None, None
    with services.store.read() as session:
        version = newest_version(session, "shadow")
    if version is None:
        return None, None
    return version, shadowed(services.store, version.hash, services.clock.now() - timedelta(days=days))
