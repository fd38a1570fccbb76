"""A card of the queue: exactly what would happen, why it is asked, and what speaks for and against it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from policies.facts import Happening, PastContact
from policies.plain import verdict_from_plain
from policies.telling import Translate
from policies.verdict import Decision
from policies.words import explain, spoken_in
from winback.console.evidence.decision_entry import newest_of_act
from winback.console.evidence.outgoing import Outgoing, outgoing_of
from winback.console.evidence.phrase import shown, shown_text
from winback.console.evidence.rules import Rules, rules_of
from winback.console.evidence.thread import Thread, thread_of
from winback.console.evidence.usage import Usage, usage_of
from winback.decisions.kind import EntryKind
from winback.store.models import Review
from winback.store.types import ReviewState
from winback.usage.drop import Drop, drop_from_plain
from workers.compose import agent_of
from workers.facts import Subject
from workers.item import Item, open_item
from workers.options import JudgedOption, Possible, judge_options
from workers.past import Past, past_of
from workers.services import Services
from workers.situation import Setting, busy_times, knowing, situation_of


@dataclass(frozen=True)
class OptionView:
    """Something that could be done for the case as things stand; `reasons` are the rules that decided of it."""

    tool: str
    label: str
    decision: Decision
    reasons: tuple[str, ...]
    chosen: bool


@dataclass(frozen=True)
class Choice:
    """Who chose it and why. `because` is the agent's own reason from its closed list, where the log has it.

    `options` are all that there are now, judged on today's facts, while the item
    waits. `unwanted` are tools that this person does not want to hear of.
    """

    source: str
    model: str
    failure: str | None
    untrusted_text: bool
    confidence: float | None
    why: str
    because: str
    options: tuple[OptionView, ...]
    unwanted: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """Where an item stands. `people` must approve it; `first` is who has where two must."""

    state: ReviewState
    asked_at: datetime
    expires_at: datetime | None
    snoozed_until: datetime | None
    escalated_at: datetime | None
    people: int
    first: str | None
    decided_at: datetime | None
    decided_by: str | None
    code: str | None
    note: str


@dataclass(frozen=True)
class Hands:
    """Who has it in hand until when, and whom it was given to."""

    holder: str | None
    until: datetime | None
    assignee: str | None


@dataclass(frozen=True)
class ItemView:
    """All that a card shows. `hash` and `version` are what an approval of this very card carries.

    `slots` are the words in the places that a template leaves free. `outgoing` is None where the person was
    erased, or the tool is not `installed` any more: then nothing of it can leave. `planted` is the fault of an
    item that was planted: for operators alone. `before` are contacts with this very person in the last year,
    `since` what came back from them.
    """

    number: int
    case: int
    version: str
    hash: str
    parent: str | None
    account: str
    account_number: int
    tool: str
    label: str
    value: float
    currency: str
    arguments: dict[str, Any]
    slots: dict[str, str]
    editable: tuple[str, ...]
    installed: bool
    planted: str | None
    standing: Standing
    hands: Hands
    outgoing: Outgoing | None
    drop: Drop
    usage: Usage
    rules: Rules
    choice: Choice
    before: tuple[PastContact, ...]
    since: tuple[Happening, ...]
    thread: Thread


def item_view(services: Services, review_id: int, by: str, say: Translate = str) -> ItemView:
    """Read a card, as `by` would act on it; `say` is the language of our own sentences.

    Raises:
        InputError: there is no such item.
    """
    now = services.clock.now()
    with services.store.read() as session:
        item = open_item(session, review_id)
        drop = drop_from_plain(item.case.drop)
        past = past_of(session, item.account, now)
        proposal, contact = item.proposal, item.contact
        installed = proposal.tool in services.registry.tool_names()
        shows = installed and contact.erased_at is None
        return ItemView(
            number=review_id,
            case=item.review.case_id,
            version=item.version,
            hash=item.review.action_hash,
            parent=proposal.parent_hash,
            account=shown(item.account.name or item.account.key),
            account_number=proposal.account_id,
            tool=proposal.tool,
            label=shown(proposal.label),
            value=proposal.value,
            currency=services.settings.company.currency,
            arguments=proposal.arguments,
            slots=dict(proposal.message.get("slots", {})),
            planted=item.planted.fault if item.planted else None,
            hands=_hands(item, now),
            editable=services.registry.get(proposal.tool).editable if installed else (),
            installed=installed,
            standing=_standing(item.review),
            outgoing=outgoing_of(session, services, item, by, past, say) if shows else None,
            drop=drop,
            usage=usage_of(services, drop),
            rules=rules_of(verdict_from_plain(item.review.verdict), say),
            choice=_choice(session, services, item, past, now, say),
            before=tuple(one for one in past[0] if one.contact in (None, contact.id)),
            since=tuple(one for one in past[1] if one.contact in (None, contact.id)),
            thread=thread_of(session, proposal.account_id),
        )


def _hands(item: Item, now: datetime) -> Hands:
    holder, assignee = item.holder(now), item.row.assignee
    return Hands(
        holder=shown(holder) if holder else None,
        until=item.row.claimed_until if holder else None,
        assignee=shown(assignee) if assignee else None,
    )


def _standing(review: Review) -> Standing:
    return Standing(
        state=ReviewState(review.state),
        asked_at=review.asked_at,
        expires_at=review.expires_at,
        snoozed_until=review.snoozed_until,
        escalated_at=review.escalated_at,
        people=review.verdict["people"],
        first=shown(review.first_approved_by) if review.first_approved_by else None,
        decided_at=review.decided_at,
        decided_by=shown(review.decided_by) if review.decided_by else None,
        code=review.code,
        note=shown_text(review.note),
    )


def _choice(session: Session, services: Services, item: Item, past: Past, now: datetime, say: Translate) -> Choice:
    proposal, agent = item.proposal, agent_of(item.proposal)
    said = newest_of_act(session, item.review.case_id, item.review.action_hash, EntryKind.QUEUED)
    possible = Possible(())
    if item.review.state == ReviewState.PENDING:
        possible = judge_options(session, services, _setting(session, services, item, past, now), now, now)
    same = (proposal.tool, proposal.arguments)
    return Choice(
        source=agent.source,
        model=shown(agent.model),
        failure=agent.failure,
        untrusted_text=agent.untrusted_text,
        confidence=agent.confidence,
        why=shown(proposal.why),
        because=str(said.get("run", {}).get("chosen_because", "")),
        options=tuple(_option(one, same, say) for one in possible.judged),
        unwanted=possible.unwanted,
    )


def _option(one: JudgedOption, same: tuple[str, dict[str, Any]], say: Translate) -> OptionView:
    option, verdict = one.option, one.verdict
    reasons = tuple(shown(explain(each, say), 1000) for each in spoken_in(verdict).deciding)
    chosen = (option.tool, option.arguments.model_dump(mode="json")) == same
    return OptionView(option.tool, shown(option.label), verdict.decision, reasons, chosen)


def _setting(session: Session, services: Services, item: Item, past: Past, now: datetime) -> Setting:
    """The case's surroundings with the person that the proposal is for, whom nobody chooses anew."""
    drop = drop_from_plain(item.case.drop)
    had = frozenset(one.catalogue_id for one in past[0] if one.catalogue_id)
    busy = busy_times(session, item.case, now)
    bare = situation_of(services, item.account, item.contact, drop, now, had=had, busy=busy)
    situation = knowing(session, services, bare, item.account, item.contact, past)
    return Setting(item.case.id or 0, Subject(item.account, item.contact, drop), situation, past)
