"""What a customer answers on the pages: each answer is one transaction, with all that follows from it.

Of two answers to one question the first counts; the same one again changes nothing and is no error. A link
proves only that somebody has the message: what it can do concerns its own act and its own contact alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from prompts.message import clean
from tools.catalogue import Plan, Trial
from tools.reason import zone_where
from winback.decisions.kind import EntryKind
from winback.decisions.log import NO_KEY, advance
from winback.errors import ConflictError, InputError
from winback.store.answers import Answer
from winback.store.models import Account, Case, Contact, Effect, Proposal
from winback.store.types import (
    CUSTOMER,
    ENTITLEMENT,
    GRANT,
    MESSAGE,
    NOTICE,
    TAKE_BACK,
    CaseState,
    EffectState,
    InteractionKind,
)
from workers.follow_up import follow
from workers.record import Party, record_in
from workers.services import Services
from workers.trial import announced_at, end_of, grant_of

ARRIVED = (EffectState.IN_FLIGHT, EffectState.DONE, EffectState.UNKNOWN)
"""Whoever answers has the message, whatever we know of its arrival."""
WORDS_LIMIT = 2000
SCORES = {"csat": range(1, 6), "ces": range(1, 8), "nps": range(11)}
"""Customer satisfaction 1 to 5, customer effort 1 to 7, net promoter 0 to 10."""
PAGE = "page"
"""Who wrote an interaction down: the customer, on a page."""
Yes = Literal["accepted", "declined"]


@dataclass(frozen=True)
class Asked:
    """The act that a link came with, and whom it went to."""

    effect: Effect
    proposal: Proposal
    case: Case
    account: Account
    contact: Contact


@dataclass(frozen=True)
class Offer:
    """A trial as it was offered, open until a moment. `answer` is what they said, None while they have not.

    `ends_at`: when what they accepted ends; while it is not granted, as if it were now.
    """

    trial: Trial
    plan: Plan
    current: Plan
    days: int
    open_until: datetime
    answer: Yes | None
    ends_at: datetime | None


def asked(session: Session, key: str, *, lock: bool = False) -> Asked:
    """What a link's key names; `lock` lets nobody else answer meanwhile.

    Raises:
        InputError: there is nothing of the kind, it never left, or the person's data were erased.
    """
    query = select(Effect).where(Effect.key == key, Effect.part == MESSAGE, Effect.audience == CUSTOMER)
    effect = session.exec(query.with_for_update() if lock else query).first()
    if effect is None or effect.state not in ARRIVED:
        raise InputError("there is nothing to answer here any more", fix="reply to the message instead")
    contact = session.get_one(Contact, effect.contact_id)
    if contact.erased_at is not None:
        raise InputError("there is nothing to answer here any more", fix="your data were erased")
    return Asked(
        effect,
        session.get_one(Proposal, effect.proposal_id),
        session.get_one(Case, effect.case_id),
        session.get_one(Account, effect.account_id),
        contact,
    )


def answer_to(session: Session, effect_id: int | None, question: str) -> Answer | None:
    """What they said, if they said anything."""
    return session.exec(select(Answer).where(Answer.effect_id == effect_id, Answer.question == question)).first()


def offer_of(session: Session, services: Services, one: Asked) -> Offer:
    """The offer that an act made.

    Raises:
        InputError: it made none, or what it offered is in the catalogue no more.
    """
    arguments, catalogue = one.proposal.arguments, services.catalogue
    trial = catalogue.trial(str(arguments.get("trial", "")))
    plan = catalogue.plan(trial.plan) if trial else None
    current = catalogue.plan(one.account.plan)
    if trial is None or plan is None or current is None:
        raise InputError("this offer can no longer be had", fix="reply to the message instead")
    sent, days = one.effect.intent_at or one.effect.proposed_at, int(arguments["days"])
    said = answer_to(session, one.effect.id, "offer")
    grant = grant_of(session, one.effect.id)
    return Offer(
        trial=trial,
        plan=plan,
        current=current,
        days=days,
        open_until=sent + timedelta(days=trial.answer_days),
        answer=said.value if said is not None else None,  # type: ignore[arg-type]
        ends_at=end_of(grant, services.clock.now()) if grant is not None else None,
    )


def answer_offer(services: Services, key: str, value: Yes) -> Offer:
    """Accept or decline. Accepting grants the plan, and plans the notice and the taking back with it.

    Raises:
        InputError: it is no offer, its time is over, or the account has another plan by now.
        ConflictError: the other answer was given before.
    """
    now = services.clock.now()
    with services.store.write("answer_offer") as session:
        one = asked(session, key, lock=True)
        offer = offer_of(session, services, one)
        if offer.answer is not None:
            return _same(offer, value)
        if offer.open_until <= now:
            ended = offer.open_until.astimezone(_zone(services, one))
            raise InputError(f"this offer ended on {ended:%Y-%m-%d}", fix="reply to the message instead")
        if offer.current.id not in offer.trial.from_plans:
            raise InputError(
                "your plan has changed since, and the offer does not fit it", fix="nothing was changed"
            )
        planned = _granting(services, one, offer, now) if value == "accepted" else []
        session.add_all(planned)
        if value == "declined":
            _refused(session, services, one, now)
        note_answer(session, one, "offer", value, now, follows=[each.key for each in planned])
        return offer_of(session, services, one)


def _same(offer: Offer, value: Yes) -> Offer:
    if offer.answer != value:
        raise ConflictError(f"this offer was {offer.answer} before", fix="reply to the message to change that")
    return offer


def _granting(services: Services, one: Asked, offer: Offer, now: datetime) -> list[Effect]:
    """The days count from when the grant goes: each of them takes its end from it then (`workers.trial`)."""
    until = now + timedelta(days=offer.days)
    payload = {
        "trial": offer.trial.id,
        "plan": offer.plan.id,
        "from_plan": offer.current.id,
        "days": offer.days,
        "until": until.isoformat(),
    }
    grant = follow(services, one.effect, GRANT, ENTITLEMENT, now, payload)
    return [
        grant,
        follow(services, one.effect, NOTICE, one.effect.medium, announced_at(grant, until), {}),
        follow(services, one.effect, TAKE_BACK, ENTITLEMENT, until, payload),
    ]


def _zone(services: Services, one: Asked) -> ZoneInfo:
    return zone_where(one.contact.zone, one.account.zone, services.settings.company)


def _refused(session: Session, services: Services, one: Asked, now: datetime) -> None:
    """A refusal is a fact of its own: the policy keeps from making the same offer again."""
    record_in(
        session, services, Party(one.account.id or 0, one.contact.id), InteractionKind.REFUSAL, now, PAGE,
        channel=one.effect.medium, tool=one.effect.tool, catalogue_id=one.effect.catalogue_id, effect=one.effect,
    )  # fmt: skip


def note_answer(
    session: Session, one: Asked, question: str, value: str, now: datetime, *, words: str = "", **more: Any
) -> None:
    """The row and its entry. Their words stay out of the log."""
    session.add(
        Answer(
            effect_id=one.effect.id or 0,
            contact_id=one.contact.id or 0,
            question=question,
            value=value,
            words=words,
            at=now,
        )
    )
    session.flush()
    body = {
        "effect": one.effect.key,
        "action_hash": one.effect.action_hash,
        "contact": one.contact.id,
        "question": question,
        "value": value,
        **more,
    }
    advance(session, one.case.id or 0, EntryKind.ANSWERED, now, body, allowed=tuple(CaseState))


def answer_survey(services: Services, key: str, score: int) -> None:
    """One number in the scale that the settings name; a second one is thanked for and not counted.

    Raises:
        InputError: it is outside the scale.
    """
    now, kind = services.clock.now(), services.settings.pages.survey
    if score not in SCORES[kind]:
        raise InputError(f"{score} is not on this scale", fix=f"choose {SCORES[kind][0]} to {SCORES[kind][-1]}")
    with services.store.write("answer_survey") as session:
        one = asked(session, key, lock=True)
        if answer_to(session, one.effect.id, "survey") is None:
            note_answer(session, one, "survey", f"{kind} {score}", now)


def contest(services: Services, key: str, words: str) -> None:
    """They object to the decision, or say that a fact is wrong: a reply that a person must read.

    Raises:
        InputError: they said nothing.
    """
    now, said = services.clock.now(), clean(words, WORDS_LIMIT)
    if not said:
        raise InputError("nothing was written", fix="say in a few words what is wrong")
    with services.store.write("contest") as session:
        one = asked(session, key, lock=True)
        if answer_to(session, one.effect.id, "contest") is not None:
            raise ConflictError(
                "you have written to us about this before", fix="reply to the message to add to it"
            )
        record_in(
            session, services, Party(one.account.id or 0, one.contact.id), InteractionKind.REPLY, now, PAGE,
            channel=one.effect.medium, tool=one.effect.tool, note=said, effect=one.effect,
        )  # fmt: skip
        note_answer(session, one, "contest", "written", now, words=said)


def receiver(session: Session, key: str) -> Contact:
    """To whom an act was to go, whatever became of it, erased or not.

    Raises:
        InputError: there is no such act.
    """
    effect = session.exec(
        select(Effect).where(Effect.key == key, Effect.part == MESSAGE, Effect.audience == CUSTOMER)
    ).first()
    if effect is None:
        raise InputError("there is nothing of the kind", fix="reply to the message instead")
    return session.get_one(Contact, effect.contact_id)


def locked(session: Session, contact_id: int) -> Contact:
    """The contact, with nobody else changing them; their other rows stay free."""
    return session.get_one(Contact, contact_id, with_for_update=NO_KEY, populate_existing=True)


def later_effects(session: Session, one: Asked) -> list[Effect]:
    """What followed from answers to an act, oldest first."""
    return list(
        session.exec(select(Effect).where(Effect.parent_id == one.effect.id).order_by(col(Effect.id))).all()
    )
