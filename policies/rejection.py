"""What a reviewer's no holds back, and for how long: its code says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from policies.facts import Facts, Happening

Scope = Literal["offer", "tool", "contact", "account"]


@dataclass(frozen=True, slots=True)
class Reach:
    """`offer`: the same tool and catalogue entry for the same person; `tool`: that tool for the account;
    `contact`: everything for the person; `account`: everything for the account. No `days`: for ever.
    """

    scope: Scope
    days: int | None
    words: str

    def holds(self, one: Happening, facts: Facts) -> bool:
        """Whether a rejection holds this act back at this moment. What nobody knows is taken for the same."""
        if self.days is not None and one.at < facts.now - timedelta(days=self.days):
            return False
        match self.scope:
            case "account":
                return True
            case "contact":
                return _same_person(one, facts)
            case "tool":
                return one.tool in (None, facts.action.tool)
            case "offer":
                return _same_offer(one, facts) and _same_person(one, facts)


def _same_person(one: Happening, facts: Facts) -> bool:
    return one.contact is None or facts.contact is None or one.contact == facts.contact.id


def _same_offer(one: Happening, facts: Facts) -> bool:
    offers = (one.catalogue_id, facts.action.catalogue_id)
    return one.tool in (None, facts.action.tool) and (None in offers or offers[0] == offers[1])


REACHES: Mapping[str, Reach] = {
    "not_now": Reach("offer", 30, "this offer to this person, for 30 days"),
    "wrong_tool": Reach("tool", 90, "this tool for the account, for 90 days"),
    "wrong_person": Reach("contact", 180, "everything to this person, for 180 days"),
    "wrong_words": Reach("offer", 14, "this offer to this person, for 14 days"),
    "already_in_touch": Reach("account", 30, "everything to the account, for 30 days"),
    "never_contact": Reach("account", None, "everything to the account, for good"),
}
REJECT_CODES = tuple(REACHES)
FOR_EVER = tuple(code for code, reach in REACHES.items() if reach.days is None)
"""Codes of rejections that are never too old to matter."""
WITHOUT_CODE = Reach("account", 30, "everything to the account, for 30 days")
"""That of a rejection without a code, or with one that this version does not know."""
