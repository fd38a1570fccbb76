"""A mistake in a policy is answered with its place and what to do; nothing wrong is ever accepted."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.load import PACKAGED, load_policy
from policies.policy import Policy
from policies.rules import KINDS
from tests.unit.policies.samples import FOLDER, TOOLS
from winback.errors import InputError

IDS = frozenset({"reports-first", "trial-team"})
ARGUMENTS = {"offer_trial_upgrade": frozenset({"trial", "days"})}
HEAD = "version: 1\nrules:\n"


def load(path: Path | None) -> Policy:
    return load_policy(path, tools=TOOLS, catalogue_ids=IDS, channels=frozenset({"email"}), arguments=ARGUMENTS)


def refusal(file: Path) -> str | None:
    """Why a file is refused; None when it loads."""
    try:
        load(file)
    except InputError as error:
        return str(error)
    return None


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
                "policy.yaml:4:5: rules.0.kind: unknown 'quiet_hour' in \"kind: quiet_hour\"; "
                "did you mean 'quiet_hours'?"
            ),
        ),
        (HEAD + "  - id: a\n", "policy.yaml:3:5: key 'kind' is missing in \"- id: a\"; add 'kind'"),
        (HEAD + "  - kind: consent\n", "policy.yaml:3:5: key 'id' is missing in \"- kind: consent\"; add 'id'"),
        (
            HEAD + "  - id: a\n    kind: kill_switch\n    engaged: on\n",
            (
                "policy.yaml:5:5: rules.0.engaged: should be true or false, not 'on' in \"engaged: on\"; "
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
                "policy.yaml:6:20: rules.0.when.drops.0: Input should be 'all_quiet', 'feature_fell', "
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
            HEAD
            + "  - id: a\n    kind: on_model_failure\n    then: playbook\n    playbook: {all_quiet: nothing}\n",
            (
                "policy.yaml:6:16: unknown tool 'nothing' in \"playbook: {all_quiet: nothing}\"; "
                "known: book_call, offer_trial_upgrade, send_tutorial"
            ),
        ),
        (
            HEAD + "  - id: a\n    kind: value_limit\n    single:\n",
            "policy.yaml:5:5: 'single' has no value; give it one, or leave the key out",
        ),
        (
            HEAD + "  - id: a\n    kind: consent\n  - id: a\n    kind: consent\n",
            "policy.yaml:5:5: the id 'a' is taken by policy.yaml:3:5; choose another id",
        ),
        (
            HEAD + "  - id: a\n    kind: consent\n    purpose: retention\n    purpose: news\n",
            (
                'policy.yaml:6:5: malformed YAML: found duplicate key "purpose" with value "news" '
                '(original value: "retention"); mend the line'
            ),
        ),
        ("version: 2\nrules: [{id: a, kind: consent}]\n", "policy.yaml:1:1: version: Input should be 1, not 2"),
        ("version: 1\n", "policy.yaml:1:1: key 'rules' is missing"),
        ("version: 1\nrules: []\n", "policy.yaml:2:1: rules: List should have at least 1 item"),
        ("version: 1\nrules: consent\n", "policy.yaml:2:1: rules: should be a list, not 'consent'"),
        ("- one\n", "policy.yaml:1:1: the file: should be a mapping of keys to values"),
        ("", "policy.yaml:1:1: is empty"),
        ("version: 1\nrules: [\n", "policy.yaml:3:1: malformed YAML"),
    ],
)
def test_a_mistake_is_answered_with_its_place(tmp_path: Path, text: str, line: str) -> None:
    """File, line, column, the text of the line, and what was probably meant."""
    assert answer(tmp_path, text).replace(f"{tmp_path}/", "").startswith(line)


def test_unknown_keys_are_compared_with_keys_of_that_kind(tmp_path: Path) -> None:
    """`share` is a key of another kind, so it is not suggested; the keys that may stand there are listed."""
    line = answer(tmp_path, HEAD + "  - id: a\n    kind: consent\n    shares: 1\n")
    assert "share'" not in line.replace("'shares'", "")
    assert line.endswith("known here: channel, id, kind, mode, purpose, unknown, when")


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
        f"{tmp_path}/b.yaml:3:6: the id 'one' is taken by {tmp_path}/a.yaml:3:6; choose another id"
    )


@pytest.mark.parametrize(
    ("name", "what"), [(None, "holds no *.yaml file"), ("rules.yml", "ends in .yml and would not be read")]
)
def test_a_folder_that_says_nothing_is_refused(tmp_path: Path, name: str | None, what: str) -> None:
    """An empty folder, or a file that would be passed over, is a mistake and not a silent policy."""
    if name:
        (tmp_path / name).write_text(HEAD)
    with pytest.raises(InputError, match=re.escape(what)):
        load(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that leads nowhere is answered in one line."""
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "nowhere.yaml")


