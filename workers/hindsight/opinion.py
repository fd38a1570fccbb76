"""What another policy says of a logged decision, whether it judges again or was the shadow at the time."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from policies.evidence import Judgement
from policies.replay import Change, change_between, movers_between
from workers.hindsight.judged_entry import JudgedEntry


class Opinion(NamedTuple):
    """`movers` are the rules that made the change. `differing` is None when another policy judged then.

    Not `exact`: a number that a rule in force wanted is not known any more.
    """

    change: Change
    movers: tuple[str, ...] = ()
    exact: bool = True
    differing: tuple[str, ...] | None = None


class Judge(Protocol):
    """Has an opinion of an entry, or none."""

    def judged(self, entry: JudgedEntry, judgements: Sequence[Judgement]) -> Opinion | None: ...

    def held_out(self, entry: JudgedEntry) -> Opinion | None: ...

    def model_failed(self, entry: JudgedEntry) -> Opinion | None: ...


class Shadowed:
    """What the shadow policy with this hash said at the time."""

    def __init__(self, policy_hash: str) -> None:
        self._hash = policy_hash

    def judged(self, _entry: JudgedEntry, judgements: Sequence[Judgement]) -> Opinion | None:
        pairs = [(one.verdict, one.shadow) for one in judgements if one.shadow is not None]
        if not pairs or any(shadow.policy_hash != self._hash for _, shadow in pairs):
            return None
        change = change_between(pairs)
        return Opinion(change, () if change.same else movers_between(pairs))

    def held_out(self, _entry: JudgedEntry) -> None:
        """Nothing was judged for an account that is held out."""

    def model_failed(self, _entry: JudgedEntry) -> None:
        """Only the policy in force says what happens then."""
