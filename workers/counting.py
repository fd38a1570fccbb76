"""Answering what a policy wants counted, inside the transaction that acts."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, func, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from policies.counter import Counter
from winback.store.bookkeeping import ModelUse
from winback.store.models import Effect, Interaction
from winback.store.types import CUSTOMER, MESSAGE, NOTICE, EffectState, InteractionKind, UtcDateTime

# What may have reached the customer counts as a contact: a cap that forgets it would let a second one out.
CONTACTED = (EffectState.IN_FLIGHT, EffectState.DONE, EffectState.UNKNOWN)
OF_CONTACT = (MESSAGE, NOTICE)
"""Parts by which we come to somebody. What they asked for by an answer of theirs is no contact of ours."""
COST = {"tokens": ModelUse.tokens_in + ModelUse.tokens_out, "money": ModelUse.money}
CAME_BACK = {"bounces": InteractionKind.BOUNCE, "complaints": InteractionKind.COMPLAINT}


class Counted:
    """Answers within one transaction: each question is put once, and what is intended meanwhile is added."""

    def __init__(self, session: Session, leaving_out: int | None = None) -> None:
        self._session = session
        self._leaving_out = leaving_out
        self._known: dict[tuple[str, datetime], tuple[Counter, float]] = {}

    def answer(self, counter: Counter) -> float:
        """The same question is put to the database once, whichever policy, rule and act ask it."""
        asked = (counter.name, counter.since)
        if asked not in self._known:
            self._known[asked] = counter, count(self._session, counter, self._leaving_out)
        return self._known[asked][1]

    def intended(self, effect: Effect, at: datetime) -> None:
        """An intent that was written at this moment: whoever is judged next must see it."""
        for asked, (counter, number) in self._known.items():
            self._known[asked] = counter, number + _adds(counter, effect, at)


def _adds(counter: Counter, effect: Effect, at: datetime) -> float:
    counts = (
        counter.what in ("contacts", "value")
        and effect.part in OF_CONTACT
        and effect.audience == CUSTOMER
        and (not counter.tools or effect.tool in counter.tools)
        and (not counter.channels or effect.medium in counter.channels)
        and (counter.approved_by is None or counter.approved_by in (effect.approved_by, effect.first_approved_by))
        and counter.since <= at
        and (counter.until is None or at < counter.until)
    )
    if not counts:
        return 0.0
    return effect.value if counter.what == "value" else 1.0


def count(session: Session, counter: Counter, leaving_out: int | None) -> float:
    """The answer; `leaving_out` is the effect under judgement, which does not count against itself."""
    given = {"since": counter.since}
    if counter.until is not None:
        given["until"] = counter.until
    bounded = counter.until is not None
    if counter.what in COST:
        return float(session.exec(_cost(counter.what, bounded), params=given).one())
    if counter.what in CAME_BACK:
        return float(session.exec(_came_back(counter, bounded), params=given).one())
    query = _contacts(counter.what, counter.tools, counter.channels, bounded, counter.approved_by is not None)
    params = {**given, "left_out": leaving_out or 0, "by": counter.approved_by}
    return float(session.exec(query, params=params).one())


# Made once for each question: putting a statement together takes SQLAlchemy longer than running it.
@lru_cache(maxsize=256)
def _contacts(
    what: str, tools: tuple[str, ...], media: tuple[str, ...], bounded: bool, of_reviewer: bool
) -> SelectOfScalar[Any]:
    """Effects are numbered from 1, so leaving out 0 leaves out none."""
    counted = func.coalesce(func.sum(Effect.value), 0.0) if what == "value" else func.count()
    query = select(counted).where(
        col(Effect.state).in_(CONTACTED),
        col(Effect.intent_at) >= _at("since"),
        col(Effect.id) != bindparam("left_out"),
        col(Effect.part).in_(OF_CONTACT),
        col(Effect.audience) == CUSTOMER,
    )
    if media:
        query = query.where(col(Effect.medium).in_(media))
    if bounded:
        query = query.where(col(Effect.intent_at) < _at("until"))
    if of_reviewer:
        by: Any = bindparam("by")
        query = query.where(or_(col(Effect.approved_by) == by, col(Effect.first_approved_by) == by))
    return query.where(col(Effect.tool).in_(tools)) if tools else query


def _came_back(counter: Counter, bounded: bool) -> SelectOfScalar[Any]:
    return _returned(counter.what, counter.tools, counter.channels, bounded)


@lru_cache(maxsize=256)
def _returned(what: str, tools: tuple[str, ...], media: tuple[str, ...], bounded: bool) -> SelectOfScalar[Any]:
    """What nobody knows the tool of counts against every tool."""
    query = select(func.count()).where(
        col(Interaction.kind) == CAME_BACK[what], col(Interaction.at) >= _at("since")
    )
    if bounded:
        query = query.where(col(Interaction.at) < _at("until"))
    if media:
        query = query.where(col(Interaction.channel).in_(media))
    return query.where(or_(col(Interaction.tool).in_(tools), col(Interaction.tool).is_(None))) if tools else query


@lru_cache(maxsize=16)
def _cost(what: str, bounded: bool) -> SelectOfScalar[Any]:
    query = select(func.coalesce(func.sum(COST[what]), 0)).where(col(ModelUse.at) >= _at("since"))
    return query.where(col(ModelUse.at) < _at("until")) if bounded else query


def _at(name: str) -> Any:
    return bindparam(name, type_=UtcDateTime)
