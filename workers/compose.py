"""From an option to a proposal, and from a stored proposal to the parcel that leaves."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlmodel import Session

from agents.content_check import problems
from policies.facts import AgentFacts
from prompts.message import Message, render_message, with_links
from tools.channels.channel import Parcel
from tools.tool import Attachment, Option, Situation, Tool
from winback.decisions.action import action_hash
from winback.errors import ConflictError, InputError
from winback.store.models import Account, Contact, Effect, Proposal
from winback.store.types import CUSTOMER
from winback.usage.drop import Drop
from workers.link import LONG
from workers.services import Services
from workers.situation import Setting, situation_of

_AGENT: TypeAdapter[AgentFacts] = TypeAdapter(AgentFacts)
_MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
IN_THE_PARCEL = ("message", "attachments", "to", "about")
"""What of a payload has a place of its own in the parcel."""
_WORDLESS = Message(language="en", subject="", body="", template="", template_version="")
"""For what a machine receives."""


def tool_of(services: Services, proposal: Proposal) -> Tool:
    """The tool of a proposal that waits.

    Raises:
        ConflictError: it was uninstalled meanwhile.
    """
    if proposal.tool not in services.registry.tool_names():
        raise ConflictError(
            f"its tool {proposal.tool} is not installed any more",
            fix="reject it, or have the tool installed again",
        )
    return services.registry.get(proposal.tool)


def compose(services: Services, option: Option, situation: Situation, slots: dict[str, str]) -> Message:
    """The message for an option, in the contact's language, with the slots filled."""
    tool = services.registry.get(option.tool)
    values = tool.template_values(option, situation)
    company, pages = services.settings.company, services.links is not None
    return render_message(
        tool.template, situation.person.language, values, slots, company, pages=pages, medium=option.medium
    )


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
        medium=option.medium,
        audience=option.audience,
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
        option = tool.resolve(arguments, situation)
    except OverflowError:
        raise InputError("a date is out of range", fix="choose one of these years") from None
    return replace(option, medium=proposal.medium)


def following_parcel(session: Session, services: Services, effect: Effect) -> Parcel:
    """What leaves the machine after an answer: all of it stands in the effect's payload."""
    account = session.get_one(Account, effect.account_id)
    contact = session.get_one(Contact, effect.contact_id)
    company, payload = services.settings.company, effect.payload
    message, to = payload.get("message"), payload.get("to")
    return Parcel(
        key=effect.key,
        case_id=effect.case_id,
        tool=effect.tool,
        sender_address=company.sender,
        sender_name=company.name,
        recipient_address=to["address"] if to else contact.email or "",
        recipient_name=to["name"] if to else contact.name,
        reply_to=account.owner_email or company.sender,
        reply_copy=_read_mailbox(services),
        message=_linked(services, effect, _MESSAGE.validate_python(message)) if message else _WORDLESS,
        headers=_stop_headers(services, effect) if message else (),
        sent_at=effect.proposed_at,
        attachments=tuple(_attachment(one) for one in payload.get("attachments", ())),
        account=account.key,
        contact=contact.key,
        audience=effect.audience,
        part=effect.part,
        payload={name: value for name, value in payload.items() if name not in IN_THE_PARCEL},
    )


def _linked(services: Services, effect: Effect, message: Message) -> Message:
    links = services.links
    if links is None:
        return message
    return with_links(message, lambda page: links.url(page, _subject_key(effect), effect.proposed_at + LONG))


def _read_mailbox(services: Services) -> str:
    """The mailbox that is read, where one is: a reply that goes past it is a fact that nobody learns."""
    return services.settings.company.sender if services.settings.inbox.imap is not None else ""


def _subject_key(effect: Effect) -> str:
    """Links speak of the act that was proposed, whatever follows from it."""
    return str(effect.payload.get("about", effect.key))


def _stop_headers(services: Services, effect: Effect) -> tuple[tuple[str, str], ...]:
    """RFC 8058: one click stops all messages, without a page. It wants https: without, mail alone stops them."""
    if services.links is None or effect.audience != CUSTOMER or not services.links.secure:
        return ()
    url = services.links.url("stop", _subject_key(effect), effect.proposed_at + LONG)
    mail = f"mailto:{services.settings.company.sender}?subject=STOP"
    return (
        ("List-Unsubscribe", f"<{url}>, <{mail}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )


def _attachment(plain: dict[str, str]) -> Attachment:
    return Attachment(plain["name"], plain["media_type"], plain["text"].encode())


@dataclass(frozen=True)
class _People:
    """Who gets a message, and who gets the answer to it."""

    address: str
    name: str
    reply_to: str
    reply_copy: str = ""


def _people(services: Services, effect: Effect, situation: Situation) -> _People:
    """A colleague's answer is no fact about the customer: it is not read."""
    owner, person = situation.owner_address, situation.person
    if effect.audience == CUSTOMER:
        return _People(person.address, person.name, owner, _read_mailbox(services))
    return _People(owner, situation.owner_name, services.settings.company.sender)


def parcel_of(
    services: Services, effect: Effect, proposal: Proposal, whom: tuple[Account, Contact, Drop], now: datetime
) -> Parcel:
    """What leaves the machine: the stored message to the stored contact, or to the manager of their account."""
    account, contact, drop = whom
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
    company, people = services.settings.company, _people(services, effect, situation)
    return Parcel(
        key=effect.key,
        case_id=effect.case_id,
        tool=effect.tool,
        sender_address=company.sender,
        sender_name=company.name,
        recipient_address=people.address,
        recipient_name=people.name,
        reply_to=people.reply_to,
        reply_copy=people.reply_copy,
        message=_linked(services, effect, message_of(proposal)),
        sent_at=effect.intent_at or now,
        headers=_stop_headers(services, effect),
        why=drop.reason,
        attachments=tool.attachments(option, situation, effect.key),
        account=account.key,
        contact=contact.key,
        audience=effect.audience,
    )
