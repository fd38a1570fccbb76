"""A mistake in a policy is answered with its place and what to do; nothing wrong is ever accepted."""

import os
import re
from pathlib import Path

import pytest

from policies.load import PACKAGED, Known, load_placed, load_policy
from policies.policy import Policy
from tests.unit.policies.samples import FOLDER, TOOLS
from winback.errors import InputError

IDS = frozenset({"reports-first", "trial-team"})
ARGUMENTS = {"offer_trial_upgrade": frozenset({"trial", "days"})}
HEAD = "version: 1\nrules:\n"


KNOWN = Known(
    TOOLS,
    IDS,
    frozenset({"email"}),
    ARGUMENTS,
    catalogue_arguments={"offer_trial_upgrade": frozenset({"trial"})},
    purposes=frozenset({"retention"}),
)


def load(path: Path | None) -> Policy:
    return load_policy(path, KNOWN)


def answer(folder: Path, text: str) -> str:
    """The line a mistake is answered with, from `policy.yaml` on."""
    file = folder / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(file)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{folder}/")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            HEAD + "  - id: a\n    kind: frequency_cap\n    scope: account\n    max: 1\n    windw: {}\n",
            "policy.yaml:7:5: unknown key 'windw' in \"windw: {}\" (and 1 more); did you mean 'window'?",
        ),
        (
            HEAD + "  - id: a\n    kind: quiet_hour\n",
            (
                "policy.yaml:4:5: rules.a.kind: unknown 'quiet_hour' in \"kind: quiet_hour\"; "
                "did you mean 'quiet_hours'?"
            ),
        ),
        (HEAD + "  - id: a\n", "policy.yaml:3:5: key 'kind' is missing in \"- id: a\"; add 'kind'"),
        (HEAD + "  - kind: consent\n", "policy.yaml:3:5: key 'id' is missing in \"- kind: consent\"; add 'id'"),
        (
            HEAD + "  - id: a\n    kind: kill_switch\n    engaged: on\n",
            (
                "policy.yaml:5:5: rules.a.engaged: should be true or false, not 'on' in \"engaged: on\"; "
                "write true or false"
            ),
        ),
        (
            HEAD + "  - id: a\n    kind: kill_switch\n    engaged: true\n    when: {tools: [send_tutorials]}\n",
            (
                "policy.yaml:6:20: unknown tool 'send_tutorials' in \"when: {tools: [send_tutorials]}\"; "
                "did you mean 'send_tutorial'?"
            ),
        ),
        (
            HEAD + "  - id: a\n    kind: kill_switch\n    engaged: true\n    when: {drops: [al_quiet]}\n",
            (
                "policy.yaml:6:20: rules.a.when.drops.1: Input should be 'all_quiet', 'feature_fell', "
                "'limit_reached', 'champion_left' or 'stalled_start', not 'al_quiet' in "
                "\"when: {drops: [al_quiet]}\"; did you mean 'all_quiet'?"
            ),
        ),
        (
            HEAD + "  - id: a\n    kind: kill_switch\n    engaged: true\n    when: {channels: [emial]}\n",
            "policy.yaml:6:23: unknown channel 'emial' in \"when: {channels: [emial]}\"; did you mean 'email'?",
        ),
        (
            HEAD + "  - id: a\n    kind: allow_tools\n    allow:\n      - tools: [send_tutorial]\n"
            "        mode: auto\n        catalogue: [report-first]\n",
            (
                "policy.yaml:8:21: unknown catalogue id 'report-first' in \"catalogue: [report-first]\"; "
                "did you mean 'reports-first'?"
            ),
        ),
        (
            HEAD + "  - id: a\n    kind: allow_tools\n    allow:\n      - tools: [offer_trial_upgrade]\n"
            "        mode: auto\n        arguments: {dais: {max: 3}}\n",
            (
                "policy.yaml:8:21: unknown argument 'dais' of offer_trial_upgrade in "
                "\"arguments: {dais: {max: 3}}\"; did you mean 'days'?"
            ),
        ),
        (
            HEAD + "  - id: a\n    kind: allow_tools\n    allow:\n      - tools: [offer_trial_upgrade]\n"
            "        mode: auto\n        arguments: {trial: {one_of: [trial-team, trial-taem]}}\n",
            (
                "policy.yaml:8:50: unknown catalogue id 'trial-taem' of offer_trial_upgrade in "
                "\"arguments: {trial: {one_of: [trial-team, trial-taem]}}\"; did you mean 'trial-team'?"
            ),
        ),
        (
            HEAD + "  - id: a\n    kind: consent\n    purpose: retentoin\n",
            "policy.yaml:5:5: unknown purpose 'retentoin' in \"purpose: retentoin\"; did you mean 'retention'?",
        ),
        (
            HEAD
            + "  - id: a\n    kind: on_model_failure\n    then: playbook\n    playbook: {all_quiet: nothing}\n",
            (
                "policy.yaml:6:16: unknown tool 'nothing' in \"playbook: {all_quiet: nothing}\"; "
                "known: book_call, notify_owner, offer_trial_upgrade, send_tutorial"
            ),
        ),
        (
            HEAD + "  - id: a\n    kind: value_limit\n    single:\n",
            "policy.yaml:5:5: 'single' has no value in \"single:\"; give it one, or leave the key out",
        ),
        (
            HEAD + "  - id: a\n    kind: consent\n  - id: a\n    kind: consent\n",
            "policy.yaml:5:5: the id 'a' is taken by policy.yaml:3:5 in \"- id: a\"; choose another id",
        ),
        (
            HEAD + "  - id: a\n    kind: consent\n    purpose: retention\n    purpose: news\n",
            ("policy.yaml:6:5: key 'purpose' is given twice, first in line 5 in \"purpose: news\"; remove one"),
        ),
        ("version: 2\nrules: [{id: a, kind: consent}]\n", "policy.yaml:1:1: version: Input should be 1, not 2"),
        ("version: 1\n", "policy.yaml:1:1: key 'rules' is missing"),
        ("version: 1\nrules: []\n", "policy.yaml:2:1: rules: List should have at least 1 item"),
        ("version: 1\nrules: consent\n", "policy.yaml:2:1: rules: should be a list, not 'consent'"),
        ("- one\n", "policy.yaml:1:1: the file: should be a mapping of keys to values"),
        ("", "policy.yaml:1:1: is empty"),
        ("version: 1\nrules: [\n", "policy.yaml:2:9: malformed YAML: expected the node content, but found"),
        ("# nothing\n", 'policy.yaml:1:1: is empty in "# nothing"; '),
        ("version: 1\nrules: [{id: a, kind: consent, when: }]\n", "policy.yaml:2:32: 'when' has no value in "),
        ("version: 1\nrules: [~]\n", 'policy.yaml:2:9: an item of the list has no value in "rules: [~]"; '),
    ],
)
def test_a_mistake_is_answered_with_its_place(tmp_path: Path, text: str, line: str) -> None:
    """File, line, column, the text of the line, and what was probably meant."""
    assert answer(tmp_path, text).replace(f"{tmp_path}/", "").startswith(line)


