"""From an option to a proposal, and from a stored proposal to the parcel that leaves."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlmodel import Session

from agents.content_check import problems
from policies.facts import AgentFacts
from prompts.message import Message, render_message
from tools.channels.channel import Parcel
from tools.tool import Option, Situation
from winback.decisions.action import action_hash
from winback.errors import InputError
from winback.store.models import Account, Case, Contact, Effect, Proposal
from winback.usage.drop import drop_from_plain
from workers.services import Services
from workers.situation import Setting, situation_of

_AGENT: TypeAdapter[AgentFacts] = TypeAdapter(AgentFacts)
_MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)


def compose(services: Services, option: Option, situation: Situation, slots: dict[str, str]) -> Message:
    """The message for an option, in the contact's language, with the slots filled."""
    tool = services.registry.get(option.tool)
    values = tool.template_values(option, situation)
    return render_message(tool.template, situation.person.language, values, slots, services.settings.company)


def make_proposal(
    setting: Setting, option: Option, message: Message, agent: AgentFacts, why: str, now: datetime
) -> Proposal:
    """A proposal, named by the hash of what would happen; not yet stored."""
    account, contact = setting.subject.account, setting.subject.contact
    if contact is None or account.id is None or contact.id is None:
        raise ValueError(f"case {setting.case_id} has nobody to write to")
    proposal = Proposal(
        case_id=setting.case_id,
        action_hash="",
        account_id=account.id,
        contact_id=contact.id,
        tool=option.tool,
        catalogue_id=option.catalogue_id,
        arguments=option.arguments.model_dump(mode="json"),
        message=asdict(message),
        label=option.label,
        value=option.value,
        agent=asdict(agent),
        why=why,
        busy_host=option.busy.host if option.busy else None,
        busy_from=option.busy.start if option.busy else None,
        busy_until=option.busy.end if option.busy else None,
        created_at=now,
    )
    proposal.action_hash = action_hash(proposal, contact.salt)
    return proposal


def agent_of(proposal: Proposal) -> AgentFacts:
    """Who suggested a stored proposal."""
    return _AGENT.validate_python(proposal.agent)


def message_of(proposal: Proposal) -> Message:
    """The message of a stored proposal."""
    return _MESSAGE.validate_python(proposal.message)


def words_problems(message: Message) -> tuple[str, ...]:
    """What the content check finds in the words that no template wrote."""
    return tuple(sorted({found for text in message.slots.values() for found in problems(text)}))


def option_of(services: Services, proposal: Proposal, situation: Situation, **changes: Any) -> Option:
    """The option a stored proposal names, with arguments changed.

    Raises:
        InputError: it cannot be had (any more).
        ValidationError: a changed argument does not fit the tool.
    """
    tool = services.registry.get(proposal.tool)
    arguments = tool.arguments.model_validate({**proposal.arguments, **changes})
    try:
        return tool.resolve(arguments, situation)
    except OverflowError:
        raise InputError("a date is out of range", fix="choose one of these years") from None


def parcel_of(session: Session, services: Services, effect: Effect, proposal: Proposal, now: datetime) -> Parcel:
    """What leaves the machine: the stored message to the stored contact, nothing newer, nothing else."""
    case = session.get_one(Case, effect.case_id)
    account = session.get_one(Account, effect.account_id)
    contact = session.get_one(Contact, effect.contact_id)
    drop = drop_from_plain(case.drop)
    situation = situation_of(services, account, contact, drop, proposal.created_at)
    tool = services.registry.get(proposal.tool)
    option = Option(
        tool=proposal.tool,
        arguments=tool.arguments.model_validate(proposal.arguments),
        catalogue_id=proposal.catalogue_id,
        label=proposal.label,
        hint="",
        value=proposal.value,
    )
    company = services.settings.company
    return Parcel(
        key=effect.key,
        case_id=effect.case_id,
        tool=effect.tool,
        sender_address=company.sender,
        sender_name=company.name,
        recipient_address=situation.person.address,
        recipient_name=situation.person.name,
        reply_to=situation.owner_address,
        message=message_of(proposal),
        sent_at=effect.intent_at or now,
        why=drop.reason,
        attachments=tool.attachments(option, situation, effect.key),
        account=account.key,
        contact=contact.key,
    )
