"""`cooldown_after`: leave people in peace for a while after something happened."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from policies.facts import Facts, Happening, HappeningKind, MissingFactError
from policies.plural import mend_one
from policies.rules.fields import listed
from policies.rules.rule import Judge, Narrowed, Say, Wording
from policies.rules.window import LONGEST_DAYS
from policies.verdict import Decision, Said

What = Literal["rejected", "complaint", "open_ticket", "reply", "bounce", "contact", "refused_offer"]
Found = tuple[str, datetime]

HAPPENINGS: Mapping[What, HappeningKind] = {
    "rejected": "rejected",
    "complaint": "complaint",
    "open_ticket": "ticket",
    "reply": "reply",
    "bounce": "bounce",
    "refused_offer": "refusal",
}


class CooldownAfter(Narrowed):
    """What happened to nobody in particular happened to everybody in the account.

    `rejected`: a reviewer said no to a proposal. `contact`: an earlier contact, by whatever tool or by
    hand. `refused_offer`: the same offer was refused, or one that nobody can name.
    """

    kind: Literal["cooldown_after"]
    what: Annotated[tuple[What, ...], Field(min_length=1)] = Field(description="One of these is enough.")
    days: Annotated[int, Field(strict=True, ge=1, le=LONGEST_DAYS)] | None = Field(
        None,
        description="How long, to the second; for open_ticket, after it closed: left out, only while it is open.",
    )
    scope: Literal["account", "contact"] = Field("account", description="Whose it is.")
    then: Literal["deny", "review"] = Field("deny", description="What it leads to.")

    words: ClassVar[Mapping[str, Wording]] = {
        "cooling": "{what} on {at}, and {days} days must pass",
        "ticket_open": "a support ticket of {at} is open",
        "rested": "nothing happened that it waits after",
    }

    @model_validator(mode="after")
    def _fits(self) -> "CooldownAfter":
        if self.days is None and set(self.what) != {"open_ticket"}:
            raise ValueError("days may be left out for open_ticket alone; give days")
        return self

    def strictest(self) -> Decision:
        return Decision(self.then)

    def describe(self) -> str:
        lasting = f"for {self.days} days after" if self.days is not None else "during"
        what = listed(tuple(one.replace("_", " ") for one in self.what))
        return mend_one(f"{self.then} {lasting} {what}, per {self.scope}{self.about()}")

    def judge(self, say: Say) -> Judge:
        effect, days, finds = Decision(self.then), self.days, self._finds()
        cooling = say.form(effect, "cooling", "what", "at", "days")
        is_open = say.form(effect, "ticket_open", "what", "at", "days")
        rested = say.plain(None, "rested")

        def judge(facts: Facts) -> Said:
            for what, at in finds(facts):
                form = is_open if what == "open_ticket" else cooling
                return form, (what.replace("_", " "), at.date().isoformat(), days), None
            return rested

        return judge

    def _finds(self) -> Callable[[Facts], Iterator[Found]]:
        """What happened lately, and when."""
        names = {HAPPENINGS[what]: what for what in self.what if what in HAPPENINGS}
        length = None if self.days is None else timedelta(days=self.days)
        offers, contacts, one_person = (
            "refused_offer" in self.what,
            "contact" in self.what,
            self.scope == "contact",
        )

        def finds(facts: Facts) -> Iterator[Found]:
            offer = _offer(facts) if offers else None
            who = _person(facts) if one_person else None
            if not (facts.happenings or (contacts and facts.history)):
                return
            since = facts.now if length is None else facts.now - length
            for one in facts.happenings:
                if one.kind in names and (who is None or one.contact is None or one.contact == who):
                    if one.kind == "ticket":
                        yield from _ticket(one, facts.now, since, lasts=length is not None)
                    elif one.at >= since and (one.kind != "refusal" or one.catalogue_id in (None, offer)):
                        yield names[one.kind], one.at
            for past in facts.history if contacts else ():
                if past.at >= since and (who is None or past.contact is None or past.contact == who):
                    yield "contact", past.at

        return finds


def _ticket(one: Happening, now: datetime, since: datetime, *, lasts: bool) -> Iterator[Found]:
    if one.closed_at is None or one.closed_at > now:
        yield "open_ticket", one.at
    elif lasts and one.closed_at >= since:
        yield "ticket closed", one.closed_at


def _offer(facts: Facts) -> str:
    if facts.action.catalogue_id is None:
        raise MissingFactError("action.catalogue_id")
    return facts.action.catalogue_id


def _person(facts: Facts) -> int:
    if facts.contact is None:
        raise MissingFactError("contact")
    return facts.contact.id
