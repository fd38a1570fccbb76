"""A decision log as a company's would be, written with the real `advance`, and the rows that it speaks of."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session

from winback.canonical import canonical_json, commitment, content_hash
from winback.decisions.action import act_of, drop_hash, effect_key
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance, seal
from winback.store.models import Account, Case, Contact, Effect, Proposal, Review
from winback.store.store import Store
from winback.store.types import CaseState

START = datetime(2026, 5, 12, 10, tzinfo=UTC)
PAGE = 500
"""Cases of one transaction."""
SEALED_EVERY = 2
"""Pages of one seal."""
TEXT = (
    "Hello Asha,\n\nreports were part of your week until ten days ago. Since then they have been quiet. "
    "This short tutorial shows the two changes that most people miss, with an example of your own data.\n\n"
) * 3

NOTE = "Too familiar for this customer."

KINDS = {
    0: ("opened", "allowed", "intent", "done", "closed"),
    1: ("opened", "queued", "approved", "deferred", "intent", "done", "closed"),
    2: ("opened", "allowed", "intent", "not_sent", "intent", "done", "closed"),
    3: ("opened", "nothing_allowed", "nothing_allowed", "nothing_allowed", "nothing_allowed", "closed"),
    4: ("opened", "queued", "rejected", "closed"),
    5: ("opened", "held_out", "closed"),
    6: ("opened", "allowed", "intent", "done", "closed"),
    7: ("opened", "queued", "approved", "intent", "done", "closed"),
}
"""The lives that cases have, one after another: 43 entries in 8 of them, 17 of those with evidence."""
ENTRIES = sum(map(len, KINDS.values())) / len(KINDS)


def write_log(store: Store, entries: int, progress: Callable[[int], None] = lambda _done: None) -> float:
    """Write about so many entries, sealed; returns the seconds that only sealing took."""
    cases = round(entries / ENTRIES)
    sealing = 0.0
    for page, start in enumerate(range(1, cases + 1, PAGE)):
        numbers = range(start, min(start + PAGE, cases + 1))
        with store.write("benchmark") as session:
            lives = [_Life(session, number) for number in numbers]
            _rows(session, lives)
            for life in lives:
                life.live()
        if page % SEALED_EVERY == SEALED_EVERY - 1:
            sealing += _sealed(store)
        progress(numbers[-1])
    return sealing + _sealed(store)


def _sealed(store: Store) -> float:
    started = perf_counter()
    seal(store, START)
    return perf_counter() - started


class _Life:
    """One case from its drop to its end."""

    def __init__(self, session: Session, number: int) -> None:
        self.session, self.number = session, number
        self.steps = KINDS[number % len(KINDS)]
        self.at = START + timedelta(seconds=37 * number, microseconds=number)
        self.drop = _drop(number)
        self.salt = content_hash(number)
        self.arguments = {"tutorial": f"tutorial-{number % 17}", "language": "en"}
        self.message = {"template": "tutorial", "version": 3, "subject": "Two things about reports", "body": TEXT,
                        "slots": {"opening": "You had made good progress.", "closing": "Asha"}}  # fmt: skip
        self.action = content_hash(
            act_of("send_tutorial", self.arguments, self.message, number, number, self.salt)
        )
        self.effect = effect_key(number, self.action)
        self.receipt = {"answer": f"250 2.0.0 Ok: queued as {number:X}", "id": f"<{self.effect}@mail.invalid>"}

    def live(self) -> None:
        """All its steps, 13 minutes apart."""
        for step in self.steps:
            kind, body, evidence = getattr(self, f"_{step}")()
            self.at += timedelta(minutes=13, microseconds=7)
            advance(
                self.session, self.number, kind, self.at, body, allowed=tuple(CaseState), evidence=evidence,
                state=CaseState.CLOSED, outcome="recovered" if step == "closed" else None,
            )  # fmt: skip

    def _judged(self, decision: str, **more: Any) -> tuple[dict[str, Any], bytes]:
        evidence = {"facts": _facts(self.number), "verdict": _verdict(decision), "shadow": None}
        body = {"action_hash": self.action, "contact": self.number, "tool": "send_tutorial", "policy": POLICY,
                "decision": decision, "rules": ["tools"], **more}  # fmt: skip
        return body, canonical_json(evidence)

    def _opened(self) -> tuple[EntryKind, Mapping[str, Any], bytes | None]:
        body = {"account": self.number, "drop_hash": drop_hash(self.drop), "drop_kind": "feature_fell",
                "onset": "2026-05-03", "as_of": "2026-05-11", "reason": self.drop["reason"]}  # fmt: skip
        return EntryKind.CASE_OPENED, body, None

    def _allowed(self) -> tuple[EntryKind, Mapping[str, Any], bytes | None]:
        return EntryKind.ALLOWED, *self._judged("allow", effect=self.effect, run=_run(self.number))

    def _queued(self) -> tuple[EntryKind, Mapping[str, Any], bytes | None]:
        return EntryKind.QUEUED, *self._judged("review", review=self.number, run=_run(self.number))

    def _approved(self) -> tuple[EntryKind, Mapping[str, Any], bytes | None]:
        body = {"review": self.number, "action_hash": self.action, "by": "rita", "effect": self.effect}
        return EntryKind.APPROVED, body, None

    def _rejected(self) -> tuple[EntryKind, Mapping[str, Any], bytes | None]:
        body = {"review": self.number, "action_hash": self.action, "by": "rita", "code": "wrong_tone",
                "note_commitment": commitment(self.salt, NOTE)}  # fmt: skip
        return EntryKind.REJECTED, body, None

    def _deferred(self) -> tuple[EntryKind, Mapping[str, Any], bytes | None]:
        return EntryKind.DEFERRED, *self._judged("allow", effect=self.effect, until=self.at)

    def _intent(self) -> tuple[EntryKind, Mapping[str, Any], bytes | None]:
        return EntryKind.INTENT, *self._judged("allow", effect=self.effect, epoch=1, channel="smtp")

    def _not_sent(self) -> tuple[EntryKind, Mapping[str, Any], bytes | None]:
        body = {
            "effect": self.effect,
            "action_hash": self.action,
            "problem_commitment": self.salt,
            "again_at": self.at,
        }
        return EntryKind.NOT_SENT, body, None

    def _done(self) -> tuple[EntryKind, Mapping[str, Any], bytes | None]:
        body = {
            "effect": self.effect,
            "action_hash": self.action,
            "receipt_commitment": commitment(self.salt, self.receipt),
        }
        return EntryKind.DONE, body, None

    def _nothing_allowed(self) -> tuple[EntryKind, Mapping[str, Any], bytes | None]:
        evidence = {"options": [_verdict("deny"), _verdict("deny")]}
        return (
            EntryKind.NOTHING_ALLOWED,
            {"contact": self.number, "options": 2, "policy": POLICY, "rules": ["consent"]},
            canonical_json(evidence),
        )

    def _held_out(self) -> tuple[EntryKind, Mapping[str, Any], bytes | None]:
        return EntryKind.HELD_OUT, {"policy": POLICY, "draws": {"2026": 0.03}, "unit_key": self.number}, None

    def _closed(self) -> tuple[EntryKind, Mapping[str, Any], bytes | None]:
        return EntryKind.CLOSED, {"outcome": "recovered", "lapsed": [], "as_of": "2026-06-09"}, None


POLICY = content_hash("policy")


def _drop(number: int) -> dict[str, Any]:
    return {
        "account": f"account-{number}", "as_of": "2026-05-11", "kind": "feature_fell", "channel": "fast",
        "alarm": 6.2, "threshold": 4.6, "expected_days": 4.8, "seen_days": 0, "lost_days": 4.5,
        "onset": "2026-05-03", "reason": "active on 0 of 7 days; 4.8 expected, holidays considered",
        "drivers": [{"feature": "reports", "before": 4.5, "after": 0.0}], "seats_before": 2, "seats_now": 1,
        "champion": None if number % 5 else f"person-{number}", "limit_feature": None,
        "risk": round(number % 97 / 97, 4),
        "weeks": [5, 5, 4, 5, 5, 4, 5, 5, 5, 4, 1, 0],
    }  # fmt: skip


def _run(number: int) -> dict[str, Any]:
    return {"model": "embedded", "prompt": POLICY, "tokens_in": 412 + number % 50, "tokens_out": 3, "attempts": 1}


def _facts(number: int) -> dict[str, Any]:
    return {
        "account": {"plan": "starter", "value_per_month": 49.0, "region": "DE-BY", "tags": ["pilot"],
                    "key": f"account-{number}"},
        "contact": {"id": number, "left": False, "unsubscribed": False, "language": "en",
                    "zone": "Europe/Berlin", "consent": {"email/retention": "granted"}},
        "drop": {"kind": "feature_fell", "risk": 0.7, "lost_days": 4.5, "expected_days": 4.8, "recovered": False},
        "action": {"tool": "send_tutorial", "channel": "email", "catalogue_id": "reports-basics", "value": 0.0,
                   "arguments": {"tutorial": f"tutorial-{number % 17}", "language": "en"}, "problems": []},
        "agent": {"source": "model", "model": "embedded", "embedded": True, "confidence": 0.82,
                  "untrusted": False},
        "counts": {f"{scope}/{span}": number % 3 for scope in ("account", "contact", "all")
                   for span in ("1d", "7d", "30d", "180d")},
        "moment": "act", "now": START, "proposed_at": START, "approved_by": None,
    }  # fmt: skip


def _verdict(decision: str) -> dict[str, Any]:
    rules = ("tools", "consent", "quiet-hours", "cap-account", "cap-all", "holdout", "expiry", "budget", "value")
    return {
        "decision": decision,
        "policy": POLICY,
        "not_before": None,
        "results": [
            {"rule": rule, "kind": "allow_tools", "mode": "enforce",
             "decision": decision if rule == "tools" else None, "code": "within",
             "saw": [["limit", 2], ["count", index]], "not_before": None}
            for index, rule in enumerate(rules)
        ],
    }  # fmt: skip


def _rows(session: Session, lives: list[_Life]) -> None:
    """The rows that the entries speak of."""
    execute = session.connection().execute
    execute(insert(Account), [{"id": one.number, "key": f"account-{one.number}", "name": "", "tags": []}
                              for one in lives])  # fmt: skip
    execute(insert(Contact), [{"id": one.number, "account_id": one.number, "key": f"person-{one.number}",
                               "name": "", "language": "en", "left": False, "salt": one.salt}
                              for one in lives])  # fmt: skip
    execute(insert(Case), [{"id": one.number, "account_id": one.number, "state": CaseState.OPEN, "version": 0,
                            "drop": one.drop, "opened_at": one.at, "ends_at": one.at}
                           for one in lives])  # fmt: skip
    acting = [one for one in lives if {"allowed", "queued"} & set(one.steps)]
    execute(insert(Proposal), [{
        "id": one.number, "case_id": one.number, "action_hash": one.action, "account_id": one.number,
        "contact_id": one.number, "tool": "send_tutorial", "catalogue_id": "reports-basics", "label": "",
        "value": 0, "arguments": one.arguments, "message": one.message, "agent": _run(one.number), "why": "",
        "created_at": one.at} for one in acting])  # fmt: skip
    execute(insert(Review), [{
        "id": one.number, "case_id": one.number, "proposal_id": one.number, "action_hash": one.action,
        "state": "approved" if "approved" in one.steps else "rejected", "verdict": _verdict("review"),
        "asked_at": one.at, "decided_by": "rita", "decided_at": one.at,
        "code": "wrong_tone" if "rejected" in one.steps else None,
        "note": NOTE if "rejected" in one.steps else "", "account_id": one.number}
        for one in acting if "queued" in one.steps])  # fmt: skip
    execute(insert(Effect), [{
        "id": one.number, "key": one.effect, "case_id": one.number, "proposal_id": one.number,
        "action_hash": one.action, "account_id": one.number, "contact_id": one.number, "tool": "send_tutorial",
        "catalogue_id": "reports-basics", "channel": "smtp", "value": 0, "state": "done", "proposed_at": one.at,
        "due_at": one.at, "intent_at": one.at, "done_at": one.at, "epoch": 1, "attempts": 1,
        "receipt": one.receipt, "problem": "",
        "approved_by": "rita" if "approved" in one.steps else None}
        for one in acting if "done" in one.steps])  # fmt: skip


def sample_step(number: int) -> tuple[EntryKind, Mapping[str, Any], bytes | None]:
    """One step of some case: a third of them have evidence."""
    action = content_hash(number)
    if number % 3:
        body = {"effect": action, "action_hash": action, "problem_commitment": action, "again_at": START}
        return EntryKind.NOT_SENT, body, None
    body = {"action_hash": action, "tool": "send_tutorial", "policy": POLICY, "decision": "allow",
            "rules": ["tools"], "effect": action, "run": _run(number)}  # fmt: skip
    evidence = {"facts": _facts(number), "verdict": _verdict("allow"), "shadow": None}
    return EntryKind.ALLOWED, body, canonical_json(evidence)
