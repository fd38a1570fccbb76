"""A thousand broken policy files: each is refused in one line with its place, or means what it says."""

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from policies.evaluate import evaluate
from policies.lint import Surroundings, lint
from policies.load import Known, PolicyFile, load_policy
from policies.policy import Policy
from policies.words import explain
from tests.unit.policies.json_schema import problems
from tests.unit.policies.samples import FOLDER, TOOLS, facts
from tools.catalogue import load_catalogue
from tools.registry import default_registry
from winback.errors import InputError

IDS = load_catalogue(None).ids()
SCHEMA = json.loads((FOLDER / "policy.schema.json").read_text(encoding="utf-8"))
AROUND = Surroundings(
    parameters={tool.name: tool.arguments.model_json_schema()["properties"] for tool in default_registry()},
    costly={"offer_trial_upgrade"},
    channels={"email"},
    plans={"starter", "team"},
    today=date(2026, 3, 4),
)
START = re.compile(r"^(?=  - id: )", re.MULTILINE)


def parts(name: str) -> tuple[str, list[str]]:
    """The head of a packaged policy, and its rules as they are written, with the comments after each."""
    head, *rules = START.split((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return head, rules


PARTS = [parts(name) for name in ("default", "demo")]

WORDS = (
    "mode",
    "tools",
    "max",
    "kind",
    "id",
    "when",
    "then",
    "From",
    "window ",
    "wndow",
    "<<",
    "rules",
    "version",
)
VALUES = (
    "-1", "1e400", "-.inf", ".nan", "9" * 400, "0x1F", "0o17", "1_000", "true", "yes", "null", "~", "''",
    '"20:00"', "20:00", "2026-02-30", "2026-02-28", "[]", "{}", "[1, [2, [3]]]", "{a: 1}", "!!int '3'",
    "!!str 3", "!mine x", "!!python/object/apply:os.system [x]", "*a", "&a [*a]", "|\n      text", "x" * 3000,
    "\u202e", "1.0", "1.50", "send_tutorail", "15O", "0.1e1", "!!binary aGk=", "!!set {a}", "? a", "0", "1",
)  # fmt: skip
GARBAGE = (
    "\t", "\0", "\x07", "\x85", "\u2028", "\ufeff", "\ud800", "\U0001f600", "%", "@", "`", ": ", "- ", "# ", "[",
    "{", "}", "]", "&a ", "*a", "'", '"', "|", ">", "---\n", "...\n", "%YAML 1.1\n---\n", "<<: *a\n", "? ",
    "[" * 400, "{a: " * 300, "\r", "\r\n", "\\", "!!null ", "a: &a {b: *a}\n",
)  # fmt: skip
KEY = re.compile(r"\b[a-z_]+(?=: )|\b[a-z_]+(?=:$)", re.MULTILINE)
VALUE = re.compile(r"(?<=: )[^,{}\[\]\n#]+")


def _lines(draw: st.DrawFn, text: str) -> str:
    lines = text.split("\n")
    at, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    match draw(st.sampled_from(("lose", "double", "swap", "indent", "outdent", "cut"))):
        case "lose":
            del lines[at]
        case "double":
            lines.insert(other, lines[at])
        case "swap":
            lines[at], lines[other] = lines[other], lines[at]
        case "indent":
            lines[at] = " " * draw(st.integers(1, 3)) + lines[at]
        case "outdent":
            lines[at] = lines[at].removeprefix(" " * draw(st.integers(1, 3)))
        case "cut":
            lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
    return "\n".join(lines)


def _insert(draw: st.DrawFn, text: str) -> str:
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.one_of(st.sampled_from(GARBAGE), st.text(max_size=6))) + text[at:]


def _replace(draw: st.DrawFn, text: str, what: re.Pattern[str], by: tuple[str, ...]) -> str:
    places = [one.span() for one in what.finditer(text)]
    if not places:
        return text
    start, end = draw(st.sampled_from(places))
    return text[:start] + draw(st.sampled_from(by)) + text[end:]


@st.composite
def mutilated(draw: st.DrawFn) -> str:
    """A few rules of a packaged policy, as they are written, with one to four things done to the text."""
    head, rules = draw(st.sampled_from(PARTS))
    chosen = draw(st.lists(st.sampled_from(range(len(rules))), min_size=1, max_size=4, unique=True))
    text = head[head.index("version:") :] + "".join(rules[one] for one in chosen)
    for _ in range(draw(st.sampled_from((1, 2, 3, 4)))):
        match draw(st.sampled_from(("lines", "insert", "key", "value", "value", "drop"))):
            case "lines":
                text = _lines(draw, text)
            case "insert":
                text = _insert(draw, text)
            case "key":
                text = _replace(draw, text, KEY, WORDS)
            case "value":
                text = _replace(draw, text, VALUE, VALUES)
            case "drop":
                start = draw(st.integers(0, len(text)))
                text = text[:start] + text[start + draw(st.integers(1, 40)) :]
    return text


def load(file: Path) -> Policy:
    return load_policy(file, Known(TOOLS, IDS))


def test_the_parts_are_whole() -> None:
    """What the next test breaks was sound, every rule of it."""
    for name, (_, rules) in zip(("default", "demo"), PARTS, strict=True):
        assert len(rules) == len(load(FOLDER / f"{name}.yaml").rules)


def test_a_mutilated_policy_is_refused_with_its_place_or_means_what_it_says(tmp_path: Path) -> None:
    """Never a traceback, never two lines, and nothing is read otherwise than plain YAML and the schema read it."""
    counted: Counter[bool] = Counter()

    @settings(max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
    @given(text=mutilated())
    def tried(text: str) -> None:
        file = tmp_path / "mutilated.yaml"
        file.write_bytes(text.encode("utf-8", errors="surrogatepass"))
        refused = refusal(file)
        counted[refused is None] += 1
        if refused is None:
            means_what_it_says(file)
        else:
            says_where(file, refused)

    tried()
    assert min(counted[True], counted[False]) > 30


def means_what_it_says(file: Path) -> None:
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False
    plain = yaml.load(file.read_text(encoding="utf-8"))
    says_what_it_says(policy := load(file), plain)
    assert list(problems(json.loads(json.dumps(plain, default=str)), SCHEMA, SCHEMA)) == []
    can_be_told(policy)


def says_where(file: Path, refused: str) -> None:
    """One line, with the place and the text of its line, if there is any."""
    place = re.match(rf"{re.escape(str(file))}:([1-9]\d*):[1-9]\d*: ", refused)
    assert place
    lines = re.split("\r\n|\r|\n", file.read_bytes().decode("utf-8", errors="replace"))
    line = seen(lines[int(place[1]) - 1]) if int(place[1]) <= len(lines) else ""
    if line:
        assert f' in "{line[:90]}' in refused
    assert line or "is empty" in refused or not "".join(lines).strip()
    assert refused.isprintable()
    assert len(refused) < 1000


def seen(line: str) -> str:
    """A line as a refusal shows it."""
    return "".join(one if one.isprintable() else "·" for one in line.strip())


def refusal(file: Path) -> str | None:
    """Why a file is refused; None when it loads."""
    try:
        load(file)
    except InputError as error:
        return str(error)
    return None


def says_what_it_says(policy: Policy, plain: Any) -> None:
    """The rules are those of a plain reading; nothing that is written was left out of them or of the hash."""
    parsed = PolicyFile.model_validate(plain)
    again = Policy.of(parsed.rules)
    assert again.rules == policy.rules
    assert again.hash == policy.hash
    for rule in parsed.rules:
        assert parsed.model_fields_set <= {"version", "author", "rules"}
        written = next(one for one in plain["rules"] if one["id"] == rule.id)
        assert kept(rule.model_dump(by_alias=True, exclude_unset=True)) == kept(written)
        fewer = [one for one in parsed.rules if one is not rule]
        assert Policy.of(fewer).hash != policy.hash


def can_be_told(policy: Policy) -> None:
    """Whatever was read can be described, linted and explained, each in lines of its own."""
    for rule in policy.rules:
        assert rule.describe()
    for finding in lint(policy, AROUND):
        assert finding.what
        assert finding.rule in {rule.id for rule in policy.rules}
    for result in evaluate(policy, facts()).results:
        assert explain(result).startswith(f"{result.rule} ")


def kept(value: Any) -> Any:
    """Values as they compare: lists and tuples are the same, and a number is one whether whole or not."""
    if isinstance(value, dict):
        return {key: kept(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [kept(one) for one in value]
    return (type(value).__name__ if isinstance(value, bool | str) else "", value)


@pytest.mark.parametrize(
    ("old", "new"),
    [("max: 2\n", "max: 3\n"), ("days: 14}", "days: 15}"), ("share: 0.05", "share: 0.06"), (": deny", ": review")],
)
def test_what_is_read_otherwise_has_another_hash(tmp_path: Path, old: str, new: str) -> None:
    """Two files that differ in a value are two policies."""
    text = (FOLDER / "default.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "p.yaml").write_text(text.replace(old, new, 1))
    assert load(tmp_path / "p.yaml").hash != load(FOLDER / "default.yaml").hash
