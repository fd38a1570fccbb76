"""`risk_review`: acts that a person should see before they happen."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import ClassVar, Literal

from pydantic import Field

from policies.facts import Facts, Scalar
from policies.rules.fields import Flag, Number, Share
from policies.rules.rule import Judge, Narrowed, Say
from policies.telling import Composed, Seen, Translate, Wording, text
from policies.verdict import Decision, Form, Said

Reason = tuple[str, Scalar | None]
Check = Callable[[Facts], Reason | None]

REASONS = {
    "account_value": "the account is worth {value} a month",
    "confidence": "the model's confidence is {value}",
    "untrusted_text": "the model read text that a customer wrote",
    "embedded_model": "the embedded model chose it",
    "first_contact": "it would be the first contact ever",
    "message_problems": "the message has problems: {value}",
    "four_eyes_value": "it gives {value}, so two people must approve",
    "four_eyes_account_value": "the account is worth {value} a month, so two people must approve",
}
FOUR_EYES = frozenset({"four_eyes_value", "four_eyes_account_value"})
OF_UNKNOWN_VALUE = {
    "account_value": "what the account is worth is unknown",
    "four_eyes_account_value": "what the account is worth is unknown, so two people must approve",
}
BOTH = "{first}, and {then}"


def _tell(seen: Seen, say: Translate) -> str:
    reasons = [_reason(name, value, say) for name, value in seen.items() if name in REASONS]
    return reduce(lambda first, then: say(BOTH).format(first=first, then=then), reasons) if reasons else ""


def _reason(name: str, value: Scalar | None, say: Translate) -> str:
    template = REASONS[name] if value is not None else OF_UNKNOWN_VALUE.get(name, REASONS[name])
    return say(template).format(value=text(value, say))


class RiskReview(Narrowed):
    """Everything that is switched on and true is recorded, not the first alone.

    Four eyes are those of two different people: the same one twice is one.

    Confidence is asked of a model's choice only; without a figure it counts as too low.
    """

    kind: Literal["risk_review"]
    account_value_above: Number | None = Field(None, description="Value per month above which a person looks.")
    confidence_below: Share | None = Field(None, description="Confidence of the model below which a person looks.")
    untrusted_text: Flag = Field(True, description="The model's prompt held text that a customer wrote.")
    embedded_model: Flag = Field(True, description="The embedded model chose, which is for trying out.")
    first_contact: Flag = Field(True, description="Nobody in this account was ever contacted.")
    message_problems: Flag = Field(True, description="The message failed its content check.")

    four_eyes_above_value: Number | None = Field(
        None, description="Goodwill of the act above which two different people must approve it."
    )
    four_eyes_above_account_value: Number | None = Field(
        None, description="Value per month of the account above which two different people must approve."
    )

    words: ClassVar[Mapping[str, Wording]] = {
        "risk": Composed((*REASONS.values(), *OF_UNKNOWN_VALUE.values(), BOTH), _tell),
        "no_risk": "nothing that needs a person's eyes",
    }

    def strictest(self) -> Decision:
        return Decision.REVIEW

    def eyes(self) -> int:
        return 1 if self.four_eyes_above_value is None and self.four_eyes_above_account_value is None else 2

    def describe(self) -> str:
        parts = [] if self.account_value_above is None else [f"account value above {self.account_value_above:g}"]
        parts += [] if self.confidence_below is None else [f"confidence below {self.confidence_below:g}"]
        flags = ("untrusted_text", "embedded_model", "first_contact", "message_problems")
        parts += [name.replace("_", " ") for name in flags if getattr(self, name)]
        one = f"a person looks at: {', '.join(parts) or 'nothing'}"
        two = [] if self.four_eyes_above_value is None else [f"value above {self.four_eyes_above_value:g}"]
        if self.four_eyes_above_account_value is not None:
            two.append(f"account value above {self.four_eyes_above_account_value:g}")
        return "; two people at: ".join([one, *([", ".join(two)] if two else [])]) + self.about()

    def judge(self, say: Say) -> Judge:
        checks, safe = tuple(self._checks()), say.plain(None, "no_risk")
        forms: dict[tuple[str, ...], Form] = {}

        def judge(facts: Facts) -> Said:
            reasons = [reason for check in checks if (reason := check(facts)) is not None]
            if not reasons:
                return safe
            names = tuple(name for name, _ in reasons)
            if names not in forms:
                people = 1 if FOUR_EYES.isdisjoint(names) else 2
                forms[names] = say.form(Decision.REVIEW, "risk", *names, people=people)
            return forms[names], tuple(value for _, value in reasons), None

        return judge

    def _checks(self) -> list[Check]:
        checks: list[Check] = []
        if self.account_value_above is not None:
            checks.append(_account_value(self.account_value_above, "account_value"))
        if self.four_eyes_above_account_value is not None:
            checks.append(_account_value(self.four_eyes_above_account_value, "four_eyes_account_value"))
        if self.four_eyes_above_value is not None:
            checks.append(_value(self.four_eyes_above_value))
        if self.confidence_below is not None:
            checks.append(_confidence(self.confidence_below))
        switched = {
            _untrusted_text: self.untrusted_text,
            _embedded_model: self.embedded_model,
            _first_contact: self.first_contact,
            _message_problems: self.message_problems,
        }
        return checks + [check for check, on in switched.items() if on]


def _value(limit: float) -> Check:
    def check(facts: Facts) -> Reason | None:
        value = facts.action.value
        return None if value <= limit else ("four_eyes_value", value)

    return check


def _account_value(limit: float, name: str) -> Check:
    def check(facts: Facts) -> Reason | None:
        # Unknown counts as too much, and must not hide what the other checks see.
        value = facts.account.value_per_month
        return None if value is not None and value <= limit else (name, value)

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
    return None if facts.history or facts.account.contacted_long_ago else ("first_contact", True)


def _message_problems(facts: Facts) -> Reason | None:
    problems = facts.action.message_problems
    return ("message_problems", ", ".join(problems)) if problems else None