def test_unknown_keys_are_compared_with_keys_of_that_kind(tmp_path: Path) -> None:
    """`share` is a key of another kind, so it is not suggested; the keys that may stand there are listed."""
    line = answer(tmp_path, HEAD + "  - id: a\n    kind: consent\n    shares: 1\n")
    assert "share'" not in line.replace("'shares'", "")
    assert line.endswith("known here: channel, id, kind, max_age_days, mode, needs_source, purpose, unknown, when")


def test_a_folder_is_one_policy(tmp_path: Path) -> None:
    """All *.yaml files of a folder are merged; the names of the files do not matter."""
    first = HEAD + "  - {id: one, kind: consent}\n"
    second = HEAD + "  - {id: two, kind: kill_switch, engaged: false}\n"
    (tmp_path / "a.yaml").write_text(first)
    (tmp_path / "b.yaml").write_text(second)
    merged = load(tmp_path)
    (tmp_path / "a.yaml").write_text(second)
    (tmp_path / "b.yaml").write_text(first)
    assert [rule.id for rule in merged.rules] == ["one", "two"]
    assert load(tmp_path).hash == merged.hash


def test_ids_are_unique_across_files(tmp_path: Path) -> None:
    """A second rule of the same name is refused, and both places are named."""
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(HEAD + "  - {id: one, kind: consent}\n")
    with pytest.raises(InputError) as caught:
        load(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}/b.yaml:3:6: the id 'one' is taken by {tmp_path}/a.yaml:3:6 "
        'in "- {id: one, kind: consent}"; choose another id'
    )


