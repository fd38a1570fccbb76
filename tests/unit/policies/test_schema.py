"""The JSON Schema says of a policy file what the loader says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from policies.load import PolicyFile
from policies.rules import KINDS
from policies.schema import DRAFT, policy_schema
from tests.unit.policies.json_schema import problems
from tests.unit.policies.samples import FOLDER
from winback.yamlfile import parse_yaml, read_yaml

SCHEMA = policy_schema()
ACTS = "{id: acts, kind: allow_tools, allow: [{tools: [send_tutorial], mode: auto}]}"


def fits(data: Any) -> bool:
    return not list(problems(data, SCHEMA, SCHEMA))


def loads(data: Any) -> bool:
    try:
        PolicyFile.model_validate(data)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", ["default", "demo"])
def test_the_packaged_policies_fit(name: str) -> None:
    """An editor underlines nothing in them."""
    assert list(problems(read_yaml(FOLDER / f"{name}.yaml").data, SCHEMA, SCHEMA)) == []


@pytest.mark.parametrize("name", ["default", "demo"])
def test_the_packaged_policies_name_the_schema(name: str) -> None:
    """In the first line, where editors look."""
    first = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").partition("\n")[0]
    assert first == "# yaml-language-server: $schema=./policy.schema.json"


def keys() -> Iterator[tuple[str, Any]]:
    yield from SCHEMA["properties"].items()
    for part in SCHEMA["$defs"].values():
        yield from part.get("properties", {}).items()


def test_every_key_is_described() -> None:
    """An editor has something to show for each."""
    assert SCHEMA["$schema"] == DRAFT
    assert [name for name, key in keys() if not key.get("description")] == []


def test_every_kind_is_there() -> None:
    """One definition per kind, told apart by `kind`."""
    named = {
        part["properties"]["kind"]["const"]
        for part in SCHEMA["$defs"].values()
        if "kind" in part.get("required", ())
    }
    assert {str(kind.model_fields["kind"].annotation).split("'")[1] for kind in KINDS} <= named
    assert len(SCHEMA["properties"]["rules"]["items"]["oneOf"]) == len(KINDS)


WEEK = "window: {kind: rolling, days: 7}"
SAMPLES = [
    ACTS,
    "{id: a, kind: frequency_cap, scope: account, max: 1, " + WEEK + "}",
    "{id: a, kind: frequency_cap, scope: acount, max: 1, " + WEEK + "}",
    "{id: a, kind: frequency_cap, scope: account, max: -1, " + WEEK + "}",
    "{id: a, kind: frequency_cap, scope: account, max: 1.5, " + WEEK + "}",
    "{id: a, kind: frequency_cap, scope: account, max: '1', " + WEEK + "}",
    "{id: a, kind: frequency_cap, scope: account, max: 1}",
    "{id: a, kind: frequency_cap, scope: account, max: 1, window: {kind: rolling, days: 400}}",
    "{id: a, kind: frequency_cap, scope: account, max: 1, window: {kind: calendar, unit: year, zone: account}}",
    "{id: A, kind: consent}",
    "{kind: consent}",
    "{id: a, kind: consnt}",
    "{id: a, kind: consent, mode: on}",
    "{id: a, kind: consent, unknown: allow, max_age_days: 30, needs_source: true}",
    "{id: a, kind: consent, needs_source: 1}",
    "{id: a, kind: consent, chanel: email}",
    "{id: a, kind: consent, when: {plans: [team], regions: [DE-BY]}}",
    "{id: a, kind: consent, when: {regions: [Bavaria]}}",
    "{id: a, kind: consent, when: {plans: []}}",
    '{id: a, kind: quiet_hours, from: "20:00", to: "08:00"}',
    '{id: a, kind: quiet_hours, from: "20:60", to: "08:00"}',
    '{id: a, kind: quiet_hours, from_: "20:00", to: "08:00"}',
    "{id: a, kind: working_days, days: [mon, tue], public_holidays: DE, fallback_zone: operator}",
    "{id: a, kind: working_days, days: [monday]}",
    "{id: a, kind: value_limit, total: {max: 10, window: {kind: calendar, unit: day, zone: operator}}}",
    "{id: a, kind: value_limit, total: {max: 10}}",
    "{id: a, kind: holdout, share: 0.5, seed: s}",
    "{id: a, kind: holdout, share: 1.5, seed: s}",
    "{id: a, kind: holdout, share: 0.5, seed: ''}",
    "{id: a, kind: expires, hours: 0.5, tools: {book_call: 1}}",
    "{id: a, kind: expires, hours: 9, tools: {book_call: {hours: 1, then: escalate}, other: {then: drop}}}",
    "{id: a, kind: expires, hours: 9, tools: {book_call: {then: approve}}}",
    "{id: a, kind: expires, hours: 9, tools: {book_call: {hour: 1}}}",
    "{id: a, kind: ramp, start: 1, double_after: 2, since: '2026-03-01'}",
    "{id: a, kind: ramp, start: 1, double_after: 2, since: March}",
    "{id: a, kind: expires, hours: 0}",
    "{id: a, kind: expires, hours: 1, tools: {book_call: long}}",
    "{id: a, kind: on_model_failure, then: playbook, playbook: {all_quiet: book_call}}",
    "{id: a, kind: on_model_failure, then: playbook, playbook: {al_quiet: book_call}}",
    "{id: a, kind: kill_switch, engaged: true, reason: because}",
    "{id: a, kind: kill_switch, engaged: yes}",
    "{id: a, kind: cooldown_after, what: [bounce], days: 3}",
    "{id: a, kind: cooldown_after, what: [bounced], days: 3}",
    "{id: a, kind: ramp, start: 1, double_after: 2}",
    "{id: a, kind: ramp, start: 0, double_after: 2}",
    "{id: a, kind: expr, expression: account.id > 1, then: deny, reason: r}",
    "{id: a, kind: expr, expression: account.id > 1, then: allow, reason: r}",
    "{id: a, kind: budget, tokens: {day: 10}}",
    "{id: a, kind: budget, tokens: {week: 10}}",
]


@pytest.mark.parametrize("rule", SAMPLES)
def test_the_schema_and_the_loader_agree(rule: str) -> None:
    """What one takes the other takes, and what one refuses the other refuses."""
    data = parse_yaml(f"version: 1\nrules: [{rule}]\n", Path("p.yaml")).data
    assert fits(data) == loads(data)


@pytest.mark.parametrize(
    "text",
    [
        "rules: [R]",
        "version: 2\nrules: [R]",
        "version: 1\nrules: []",
        "version: 1\nauthor: Ines\nrules: [R]",
        "[R]",
    ],
)
def test_they_agree_on_the_file_too(text: str) -> None:
    """Its own keys."""
    data = parse_yaml(text.replace("R", ACTS), Path("p.yaml")).data
    assert fits(data) == loads(data)


@pytest.mark.parametrize("key", ["when", "channel", "author"])
def test_a_key_with_nothing_behind_it_does_not_fit(key: str) -> None:
    """The loader refuses it before the models see it."""
    rule = {"id": "a", "kind": "consent", key: None}
    assert not fits({"version": 1, "rules": [rule]})
