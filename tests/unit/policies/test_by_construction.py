"""Changes to sound policies of which it is known beforehand whether they may be read, and what they mean.

Nothing here asks the models: a typing mistake, a negative number, a value of another type, a name that does
not exist and a key without a value must be refused, at their line. The way of writing means nothing.
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest

from policies.load import load_policy
from policies.rules import KINDS
from tests.unit.policies.samples import FOLDER
from tools.catalogue import load_catalogue
from tools.registry import default_registry
from winback.errors import InputError
from winback.yamlfile import parse_yaml, read_yaml
from workers.known_names import known_names

KNOWN = known_names(default_registry(), load_catalogue(None))
PAGE = Path(__file__).parents[3] / "docs" / "policies.md"
EXAMPLES = re.findall(
    r"^```yaml(?: policy)?\n(version.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
)
FREE = {"id", "reason", "seed", "plans", "tags", "languages", "expression"}
"""Keys whose words can be anything, or nearly."""
WRONG: dict[type, tuple[Any, ...]] = {
    bool: ("maybe", 1, [True]),
    int: ("many", {"zz": 1}, True),
    float: ("many", {"zz": 1}, True),
    str: (7, ["zz"], ""),
    list: ("zz", {"zz": 1}, []),
    dict: (7, [1], {}),
}
NAMES = [get_args(kind.model_fields["kind"].annotation)[0] for kind in KINDS]
Way = tuple[str | int, ...]


def documents() -> dict[str, Any]:
    """The packaged policies and every policy that the page shows, so that every kind and key is there."""
    found = {name: read_yaml(FOLDER / f"{name}.yaml").data for name in ("default", "demo")}
    return found | {f"page-{number}": parse_yaml(text, PAGE).data for number, text in enumerate(EXAMPLES)}


def rules() -> dict[str, Any]:
    """Every rule of them, as a policy of its own."""
    return {
        f"{name}/{rule['id']}": {"version": 1, "rules": [json.loads(json.dumps(rule, default=str))]}
        for name, one in documents().items()
        for rule in one["rules"]
    }


def walk(node: Any, way: Way = ()) -> Iterator[tuple[Way, Any]]:
    yield way, node
    for key, value in (
        node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    ):
        yield from walk(value, (*way, key))


def put(document: Any, way: Way, value: Any) -> Any:
    copy = deepcopy(document)
    around = copy
    for part in way[:-1]:
        around = around[part]
    around[way[-1]] = value
    return copy


def misspelt(document: Any, way: Way) -> Any:
    """The same with one letter too many in the key at the end of the way."""
    copy = deepcopy(document)
    around = copy
    for part in way[:-1]:
        around = around[part]
    around[f"{way[-1]}q"] = around.pop(way[-1])
    return copy


def without(document: Any, key: str) -> Any:
    copy = deepcopy(document)
    del copy["rules"][0][key]
    return copy


def wrong(document: Any) -> Iterator[tuple[str, Any, str | None]]:
    """What was done, the policy, and what stands in the line of the mistake; None: any line will do."""
    for key in ("id", "kind"):
        yield f"no {key}", without(document, key), None
    twice = {**document, "rules": document["rules"] * 2}
    yield "an id twice", twice, f'"id": "{document["rules"][0]["id"]}"'
    for way, value in list(walk(document))[1:]:
        named = ".".join(map(str, way))
        if isinstance(way[-1], str):
            # Without its kind nobody can tell what a rule may hold: the rule is pointed at.
            marker = None if way[-1] == "kind" else f'"{way[-1]}q"'
            yield f"{named} misspelt", misspelt(document, way), marker
        yield f"{named} null", put(document, way, None), "null"
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{named} negative", put(document, way, -value - 1), str(-value - 1)
        if isinstance(value, str) and not FREE & {str(part) for part in way}:
            yield f"{named}: {value}q", put(document, way, f"{value}q"), f'"{value}q"'
        for other in WRONG[type(value)]:
            yield f"{named}: {other!r}", put(document, way, other), None


SOUND_AFTER_ALL = re.compile(r"allow\.\d+\.arguments: \{\}|tools\.send_tutorial: 7")
"""No bounds at all, and a tool's own hours."""