@pytest.mark.parametrize(
    ("name", "what"),
    [
        (None, "holds no *.yaml file"),
        (".#rules.yaml", "holds no *.yaml file"),
        ("rules.yml", "ends in .yml and would not be read"),
        ("STOP.YAML", "STOP.YAML: ends in .YAML and would not be read; rename it to .yaml"),
        ("stop.Yml", "stop.Yml: ends in .Yml and would not be read; rename it to .yaml"),
        ("eu/deep/stop.yaml", "stop.yaml: lies in a folder within the policy's folder and would not be read"),
        ("eu/STOP.YML", "STOP.YML: lies in a folder within the policy's folder and would not be read"),
    ],
)
def test_a_folder_that_says_nothing_is_refused(tmp_path: Path, name: str | None, what: str) -> None:
    """An empty folder, or a file that would be passed over, is a mistake and not a silent policy."""
    if name:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(HEAD)
    with pytest.raises(InputError, match=re.escape(what)):
        load(tmp_path)


def test_what_is_beside_the_rules_of_a_folder(tmp_path: Path) -> None:
    """Cases, other files and what an editor leaves behind are no part of the policy."""
    (tmp_path / "a.yaml").write_text(HEAD + "  - {id: one, kind: consent}\n")
    (tmp_path / "cases" / "eu").mkdir(parents=True)
    (tmp_path / "cases" / "eu" / "refused.yaml").write_text("not a policy")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "why.md").write_text("because")
    (tmp_path / ".#a.yaml").symlink_to("ines@desk.1234")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").write_text("not a policy")
    assert [rule.id for rule in load(tmp_path).rules] == ["one"]


@pytest.mark.parametrize("within", [True, False])
def test_a_pipe_is_not_waited_for(tmp_path: Path, within: bool) -> None:
    """What is no regular file is refused before it is opened, in a folder and by name."""
    os.mkfifo(tmp_path / "a.yaml")
    with pytest.raises(InputError, match=r"a\.yaml: is no regular file; name a YAML file"):
        load(tmp_path if within else tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (
            "kind: quiet_hours, from: '20:00', to: '08:00', fallback_zone: Asia/Kolkatta",
            "fallback_zone: should be 'operator' or a time zone of the IANA database, not 'Asia/Kolkatta' in",
        ),
        ("kind: quiet_hours, from: '20:00', to: '08:00', fallback_zone: Asia/Kolkatta", "mean 'Asia/Kolkata'?"),
        ("kind: quiet_hours, from: '20:00', to: '08:00', fallback_zone: operater", "did you mean 'operator'?"),
        (
            "kind: quiet_hours, from: '20:00', to: '08:00', fallback_zone: 5",
            "fallback_zone: Input should be a valid",
        ),
        ("kind: working_days, days: [mon], public_holidays: acount", "did you mean 'account'?"),
        (
            "kind: working_days, days: [mon], public_holidays: Bavaria",
            "public_holidays: should be 'account' or an ISO 3166 code such as IN or DE-BY, not 'Bavaria' in",
        ),
    ],
)
def test_a_zone_or_a_region_is_one_mistake(tmp_path: Path, rule: str, line: str) -> None:
    """What may stand there, and what was probably meant; not each thing it could have been."""
    said = answer(tmp_path, HEAD + f"  - {{id: a, {rule}}}\n")
    assert line in said
    assert "more)" not in said


