"""The database's part of an erasure: rows keep their numbers and their shape, and lose the person."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from winback.canonical import content_hash
from winback.decisions.action import drop_hash
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance, append
from winback.errors import ConflictError
from winback.store.models import Account, Case, Consent, Contact, Effect, Interaction, Proposal, Review
from winback.store.suppression import LOCK, load_suppressed
from winback.store.types import CaseState, EffectState
from winback.store.wipe import delete_securely
from winback.usage.side_files import Words
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
    with store.write() as session:
        delete_securely(store, session)
        store.lock(session, LOCK)
        said = {"reason": load_suppressed(session).digest("reason", reason)} if reason else {}
        for one in people:
            counts, receipts = _blank_contact(session, one, words, now)
            total.update(counts)
            told = {name: number for name, number in counts.items() if number}
            append(session, EntryKind.ERASED, now, {"contact": one.contact_id, "counts": told, **said})
            for key, receipt in receipts.items():
                proof = {"effect": key, "receipt_hash": content_hash(receipt)}
                append(session, EntryKind.ERASED, now, {"contact": one.contact_id, "counts": {}, **proof})
        for one in {one.account: one for one in people if one.account in accounts}.values():
            _blank_account(session, one, accounts[one.account], now)
    return dict(total)


def _blank_contact(
    session: Session, one: Named, words: Words, now: datetime
) -> tuple[dict[str, int], dict[str, dict[str, Any]]]:
    """What was blanked, and the receipts, by effect, that are not what the log says any more."""
    contact = session.get_one(Contact, one.contact_id, with_for_update=True, populate_existing=True)
    # Reviews before effects before cases: everybody locks in this order.
    reviews = _blank_reviews(session, contact, words)
    effects, receipts = _blank_effects(session, contact, words)
    counts = {
        "reviews": reviews,
        "effects": effects,
        "proposals": _blank_proposals(session, contact),
        "interactions": _blank_interactions(session, contact, words),
        **blank_answers(session, contact),
        "consents": session.connection()
        .execute(delete(Consent).where(col(Consent.contact_id) == contact.id))
        .rowcount,
    }
    _forget_champion(session, contact)
    contact.key, contact.name, contact.email, contact.salt = f"erased-{contact.id}", "", None, ""
    contact.language, contact.zone = "en", None
    contact.erased_at, contact.unsubscribed_at = now, contact.unsubscribed_at or now
    session.flush()
    return counts, receipts


def _blank_reviews(session: Session, contact: Contact, words: Words) -> int:
    """Notes about their proposals, and notes about their colleagues' that name them."""
    rows = session.exec(
        select(Review, Proposal.contact_id)
        .join(Proposal)
        .where(Proposal.account_id == contact.account_id)
        .with_for_update(of=Review)
    ).all()
    theirs = 0
    for review, contact_id in rows:
        theirs += contact_id == contact.id
        if contact_id == contact.id or words.in_text(review.note):
            review.note = ""
    session.flush()
    return theirs


def _blank_effects(session: Session, contact: Contact, words: Words) -> tuple[int, dict[str, dict[str, Any]]]:
    """What a mail server answered may quote the address; a receipt that does not stays as it was hashed."""
    changed = {}
    effects = session.exec(select(Effect).where(Effect.contact_id == contact.id).with_for_update()).all()
    for effect in effects:
        if effect.state == EffectState.IN_FLIGHT:
            raise ConflictError("a message to them is being sent at this moment", fix="try again in a moment")
        effect.problem, effect.payload = "", kept_of(effect.payload)
        if words.in_text(json.dumps(effect.receipt, ensure_ascii=False)):
            effect.receipt = {name: _unless(words, value) for name, value in effect.receipt.items()}
            changed[effect.key] = effect.receipt
    session.flush()
    return len(effects), changed


def _unless(words: Words, value: Any) -> Any:
    return "" if isinstance(value, str) and words.in_text(value) else value


def _blank_proposals(session: Session, contact: Contact) -> int:
    proposals = session.exec(select(Proposal).where(Proposal.contact_id == contact.id)).all()
    for one in proposals:
        kept = {name: one.message.get(name, "") for name in KEPT}
        one.message = {**kept, "subject": "", "body": "", "slots": {}}
        one.arguments, one.label, one.why = {}, "", ""
    session.flush()
    return len(proposals)


def _blank_interactions(session: Session, contact: Contact, words: Words) -> int:
    rows = session.exec(select(Interaction).where(Interaction.account_id == contact.account_id)).all()
    theirs = 0
    for row in rows:
        theirs += row.contact_id == contact.id
        if row.contact_id == contact.id or words.in_text(row.note):
            row.note = ""
        if words.in_text(row.by):
            row.by = ""
    session.flush()
    return theirs


def _forget_champion(session: Session, contact: Contact) -> None:
    for case in session.exec(select(Case).where(Case.account_id == contact.account_id)).all():
        if case.drop.get("champion") == contact.key:
            case.drop = {**case.drop, "champion": None}
    session.flush()


def _blank_account(session: Session, one: Named, key: str, now: datetime) -> None:
    """An account that was the person. The log gets the hash of its cases' drops under the new key."""
    account = session.get_one(Account, one.account_id, with_for_update=True, populate_existing=True)
    _make_way(session, account, key)
    rename_feed(session, account.key, key)
    account.key, account.name, account.owner_name, account.owner_email, account.tags = key, "", None, None, []
    session.flush()
    cases = session.exec(select(Case).where(Case.account_id == account.id)).all()
    for case in cases:
        case.drop = {**case.drop, "account": key}
    session.flush()
    for case in cases:
        body: dict[str, Any] = {"contact": one.contact_id, "counts": {}, "drop_hash": drop_hash(case.drop)}
        advance(session, case.id or 0, EntryKind.ERASED, now, body, allowed=tuple(CaseState))


def _make_way(session: Session, account: Account, key: str) -> None:
    """A scan between usage and this step may have met the new key and made a row of it."""
    other = session.exec(select(Account).where(Account.key == key, Account.id != account.id)).first()
    if other is not None:
        other.key = f"erased-{other.id}"
        session.flush()
