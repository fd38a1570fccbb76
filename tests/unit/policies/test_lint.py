"""Findings are true, and sound policies have none."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from policies.counter import Counter
from policies.facts import Facts
from policies.lint import Surroundings, lint
from policies.lint.scope import Scope, holds, holds_the_unknown, meet, scope_of
from policies.lint.tighter import as_tight
from policies.load import Known, Loaded, load_placed
from policies.policy import Policy
from policies.rules import AnyRule
from policies.rules.when import When
from policies.trial.probe import probes, verdicts, without
from policies.verdict import Decision, Verdict
from tests.unit.policies.samples import FOLDER, TOOLS
from tools.catalogue import load_catalogue
from tools.registry import default_registry
from winback.yamlfile import read_yaml

RULE: TypeAdapter[AnyRule] = TypeAdapter(AnyRule)
AROUND = Surroundings(
    parameters={tool.name: tool.arguments.model_json_schema()["properties"] for tool in default_registry()},
    costly={"offer_trial_upgrade"},
    channels={"email"},
    plans={"starter", "team"},
    today=date(2026, 3, 4),
)
HEAD = """\
version: 1
rules:
  - id: acts
    kind: allow_tools
    allow:
      - {tools: [send_tutorial], drops: [feature_fell, all_quiet], mode: auto}
      - {tools: [offer_trial_upgrade], drops: [limit_reached], mode: review, arguments: {days: {max: 14}}}
"""


def load(path: Path) -> Loaded:
    return load_placed(path, Known(TOOLS, load_catalogue(None).ids(), {"email"}, {}))


def found(folder: Path, text: str) -> list[str]:
    """Each finding as `line:column severity: rule: what`."""
    (folder / "p.yaml").write_text(text)
    loaded = load(folder / "p.yaml")
    return [
        f"{loaded.where(one.rule, *one.inside).partition('p.yaml:')[2]} {one.severity}: {one.rule}: {one.what}"
        for one in lint(loaded.policy, AROUND)
    ]


@pytest.mark.parametrize("name", ["default", "demo"])
def test_the_packaged_policies_have_no_findings(name: str) -> None:
    """A finding that is noise teaches people to look away."""
    assert lint(load(FOLDER / f"{name}.yaml").policy, AROUND) == ()


@pytest.mark.parametrize(
    "case", read_yaml(Path(__file__).with_name("findings.yaml")).data, ids=lambda one: one["rules"]
)
def test_what_cannot_have_been_meant_is_found_and_nothing_else(tmp_path: Path, case: dict[str, Any]) -> None:
    """Each finding has its place and its reason; what could have been meant, however near, has none."""
    rules = "".join(f"  - {line}\n" for line in case["rules"].splitlines())
    assert found(tmp_path, HEAD + rules) == case["findings"]


def test_a_policy_that_allows_nothing_is_one_finding(tmp_path: Path) -> None:
    """Without allow_tools in force every other finding would say the same."""
    text = "version: 1\nrules: [{id: a, kind: consent}, {id: b, kind: consent, when: {tools: [book_call]}}]\n"
    assert found(tmp_path, text) == [
        "2:10 never matches: a: no allow_tools is in force, so everything is denied, whatever this says"
    ]


def test_a_doubtful_finding_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the comparison wrong, the sample acts would show it: every rule of default.yaml changes something."""
    monkeypatch.setattr("policies.lint.pointless.as_tight", lambda *_: "says so")
    policy = load(FOLDER / "default.yaml").policy
    assert [one.rule for one in lint(policy, AROUND)] == ["stop"]


WIDE_AND_NARROW = [
    ({}, {"plans": ["team"]}),
    ({"plans": ["team", "free"]}, {"plans": ["team"]}),
    ({"value": {"min": 50}}, {"value": {"min": 50, "max": 60}}),
    ({"value": {"max": 60}}, {"value": {"max": 60}}),
    ({"regions": ["DE"]}, {"regions": ["DE-BY"]}),
    ({"tools": ["a", "b"]}, {"tools": ["b"], "drops": ["all_quiet"]}),
]
APART = [
    ({"value": {"min": 50}}, {"value": {"max": 49.99}}),
    ({"regions": ["DE-BY"]}, {"regions": ["DE-BE", "IN"]}),
    ({"languages": ["en"]}, {"languages": ["hi"]}),
    ({"drops": ["all_quiet"]}, {"drops": ["feature_fell"], "tools": ["a"]}),
]


