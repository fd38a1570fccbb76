"""What docs/policies.md shows is true."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from policies.load import Known, load_policy
from policies.policy import Policy
from policies.rejection import REACHES
from policies.rules import KINDS
from policies.rules.cel_names import FUNCTIONS, MACROS, VARIABLES
from policies.rules.fields import DropName
from policies.rules.rule import Narrowed
from policies.rules.when import When
from tests.unit.policies.samples import TOOLS, facts, judged
from tools.catalogue import load_catalogue
from winback.cli.policy import MODULES
from winback.usage.drop import DropKind
from winback.yamlfile import parse_yaml

PAGE = Path(__file__).parents[3] / "docs" / "policies.md"
TEXT = PAGE.read_text(encoding="utf-8")
SECTION = re.compile(r"^### `(\w+)`\n(.*?)(?=^### |\Z)", re.MULTILINE | re.DOTALL)
SECTIONS = dict(SECTION.findall(TEXT))
NAMES = [get_args(kind.model_fields["kind"].annotation)[0] for kind in KINDS]


def blocks(text: str, info: str) -> list[str]:
    """The fenced blocks of that kind."""
    return re.findall(rf"^```yaml {info}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


EXAMPLES = [
    (name, *pair)
    for name, text in SECTIONS.items()
    for pair in zip(blocks(text, "policy"), blocks(text, "case"), strict=True)
]
"""A kind, a policy, and a case after it."""


def load(text: str, folder: Path) -> Policy:
    file = folder / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    return load_policy(file, Known(TOOLS, load_catalogue(None).ids(), {"email"}))


@pytest.mark.parametrize(("kind", "policy", "act"), EXAMPLES)
def test_each_example_does_what_it_says(kind: str, policy: str, act: str, tmp_path: Path) -> None:
    """The rule loads, is of the kind of its section, and says of the case what the page says."""
    (rule,) = load(policy, tmp_path).rules
    assert rule.kind == kind
    case: dict[str, Any] = parse_yaml(act, PAGE).data
    result, expected = judged(rule, facts(**case["facts"])), case["expect"]
    assert (result.decision and result.decision.value) == expected["decision"]
    assert result.code == expected["code"]
    moment = result.not_before and result.not_before.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert moment == expected.get("not_before")


def test_the_page_names_every_kind_and_no_other() -> None:
    """A kind that is added is documented, with an example; one that goes leaves the page."""
    assert set(SECTIONS) == set(NAMES) == {kind for kind, *_ in EXAMPLES}


def test_the_codes_of_rejections_are_told_as_they_are() -> None:
    """Each has its line, with its days."""
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", SECTIONS["cooldown_after"], re.MULTILINE))
    told = {code: rows.get(code, "").partition(",")[0] for code in REACHES}
    assert told == {code: f"{one.days} days" if one.days else "ever" for code, one in REACHES.items()}


COMMON = {*Narrowed.model_fields, "words"}


def keys(model: type[BaseModel]) -> set[str]:
    """The keys of a rule in a file, and of its parts, without those that every rule has."""
    schema = model.model_json_schema()
    own = {key: part for key, part in schema["properties"].items() if key not in COMMON}
    found, parts = set(own), [own]
    while parts:
        for name in re.findall(r"#/\$defs/(\w+)", json.dumps(parts.pop())):
            inner = schema["$defs"][name].get("properties", {})
            parts += [inner] if not found >= set(inner) else []
            found |= set(inner)
    return found


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_each_key_is_documented(kind: type[BaseModel]) -> None:
    """Every key of a kind stands in its section, in the text or in the example."""
    section = SECTIONS[get_args(kind.model_fields["kind"].annotation)[0]]
    windows = {"kind", "unit", "zone", "hours", "days"} if "those of `frequency_cap`" in section else set()
    missing = {key for key in keys(kind) - windows if re.search(rf"\b{key}\b", section) is None}
    assert not missing


def test_the_facts_of_expressions_are_all_in_the_table() -> None:
    """Each variable has a row that names its fields, and each function and loop is named."""
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)$", SECTIONS["expr"], re.MULTILINE))
    assert set(rows) == set(VARIABLES)
    for variable, fields in VARIABLES.items():
        assert {field for field in fields if f"`{field}`" not in rows[variable]} == set()
    for name in (*MACROS, *(one for one in FUNCTIONS if not one.startswith("get"))):
        assert f"`{name}`" in SECTIONS["expr"]


def test_the_page_lists_the_commands() -> None:
    """Every command about policies is at the top, and no other."""
    assert set(re.findall(r"^    winback policy (\w+)", TEXT, re.MULTILINE)) == set(MODULES)


def test_the_keys_of_when_are_all_shown(tmp_path: Path) -> None:
    """The example of what every rule has in common is a policy, and shows all of `when`."""
    (rule,) = load(re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)[0], tmp_path).rules
    assert rule.kind == "consent"
    assert rule.when is not None
    assert rule.when.model_fields_set == set(When.model_fields)


def test_kinds_of_drop_are_those_of_the_detector() -> None:
    """Policies import no detector, so the names stand twice; this keeps them the same."""
    assert set(get_args(DropName)) == {kind.value for kind in DropKind}
