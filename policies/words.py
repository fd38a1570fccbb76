"""Sentences for people, made from codes and numbers when somebody reads them."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, get_args

from policies.evaluate import BUILT_IN
from policies.plural import mend_one
from policies.rules import KINDS
from policies.telling import NO, UNKNOWN, YES, Composed, Translate, Wording, has_words, retold, text
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

OF_KIND = {str(get_args(kind.model_fields["kind"].annotation)[0]): kind for kind in KINDS}
WORDS: Mapping[tuple[str, str], Wording] = {
    **{(BUILT_IN, code): words for code, words in BUILT_IN_WORDS.items()},
    **{(name, code): words for name, kind in OF_KIND.items() for code, words in {**SHARED, **kind.words}.items()},
}

SENTENCES: Mapping[Decision | None, str] = {
    None: "{rule} says nothing: {reason}",
    Decision.ALLOW: "{rule} allows: {reason}",
    Decision.REVIEW: "{rule} asks for review: {reason}",
    Decision.DENY: "{rule} denies: {reason}",
}
IN_SHADOW: Mapping[Decision | None, str] = {
    None: "{rule} would say nothing: {reason}",
    Decision.ALLOW: "{rule} would allow: {reason}",
    Decision.REVIEW: "{rule} would ask for review: {reason}",
    Decision.DENY: "{rule} would deny: {reason}",
}
APPROVED = "allowed, because it was approved"
HEADS = {Decision.ALLOW: "allowed", Decision.REVIEW: "needs a person", Decision.DENY: "denied"}
SENTENCE_LATER, HEAD_LATER = "{said}; not before {moment}", "{said}, not before {moment}"


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


def explain(result: RuleResult, say: Translate = str) -> str:
    """One rule's word as a sentence: `weekly-cap denies: 2 contacts in the last 7 days, ...`."""
    sentences = IN_SHADOW if result.mode == "shadow" else SENTENCES
    said = say(sentences[result.decision]).format(rule=result.rule, reason=_reason(result, say))
    return _later(SENTENCE_LATER, said, result.not_before, say)


def summary(verdict: Verdict, say: Translate = str) -> str:
    """The verdict in one line, with the rules that made it."""
    deciding = verdict.deciding
    reasons = [f"{one.rule}: {_reason(one, say)}" for one in verdict.results if one.rule in deciding]
    head = APPROVED if verdict.decision is Decision.ALLOW and verdict.people else HEADS[verdict.decision]
    said = _later(HEAD_LATER, say(head), verdict.not_before, say)
    return said + (f" ({'; '.join(reasons)})" if reasons else "")


def templates() -> frozenset[str]:
    """All that a sentence can be made of: what another language needs words for."""
    found = {*SENTENCES.values(), *IN_SHADOW.values(), *HEADS.values(), APPROVED, SENTENCE_LATER, HEAD_LATER}
    found |= {UNKNOWN, YES, NO}
    for words in WORDS.values():
        found |= set(words.templates) if isinstance(words, Composed) else {words}
    found |= {template for kind in KINDS for values in kind.values.values() for template in values}
    return frozenset(template for template in found if has_words(template))


def _later(template: str, said: str, moment: datetime | None, say: Translate) -> str:
    return said if moment is None else say(template).format(said=said, moment=f"{moment:%Y-%m-%d %H:%M} UTC")


def _reason(result: RuleResult, say: Translate) -> str:
    wording, seen = WORDS.get((result.kind, result.code)), dict(result.saw)
    match wording:
        case None:  # written by a version that knows more kinds or codes than this one
            numbers = ", ".join(f"{name} {text(value, say)}" for name, value in seen.items())
            return f"{result.code} ({numbers})" if numbers else result.code
        case Composed():
            return mend_one(wording.tell(seen, say))
    words = OF_KIND[result.kind].values if result.kind in OF_KIND else {}
    told = {name: retold(text(value, say), words.get(name, ()), say) for name, value in seen.items()}
    return mend_one(say(wording).format_map(told))
