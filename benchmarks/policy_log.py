"""A decision log of a hundred thousand judged decisions, written with the real `append`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from policy_acts import counted, policy, typical
from sqlalchemy import insert

from policies.evaluate import evaluate
from policies.facts import Facts, PastContact
from policies.plain import record
from policies.policy import Policy
from policies.verdict import Decision, Verdict
from winback.canonical import content_hash
from winback.decisions.action import effect_key
from winback.decisions.kind import EntryKind
from winback.decisions.log import append
from winback.store.models import Account, Case, Contact, Effect, Proposal
from winback.store.store import Store
from winback.store.types import CaseState, EffectState

PAGE = 500
"""Cases of one transaction."""
OUTCOMES = ("recovered", "still_quiet", "lapsed", "recovered", None)
PROPOSED = {Decision.ALLOW: EntryKind.ALLOWED, Decision.REVIEW: EntryKind.QUEUED, Decision.DENY: EntryKind.DENIED}
ACTED = {Decision.ALLOW: EntryKind.INTENT, Decision.REVIEW: EntryKind.QUEUED, Decision.DENY: EntryKind.LAPSED}


def write_log(store: Store, decisions: int, progress: Callable[[int, int], None]) -> None:
    """Every case is judged once when it is proposed and once when it is acted on."""
    judge, cases = policy(), decisions // 2
    for start in range(1, cases + 1, PAGE):
        numbers = range(start, min(start + PAGE, cases + 1))
        with store.write("benchmark") as session:
            execute = session.connection().execute
            lives = [_Life(number, judge) for number in numbers]
            for table, rows in (
                (Account, [one.account() for one in lives]),
                (Contact, [one.contact() for one in lives]),
                (Case, [one.case() for one in lives]),
                (Proposal, [one.proposal() for one in lives]),
                (Effect, [one.effect() for one in lives if one.acted.decision is Decision.ALLOW]),
            ):
                if rows:
                    execute(insert(table), rows)
            for one in lives:
                for step, (kind, facts, verdict) in enumerate(one.judged(), start=1):
                    body = {"action_hash": one.action, "tool": facts.action.tool, "policy": verdict.policy_hash,
                            "decision": verdict.decision, "rules": list(verdict.deciding)}  # fmt: skip
                    evidence = record(facts, verdict, shadow=None)
                    append(session, kind, facts.now, body, case_id=one.number, step=step, evidence=evidence)
        progress(numbers[-1], cases)


class _Life:
    """One case that is judged twice, an hour apart."""

    def __init__(self, number: int, judge: Policy) -> None:
        self.number = number
        self.action = content_hash(["act", number])
        self.at = typical().now - timedelta(days=100) + timedelta(minutes=2 * number)
        self.proposed, self.acting = (counted(judge, self._facts(one)) for one in ("propose", "act"))
        self.said, self.acted = evaluate(judge, self.proposed), evaluate(judge, self.acting)

    def judged(self) -> list[tuple[EntryKind, Facts, Verdict]]:
        return [
            (PROPOSED[self.said.decision], self.proposed, self.said),
            (ACTED[self.acted.decision], self.acting, self.acted),
        ]

    def _facts(self, moment: str) -> Facts:
        act, number = typical(), self.number
        now = self.at if moment == "propose" else self.at + timedelta(hours=1)
        assert act.contact is not None
        return replace(
            act,
            now=now,
            moment=moment,  # type: ignore[arg-type]
            account=replace(act.account, id=number, value_per_month=float(number % 600)),
            contact=replace(act.contact, id=number),
            agent=replace(act.agent, confidence=(number % 100) / 100),
            history=tuple(_past(now, number, days) for days in (number % 23, 40, 90) if days),
            draws={"bench": number % 1000 / 1000},
            proposed_at=self.at if moment == "act" else None,
        )

    def account(self) -> dict[str, object]:
        return {"id": self.number, "key": f"account-{self.number}", "name": "", "tags": []}

    def contact(self) -> dict[str, object]:
        return {"id": self.number, "account_id": self.number, "key": f"person-{self.number}", "name": "",
                "language": "en", "left": False, "salt": self.action}  # fmt: skip

    def case(self) -> dict[str, object]:
        return {"id": self.number, "account_id": self.number, "state": CaseState.CLOSED, "version": 2,
                "drop": {"kind": "feature_fell"}, "opened_at": self.at, "ends_at": self.at + timedelta(days=28),
                "outcome": OUTCOMES[self.number % len(OUTCOMES)]}  # fmt: skip

    def proposal(self) -> dict[str, object]:
        return {"id": self.number, "case_id": self.number, "action_hash": self.action, "account_id": self.number,
                "contact_id": self.number, "tool": "send_tutorial", "catalogue_id": "reports-first", "label": "",
                "value": 0.0, "arguments": {}, "message": {}, "agent": {}, "why": "",
                "created_at": self.at}  # fmt: skip

    def effect(self) -> dict[str, object]:
        then = self.acting.now
        return {"key": effect_key(self.number, self.action), "case_id": self.number, "proposal_id": self.number,
                "action_hash": self.action, "account_id": self.number, "contact_id": self.number,
                "tool": "send_tutorial", "catalogue_id": "reports-first", "channel": "files", "value": 0.0,
                "state": EffectState.DONE, "proposed_at": then, "due_at": then, "intent_at": then, "done_at": then,
                "epoch": 1, "attempts": 1, "receipt": {}, "problem": ""}  # fmt: skip


def _past(now: datetime, contact: int, days: int) -> PastContact:
    return PastContact(now - timedelta(days=days), contact, "send_tutorial", "email")
