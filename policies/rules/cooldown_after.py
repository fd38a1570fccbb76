"""`cooldown_after`: leave people in peace for a while after something happened."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from policies.facts import Facts, Happening, HappeningKind, MissingFactError
from policies.plural import mend_one
from policies.rejection import REACHES, WITHOUT_CODE
from policies.rules.fields import listed
from policies.rules.rule import Judge, Narrowed, Say
from policies.rules.window import LONGEST_DAYS
from policies.telling import Composed, Seen, Translate, Wording
from policies.verdict import Decision, Said

What = Literal["rejected", "complaint", "open_ticket", "reply", "bounce", "contact", "refused_offer"]
Found = tuple[str, datetime, str | None]
"""What happened, when, and the code that holds something back for as long as it says."""
LASTING: frozenset[What] = frozenset({"open_ticket", "rejected"})
"""What ends by itself, without `days`."""

HAPPENINGS: Mapping[What, HappeningKind] = {
    "rejected": "rejected",
    "complaint": "complaint",
    "open_ticket": "ticket",
    "reply": "reply",
    "bounce": "bounce",
    "refused_offer": "refusal",
}
TICKET_CLOSED = "ticket closed"
HAPPENED = (*(what.replace("_", " ") for what in get_args(What)), TICKET_CLOSED)
"""What people read that happened."""

HELD = {
    code: f"a reviewer said no on {{at}} ({code.replace('_', ' ')}), which holds back {reach.words}"
    for code, reach in REACHES.items()
}
HELD_BY_OTHER = "a reviewer said no on {at} ({code})"


def _held(seen: Seen, say: Translate) -> str:
    """What a reviewer's no holds back; one for a reason that this version does not know says so alone."""
    code = str(seen["code"])
    return say(HELD.get(code, HELD_BY_OTHER)).format(at=seen["at"], code=code.replace("_", " "))


class CooldownAfter(Narrowed):
    """What happened to nobody in particular happened to everybody in the account.

    `rejected`: a reviewer said no to a proposal; its code says what it holds back and how long
    (`policies.rejection`), and `days` more than that. `contact`: an earlier contact, by whatever tool or by
    hand. `refused_offer`: the same offer was refused, or one that nobody can name.
    """

    kind: Literal["cooldown_after"]
    what: Annotated[tuple[What, ...], Field(min_length=1)] = Field(description="One of these is enough.")
    days: Annotated[int, Field(strict=True, ge=1, le=LONGEST_DAYS)] | None = Field(
        None,
        description="How long, to the second. Left out: for rejected, as long as its code says; for open_ticket, "
        "while it is open, and else after it closed.",
    )
    scope: Literal["account", "contact"] = Field("account", description="Whose it is.")
    then: Literal["deny", "review"] = Field("deny", description="What it leads to.")

    words: ClassVar[Mapping[str, Wording]] = {
        "cooling": "{what} on {at}, and {days} days must pass",
        "held": Composed((*HELD.values(), HELD_BY_OTHER), _held),
        "ticket_open": "a support ticket of {at} is open",
        "rested": "nothing happened that it waits after",
    }
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {"what": HAPPENED}

    @model_validator(mode="after")
    def _fits(self) -> "CooldownAfter":
        if self.days is None and not LASTING.issuperset(self.what):
            raise ValueError("days may be left out for open_ticket and rejected alone; give days")
        return self

    def strictest(self) -> Decision:
        return Decision(self.then)

    def describe(self) -> str:
        timed = self.what if self.days is not None else tuple(one for one in self.what if one != "rejected")
        lasting = f"for {self.days} days after" if self.days is not None else "during"
        parts = (
            [f"{lasting} {listed(tuple(one.replace('_', ' ') for one in timed))}, per {self.scope}"]
            if timed
            else []
        )
        parts += ["what a reviewer rejected, as long as the code says"] if "rejected" in self.what else []
        return mend_one(f"{self.then} {'; '.join(parts)}{self.about()}")

    def judge(self, say: Say) -> Judge:
        effect, days, finds = Decision(self.then), self.days, self._finds()
        cooling = say.form(effect, "cooling", "what", "at", "days")
        held = say.form(effect, "held", "code", "at")
        is_open = say.form(effect, "ticket_open", "what", "at", "days")
        rested = say.plain(None, "rested")

        def judge(facts: Facts) -> Said:
            for what, at, code in finds(facts):
                if code is not None:
                    return held, (code, at.date().isoformat()), None
                form = is_open if what == "open_ticket" else cooling
                length = WITHOUT_CODE.days if what == "rejected" and days is None else days
                return form, (what.replace("_", " "), at.date().isoformat(), length), None
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
            lasts = length is not None
            since = facts.now - length if length is not None else facts.now
            for one in facts.happenings:
                if one.kind not in names:
                    continue
                theirs = who is None or one.contact is None or one.contact == who
                if one.kind == "rejected":
                    yield from _rejected(one, facts, since if lasts and theirs else None, lasts=lasts)
                elif one.kind == "ticket" and theirs:
                    yield from _ticket(one, facts.now, since, lasts=lasts)
                elif theirs and one.at >= since and (one.kind != "refusal" or one.catalogue_id in (None, offer)):
                    yield names[one.kind], one.at, None
            for past in facts.history if contacts else ():
                if past.at >= since and (who is None or past.contact is None or past.contact == who):
                    yield "contact", past.at, None

        return finds


def _rejected(one: Happening, facts: Facts, since: datetime | None, *, lasts: bool) -> Iterator[Found]:
    """As long as its code says, and from `since` on whatever it says; one without a code as the rule says."""
    reach = REACHES.get(one.code or "")
    if reach is not None and reach.holds(one, facts):
        yield "rejected", one.at, one.code
    elif (since is not None and one.at >= since) or (
        reach is None and not lasts and WITHOUT_CODE.holds(one, facts)
    ):
        yield "rejected", one.at, None


def _ticket(one: Happening, now: datetime, since: datetime, *, lasts: bool) -> Iterator[Found]:
    if one.closed_at is None or one.closed_at > now:
        yield "open_ticket", one.at, None
    elif lasts and one.closed_at >= since:
        yield TICKET_CLOSED, one.closed_at, None


def _offer(facts: Facts) -> str:
    if facts.action.catalogue_id is None:
        raise MissingFactError("action.catalogue_id")
    return facts.action.catalogue_id


def _person(facts: Facts) -> int:
    if facts.contact is None:
        raise MissingFactError("contact")
    return facts.contact.id
