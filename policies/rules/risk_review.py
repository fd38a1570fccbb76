"""`risk_review`: acts that a person should see before they happen."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from policies.facts import Facts, MissingFactError, Scalar
from policies.rules.fields import Flag, Number, Share
from policies.rules.rule import Judge, Narrowed, Say, Wording
from policies.verdict import Decision, RuleResult

Reason = tuple[str, Scalar | None]
Check = Callable[[Facts], Reason | None]

REASONS = {
    "account_value": "the account is worth {} a month",
    "confidence": "the model's confidence is {}",
    "untrusted_text": "the model read text that a customer wrote",
    "embedded_model": "the embedded model chose it",
    "first_contact": "it would be the first contact ever",
    "message_problems": "the message has problems: {}",
}


def _sentence(saw: Mapping[str, Any]) -> str:
    return ", and ".join(REASONS[name].format(value) for name, value in saw.items() if name in REASONS)


class RiskReview(Narrowed):
    """Everything that is switched on and true is recorded, not the first alone.

    Confidence is asked of a model's choice only; without a figure it counts as too low.
    """

    kind: Literal["risk_review"]
    account_value_above: Number | None = Field(None, description="Value per month above which a person looks.")
    confidence_below: Share | None = Field(None, description="Confidence of the model below which a person looks.")
    untrusted_text: Flag = Field(True, description="The model's prompt held text that a customer wrote.")
    embedded_model: Flag = Field(True, description="The embedded model chose, which is for trying out.")
    first_contact: Flag = Field(True, description="Nobody in this account was ever contacted.")
    message_problems: Flag = Field(True, description="The message failed its content check.")

    words: ClassVar[Mapping[str, Wording]] = {"risk": _sentence, "no_risk": "nothing that needs a person's eyes"}

    def strictest(self) -> Decision:
        return Decision.REVIEW

    def describe(self) -> str:
        parts = [] if self.account_value_above is None else [f"account value above {self.account_value_above:g}"]
        parts += [] if self.confidence_below is None else [f"confidence below {self.confidence_below:g}"]
        flags = ("untrusted_text", "embedded_model", "first_contact", "message_problems")
        parts += [name.replace("_", " ") for name in flags if getattr(self, name)]
        return f"a person looks at: {', '.join(parts) or 'nothing'}{self.about()}"

    def judge(self, say: Say) -> Judge:
        checks, safe = tuple(self._checks()), say(None, "no_risk")

        def judge(facts: Facts) -> RuleResult:
            reasons = [reason for check in checks if (reason := check(facts)) is not None]
            return say(Decision.REVIEW, "risk", tuple(reasons)) if reasons else safe

        return judge

    def _checks(self) -> list[Check]:
        checks: list[Check] = []
        if self.account_value_above is not None:
            checks.append(_account_value(self.account_value_above))
        if self.confidence_below is not None:
            checks.append(_confidence(self.confidence_below))
        switched = {
            _untrusted_text: self.untrusted_text,
            _embedded_model: self.embedded_model,
            _first_contact: self.first_contact,
            _message_problems: self.message_problems,
        }
        return checks + [check for check, on in switched.items() if on]


def _account_value(limit: float) -> Check:
    def check(facts: Facts) -> Reason | None:
        if (value := facts.account.value_per_month) is None:
            raise MissingFactError("account.value_per_month")
        return None if value <= limit else ("account_value", value)

    return check


def _confidence(limit: float) -> Check:
    def check(facts: Facts) -> Reason | None:
        confidence = facts.agent.confidence
        if facts.agent.source != "model" or (confidence is not None and confidence >= limit):
            return None
        return ("confidence", confidence)

    return check


def _untrusted_text(facts: Facts) -> Reason | None:
    return ("untrusted_text", True) if facts.agent.untrusted_text else None


def _embedded_model(facts: Facts) -> Reason | None:
    return ("embedded_model", True) if facts.agent.embedded else None


def _first_contact(facts: Facts) -> Reason | None:
    return None if facts.history else ("first_contact", True)


def _message_problems(facts: Facts) -> Reason | None:
    problems = facts.action.message_problems
    return ("message_problems", ", ".join(problems)) if problems else None
