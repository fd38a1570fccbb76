"""What the embedded model chooses in twenty plain cases, in seven where nothing fell, and how long it takes.

    python benchmarks/embedded_choices.py [--json]

The score is no claim of quality: the examples in prompts/agent/choose_word.en.md were picked by it, and
the cases are as plain as cases get. It shows that the path works and how weak the judgement is.
"""

import argparse
import json
import statistics
import time
from dataclasses import dataclass

from agents.brief import REASONS, Brief
from agents.choice import Choice, Nothing, Outcome
from agents.model import open_model
from agents.selector import Selector
from tools.tool import Arguments, Option
from winback.clock import SystemClock
from winback.settings import Model
from winback.usage.drop import DropKind

TUTORIAL, UPGRADE, CALL = "send_tutorial", "offer_trial_upgrade", "book_call"
TOOLS = (TUTORIAL, UPGRADE, CALL)
NOTHING = Nothing.__name__
# Two tools that might fit; the policy that ships leaves fewer still.
SENSIBLE = {
    DropKind.FEATURE_FELL: (TUTORIAL, CALL),
    DropKind.LIMIT_REACHED: (UPGRADE, CALL),
    DropKind.CHAMPION_LEFT: (CALL, TUTORIAL),
    DropKind.ALL_QUIET: (CALL, TUTORIAL),
    DropKind.STALLED_START: (TUTORIAL, CALL),
}


@dataclass(frozen=True)
class Case:
    """Active days a week and active people, before and now, and the tool a person would reach for."""

    kind: DropKind
    feature: str | None
    days: tuple[int, int]
    people: tuple[int, int]
    right: str


CASES = (
    Case(DropKind.FEATURE_FELL, "reports", (4, 1), (5, 5), TUTORIAL),
    Case(DropKind.FEATURE_FELL, "exports", (3, 0), (2, 2), TUTORIAL),
    Case(DropKind.FEATURE_FELL, "dashboards", (5, 2), (9, 8), TUTORIAL),
    Case(DropKind.FEATURE_FELL, "integrations", (2, 0), (1, 1), TUTORIAL),
    Case(DropKind.FEATURE_FELL, "automations", (6, 1), (12, 11), TUTORIAL),
    Case(DropKind.LIMIT_REACHED, "exports", (5, 2), (4, 4), UPGRADE),
    Case(DropKind.LIMIT_REACHED, "reports", (6, 3), (6, 6), UPGRADE),
    Case(DropKind.LIMIT_REACHED, "automations", (4, 1), (3, 3), UPGRADE),
    Case(DropKind.LIMIT_REACHED, "sharing", (5, 0), (8, 7), UPGRADE),
    Case(DropKind.CHAMPION_LEFT, None, (5, 2), (5, 2), CALL),
    Case(DropKind.CHAMPION_LEFT, None, (4, 0), (3, 1), CALL),
    Case(DropKind.CHAMPION_LEFT, None, (6, 3), (11, 6), CALL),
    Case(DropKind.CHAMPION_LEFT, None, (3, 1), (2, 1), CALL),
    Case(DropKind.ALL_QUIET, None, (5, 0), (6, 0), CALL),
    Case(DropKind.ALL_QUIET, None, (4, 1), (3, 1), CALL),
    Case(DropKind.ALL_QUIET, None, (6, 2), (10, 4), CALL),
    Case(DropKind.ALL_QUIET, None, (3, 0), (1, 0), CALL),
    Case(DropKind.STALLED_START, None, (3, 1), (1, 1), TUTORIAL),
    Case(DropKind.STALLED_START, None, (4, 0), (2, 1), TUTORIAL),
    Case(DropKind.STALLED_START, None, (2, 0), (3, 2), TUTORIAL),
)
# Hardly a drop: the active days and the people are what they were.
AS_BEFORE = (
    Case(DropKind.FEATURE_FELL, "reports", (4, 4), (5, 5), NOTHING),
    Case(DropKind.FEATURE_FELL, "exports", (3, 3), (2, 2), NOTHING),
    Case(DropKind.LIMIT_REACHED, "exports", (5, 5), (4, 4), NOTHING),
    Case(DropKind.CHAMPION_LEFT, None, (4, 4), (3, 3), NOTHING),
    Case(DropKind.ALL_QUIET, None, (5, 5), (6, 6), NOTHING),
    Case(DropKind.ALL_QUIET, None, (3, 3), (1, 1), NOTHING),
    Case(DropKind.STALLED_START, None, (3, 3), (1, 1), NOTHING),
)


def brief_of(case: Case) -> Brief:
    """The brief the model would be shown."""
    before, now = case.days
    return Brief(
        kind=case.kind,
        reason=REASONS[case.kind],
        feature=case.feature,
        seen_days=now,
        expected_days=float(before),
        lost_days=float(before - now),
        onset_weeks=2,
        drivers=(),
        seats_before=case.people[0],
        seats_now=case.people[1],
        plan="team",
        value_band="middle",
        language="en",
        contacts_before=0,
    )


def options_of(tools: tuple[str, ...]) -> list[Option]:
    """One option of each tool."""
    return [Option(tool=tool, arguments=Arguments(), catalogue_id=tool, label=tool, hint=tool) for tool in tools]


def tool_of(outcome: Outcome) -> str:
    """The tool that was chosen, or what came instead."""
    return outcome.option.tool if isinstance(outcome, Choice) else type(outcome).__name__


def main() -> None:
    """Ask for each case twice, with all three tools and with the two that are sensible; print the score."""
    parser = argparse.ArgumentParser(description="The embedded model's choices in twenty plain cases.")
    parser.add_argument("--json", action="store_true", help="one flat JSON object of numbers")
    arguments = parser.parse_args()
    with open_model(Model(), SystemClock()) as model:
        selector = Selector(model)
        started = time.perf_counter()
        selector.choose(brief_of(CASES[0]), options_of(TOOLS))
        first = time.perf_counter() - started
        of_all = [selector.choose(brief_of(case), options_of(TOOLS)) for case in CASES]
        of_two = [selector.choose(brief_of(case), options_of(SENSIBLE[case.kind])) for case in CASES]
        as_before = [selector.choose(brief_of(case), options_of(SENSIBLE[case.kind])) for case in AS_BEFORE]
    took = sorted(outcome.run.milliseconds for outcome in of_all + of_two if outcome.run)
    figures = {
        "cases": len(CASES),
        "right_of_three_tools": _right(of_all),
        "right_of_two_tools": _right(of_two),
        "nothing_wrongly": [tool_of(one) for one in of_all + of_two].count(NOTHING),
        "cases_as_before": len(AS_BEFORE),
        "nothing_rightly": [tool_of(one) for one in as_before].count(NOTHING),
        "first_choice_seconds": round(first, 2),
        "choice_ms_median": round(statistics.median(took), 1),
        "choice_ms_worst": round(took[-1], 1),
    }
    if arguments.json:
        print(json.dumps(figures))
        return
    print(f"{'kind':<15} {'a person':<20} {'of three tools':<20} of two tools")
    for case, three, two in zip(CASES, of_all, of_two, strict=True):
        print(f"{case.kind:<15} {case.right:<20} {tool_of(three):<20} {tool_of(two)}")
    for name, figure in figures.items():
        print(f"{name:<25} {figure}")


def _right(outcomes: list[Outcome]) -> int:
    return sum(tool_of(outcome) == case.right for case, outcome in zip(CASES, outcomes, strict=True))


if __name__ == "__main__":
    main()
