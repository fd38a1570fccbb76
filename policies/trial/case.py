"""Policy cases: files that say what a policy must say of an act. Format: docs/policy-tools.md."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from policies.evaluate import BUILT_IN
from policies.facts import Facts
from policies.load import SUFFIXES, entries_of
from policies.plain import facts_from_plain
from policies.policy import Policy
from policies.rules.fields import Part, Word
from policies.trial.case_facts import FactsChanges, Moment
from policies.words import WORDS
from winback.errors import InputError
from winback.spelling import did_you_mean
from winback.yamlfile import YamlFile, is_folder, line_of, read_yaml, validate, within

UNDRAWN = 0.99
"""Where an account falls for a seed of which a case says nothing: held out by no sensible share."""

# Wednesday noon in UTC, one in the afternoon in Berlin. docs/policy-tools.md shows it.
SOUND: Mapping[str, Any] = {
    "now": "2026-03-04T12:00:00Z",
    "moment": "propose",
    "action": {
        "tool": "send_tutorial",
        "channel": "email",
        "purpose": "retention",
        "catalogue_id": "reports-first",
        "arguments": {},
        "value": 0.0,
        "message_problems": [],
        "audience": "customer",
    },
    "drop": {"kind": "feature_fell", "feature": "reports", "lost_days": 3.0, "risk": 0.4, "recovered": False},
    "account": {
        "id": 1,
        "plan": "team",
        "value_per_month": 99.0,
        "zone": "Europe/Berlin",
        "region": "DE",
        "tags": ["annual"],
        "contacted_long_ago": False,
    },
    "contact": {
        "id": 7,
        "language": "en",
        "zone": "Europe/Berlin",
        "consent": {"email/retention": {"state": "granted", "on": "2026-01-15", "sourced": True}},
        "unsubscribed": False,
        "left": False,
        "topics_refused": [],
        "days_between": None,
    },
    "agent": {
        "source": "model",
        "model": "a-model",
        "embedded": False,
        "confidence": 0.9,
        "untrusted_text": False,
        "failure": None,
    },
    "history": [
        {"at": "2025-06-04T12:00:00Z", "contact": 7, "tool": "send_tutorial", "channel": "email", "value": 0.0}
    ],
    "happenings": [],
    "counts": {},
    "draws": {},
    "approved_by": [],
    "proposed_at": None,
    "operator_zone": "UTC",
    "run_started_at": "2026-03-04T06:00:00Z",
}
"""An act with which nothing is wrong, as plain values."""


class Expect(Part):
    """What the policy must say."""

    decision: Literal["allow", "review", "deny"] = Field(description="Of all rules together.")
    rule: Word | None = Field(None, description="A rule, or built_in.NAME, that must say `code`.")
    code: Word | None = Field(None, description="The code of that rule's word; without one, it must decide.")
    not_before: Moment | None = Field(None, description="Until when the act must wait; left out: it must not.")

    @model_validator(mode="after")
    def _code_of_a_rule(self) -> "Expect":
        if self.code is not None and self.rule is None:
            raise ValueError("code needs the rule that says it")
        return self


class CaseFile(Part):
    """One case as it is written."""

    facts: FactsChanges = Field(default_factory=FactsChanges, description="Changes to the sound act.")
    expect: Expect


@dataclass(frozen=True)
class Case:
    """One act, and what must be said of it. `says` is the rule in a sentence."""

    name: str
    says: str
    facts: Facts
    expect: Expect
    file: YamlFile

    def act(self, policy: Policy) -> Facts:
        """The act as this policy asks for it: what the case does not count is 0, what it does not draw is high.

        Raises:
            InputError: the case counts or draws what the policy never asks for, or expects of a rule
                that it does not have.
        """
        names = [one.name for one in policy.counters(self.facts)]
        self._refuse_unknown(("facts", "counts"), "question", self.facts.counts, names)
        self._refuse_unknown(("facts", "draws"), "seed", self.facts.draws, policy.seeds)
        self._check_rule(policy)
        counts = {**dict.fromkeys(names, 0.0), **self.facts.counts}
        return replace(
            self.facts, counts=counts, draws={**dict.fromkeys(policy.seeds, UNDRAWN), **self.facts.draws}
        )

    def _check_rule(self, policy: Policy) -> None:
        rule, code = self.expect.rule, self.expect.code
        if rule is None:
            return
        kinds: dict[str, str] = {one.id: one.kind for one in policy.rules}
        kinds |= {f"{BUILT_IN}.{name}": BUILT_IN for name in ("recovered", "contact", "default", "open")}
        self._refuse_unknown(("expect", "rule"), "rule", [rule], kinds)
        codes = [word for kind, word in WORDS if kind == kinds[rule]]
        self._refuse_unknown(("expect", "code"), f"code of {kinds[rule]}", [code] if code else [], codes)

    def _refuse_unknown(
        self, place: tuple[str, str], what: str, given: Iterable[str], known: Iterable[str]
    ) -> None:
        for one in given:
            if one not in (names := sorted(known)):
                listed = f"known: {', '.join(names)}" if names else "the policy asks for none here"
                fix = did_you_mean(one, names) or listed
                raise self.file.refusal(f"unknown {what} {one!r}", (*place, one), fix)


def cases_beside(policy: Path) -> Path:
    """Where the cases of a policy are: of X.yaml in cases/X, else in cases; of a folder in its cases."""
    if is_folder(policy):
        return policy / "cases"
    own = policy.parent / "cases" / policy.stem
    return own if is_folder(own) else policy.parent / "cases"


def read_cases(folder: Path) -> tuple[Case, ...]:
    """Every case of a folder, by name.

    Raises:
        InputError: there is none, or one of them cannot be used: with file, line and column.
    """
    where, fix = str(folder), "put a case there, or name another folder with --cases"
    if not is_folder(folder):
        raise InputError("there is no such folder of cases", where=where, fix=fix)
    found = [one for one in entries_of(folder) if one.suffix.lower() in SUFFIXES]
    for one in found:
        if one.suffix != ".yaml":
            what = f"ends in {one.suffix} and would not be read"
            raise InputError(what, where=str(one), fix="rename it to .yaml")
    if not found:
        raise InputError("holds no *.yaml file", where=where, fix=fix)
    return tuple(read_case(path) for path in found)


def read_case(path: Path) -> Case:
    """One case.

    Raises:
        InputError: with file, line and column.
    """
    file = read_yaml(path, show_line=True)
    first = file.text.partition("\n")[0]
    if not first.startswith("#") or not (says := first.lstrip("# ").strip()):
        what = f"does not say what it is about{within(line_of(file.text, 1))}"
        raise InputError(what, where=f"{path}:1:1", fix="say it in a comment in the first line")
    parsed: CaseFile = validate(CaseFile, file, show_line=True)
    changes = file.data.get("facts", {})
    return Case(path.stem, says, act_of(changes), parsed.expect, file)


def act_of(changes: Mapping[str, Any]) -> Facts:
    """The sound act with changes laid over it; earlier contacts and happenings newest first."""
    act = facts_from_plain(laid_over(SOUND, _texts(changes)))
    return replace(
        act,
        history=tuple(sorted(act.history, key=lambda one: one.at, reverse=True)),
        happenings=tuple(sorted(act.happenings, key=lambda one: one.at, reverse=True)),
    )


def laid_over(base: Any, changes: Any) -> Any:
    """Changes laid over plain values, mapping by mapping; `{}` empties one, and all else is replaced."""
    if not (isinstance(base, Mapping) and isinstance(changes, Mapping)):
        return changes
    return {**base, **{key: _replaced(base.get(key), value) for key, value in changes.items()}}


def _replaced(base: Any, change: Any) -> Any:
    return {} if change == {} and isinstance(change, Mapping) else laid_over(base, change)


def _texts(value: Any) -> Any:
    """Dates as the texts that JSON has for them."""
    if isinstance(value, Mapping):
        return {key: _texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime | date) else value
