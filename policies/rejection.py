"""What a reviewer's no holds back, and for how long: its code says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Scope = Literal["offer", "tool", "contact", "account"]


@dataclass(frozen=True, slots=True)
class Reach:
    """`offer`: the same tool and catalogue entry for the same person; `tool`: that tool for the account;
    `contact`: everything for the person; `account`: everything for the account. No `days`: for ever.
    """

    scope: Scope
    days: int | None
    words: str


REACHES: Mapping[str, Reach] = {
    "not_now": Reach("offer", 30, "this offer to this person, for 30 days"),
    "wrong_tool": Reach("tool", 90, "this tool for the account, for 90 days"),
    "wrong_person": Reach("contact", 180, "everything to this person, for 180 days"),
    "wrong_words": Reach("offer", 14, "this offer to this person, for 14 days"),
    "already_in_touch": Reach("account", 30, "everything to the account, for 30 days"),
    "never_contact": Reach("account", None, "everything to the account, for good"),
}
REJECT_CODES = tuple(REACHES)
