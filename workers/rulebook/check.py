"""What is wrong with a policy that can be read: for the command line, for pages and for programs."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from policies.lint import Finding, Surroundings, lint
from policies.load import Known, Loaded
from tools.catalogue import Catalogue
from tools.offer_trial_upgrade import OfferTrialUpgrade
from tools.registry import Registry
from winback.settings import Settings

NEVER: Final = "never fired"
APART = 3
"""Up to so many rules that never fired have a line each."""


def findings_of(
    loaded: Loaded, settings: Settings, registry: Registry, catalogue: Catalogue, known: Known, now: datetime
) -> list[Finding]:
    """What its author cannot have meant, with what these tools and this catalogue are."""
    prices = [plan.price_per_month for one in catalogue.trials if (plan := catalogue.plan(one.plan)) is not None]
    schemas = {tool.name: tool.arguments.model_json_schema() for tool in registry}
    around = Surroundings(
        parameters={name: schema.get("properties", {}) for name, schema in schemas.items()},
        costly=frozenset({OfferTrialUpgrade.name}) if prices and min(prices) > 0 else frozenset(),
        channels=known.channels,
        plans=frozenset(plan.id for plan in catalogue.plans),
        asked=settings.pages.base_url is not None,
        today=now.astimezone(ZoneInfo(settings.company.zone)).date(),
    )
    return list(lint(loaded.policy, around))


def plain_finding(finding: Finding, loaded: Loaded) -> dict[str, str]:
    """For a program."""
    return {
        "where": loaded.where(finding.rule, *finding.inside),
        "severity": finding.severity,
        "rule": finding.rule,
        "what": finding.what,
        "fix": finding.fix,
    }


def finding_lines(loaded: Loaded, findings: Sequence[Finding]) -> Iterator[str]:
    """A line for each; rules that are silent alike share one, or a young log would fill the screen with them."""
    silent = [one for one in findings if one.severity == NEVER]
    for one in findings:
        alike = [other for other in silent if (other.what, other.fix) == (one.what, one.fix)]
        if one.severity != NEVER or len(alike) <= APART:
            yield f"{loaded.where(one.rule, *one.inside)}: {one.severity}: {one.rule}: {one.what}; {one.fix}"
        elif one is alike[0]:
            rules = ", ".join(f"{other.rule} ({_line_of(loaded, other)})" for other in alike)
            yield f"{loaded.policy.source}: {NEVER}: {len(alike)} rules {one.what}; {one.fix}: {rules}"


def _line_of(loaded: Loaded, finding: Finding) -> str:
    """FILE:LINE, without the folder."""
    return Path(loaded.where(finding.rule, *finding.inside)).name.rpartition(":")[0]
