"""A change of a policy's files that is looked at before it is saved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session

from policies.lint import Finding
from policies.load import Instead, Loaded, load_placed
from policies.policy import Policy
from policies.switch import with_switches
from policies.trial.case import cases_beside, read_cases
from policies.trial.case_report import CaseReport, run_cases
from policies.trial.diff import Difference, difference
from winback.errors import ConflictError, InputError
from workers.hindsight.findings import Findings
from workers.hindsight.replay import Progress, replay
from workers.known_names import known_names
from workers.policy_source import PolicySource
from workers.policy_watch import Role, source_of, take_over
from workers.rulebook.check import findings_of
from workers.rulebook.files import changed_meanwhile, changed_since, files_of, locked, named, put
from workers.rulebook.history import rules_text
from workers.services import Services


@dataclass(frozen=True)
class Draft:
    """New texts for some of the files, and what is known of them before anything is replayed.

    `seals` are those of all files as they stood; without `cases`, `no_cases` says why.
    """

    role: Role
    path: Path
    texts: Instead
    seals: Mapping[str, str] = field(repr=False)
    loaded: Loaded = field(repr=False)
    findings: tuple[Finding, ...]
    cases: CaseReport | None
    no_cases: str = ""


@dataclass(frozen=True)
class Consequences:
    """What a draft means that the policy in force does not, and what it would have said of the log."""

    difference: Difference
    replayed: Findings


def begin(services: Services, role: Role, texts: Instead, seals: Mapping[str, str]) -> Draft:
    """Check a change as `winback policy check` and `test` do. `seals`: of the files it was made from.

    Raises:
        InputError: it cannot be read (file, line, column), or may not be edited from here.
        ConflictError: a file has changed since, or nothing would change.
    """
    source = role_source(services, role)
    path = source.path
    if (why := locked(path)) is not None:
        raise InputError("cannot be edited from here", where=str(path), fix=why)
    files = {one.name: one for one in files_of(path)}
    for name, seal in seals.items():
        if name not in files or files[name].seal != seal:
            raise changed_meanwhile(path, name, texts.get(name) or "")
    new = {name: text for name, text in texts.items() if name not in files or files[name].text != text}
    if not new:
        raise ConflictError("nothing would change", where=path.name, fix="the files say that already")
    known = known_names(services.registry, services.catalogue)
    loaded = load_placed(path, known, new)
    now = services.clock.now()
    findings = findings_of(loaded, services.settings, services.registry, services.catalogue, known, now)
    cases, why = _cases(path, loaded.policy)
    return Draft(
        role, path, new, {name: one.seal for name, one in files.items()}, loaded, tuple(findings), cases, why
    )


def editable(services: Services, role: Role, name: str) -> str:
    """The text of the file with exactly this name; of a shadow's that is not there yet, the policy in force.

    Raises:
        InputError: the policy in this role has no such file, or no shadow is configured.
    """
    source = role_source(services, role)
    if source.gone() and name == source.path.name:
        return rules_text(services.policy)
    return named(source.path, name).text


def role_source(services: Services, role: Role) -> PolicySource:
    """Raises InputError where no shadow is configured."""
    source = source_of(services, role)
    if source is None:
        raise InputError(
            "no shadow policy is configured",
            where="policies.shadow",
            fix="name a file in config.yaml, and restart",
        )
    return source


def look_ahead(services: Services, draft: Draft, progress: Progress) -> Consequences:
    """Hold it against the policy in force and against every logged decision; may take seconds."""
    loaded = role_source(services, draft.role).loaded
    before = with_switches(loaded or services.policy, ())
    return Consequences(
        difference(before, draft.loaded.policy), replay(services.store, draft.loaded.policy, progress=progress)
    )


def save(services: Services, draft: Draft, who: str, also: Callable[[Session], None]) -> str:
    """Write the files and bring them into force, as done by `who`; gives the hash. `also` writes in the same
    transaction.

    Raises:
        ConflictError: a file has changed meanwhile; nothing was saved.
        SetupError: the files cannot be written.
    """
    source = role_source(services, draft.role)
    with services.store.write("save_policy") as session:
        services.store.lock(session, "policy")
        if changed := changed_since(draft.path, draft.seals):
            raise changed_meanwhile(draft.path, changed[0], draft.texts.get(changed[0]) or "")
        put(draft.path, draft.texts)
        take_over(session, services, draft.role, source, who)
        if source.refused is not None:
            raise ConflictError(
                f"was written and then refused: {source.refused.reason}",
                where=draft.path.name,
                fix="mend the file",
            )
        also(session)
    source.recorded = source.standing
    return source.policy.hash


def _cases(path: Path, policy: Policy) -> tuple[CaseReport | None, str]:
    try:
        return run_cases(policy, read_cases(cases_beside(path))), ""
    except InputError as error:
        return None, str(error)