def test_without_a_path_the_packaged_default_holds() -> None:
    """No policy named means the cautious one, and it names itself."""
    assert load(None).source == PACKAGED
    assert load(None).hash == load(FOLDER / "default.yaml").hash


# Every kind and every way of writing, short because the parser takes its time.
LINES = """\
version: 1
rules:
  - id: acts
    kind: allow_tools
    allow:
      - tools: [send_tutorial]
        mode: auto
        arguments: {minutes: {max: 5}}
  - {id: cap, kind: frequency_cap, scope: account, max: 1, window: {kind: rolling, days: 7}}
  - id: night
    kind: quiet_hours
    from: "20:00"
    to: "08:00"
    when:
      value: {min: 0.5}
  - {id: yes, kind: consent, unknown: deny}
  - {id: spend, kind: value_limit, total: {max: 10, window: {kind: calendar, unit: day, zone: operator}}}
  - {id: eyes, kind: risk_review, confidence_below: 0.5, embedded_model: false}
  - {id: stop, kind: kill_switch, engaged: false, reason: 'none'}
  - id: failure
    kind: on_model_failure
    then: playbook
    playbook: {all_quiet: book_call}
  - {id: wait, kind: expires, hours: 24, tools: {book_call: 12}}
  - {id: held, kind: holdout, share: 0.1, seed: s}
""".splitlines()
GARBAGE = st.one_of(
    st.sampled_from(
        ["\t", ": ", "- ", "[", "{", "}", "&a ", "*a", "!!python/object:x ", "'", '"', "\0", "~", "%"]
    ),
    st.text(max_size=8),
)


@st.composite
def mutilated(draw: st.DrawFn) -> str:
    """The default policy with a few lines lost, doubled, indented, cut, or with something written into them."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        cut = draw(st.integers(0, len(lines[at])))
        match draw(st.sampled_from(("lose", "double", "indent", "cut", "insert", "swap"))):
            case "lose":
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case "indent":
                lines[at] = f"  {lines[at]}"
            case "cut":
                lines[at] = lines[at][:cut]
            case "insert":
                lines[at] = lines[at][:cut] + draw(GARBAGE) + lines[at][cut:]
            case "swap":
                other = draw(st.integers(0, len(lines) - 1))
                lines[at], lines[other] = lines[other], lines[at]
    return "\n".join(lines)


def test_the_policy_that_is_mutilated_is_sound(tmp_path: Path) -> None:
    """What the next test breaks was whole, and named every kind."""
    (tmp_path / "whole.yaml").write_text("\n".join(LINES))
    assert {type(rule) for rule in load(tmp_path / "whole.yaml").rules} == set(KINDS)


@settings(max_examples=300, deadline=None)
@given(text=mutilated())
def test_a_mutilated_policy_is_answered_and_never_a_traceback(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It loads, or it is refused in one line with file and line number."""
    file = tmp_path_factory.getbasetemp() / "mutilated.yaml"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    line = refusal(file)
    if line is not None:
        assert re.match(rf"{re.escape(str(file))}:\d+:\d+: ", line)
        assert "\n" not in line
