"""Sentences for people, made from codes and numbers when somebody reads them."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, get_args

from policies.evaluate import BUILT_IN
from policies.facts import Scalar
from policies.plural import mend_one
from policies.rules import KINDS
from policies.rules.rule import Wording
from policies.verdict import Decision, RuleResult, Verdict

SHARED: Mapping[str, Wording] = {
    "not_concerned": "is not about this act",
    "off": "is switched off",
    "missing_field": "cannot judge, because {field} is unknown",
    "unknown_zone": "cannot judge, because {zone} is not a time zone",
    "error": "failed ({error})",
}

BUILT_IN_WORDS: Mapping[str, Wording] = {
    "recovered": "the account's usage is back",
    "not_recovered": "the account's usage is not back",
    "no_contact": "there is nobody to write to",
    "unsubscribed": "the contact has unsubscribed",
    "left": "the contact has left the account",
    "colleague": "it goes to a colleague, not to the contact",
    "reachable": "the contact may be written to",
    "no_match": "no rule allows this, and what no rule allows is denied",
    "listed": "a rule lists this act",
    "never_open": "no moment is open under every rule at once",
}

WORDS: Mapping[tuple[str, str], Wording] = {
    **{(BUILT_IN, code): words for code, words in BUILT_IN_WORDS.items()},
    **{
        (get_args(kind.model_fields["kind"].annotation)[0], code): words
        for kind in KINDS
        for code, words in {**SHARED, **kind.words}.items()
    },
}

APPROVED = "allowed, because it was approved"
HEADS = {Decision.ALLOW: "allowed", Decision.REVIEW: "needs a person", Decision.DENY: "denied"}


class Spoken(NamedTuple):
    """The rules of a verdict: those that decided, the others that spoke, and the silent ones."""

    deciding: tuple[RuleResult, ...]
    speaking: tuple[RuleResult, ...]
    silent: tuple[RuleResult, ...]


def spoken_in(verdict: Verdict) -> Spoken:
    """Every rule's word, the ones that matter most first."""
    results, decided = verdict.results, verdict.deciding
    rest = [one for one in results if one.rule not in decided]
    spoke = [one.decision is not None or one.not_before is not None for one in rest]
    return Spoken(
        tuple(one for one in results if one.rule in decided),
        tuple(one for one, did in zip(rest, spoke, strict=True) if did),
        tuple(one for one, did in zip(rest, spoke, strict=True) if not did),
    )


def explain(result: RuleResult) -> str:
    """One rule's word as a sentence: `weekly-cap denies: 2 contacts in the last 7 days, ...`."""
    sentence = f"{result.rule} {_verb(result)}: {_reason(result)}"
    if result.not_before is not None:
        sentence += f"; not before {_moment(result.not_before)}"
    return sentence


def summary(verdict: Verdict) -> str:
    """The verdict in one line, with the rules that made it."""
    deciding = verdict.deciding
    reasons = [f"{one.rule}: {_reason(one)}" for one in verdict.results if one.rule in deciding]
    head = APPROVED if verdict.decision is Decision.ALLOW and verdict.people else HEADS[verdict.decision]
    wait = f", not before {_moment(verdict.not_before)}" if verdict.not_before else ""
    return f"{head}{wait}" + (f" ({'; '.join(reasons)})" if reasons else "")


def _verb(result: RuleResult) -> str:
    if result.mode == "shadow":
        return "would say nothing" if result.decision is None else f"would {_imperative(result.decision)}"
    return "says nothing" if result.decision is None else f"{_third_person(result.decision)}"


def _imperative(decision: Decision) -> str:
    return "ask for review" if decision is Decision.REVIEW else decision.value


def _third_person(decision: Decision) -> str:
    return {Decision.ALLOW: "allows", Decision.REVIEW: "asks for review", Decision.DENY: "denies"}[decision]


def _reason(result: RuleResult) -> str:
    wording = WORDS.get((result.kind, result.code))
    if wording is None:  # written by a version that knows more kinds or codes than this one
        numbers = ", ".join(f"{name} {_text(value)}" for name, value in result.saw)
        return f"{result.code} ({numbers})" if numbers else result.code
    seen = {name: _text(value) for name, value in result.saw}
    return mend_one(wording(seen) if callable(wording) else wording.format_map(seen))


def _text(value: Scalar | None) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value)


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
