"""What a change of a policy means is said rule by rule and by what it does to sample acts."""

import re
from pathlib import Path

import pytest

from policies.load import Known, load_placed
from policies.policy import Policy
from policies.trial.diff import Difference, difference
from tests.unit.policies.samples import FOLDER, TOOLS
from tools.catalogue import load_catalogue

KNOWN = Known(TOOLS, load_catalogue(None).ids(), {"email"}, {})
BASE = """\
version: 1
rules:
  - id: acts
    kind: allow_tools
    allow:
      - {tools: [send_tutorial], mode: auto}
      - {tools: [book_call], mode: review}
  - {id: cap, kind: frequency_cap, scope: account, max: 2, window: {kind: rolling, days: 7}}
  - {id: eyes, kind: risk_review, account_value_above: 500, first_contact: false}
  - {id: night, kind: quiet_hours, from: "20:00", to: "08:00"}
  - {id: stop, kind: kill_switch, engaged: false}
"""
TIGHT_AND_SHORT = "max: 1, window: {kind: rolling, days: 3}"


def load(folder: Path, text: str) -> Policy:
    (folder / "p.yaml").write_text(text)
    return load_placed(folder / "p.yaml", KNOWN).policy


def changed(folder: Path, *edits: tuple[str, str]) -> Difference:
    text = BASE
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return difference(load(folder, BASE), load(folder, text))


def test_comments_and_order_mean_nothing(tmp_path: Path) -> None:
    """The same meaning has the same hash, and nothing is probed."""
    lines = BASE.splitlines(keepends=True)
    other = "# new\n" + "".join(lines[:2] + lines[7:] + lines[2:7])
    assert difference(load(tmp_path, BASE), load(tmp_path, other)) == Difference(same=True)


@pytest.mark.parametrize(
    ("old", "new", "what", "fields", "effect"),
    [
        ("max: 2", "max: 1", "changed", ("max: 2 -> 1",), "stricter"),
        ("max: 2", "max: 3", "changed", ("max: 2 -> 3",), "looser"),
        ("days: 7", "days: 14", "changed", ("window.days: 7 -> 14",), "stricter"),
        (
            "max: 2, window: {kind: rolling, days: 7}",
            "max: 1, window: {kind: rolling, days: 3}",
            "changed",
            None,
            "both",
        ),
        ("mode: review", "mode: auto", "changed", ("allow.2.mode: review -> auto",), "looser"),
        ("account_value_above: 500, ", "", "changed", ("account_value_above: 500 -> (none)",), "looser"),
        ("id: cap", "mode: shadow, id: cap", "changed", ("mode: enforce -> shadow",), "looser"),
        ("engaged: false", "engaged: true", "changed", ("engaged: false -> true",), "stricter"),
        ("engaged: false", "engaged: false, reason: later", "changed", ("reason: (none) -> later",), "none found"),
        ('from: "20:00"', 'from: "19:00"', "changed", ("from: 20:00 -> 19:00",), "stricter"),
        ('to: "08:00"', 'to: "07:00"', "changed", ("to: 08:00 -> 07:00",), "looser"),
        (
            "first_contact: false",
            "four_eyes_above_account_value: 600, first_contact: false",
            "changed",
            ("four_eyes_above_account_value: (none) -> 600",),
            "stricter",
        ),
    ],
)
def test_a_change_is_told_by_its_keys_and_its_effect(
    tmp_path: Path, old: str, new: str, what: str, fields: tuple[str, ...] | None, effect: str
) -> None:
    """Stricter, looser, both, or nothing that the sample acts show."""
    found = changed(tmp_path, (old, new))
    (one,) = found.changes
    assert (one.what, one.effect) == (what, effect)
    assert fields is None or one.fields == fields
    assert bool(found.moved) == (effect != "none found")


def test_rules_that_come_go_and_change_their_name(tmp_path: Path) -> None:
    """A renamed rule is not one that went and another that came."""
    cap, eyes = re.findall(r"  - \{id: (?:cap|eyes).*\n", BASE)
    found = changed(
        tmp_path,
        (cap, cap.replace("id: cap", "id: weekly")),
        (eyes, "  - {id: yes, kind: consent}\n  - {id: yes-again, kind: consent}\n"),
    )
    assert [(one.rule, one.what, one.fields, one.effect) for one in found.changes] == [
        ("cap", "renamed", ("id: cap -> weekly",), "none found"),
        ("eyes", "removed", (), "looser"),
        ("yes", "added", (), "stricter"),
        ("yes-again", "added", (), "stricter"),
    ]


def test_more_people_is_stricter(tmp_path: Path) -> None:
    """What a person had to approve and two must approve now is told apart from what stays."""
    found = changed(tmp_path, ("first_contact: false", "four_eyes_above_account_value: 600, first_contact: false"))
    assert ("review", "review by 2") in {(one.old, one.new) for one in found.moved}
    assert {one.new for one in found.moved} <= {"review by 2", "review by 2, later"}


def test_each_change_counts_by_itself(tmp_path: Path) -> None:
    """Two caps that are both loosened: neither alone does anything to the old policy, and each is looser."""
    second = "  - {id: other, kind: frequency_cap, scope: account, max: 2, window: {kind: rolling, days: 7}}\n"
    old = load(tmp_path, BASE + second)
    new = load(tmp_path, (BASE + second).replace("max: 2", "max: 4"))
    assert [(one.rule, one.effect) for one in difference(old, new).changes] == [
        ("cap", "looser"),
        ("other", "looser"),
    ]


def test_what_changed_is_counted_and_shown(tmp_path: Path) -> None:
    """Up to three acts for each way a verdict changes, which both policies judge as it says."""
    found = changed(tmp_path, ("max: 2", "max: 1"), ("mode: review", "mode: auto"))
    ways = {(one.old, one.new): one for one in found.moved}
    assert {("allow", "deny"), ("review", "deny"), ("review", "allow")} <= ways.keys()
    for one in found.moved:
        assert 1 <= len(one.samples) <= min(3, one.acts)
        assert one.acts >= len(one.samples)
        for sample in one.samples:
            assert sample.old.decision.value == one.old.split(",")[0].split(" ")[0]
            assert sample.new.decision.value == one.new.split(",")[0].split(" ")[0]
    assert sum(one.acts for one in found.moved) < found.looked_at


def test_the_packaged_policies_differ_as_their_comments_say() -> None:
    """demo.yaml is looser than default.yaml where it says so."""
    default, demo = (load_placed(FOLDER / f"{name}.yaml", KNOWN).policy for name in ("default", "demo"))
    found = {one.rule: one for one in difference(default, demo).changes}
    assert found["helpful-acts"].effect == "looser"
    assert found["eyes-on"].effect == "looser"
    assert found["valued-calls"].what == "added"
    assert found["valued-calls"].effect == "stricter"
