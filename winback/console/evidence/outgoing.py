"""What would leave the machine if a proposal were approved now, made by the very code that sends."""

from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import ValidationError
from sqlmodel import Session

from policies.evaluate import evaluate
from policies.telling import Translate
from policies.verdict import Decision, Verdict
from policies.words import summary
from prompts.html import render_html
from tools.tool import Preview, preview_of
from winback.console.evidence.phrase import shown
from winback.errors import InputError
from winback.usage.drop import drop_from_plain
from workers.compose import agent_of, message_of, option_of, parcel_of, words_problems
from workers.decide import action_facts, effect_of
from workers.facts import Facing, Subject
from workers.item import Item
from workers.link import Links
from workers.past import Past
from workers.services import Services
from workers.situation import busy_times, knowing, situation_of

DEAD = "links of a preview open nothing: nobody answers for a customer"


@dataclass(frozen=True)
class Words:
    """A message as it would be sent: over what, to whom, in which language, as text and as HTML.

    Its links look as they will and open nothing. `attachments` are names of files.
    """

    medium: str
    channel: str
    name: str
    address: str
    language: str
    subject: str
    text: str
    html: str
    attachments: tuple[str, ...]


@dataclass(frozen=True)
class Acting:
    """What the policy would say at the moment of acting, and when the act would leave; None: it would not."""

    decision: Decision
    told: str
    leaves_at: datetime | None


@dataclass(frozen=True)
class Outgoing:
    """All that would happen. `gone` says why it can no longer be had, if it cannot."""

    words: Words
    acting: Acting
    preview: Preview
    gone: str | None


def outgoing_of(
    session: Session, services: Services, item: Item, by: str, past: Past, say: Translate = str
) -> Outgoing:
    """What would happen if `by` approved an item now. Usage that came back since is not looked for here.

    Raises:
        InputError: the tool is gone.
    """
    now = services.clock.now()
    acting = _acting(session, services, item, by, past, now, say)
    preview, gone = _preview(session, services, item, past, acting.leaves_at or now)
    return Outgoing(_words(services, item, acting.leaves_at or now), acting, preview, gone)


def _acting(
    session: Session, services: Services, item: Item, by: str, past: Past, now: datetime, say: Translate
) -> Acting:
    proposal = item.proposal
    subject = Subject(item.account, item.contact, drop_from_plain(item.case.drop))
    facing = Facing(session, services.judging, subject, now, services.settings.company.zone, past=past)
    first = item.review.first_approved_by
    facts = facing.facts(
        action_facts(proposal, words_problems(message_of(proposal))),
        agent_of(proposal),
        moment="act",
        proposed_at=item.review.asked_at,
        approved_by=(first, by) if first else (by,),
    )
    verdict = evaluate(services.policy, facts)
    return Acting(verdict.decision, summary(verdict, say), _leaves_at(verdict, now))


def _leaves_at(verdict: Verdict, now: datetime) -> datetime | None:
    return None if verdict.decision is Decision.DENY else max(verdict.not_before or now, now)


def _preview(
    session: Session, services: Services, item: Item, past: Past, at: datetime
) -> tuple[Preview, str | None]:
    drop, proposal = drop_from_plain(item.case.drop), item.proposal
    busy = busy_times(session, item.case, at) if proposal.busy_host else ()
    bare = situation_of(services, item.account, item.contact, drop, at, busy=busy)
    situation = knowing(session, services, bare, item.account, item.contact, past)
    try:
        option = option_of(services, proposal, situation)
        return preview_of(services.registry.get(proposal.tool), option, situation), None
    except InputError as error:
        return Preview(), error.what
    except ValidationError:
        return Preview(), "its arguments no longer fit the tool"


def _words(services: Services, item: Item, at: datetime) -> Words:
    proposal = item.proposal
    way = services.way(proposal.medium).name
    effect = effect_of(proposal, way, item.review.asked_at, at)
    whom = (item.account, item.contact, drop_from_plain(item.case.drop))
    parcel = parcel_of(_without_links(services), effect, proposal, whom, at)
    return Words(
        medium=proposal.medium,
        channel=way,
        name=shown(parcel.recipient_name),
        address=shown(parcel.recipient_address),
        language=parcel.message.language,
        subject=shown(parcel.message.subject),
        text=parcel.message.body,
        html=render_html(parcel.message),
        attachments=tuple(shown(one.name) for one in parcel.attachments),
    )


def _without_links(services: Services) -> Services:
    """Links signed with what opens nothing: who looks at an offer must not be able to take it."""
    base = services.settings.pages.base_url
    return replace(services, links=Links(base, DEAD)) if services.links is not None and base else services
