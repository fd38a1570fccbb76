"""What each kind of row says on an account's thread."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from policies.telling import Translate
from winback.console.evidence.ours import PARTS
from winback.console.evidence.phrase import Phrase, english, phrase, shown, shown_text
from winback.decisions.entry import entry_name, spoken
from winback.decisions.kind import EntryKind
from winback.decisions.tell import tell
from winback.store.answers import Answer, Booking, Preference
from winback.store.models import Case, Contact, DecisionEntry, Effect, Interaction, Proposal, Review
from winback.store.types import EffectState, InteractionKind, Outcome, ReviewState

UNREADABLE = english("cannot be read: see winback log verify")


@dataclass(frozen=True)
class Told:
    """One row in words. `name` is the person's where the row itself has it, else `contact` numbers them."""

    kind: str
    words: Phrase
    target: tuple[str, str]
    case: int | None = None
    contact: int | None = None
    name: str = ""
    by: tuple[str | None, ...] = ()
    text: str = ""


class Names(Protocol):
    """Names of people and acts."""

    def person(self, contact: int | None) -> str: ...

    def act(self, proposal: int) -> str: ...


@dataclass(frozen=True)
class Who:
    """Names that were read for a page."""

    labels: Mapping[int, str] = field(default_factory=dict)
    people: Mapping[int, str] = field(default_factory=dict)

    def person(self, contact: int | None) -> str:
        """Empty for nobody, and for somebody who was erased."""
        return self.people.get(contact or 0, "")

    def act(self, proposal: int) -> str:
        """What a proposal would do, in a few words."""
        return self.labels.get(proposal, "")


