"""What is possible and seldom meant: plans that the catalogue does not have, a day that lies ahead."""

from collections.abc import Iterator

from policies.lint.finding import Finding, Place, Surroundings
from policies.policy import Policy
from policies.rules import AnyRule
from policies.rules.cel_names import compared
from policies.rules.expr import Expr
from policies.rules.ramp import Ramp
from policies.rules.rule import Narrowed
from winback.spelling import did_you_mean


def seldom_meant(policy: Policy, around: Surroundings) -> Iterator[Finding]:
    """Every one of a policy, in the order of its rules; what is switched off is left alone."""
    for rule in policy.rules:
        if rule.mode == "off":
            continue
        for place, plan in _plans(rule):
            if around.plans and plan not in around.plans:
                near = did_you_mean(plan, around.plans)
                fix = near or f"the catalogue has {', '.join(sorted(around.plans))}"
                yield Finding("look again", rule.id, place, f"the catalogue has no plan {plan!r}", fix)
        if isinstance(rule, Ramp) and rule.since and around.today and rule.since > around.today:
            what = f"{rule.since} lies ahead, and until then all of the last 366 days counts"
            yield Finding("look again", rule.id, ("since",), what, "give the day on which the ramp starts anew")


def _plans(rule: AnyRule) -> Iterator[tuple[Place, str]]:
    """The plans that a rule names, with their places."""
    if isinstance(rule, Narrowed) and rule.when is not None:
        for index, plan in enumerate(rule.when.plans or ()):
            yield ("when", "plans", index), plan
    if isinstance(rule, Expr):
        for one in compared(rule.expression):
            if one.fact == "account.plan":
                yield ("expression",), one.word
