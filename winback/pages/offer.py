"""An offer: what it is, what it costs, how it ends; accept or decline."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session

from tools.catalogue import Plan
from winback.errors import ConflictError, InputError
from winback.pages.survey import asking
from winback.pages.visit import Fields, Page, PageError, Reply, Visit, first, opened
from winback.pages.words import Words
from winback.store.types import GRANT, EffectState
from workers.answer import Asked, Offer, Yes, answer_offer, later_effects, offer_of

ANSWERS: dict[str, Yes] = {"accept": "accepted", "decline": "declined"}
LOST = (EffectState.FAILED, EffectState.UNKNOWN, EffectState.LAPSED)


def show(visit: Visit) -> Reply:
    """The offer as it stands now."""
    return _page(visit)


def take(visit: Visit, fields: Fields) -> Reply:
    """Accept or decline. What can no longer be had is shown as it stands."""
    value = ANSWERS.get(first(fields, "answer"))
    if value is None:
        raise PageError("wrong", 400)
    with opened(visit):
        pass
    try:
        answer_offer(visit.services, visit.link.key, value)
    except InputError:
        return _page(visit, value)  # it says which it is: over, or no longer fitting
    except ConflictError:
        page = _page(visit, value)
        if page.values["state"] not in ANSWERS.values():
            raise
        return page
    return _page(visit, value)


def _page(visit: Visit, said: Yes | None = None) -> Reply:
    now = visit.services.clock.now()
    with opened(visit) as (session, one):
        words = visit.words(one.account, one.contact)
        try:
            offer = offer_of(session, visit.services, one)
        except InputError:
            raise PageError("gone", 410) from None
        state = _state(offer, visit)
        other = said is not None and offer.answer not in (None, said)
        values = {
            "state": state,
            "other": other,
            "days": offer.days,
            "plan": words.of(offer.plan.name),
            "price": words.money(offer.plan.price_per_month),
            "until": offer.open_until,
            "ends": offer.ends_at or now + timedelta(days=offer.days),
            **_granted(session, visit, one, offer, words),
        }
        if state == "accepted":
            values |= asking(session, visit, one, words)
    status = 409 if other else 410 if state in ("ended", "changed") else 200
    return Reply("offer.html", words, values, status)


def _state(offer: Offer, visit: Visit) -> str:
    if offer.answer is not None:
        return offer.answer
    if offer.open_until <= visit.services.clock.now():
        return "ended"
    return "open" if offer.current.id in offer.trial.from_plans else "changed"


def _granted(session: Session, visit: Visit, one: Asked, offer: Offer, words: Words) -> dict[str, Any]:
    """How far the granting is, and the plan that they are back on afterwards."""
    grant = next((each for each in later_effects(session, one) if each.part == GRANT), None)
    back: Plan | None = offer.current
    if grant is not None:
        back = visit.services.catalogue.plan(str(grant.payload["from_plan"]))
    if grant is None or offer.ends_at is None:
        phase = "coming"
    elif grant.state in LOST:
        phase = "failed"
    elif grant.state != EffectState.DONE:
        phase = "coming"
    else:
        phase = "over" if offer.ends_at <= visit.services.clock.now() else "running"
    return {"phase": phase, "back": words.of((back or offer.current).name)}


PAGE = Page(show, take)
