"""`holdout`: accounts drawn at random that are watched and never contacted."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from policies.facts import Facts
from policies.rules.fields import Share
from policies.rules.rule import Judge, Rule, Say, Wording
from policies.verdict import Decision, RuleResult

OFFSET, PRIME, WORD = 0x811C9DC5, 0x01000193, 0xFFFFFFFF


class Holdout(Rule):
    """The same accounts as long as the seed stays; a larger share only adds to them.

    There is no `when`: who is held out must not depend on anything that can change.
    """

    kind: Literal["holdout"]
    share: Share = Field(description="0.05 holds out one account in twenty.")
    seed: Annotated[str, Field(pattern=r"^[ -~]{1,100}$")] = Field(
        description="Another seed draws other accounts."
    )

    words: ClassVar[Mapping[str, Wording]] = {
        "held_out": "the account is held out (drawn {unit}, below {share})",
        "not_held_out": "the account is not held out",
    }

    def describe(self) -> str:
        return f"{self.share * 100:g} % of the accounts are never contacted (seed {self.seed!r})"

    def holds(self) -> Callable[[str], bool]:
        """Whether an account, by its `unit_key`, is held out."""
        seed, share = self.seed, self.share
        return lambda unit_key: unit_interval(seed, unit_key) < share

    def judge(self, say: Say) -> Judge:
        seed, share = self.seed, self.share
        contactable = say(None, "not_held_out")

        def judge(facts: Facts) -> RuleResult:
            unit = unit_interval(seed, facts.account.unit_key)
            if unit < share:
                return say(Decision.DENY, "held_out", (("unit", unit), ("share", share)))
            return contactable

        return judge


def fnv1a32(text: str) -> int:
    """The 32-bit FNV-1a hash, http://www.isthe.com/chongo/tech/comp/fnv/, over code points of ASCII text."""
    value = OFFSET
    for byte in text.encode("ascii"):
        value = ((value ^ byte) * PRIME) & WORD
    return value


@lru_cache(maxsize=4096)
def unit_interval(seed: str, key: str) -> float:
    """Where in [0, 1) a key falls: GrowthBook's hash, version 2, https://docs.growthbook.io/lib/build-your-own.

    Remembered, because each option of an account is judged by itself and the hash takes longer than
    all other rules together.
    """
    return (fnv1a32(str(fnv1a32(seed + key))) % 10000) / 10000