def scope(keys: dict[str, Any]) -> Scope:
    return scope_of(When.model_validate(keys) if keys else None)


@pytest.mark.parametrize(("wide", "narrow"), WIDE_AND_NARROW)
def test_one_scope_holds_another(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    """Every act of the narrow one is one of the wide one, and not the other way round unless they are the same."""
    assert holds(scope(wide), scope(narrow))
    assert holds(scope(narrow), scope(wide)) == (wide == narrow)
    assert meet(scope(wide), scope(narrow))


@pytest.mark.parametrize(("one", "other"), APART)
def test_scopes_that_do_not_meet(one: dict[str, Any], other: dict[str, Any]) -> None:
    """No act is of both."""
    assert not meet(scope(one), scope(other))
    assert not meet(scope(other), scope(one))
    assert not holds(scope(one), scope(other))


def test_a_scope_that_may_not_know_is_not_held_by_one_that_does_not_ask() -> None:
    """An account of unknown plan makes a rule that asks for it deny, and one that does not ask judge."""
    assert not holds_the_unknown(scope({}), scope({"plans": ["team"]}))
    assert holds_the_unknown(scope({"plans": ["team", "free"]}), scope({"plans": ["team"]}))
    assert holds_the_unknown(scope({}), scope({"drops": ["all_quiet"]}))


# Pairs of rules of one kind, from few values, so that one is often at least as tight as the other.
windows = st.one_of(
    st.builds(lambda days: {"kind": "rolling", "days": days}, st.sampled_from((1, 7, 8, 32))),
    st.builds(lambda hours: {"kind": "rolling", "hours": hours}, st.sampled_from((12, 24, 26))),
    st.builds(
        lambda unit, zone: {"kind": "calendar", "unit": unit, "zone": zone},
        st.sampled_from(("day", "week", "month")),
        st.sampled_from(("account", "operator")),
    ),
)
whens = st.fixed_dictionaries(
    {},
    optional={
        "drops": st.sampled_from((["all_quiet"], ["all_quiet", "feature_fell"])),
        "plans": st.sampled_from((["team"], ["team", "free"])),
        "regions": st.sampled_from((["DE"], ["DE-BY"])),
        "tools": st.sampled_from((["send_tutorial"], ["send_tutorial", "offer_trial_upgrade"])),
        "channels": st.just(["email"]),
        "value": st.sampled_from(({"min": 50}, {"min": 60, "max": 200})),
    },
).filter(bool)
limits = st.fixed_dictionaries({"max": st.sampled_from((0, 50, 100)), "window": windows})
clocks = st.sampled_from(("00:00", "06:00", "08:00", "20:00", "22:00"))
zones = st.sampled_from(("operator", "Asia/Kolkata"))


def of(kind: str, needed: dict[str, Any], more: dict[str, Any] | None = None, *, narrowed: bool = True) -> Any:
    optional = {**(more or {}), **({"when": whens} if narrowed else {})}
    return st.fixed_dictionaries({"kind": st.just(kind), **needed}, optional=optional)


KINDS = (
    of(
        "frequency_cap",
        {
            "scope": st.sampled_from(("account", "contact", "tool", "channel", "global")),
            "max": st.integers(0, 2),
            "window": windows,
        },
    ),
    of("value_limit", {"single": st.sampled_from((0, 50, 60))}, {"per_account": limits, "total": limits}),
    of("quiet_hours", {"from": clocks, "to": clocks}, {"fallback_zone": zones}).filter(
        lambda one: one["from"] != one["to"]
    ),
    of(
        "working_days",
        {"days": st.sampled_from((["mon"], ["mon", "wed"], ["mon", "wed", "fri"]))},
        {"fallback_zone": zones, "public_holidays": st.sampled_from(("account", "DE"))},
    ),
    of(
        "consent",
        {"unknown": st.sampled_from(("allow", "review", "deny"))},
        {
            "channel": st.just("email"),
            "purpose": st.sampled_from(("retention", "news")),
            "max_age_days": st.sampled_from((30, 60)),
            "needs_source": st.booleans(),
        },
    ),
    of(
        "risk_review",
        {"untrusted_text": st.booleans(), "embedded_model": st.booleans(), "first_contact": st.booleans()},
        {
            "account_value_above": st.sampled_from((10, 20)),
            "confidence_below": st.sampled_from((0.0, 0.5)),
            "four_eyes_above_value": st.sampled_from((0, 50)),
            "four_eyes_above_account_value": st.sampled_from((10, 20)),
        },
    ),
    of("kill_switch", {"engaged": st.booleans()}),
    of(
        "expires",
        {"hours": st.sampled_from((12, 24))},
        {
            "tools": st.sampled_from(
                ({"send_tutorial": 12}, {"send_tutorial": 48}, {"send_tutorial": {"hours": 12, "then": "drop"}})
            ),
            "then": st.sampled_from(("drop", "propose_again", "escalate")),
        },
        narrowed=False,
    ),
    of("holdout", {"share": st.sampled_from((0.1, 0.2)), "seed": st.sampled_from(("s", "t"))}, narrowed=False),
    of(
        "cooldown_after",
        {
            "what": st.sampled_from(
                (["bounce"], ["bounce", "contact"], ["refused_offer"], ["open_ticket", "bounce"])
            ),
            "days": st.sampled_from((7, 14)),
            "scope": st.sampled_from(("account", "contact")),
            "then": st.sampled_from(("deny", "review")),
        },
    ),
    of(
        "cooldown_after",
        {"what": st.sampled_from((["rejected"], ["open_ticket", "rejected"]))},
        {"days": st.sampled_from((20, 40)), "scope": st.sampled_from(("account", "contact"))},
    ),
    of("budget", {"tokens": st.sampled_from(({"day": 5}, {"day": 9, "run": 4}))}, narrowed=False),
)
ALLOW = RULE.validate_python(
    {
        "id": "acts",
        "kind": "allow_tools",
        "allow": [
            {"tools": ["send_tutorial"], "mode": "auto"},
            {"tools": ["offer_trial_upgrade"], "mode": "review"},
        ],
    }
)


@settings(max_examples=12)
@given(pair=st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(kind, kind)))
def test_what_is_called_as_tight_is(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """The exact comparison alone is right: without the looser rule no sample act is judged otherwise."""
    tight, loose = (RULE.validate_python({"id": name, **one}) for name, one in zip("ab", pair, strict=True))
    if as_tight(tight, loose) is None:
        return
    policy = Policy.of([ALLOW, tight, loose])
    acts = [act for act in probes(policy) if possible(policy, act)]
    both, alone = (list(map(word, verdicts(one, acts))) for one in (policy, without(policy, "b")))
    different = [act for act, one, other in zip(acts, both, alone, strict=True) if one != other]
    assert different == []


def possible(policy: Policy, act: Facts) -> bool:
    """Whether no count is less than one that it takes in: sample acts answer each question by itself."""
    asked = policy.counters(act)
    return all(
        act.counts[wide.name] >= act.counts[one.name] for wide in asked for one in asked if within(one, wide)
    )


def within(narrow: Counter, wide: Counter) -> bool:
    return (
        wide.what == narrow.what
        and wide.since <= narrow.since
        and wide.until is None
        and (not wide.tools or {*narrow.tools} == {*wide.tools})
        and (not wide.channels or {*narrow.channels} == {*wide.channels})
    )


def word(verdict: Verdict) -> tuple[Decision, int, datetime | None]:
    people = verdict.people if verdict.decision is Decision.REVIEW else 0
    return verdict.decision, people, verdict.not_before
