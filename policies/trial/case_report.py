"""Running policy cases: which fail, and which rules no case makes speak."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policies.evaluate import evaluate
from policies.policy import Policy
from policies.rules import AnyRule
from policies.rules.holdout import Holdout
from policies.rules.kill_switch import KillSwitch
from policies.trial.case import Case
from policies.verdict import RuleResult, Verdict
from policies.words import explain, summary


@dataclass(frozen=True)
class Tried:
    """One case and what the policy said; `problems` is empty when that was what the case expects."""

    case: Case
    verdict: Verdict
    problems: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """Each rule that decided, in words."""
        deciding = self.verdict.deciding
        return tuple(explain(one) for one in self.verdict.results if one.rule in deciding)


@dataclass(frozen=True)
class Covered:
    """In how many cases a rule decided, and in how many it spoke: asked, denied, allowed or deferred."""

    rule: str
    decided: int
    spoke: int


@dataclass(frozen=True)
class CaseReport:
    """`coverage` leaves out the rules that cannot speak as they are written: switched off, or 0."""

    tried: tuple[Tried, ...]
    coverage: tuple[Covered, ...]

    @property
    def failing(self) -> tuple[Tried, ...]:
        return tuple(one for one in self.tried if one.problems)

    @property
    def silent(self) -> tuple[str, ...]:
        """The rules that no case makes speak."""
        return tuple(one.rule for one in self.coverage if not one.spoke)

    @property
    def percent(self) -> float:
        """How many of the rules some case makes speak, of a hundred."""
        return 100.0 * (1 - len(self.silent) / len(self.coverage)) if self.coverage else 100.0


def run_cases(policy: Policy, cases: Iterable[Case]) -> CaseReport:
    """Hold every case against the policy.

    Raises:
        InputError: a case names what the policy does not have.
    """
    tried = tuple(_try(policy, case) for case in cases)
    return CaseReport(tried, tuple(_covered(rule, tried) for rule in policy.rules if not resting(rule)))


def resting(rule: AnyRule) -> bool:
    """Whether it can never say anything as it is written."""
    match rule:
        case KillSwitch():
            return rule.mode == "off" or not rule.engaged
        case Holdout():
            return rule.mode == "off" or rule.share == 0
    return rule.mode == "off"


def _try(policy: Policy, case: Case) -> Tried:
    verdict = evaluate(policy, case.act(policy))
    return Tried(case, verdict, tuple(_problems(case, verdict)))


def _problems(case: Case, verdict: Verdict) -> list[str]:
    expect, found = case.expect, {one.rule: one for one in verdict.results}
    problems = []
    if verdict.decision.value != expect.decision:
        problems.append(f"expected {expect.decision}, and it is {summary(verdict)}")
    if expect.rule is not None and (
        wrong := _other_word(expect.rule, expect.code, found.get(expect.rule), verdict)
    ):
        problems.append(wrong)
    if verdict.not_before != expect.not_before:
        wanted = f"not before {expect.not_before.isoformat()}" if expect.not_before else "at once"
        came = f"not before {verdict.not_before.isoformat()}" if verdict.not_before else "at once"
        problems.append(f"expected {wanted}, and it is {came}")
    return problems


def _other_word(rule: str, code: str | None, said: RuleResult | None, verdict: Verdict) -> str | None:
    if said is None:  # the built-in word on open moments is said only when there is none
        return f"expected a word of {rule}, and it said none"
    if code is not None and said.code != code:
        return f"expected {code} of {rule}, and {explain(said)} ({said.code})"
    if code is None and rule not in verdict.deciding:
        return f"expected {rule} to decide, and {explain(said)}"
    return None


def _covered(rule: AnyRule, tried: Sequence[Tried]) -> Covered:
    words = [one for case in tried for one in case.verdict.results if one.rule == rule.id]
    return Covered(
        rule.id,
        decided=sum(rule.id in case.verdict.deciding for case in tried),
        spoke=sum(one.decision is not None or one.not_before is not None for one in words),
    )


def plain_report(report: CaseReport) -> dict[str, object]:
    """For a program."""
    return {
        "cases": [
            {
                "name": one.case.name,
                "says": one.case.says,
                "decision": one.verdict.decision,
                "problems": list(one.problems),
                "deciding": list(one.sentences),
            }
            for one in report.tried
        ],
        "coverage": [{"rule": one.rule, "decided": one.decided, "spoke": one.spoke} for one in report.coverage],
        "percent": round(report.percent, 1),
        "failing": len(report.failing),
    }