def moment(at: datetime | None) -> str:
    """A moment within words: in UTC, and saying so."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""


def _case(one: Case, _who: Names) -> Told:
    drop = one.drop
    words = phrase(
        "Case opened: {kind} since {onset}", kind=str(drop["kind"]).replace("_", " "), onset=drop["onset"]
    )
    return Told("case_opened", words, ("case", str(one.id)), case=one.id, text=shown_text(str(drop["reason"])))


OUTCOMES: Mapping[str | None, Phrase] = {
    Outcome.RECOVERED: phrase("Case closed: usage is back"),
    Outcome.STILL_QUIET: phrase("Case closed: used, but still quiet"),
    Outcome.LAPSED: phrase("Case closed: not used at all since"),
    Outcome.UNSUBSCRIBED: phrase("Case closed: they unsubscribed"),
}


def _closed(one: Case, _who: Names) -> Told:
    words = OUTCOMES.get(one.outcome) or phrase("Case closed: {outcome}", outcome=one.outcome)
    return Told("case_closed", words, ("case", str(one.id)), case=one.id)


def _proposal(one: Proposal, _who: Names) -> Told:
    words = phrase("Proposed: {act}", act=one.label)
    by = (str(one.agent.get("model") or one.agent.get("source") or ""),)
    target = ("case", str(one.case_id))
    return Told("proposed", words, target, one.case_id, one.contact_id, by=by, text=shown_text(one.why))


REVIEWS: Mapping[str, str] = {
    ReviewState.APPROVED: english("Approved: {act}"),
    ReviewState.EDITED: english("Edited: {act}"),
    ReviewState.REJECTED: english("Rejected ({code}): {act}"),
    ReviewState.EXPIRED: english("Nobody decided in time: {act}"),
    ReviewState.LAPSED: english("Withdrawn from the queue: {act}"),
}


def _review(one: Review, who: Names) -> Told:
    code = (one.code or "").replace("_", " ")
    words = phrase(
        REVIEWS.get(one.state, "{state}: {act}"), act=who.act(one.proposal_id), code=code, state=one.state
    )
    by = (one.first_approved_by, one.decided_by)
    return Told(f"review_{one.state}", words, ("item", str(one.id)), one.case_id, by=by, text=shown_text(one.note))


def _asked(one: Review, who: Names) -> Told:
    words = phrase("Put before a person: {act}", act=who.act(one.proposal_id))
    return Told("review_asked", words, ("item", str(one.id)), one.case_id)


EFFECTS: Mapping[str, str] = {
    EffectState.PENDING: english("Will go out from {due}: {act}"),
    EffectState.IN_FLIGHT: english("Is being sent: {act}"),
    EffectState.DONE: english("Done over {channel}: {act}"),
    EffectState.FAILED: english("Not sent, a person must look: {act}"),
    EffectState.UNKNOWN: english("May have been sent, a person must look: {act}"),
    EffectState.LAPSED: english("Withdrawn before it left: {act}"),
}


def _effect(one: Effect, who: Names) -> Told:
    act = who.act(one.proposal_id)
    what = f"{one.part.replace('_', ' ')} ({act})"
    if one.part == "message":
        what = act
    elif one.part in PARTS:
        what = PARTS[one.part].format(act=act)
    words = phrase(EFFECTS.get(one.state, "{state}: {act}"), act=what, due=moment(one.due_at), channel=one.channel,
                   state=one.state)  # fmt: skip
    by = (one.first_approved_by, one.approved_by)
    said = one.problem or str(one.receipt.get("answer", ""))
    target = ("effect", str(one.id))
    return Told(f"effect_{one.state}", words, target, one.case_id, one.contact_id, by=by, text=shown_text(said))


QUESTIONS: Mapping[str, str] = {
    "offer": english("Answered the offer: {value}"),
    "survey": english("Answered the question: {value}"),
    "contest": english("Says this is a mistake"),
}
ANSWERED = english("Answered {question}: {value}")
CANCELLED, BOOKED = english("Call cancelled: {call} at {at}"), english("Call booked: {call} at {at}")


def _answer(one: Answer, _who: Names) -> Told:
    words = phrase(QUESTIONS.get(one.question, ANSWERED), question=one.question,
                   value=one.value.replace("_", " "))  # fmt: skip
    target = ("effect", str(one.effect_id))
    return Told("answered", words, target, contact=one.contact_id, text=shown_text(one.words))


def _booking(one: Booking, _who: Names) -> Told:
    words = phrase(CANCELLED if one.cancelled_at else BOOKED, call=one.call, at=moment(one.starts_at))
    return Told("booked", words, ("effect", str(one.effect_id)), contact=one.contact_id, by=(one.host,))


def _preference(one: Preference, _who: Names) -> Told:
    often = phrase("Said what they want: at most once in {days} days", days=one.days_between)
    words = often if one.days_between else phrase("Said what they want to hear of")
    refused = ", ".join(one.topics)
    return Told("preferred", words, ("contact", str(one.contact_id)), contact=one.contact_id, text=shown(refused))


INTERACTIONS: Mapping[str, str] = {
    InteractionKind.MESSAGE: english("Written to by hand, over {channel}"),
    InteractionKind.REPLY: english("Replied, over {channel}"),
    InteractionKind.COMPLAINT: english("Complained, over {channel}"),
    InteractionKind.BOUNCE: english("The message came back"),
    InteractionKind.REFUSAL: english("Refused {offer}"),
    InteractionKind.TICKET: english("Ticket opened"),
}


def _interaction(one: Interaction, _who: Names) -> Told:
    offer = one.catalogue_id or one.tool or ""
    words = phrase(INTERACTIONS.get(one.kind, "{kind}"), channel=one.channel, offer=offer, kind=one.kind)
    target = ("interaction", str(one.id))
    return Told(one.kind, words, target, contact=one.contact_id, by=(one.by,), text=shown_text(one.note))


def _ticket_closed(one: Interaction, _who: Names) -> Told:
    return Told("ticket_closed", phrase("Ticket closed"), ("interaction", str(one.id)), contact=one.contact_id)


def _stopped(one: Contact, _who: Names) -> Told:
    words = phrase("Unsubscribed: never to be written to again")
    return Told("unsubscribed", words, ("contact", str(one.id)), name=shown(one.name or one.key))


def _erased(one: Contact, _who: Names) -> Told:
    return Told(
        "erased", phrase("A contact was erased: contact {number}", number=one.id), ("contact", str(one.id))
    )


LOGGED: Mapping[str, str] = {
    EntryKind.HELD_OUT: english("Held out: watched, never contacted"),
    EntryKind.NOTHING_TO_OFFER: english("Nothing to offer: {told}"),
    EntryKind.NOTHING_ALLOWED: english("The policy allowed nothing: {told}"),
    EntryKind.NOTHING_CHOSEN: english("The agent chose to do nothing: {told}"),
    EntryKind.MODEL_FAILED: english("The model failed: {told}"),
    EntryKind.DENIED: english("The policy denied it: {told}"),
    EntryKind.FIRST_APPROVED: english("Approved by the first of two: {told}"),
    EntryKind.SNOOZED: english("Put off: {told}"),
    EntryKind.ESCALATED: english("Waited too long, goes first: {told}"),
    EntryKind.DEFERRED: english("Has to wait {told}"),
    EntryKind.NOT_SENT: english("Did not go, will be tried again: {told}"),
    EntryKind.OUTCOME_UNKNOWN: english("Nobody knows yet whether it went: {told}"),
    EntryKind.SETTLED: english("A person found out: {told}"),
    EntryKind.SENT_AGAIN: english("A person has it tried again: {told}"),
}
"""Steps of a case that no row of another table tells."""


def _entry(one: DecisionEntry, _who: Names) -> Told:
    """A step that only the log tells; one that cannot be read is still a step."""
    words = phrase(LOGGED[one.kind], told=told_entry(one))
    return Told(one.kind, words, ("decision", entry_name(one.position, one.id)), one.case_id)


def told_entry(one: DecisionEntry, say: Translate = str) -> str:
    """An entry in a few words; an altered one may say nothing that can be read."""
    try:
        return tell(spoken(one.body), say)
    except (ValueError, TypeError, KeyError, RecursionError):
        return say(UNREADABLE)


TELLERS: Mapping[str, Callable[[Any, Names], Told]] = {
    "case": _case,
    "closed": _closed,
    "proposal": _proposal,
    "review": _review,
    "asked": _asked,
    "effect": _effect,
    "answer": _answer,
    "booking": _booking,
    "preference": _preference,
    "interaction": _interaction,
    "ticket_closed": _ticket_closed,
    "stopped": _stopped,
    "erased": _erased,
    "entry": _entry,
}
