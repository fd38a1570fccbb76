"""Why a message came: what the software saw, which rules allowed it, who looked; and how to object."""

from datetime import UTC, datetime, time
from typing import Any

from sqlmodel import Session, col, select

from policies.evidence import judgements
from prompts.message import clean
from tools.reason import all_fallen
from winback.decisions.kind import EntryKind
from winback.errors import ConflictError, InputError
from winback.pages.visit import NAME_LIMIT, Fields, Page, PageError, Reply, Visit, first, opened
from winback.pages.words import Words
from winback.store.models import DecisionEntry
from winback.usage.drop import Drop, DropKind, drop_from_plain
from workers.answer import WORDS_LIMIT, Asked, answer_to, contest

STRANGE = (KeyError, TypeError, ValueError, IndexError)
"""What reading the evidence of another version may raise."""


def show(visit: Visit) -> Reply:
    """The explanation, and the form unless they used it."""
    return _page(visit)


def take(visit: Visit, fields: Fields) -> Reply:
    """What is wrong, in their words, for a person to read."""
    said = first(fields, "words")
    if len(clean(said, len(said) + 1)) > WORDS_LIMIT:
        return _page(visit, problem="long", said=said)
    if not clean(said, WORDS_LIMIT):
        return _page(visit, problem="empty")
    try:
        contest(visit.services, visit.link.key, said)
    except InputError:
        raise PageError("gone", 410) from None
    except ConflictError:
        page = _page(visit, again=True)
        if page.values["objected"] is None:
            raise
        return page
    return _page(visit)


def _page(visit: Visit, *, problem: str = "", said: str = "", again: bool = False) -> Reply:
    settings = visit.services.settings.pages
    with opened(visit) as (session, one):
        words = visit.words(one.account, one.contact)
        objected = answer_to(session, one.effect.id, "contest")
        values = {
            "looked": one.effect.approved_by is not None,
            "plan": _plan(visit, one, words),
            "rules": _rules(session, visit, one, words),
            "kept": settings.kept_hi if words.language == "hi" else settings.kept,
            "until": visit.link.until,
            "objected": objected.at if objected is not None else None,
            "again": again,
            "limit": WORDS_LIMIT,
            "problem": problem,
            "said": said,
            **_seen(visit, drop_from_plain(one.case.drop), words),
        }
    return Reply("why.html", words, values, 409 if again else 400 if problem else 200)


def _seen(visit: Visit, drop: Drop, words: Words) -> dict[str, Any]:
    """The fall itself, in days a week; nothing that was computed from it."""
    fell = [(_feature(visit, one.feature, words), one.before, one.after) for one in all_fallen(drop)]
    if not fell:
        fell = [(words("why.whole"), drop.expected_days, float(drop.seen_days))]
    limited = drop.kind is DropKind.LIMIT_REACHED and drop.limit_feature is not None
    return {
        "fell": [(name, words.number(before), words.number(after)) for name, before, after in fell],
        "team": drop.seats_before > 1,
        "onset": datetime.combine(drop.onset, time(12), UTC),
        "limit_feature": _feature(visit, drop.limit_feature or "", words) if limited else None,
    }


def _feature(visit: Visit, feature: str, words: Words) -> str:
    return clean(words.of(visit.services.catalogue.feature_words(feature)), NAME_LIMIT)


def _plan(visit: Visit, one: Asked, words: Words) -> str | None:
    """The name of their plan; None where the catalogue does not know it."""
    plan = visit.services.catalogue.plan(one.account.plan)
    return words.of(plan.name) if plan is not None else None


def _rules(session: Session, visit: Visit, one: Asked, words: Words) -> list[str]:
    """The kinds of rules in force that were asked when it left; none where that is no longer kept."""
    query = (
        select(DecisionEntry.evidence)
        .where(DecisionEntry.case_id == one.case.id, DecisionEntry.kind == EntryKind.INTENT)
        .where(DecisionEntry.action_hash == one.effect.action_hash, col(DecisionEntry.evidence).is_not(None))
        .order_by(col(DecisionEntry.id).desc())
    )
    evidence = session.exec(query).first()
    try:
        asked_of = judgements(evidence.encode())[0].verdict.plain["results"] if evidence else []
        kinds = dict.fromkeys(str(kind) for _rule, kind, mode, *_ in asked_of if mode == "enforce")
    except STRANGE:
        return []
    return [words(f"why.rule.{one}", company=visit.company) for one in kinds if words.has(f"why.rule.{one}")]


PAGE = Page(show, take)