@pytest.mark.parametrize(
    "rule",
    [
        "kind: frequency_cap, scope: account, window: {kind: rolling, days: 7}, max: NUMBER",
        "kind: budget, tokens: {run: NUMBER}",
        "kind: ramp, double_after: 2, start: NUMBER",
        "kind: ramp, start: 1, double_after: NUMBER",
    ],
)
@pytest.mark.parametrize("number", [10**12 + 1, 10**19, 10**400])
def test_a_number_that_no_log_holds_is_refused(tmp_path: Path, rule: str, number: int) -> None:
    """When the policy is loaded, not when an act is judged."""
    said = answer(tmp_path, HEAD + f"  - {{id: a, {rule.replace('NUMBER', str(number))}}}\n")
    assert "Input should be less than or equal to 1000000000" in said


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that leads nowhere is answered in one line."""
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "nowhere.yaml")


def test_without_a_path_the_packaged_default_holds() -> None:
    """No policy named means the cautious one, and it names itself."""
    assert load(None).source == PACKAGED
    assert load(None).hash == load(FOLDER / "default.yaml").hash


def test_the_author_is_named(tmp_path: Path) -> None:
    """Who answers for a policy stands beside its version and changes nothing of its meaning; files add up."""
    (tmp_path / "a.yaml").write_text("version: 1\nauthor: Ines\nrules: [{id: one, kind: consent}]\n")
    alone = load(tmp_path / "a.yaml")
    assert alone.author == "Ines"
    (tmp_path / "a.yaml").write_text("version: 1\nrules: [{id: one, kind: consent}]\n")
    assert load(tmp_path / "a.yaml").author is None
    assert load(tmp_path / "a.yaml").hash == alone.hash
    for name, author in (("b", "Omar"), ("c", "Ines"), ("d", "Omar")):
        (tmp_path / f"{name}.yaml").write_text(
            f"version: 1\nauthor: {author}\nrules: [{{id: {name}, kind: consent}}]\n"
        )
    assert load(tmp_path).author == "Omar, Ines"


@pytest.mark.parametrize(
    ("expression", "column", "line"),
    [
        ("account.valu > 3", 45, "account has no 'valu'"),
        ("acount.id > 3", 37, "there is no 'acount'; did you mean 'account'?"),
        ("account.id >", 49, "line 1, column 13 of the expression"),
        ("sizze(history) > 3", 37, "there is no function 'sizze'; did you mean 'size'?"),
    ],
)
def test_a_mistake_in_an_expression_is_shown_where_it_is(
    tmp_path: Path, expression: str, column: int, line: str
) -> None:
    """With what was probably meant."""
    said = answer(tmp_path, HEAD + f"  - {{id: a, kind: expr, expression: {expression}, then: deny, reason: r}}\n")
    assert said.startswith(f"policy.yaml:3:{column}: rules.a.expression: ")
    assert line in said


@pytest.mark.parametrize(
    ("expression", "column", "line"),
    [
        ("action.tool == 'send_tutorail'", 52, "unknown tool 'send_tutorail'"),
        ("'send_tutorail' != action.tool", 37, "unknown tool 'send_tutorail'"),
        ("account.id > 1 && action.tool in ['send_tutorial', 'bok_call']", 88, "unknown tool 'bok_call'"),
        ("action.catalogue_id == 'trial-taem'", 60, "unknown catalogue id 'trial-taem'"),
        ("drop.kind == 'al_quiet'", 50, "unknown kind of drop 'al_quiet'"),
        ("action.channel == 'emial'", 55, "unknown channel 'emial'"),
        ("action.purpose == 'retentoin'", 55, "unknown purpose 'retentoin'"),
    ],
)
def test_a_name_that_an_expression_compares_with_must_exist(
    tmp_path: Path, expression: str, column: int, line: str
) -> None:
    """Such a comparison would always come out the same; the name is pointed at, with what was probably meant."""
    said = answer(
        tmp_path, HEAD + f'  - {{id: a, kind: expr, expression: "{expression}", then: deny, reason: r}}\n'
    )
    assert said.startswith(f"policy.yaml:3:{column + 1}: {line} in ")
    assert "; did you mean '" in said


@pytest.mark.parametrize(
    "expression",
    [
        "history.exists(h, h.tool == 'by_hand')",
        "action.tool.startsWith('send')",
        "action.tool == 'send_' + 'tutorial'",
        "'send_' + 'tutorial' == action.tool",
        "account.tags.exists(t, t == action.tool)",
        "action.tool == 'send_tutorial' && action.arguments['x'] == 'y'",
        "action.tool == 'send\\\\x5ftutorial'",
        "contact.language == 'xx' && drop.feature == 'anything'",
    ],
)
def test_what_an_expression_may_compare_with(tmp_path: Path, expression: str) -> None:
    """Parts of names, names put together, other facts: nothing is known of those."""
    (tmp_path / "p.yaml").write_text(
        HEAD + f'  - {{id: a, kind: expr, expression: "{expression}", then: deny, reason: r}}\n'
    )
    assert load(tmp_path / "p.yaml").rules[0].id == "a"


def test_the_text_of_a_line_cannot_move_the_cursor(tmp_path: Path) -> None:
    """What cannot be seen in a line is shown as a dot."""
    said = answer(tmp_path, HEAD + "  - {id: a, kind: consent, purpos: \u202e\u200fx}\n")
    assert "purpos: ··x" in said


def test_where_a_rule_stands(tmp_path: Path) -> None:
    """Findings name the file, line and column of a rule, or of a place inside it."""
    (tmp_path / "a.yaml").write_text(HEAD + "  - {id: one, kind: consent}\n  - kind: consent\n    id: two\n")
    loaded = load_placed(tmp_path / "a.yaml", Known(TOOLS, IDS, None, {}))
    assert loaded.where("one") == f"{tmp_path}/a.yaml:3:6"
    assert loaded.where("two") == f"{tmp_path}/a.yaml:5:5"
    assert loaded.where("two", "kind") == f"{tmp_path}/a.yaml:4:5"
    assert loaded.where("two", "when", "tools", 3) == f"{tmp_path}/a.yaml:4:5"