def tried(kind: str) -> Iterator[tuple[str, Any, str | None]]:
    """As `wrong`, for all rules of a kind; the same done to the same key of another rule is not done again."""
    seen: set[str] = set()
    for name, document in rules().items():
        if document["rules"][0]["kind"] != kind:
            continue
        for what, mutant, marker in wrong(document):
            alike = re.sub(r"\.\d+\b", ".0", what)
            if alike not in seen and not SOUND_AFTER_ALL.search(what):
                seen.add(alike)
                yield f"{name}: {what}", mutant, marker


def written(folder: Path, document: Any) -> Path:
    file = folder / "policy.yaml"
    file.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return file


def refused(file: Path) -> str | None:
    """The line that is named, as it stands in the file; empty when none is, None when the policy was read."""
    try:
        load_policy(file, KNOWN)
    except InputError as error:
        place = re.fullmatch(rf"{re.escape(str(file))}:(\d+):\d+", error.where or "")
        if place is None or ' in "' not in error.what:
            return ""
        return file.read_text(encoding="utf-8").splitlines()[int(place[1]) - 1]
    return None


def test_every_kind_is_among_them() -> None:
    """A kind that is added is tried too, as soon as the page shows it."""
    kinds = {one["rules"][0]["kind"] for one in rules().values()}
    assert kinds == set(NAMES)


@pytest.mark.parametrize("name", sorted(rules()))
def test_they_are_sound_to_begin_with(tmp_path: Path, name: str) -> None:
    """What the next test breaks was whole."""
    assert refused(written(tmp_path, rules()[name])) is None


@pytest.mark.parametrize("kind", NAMES)
def test_what_is_wrong_by_construction_is_refused_at_its_line(tmp_path: Path, kind: str) -> None:
    """Whatever is done to whichever key of a sound rule."""
    found = {what: (refused(written(tmp_path, mutant)), marker) for what, mutant, marker in tried(kind)}
    assert [what for what, (line, _) in found.items() if line is None] == []
    assert [what for what, (line, _) in found.items() if line == ""] == []
    assert {what: line for what, (line, marker) in found.items() if marker and marker not in (line or "")} == {}


def test_there_are_a_thousand_of_them() -> None:
    """So that a change to the walk does not quietly try next to nothing."""
    assert sum(len(list(tried(kind))) for kind in NAMES) > 1000


def restyled(value: Any, random: Random, depth: int = 0) -> str:
    """YAML that means the same: keys in another order, other quotes, flow or block, with comments."""
    pad = "  " * depth
    if isinstance(value, dict) and value and random.random() < 0.7:
        items = random.sample(list(value.items()), len(value))
        return "".join(f"\n{pad}{word(key, random)}: {restyled(one, random, depth + 1)}" for key, one in items)
    if isinstance(value, list) and value and random.random() < 0.7:
        return "".join(f"\n{pad}-{note(random)}\n{pad}  {flow(one, random)}" for one in value)
    return flow(value, random) + note(random)


def flow(value: Any, random: Random) -> str:
    if isinstance(value, dict):
        items = random.sample(list(value.items()), len(value))
        return "{" + ", ".join(f"{word(key, random)}: {flow(one, random)}" for key, one in items) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(one, random) for one in value) + "]"
    return word(value, random) if isinstance(value, str) else json.dumps(value)


def word(text: str, random: Random) -> str:
    plain = re.fullmatch(r"[a-z][a-z_-]*", text) and text not in (
        "true",
        "false",
        "null",
        "yes",
        "no",
        "on",
        "off",
    )
    ways = ['"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"', "'" + text.replace("'", "''") + "'"]
    return random.choice([*ways, text] if plain else ways)


def note(random: Random) -> str:
    return random.choice(("", "", "  # max: 9, mode: off", " #"))


@pytest.mark.parametrize("name", sorted(documents()))
def test_the_way_of_writing_means_nothing(tmp_path: Path, name: str) -> None:
    """In another order, in other quotes and layouts, with comments: the same rules and the same hash."""
    document = json.loads(json.dumps(documents()[name], default=str))
    same = load_policy(written(tmp_path, document), KNOWN)
    random = Random(name)  # noqa: S311  a fixed sequence is what is wanted
    file, texts = tmp_path / "restyled.yaml", set()
    for _ in range(15):
        shuffled = {**document, "rules": random.sample(document["rules"], len(document["rules"]))}
        text = f"# {name}\n{restyled(shuffled, random)}\n"
        file.write_text(text, encoding="utf-8")
        found = load_policy(file, KNOWN)
        assert (found.rules, found.hash) == (same.rules, same.hash), text
        texts.add(text)
    assert len(texts) == 15
