"""The database's part of an erasure: rows keep their numbers and their shape, and lose the person."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from winback.decisions.kind import EntryKind
from winback.decisions.log import append
from winback.errors import ConflictError
from winback.store.listed import relist
from winback.store.models import Account, Case, Consent, Contact, DecisionEntry
from winback.store.queue import Planted
from winback.store.suppression import LOCK, load_suppressed
from winback.store.types import EffectState, ReviewState
from winback.store.wipe import delete_securely
from winback.usage.side_files import Words
from workers.privacy.about import About, evidence_of_account
from workers.privacy.answers import blank_answers, kept_of, rename_feed
from workers.privacy.person_data import Named
from workers.services import Services

KEPT = ("language", "template", "template_version")
"""What stays of a message: none of it is theirs."""


def blank(
    services: Services, people: Sequence[Named], words: Words, accounts: Mapping[str, str], reason: str
) -> dict[str, int]:
    """Take these contacts, and accounts by old key and new, out of every row; returns how many of each kind.

    Raises:
        ConflictError: an effect to one of them is being carried out.
    """
    store, now = services.store, services.clock.now()
    total: Counter[str] = Counter()
    with store.write("blank") as session:
        delete_securely(store, session)
        store.lock(session, LOCK)
        said = {"reason": load_suppressed(session).digest("reason", reason)} if reason else {}
        for one in people:
            counts, notes = _blank_contact(session, About(session, one, words), now)
            if one.account in accounts:
                counts["evidence"] += _blank_account(session, one, accounts[one.account])
            total.update(counts)
            told = {name: number for name, number in counts.items() if number}
            body = {"contact": one.contact_id, "counts": told, "notes": notes, **said}
            append(session, EntryKind.ERASED, now, body | _account_of(one, accounts))
    return dict(total)


def _account_of(one: Named, accounts: Mapping[str, str]) -> dict[str, int | None]:
    return {"account": one.account_id} if one.account in accounts else {}


def _blank_contact(session: Session, about: About, now: datetime) -> tuple[dict[str, int], list[int]]:
    """What was blanked, and the reviews of others' proposals whose notes are not what the log says any more."""
    one = about.one
    contact = session.get_one(Contact, one.contact_id, with_for_update=True, populate_existing=True)
    # Reviews before effects before cases: everybody locks in this order.
    reviews, notes = _blank_reviews(session, about)
    counts = {
        "reviews": reviews,
        "effects": _blank_effects(session, about),
        "proposals": _blank_proposals(session, about),
        "interactions": _blank_interactions(session, about),
        "evidence": _drop_evidence(session, about.judged()),
        **blank_answers(session, contact),
        "consents": session.connection()
        .execute(delete(Consent).where(col(Consent.contact_id) == contact.id))
        .rowcount,
    }
    _forget_champion(session, about)
    contact.key, contact.name, contact.email, contact.salt = f"erased-{contact.id}", "", None, ""
    contact.language, contact.zone = "en", None
    contact.erased_at, contact.unsubscribed_at = now, contact.unsubscribed_at or now
    session.flush()
    return counts, notes


def _blank_reviews(session: Session, about: About) -> tuple[int, list[int]]:
    rows = about.reviews(lock=True)
    for review, _ in rows:
        review.note = ""
    _blank_planted(session, about)
    session.flush()
    return sum(theirs for _, theirs in rows), [review.id or 0 for review, theirs in rows if not theirs]


def _blank_planted(session: Session, about: About) -> None:
    """What was planted copies the words of a proposal to them; nobody is to judge what is left of it."""
    copied = [one.id for one in about.proposals()]
    for one in session.exec(select(Planted).where(col(Planted.copied_id).in_(copied)).with_for_update()).all():
        one.message, one.arguments = _kept_message(one.message), {}
        if one.state == ReviewState.PENDING:
            one.state = ReviewState.LAPSED


def _blank_effects(session: Session, about: About) -> int:
    """What a mail server answered may quote the address."""
    effects = about.effects(lock=True)
    for effect in effects:
        if effect.state == EffectState.IN_FLIGHT:
            raise ConflictError("a message to them is being sent at this moment", fix="try again in a moment")
        effect.problem, effect.payload = "", kept_of(effect.payload)
        if about.words.in_text(json.dumps(effect.receipt, ensure_ascii=False)):
            effect.receipt = {name: _unless(about.words, value) for name, value in effect.receipt.items()}
    session.flush()
    return len(effects)


def _drop_evidence(session: Session, entries: Iterable[DecisionEntry]) -> int:
    """The bodies hold its hash only, so that every proof stays."""
    number = 0
    for entry in entries:
        entry.evidence = None
        number += 1
    session.flush()
    return number


def _unless(words: Words, value: Any) -> Any:
    return "" if isinstance(value, str) and words.in_text(value) else value


def _blank_proposals(session: Session, about: About) -> int:
    proposals = about.proposals()
    for one in proposals:
        one.message = _kept_message(one.message)
        one.arguments, one.label, one.why = {}, "", ""
    session.flush()
    return len(proposals)


def _kept_message(message: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: message.get(name, "") for name in KEPT}, "subject": "", "body": "", "slots": {}}


def _blank_interactions(session: Session, about: About) -> int:
    rows = about.interactions()
    for row, theirs in rows:
        if theirs or about.words.in_text(row.note):
            row.note = ""
        if about.words.in_text(row.by):
            row.by = ""
    session.flush()
    return sum(theirs for _, theirs in rows)


def _forget_champion(session: Session, about: About) -> None:
    for case in about.championed():
        case.drop = {**case.drop, "champion": None}
    session.flush()


def _blank_account(session: Session, one: Named, key: str) -> int:
    """An account that was the person, or theirs alone; returns how much evidence went with it."""
    account = session.get_one(Account, one.account_id, with_for_update=True, populate_existing=True)
    _make_way(session, account, key)
    rename_feed(session, account.key, key)
    account.key, account.name, account.owner_name, account.owner_email, account.tags = key, "", None, None, []
    session.flush()
    relist(session, account)
    for case in session.exec(select(Case).where(Case.account_id == account.id)).all():
        case.drop = {**case.drop, "account": key}
    return _drop_evidence(session, evidence_of_account(session, one.account_id or 0))


def _make_way(session: Session, account: Account, key: str) -> None:
    """A scan between usage and this step may have met the new key and made a row of it."""
    other = session.exec(select(Account).where(Account.key == key, Account.id != account.id)).first()
    if other is not None:
        other.key = f"erased-{other.id}"
        session.flush()
