"""`holdout`: accounts drawn at random that are watched and never contacted."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from policies.facts import Facts, MissingFactError
from policies.rules.fields import Share
from policies.rules.rule import Judge, Rule, Say
from policies.telling import Wording
from policies.verdict import Decision, Said

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

    def judge(self, say: Say) -> Judge:
        seed, share = self.seed, self.share
        held_out = say.form(Decision.DENY, "held_out", "unit", "share")
        contactable = say.plain(None, "not_held_out")

        def judge(facts: Facts) -> Said:
            unit = facts.draws.get(seed)
            if unit is None:
                raise MissingFactError(f"draws.{seed}")
            return (held_out, (unit, share), None) if unit < share else contactable

        return judge


def fnv1a32(text: str) -> int:
    """The 32-bit FNV-1a hash, http://www.isthe.com/chongo/tech/comp/fnv/, over code points of ASCII text."""
    value = OFFSET
    for byte in text.encode("ascii"):
        value = ((value ^ byte) * PRIME) & WORD
    return value


def unit_interval(seed: str, key: str) -> float:
    """Where in [0, 1) a key falls: GrowthBook's hash, version 2, https://docs.growthbook.io/lib/build-your-own."""
    return (fnv1a32(str(fnv1a32(seed + key))) % 10000) / 10000


def draws_of(seeds: Iterable[str], account: str) -> dict[str, float]:
    """Where the account with this key falls for each seed: the same after an import into another database.

    The draw goes by the hexadecimal SHA-256 of the key, as the hash above takes ASCII. Only the draws
    are written down: 10,000 values for any number of accounts name nobody.
    """
    unit = hashlib.sha256(account.encode()).hexdigest()
    return {seed: unit_interval(seed, unit) for seed in seeds}
