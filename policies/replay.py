"""Judging again what was judged before: under the same policy the same, under another what would change."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import orjson
from pydantic import TypeAdapter

from policies.counter import Counter
from policies.evaluate import evaluate
from policies.evidence import Head, Logged, Told
from policies.facts import Facts
from policies.plain import OPTIONS, said_plainly
from policies.policy import Policy
from policies.rules import AnyRule
from policies.verdict import WEIGHT, Decision, Form, Verdict

Count = Callable[[Counter], float | None]
Draw = Callable[[str], float | None]

HEAD = ("decision", "people", "not_before")
RULES: TypeAdapter[tuple[AnyRule, ...]] = TypeAdapter(tuple[AnyRule, ...])


class Again(NamedTuple):
    """A new verdict. Not `exact`: a rule in force wanted a number that nobody knows, and was strict.

    `counted`: the policy asked what the log does not hold.
    """

    verdict: Verdict
    exact: bool
    counted: bool = False


class Change(NamedTuple):
    """What was decided and what would be. `moved`: the decision is the same, but not its moment."""

    before: str
    after: str
    moved: bool = False

    @property
    def same(self) -> bool:
        return self.before == self.after and not self.moved

    def __str__(self) -> str:
        if self.before != self.after:
            return f"{self.before} -> {self.after}"
        return f"{self.before}, {'only the moment' if self.moved else 'same'}"


def policy_from_text(text: str) -> Policy:
    """The inverse of `policies.policy.policy_text`.

    Raises:
        ValueError: another version wrote it, with kinds or keys that this one does not know.
    """
    return Policy.of(RULES.validate_python(orjson.loads(text)["rules"]))


def judge_again(policy: Policy, facts: Facts, count: Count, draw: Draw, *, count_first: bool = False) -> Again:
    """Hold logged facts against a policy; what it asks and the log lacks is asked of `count` and `draw`.

    A question that they answer with None stays open: the rule takes its strictest effect. Whether the
    policy asks anything shows when it judges; `count_first` spares that where it is expected to.
    """
    draws = facts.draws
    if any(seed not in draws for seed in policy.seeds):
        draws = {**draws, **_answers(policy.seeds, draws, draw)}
    if not count_first:
        verdict = evaluate(policy, facts if draws is facts.draws else replace(facts, draws=draws))
        if not _lacking(verdict):
            return Again(verdict, exact=True)
    wanted = {one.name: one for one in policy.counters(facts)}
    answers = _answers(wanted, facts.counts, lambda name: count(wanted[name]))
    verdict = evaluate(policy, replace(facts, draws=draws, counts={**facts.counts, **answers}))
    return Again(verdict, not any(form.weight for form in _lacking(verdict)), counted=bool(answers))


def _answers(
    wanted: Iterable[str], known: Mapping[str, float], answer: Callable[[str], float | None]
) -> dict[str, float]:
    asked = ((name, answer(name)) for name in wanted if name not in known)
    return {name: number for name, number in asked if number is not None}


def _lacking(verdict: Verdict) -> list[Form]:
    """The words of rules that could not judge because a number was missing that only the database knows."""
    return [
        form
        for form, values, _ in verdict.said
        if form.code == "missing_field" and str(values[0]).startswith(("counts.", "draws."))
    ]


class Fresh:
    """A verdict that was just given, to be compared with a logged one."""

    __slots__ = ("_verdict", "head")
    head: Head

    def __init__(self, verdict: Verdict) -> None:
        self._verdict = verdict
        wait = verdict.not_before
        self.head = Head(verdict.decision.value, None if wait is None else written(wait))

    def saying(self, decision: Decision) -> set[str]:
        said = self._verdict.said
        return {form.rule for form, _, _ in said if form.decision is decision and form.mode == "enforce"}

    def waits(self) -> dict[str, str]:
        said = self._verdict.said
        return {form.rule: written(wait) for form, _, wait in said if wait is not None and form.mode == "enforce"}


def written(moment: datetime) -> str:
    """A moment in UTC as the log writes it."""
    return moment.isoformat().replace("+00:00", "Z")


def change_between(pairs: Sequence[tuple[Told, Told]]) -> Change:
    """From logged verdicts to others: of one act, or of all options for a case, of which the mildest counts."""
    if len(pairs) > 1:
        return Change(_mildest(before for before, _ in pairs), _mildest(after for _, after in pairs))
    before, after = pairs[0][0].head, pairs[0][1].head
    same = before.decision == after.decision
    return Change(before.decision, after.decision, same and before.not_before != after.not_before)


def _mildest(verdicts: Iterable[Told]) -> str:
    return min((Decision(one.head.decision) for one in verdicts), key=WEIGHT.__getitem__).value


def differing(logged: Logged, verdict: Verdict) -> tuple[str, ...]:
    """What is not word for word the same: `decision`, `people`, `not_before`, and ids of rules."""
    text = orjson.dumps(said_plainly(verdict), option=OPTIONS)
    if text == logged.text:
        return ()
    before, after = logged.plain, orjson.loads(text)
    old, new = ({one[0]: one for one in each["results"]} for each in (before, after))
    head = [name for name in HEAD if before[name] != after[name]]
    rules = sorted(rule for rule in old.keys() | new.keys() if old.get(rule) != new.get(rule))
    return (*head, *rules)


def movers_between(pairs: Sequence[tuple[Told, Told]]) -> tuple[str, ...]:
    """The rules that made such a change."""
    changed = [pair for pair in pairs if len(pairs) == 1 or pair[0].head.decision != pair[1].head.decision]
    return tuple(sorted({rule for pair in changed for rule in _movers(*pair)}))


def _movers(before: Told, after: Told) -> set[str]:
    """Of a stricter verdict, the rules that say so now and did not before; of a milder one, the other way.

    Of one for another moment, those that wait for another one.
    """
    old, new = Decision(before.head.decision), Decision(after.head.decision)
    if old is new:
        return {rule for rule, _ in before.waits().items() ^ after.waits().items()}
    strict, mild, word = (after, before, new) if WEIGHT[new] > WEIGHT[old] else (before, after, old)
    saying = strict.saying(word)
    # Where a rule in force denies, the verdict does: in the milder one, none did.
    return saying if word is Decision.DENY else saying - mild.saying(word) or saying
