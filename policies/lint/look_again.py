"""What is possible and seldom meant: plans that the catalogue lacks, days ahead, wishes that nothing uses."""

from collections.abc import Iterator

from policies.lint.finding import Finding, Place, Surroundings, entries_of, in_force
from policies.policy import Policy
from policies.rules import AnyRule
from policies.rules.cel_names import compared
from policies.rules.expr import Expr
from policies.rules.preferences import Preferences
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
    if around.asked and (finding := unheard(policy)) is not None:
        yield finding


def unheard(policy: Policy) -> Finding | None:
    """That no rule looks at how often people say they want to hear from us; it stands at what allows first."""
    listed = entries_of(policy.rules)
    if not listed or any(isinstance(rule, Preferences) for rule in in_force(policy.rules)):
        return None
    what = "the preferences page asks people how often they want to hear from you, and no rule in force uses it"
    return Finding("look again", listed[0].rule.id, ("id",), what, "add {id: preferences, kind: preferences}")


def _plans(rule: AnyRule) -> Iterator[tuple[Place, str]]:
    """The plans that a rule names, with their places."""
    if isinstance(rule, Narrowed) and rule.when is not None:
        for index, plan in enumerate(rule.when.plans or ()):
            yield ("when", "plans", index), plan
    if isinstance(rule, Expr):
        for one in compared(rule.expression):
            if one.fact == "account.plan":
                yield ("expression",), one.word
