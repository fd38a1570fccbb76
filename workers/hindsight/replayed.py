"""A policy's opinion of logged decisions, by judging them again on the facts of the time."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from policies.counter import Counter
from policies.evidence import Judgement
from policies.facts import Facts
from policies.policy import Policy
from policies.replay import Again, Change, Fresh, change_between, differing, judge_again, movers_between
from policies.rules.holdout import draws_of
from workers.hindsight.judged_entry import JudgedEntry
from workers.hindsight.opinion import Opinion
from workers.hindsight.raw import Raw

if TYPE_CHECKING:
    from workers.hindsight.recount import Recount

ACCOUNT = "SELECT a.id, a.key FROM account a JOIN cases c ON c.account_id = a.id WHERE c.id = ?"
DROP = 'SELECT CAST("drop" AS TEXT) FROM cases WHERE id = ?'
DRAWS = 10_000
"""Draws that are kept: the entries of a case are not far from each other."""
HELD_OUT, NOT_HELD_OUT = "held out", "not held out"


class Replayed:
    """What the facts lack is asked of the database, as it stood when the entry was written."""

    def __init__(self, policy: Policy, raw: Raw) -> None:
        self._policy = policy
        self._raw = raw
        self._recount: Recount | None = None
        self._counted = False
        self._draw = lru_cache(maxsize=DRAWS)(self._draw_of)

    def judged(self, entry: JudgedEntry, judgements: Sequence[Judgement]) -> Opinion:
        again = [self.again(entry, one.facts) for one in judgements]
        pairs = [(one.verdict, Fresh(new.verdict)) for one, new in zip(judgements, again, strict=True)]
        change = change_between(pairs)
        return Opinion(
            change,
            () if change.same else movers_between(pairs),
            all(one.exact for one in again),
            self._differing(judgements, again),
        )

    def held_out(self, entry: JudgedEntry) -> Opinion:
        said = entry.said()
        lacking = [seed for seed in self._policy.seeds if seed not in said["draws"]]
        found = {seed: self._draw(entry.case, seed) for seed in lacking}
        # Where nobody knows the draw any more, the strictest is taken, as in `evaluate`.
        draws = {**said["draws"], **{seed: draw or 0.0 for seed, draw in found.items()}}
        held = self._policy.held_out(draws)
        differs = () if held else ("holdout",)
        return Opinion(
            Change(HELD_OUT, HELD_OUT if held else NOT_HELD_OUT),
            exact=None not in found.values(),
            differing=differs if said["policy"] == self._policy.hash else None,
        )

    def model_failed(self, entry: JudgedEntry) -> Opinion:
        said = entry.said()
        then = said["then"]
        drop = orjson.loads(self._raw.rows(DROP, entry.case)[0][0])
        plan = self._policy.on_model_failure(drop["kind"])
        differs = () if plan.then == then else ("on_model_failure",)
        return Opinion(
            Change(f"model failed: {then}", f"model failed: {plan.then}"),
            differing=differs if said.get("policy") == self._policy.hash else None,
        )

    def again(self, entry: JudgedEntry, facts: Facts) -> Again:
        """The policy's verdict on one act that the entry is about."""
        again = judge_again(
            self._policy,
            facts,
            lambda counter: self._count(counter, entry, facts),
            lambda seed: self._draw(entry.case, seed),
            count_first=self._counted,
        )
        self._counted = again.counted
        return again

    def _count(self, counter: Counter, entry: JudgedEntry, facts: Facts) -> float:
        if self._recount is None:
            # Most replays count nothing, and it brings the whole ORM with it.
            from workers.hindsight.recount import Recount  # noqa: PLC0415

            self._recount = Recount(self._raw)
        act = (entry.case, entry.act) if facts.moment == "act" else None
        return self._recount.count(counter, facts.now, entry.id, act)

    def _draw_of(self, case: int | None, seed: str) -> float | None:
        """None for an account that was erased: what it was called is not known any more."""
        rows = self._raw.rows(ACCOUNT, case)
        if not rows or rows[0][1].startswith(f"erased-{rows[0][0]}"):
            return None
        return draws_of((seed,), rows[0][1])[seed]

    def _differing(self, judgements: Sequence[Judgement], again: Sequence[Again]) -> tuple[str, ...] | None:
        if any(one.verdict.policy_hash != self._policy.hash for one in judgements):
            return None
        pairs = zip(judgements, again, strict=True)
        return tuple(dict.fromkeys(name for one, new in pairs for name in differing(one.verdict, new.verdict)))
