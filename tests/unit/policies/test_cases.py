"""The cases of the packaged policies hold, and each rule has one; a case that is wrong says where."""

from pathlib import Path

import pytest

from policies.evaluate import evaluate
from policies.load import PACKAGED, Known, load_placed
from policies.plain import facts_to_plain
from policies.policy import Policy
from policies.trial.act_words import changes_of
from policies.trial.case import SOUND, Case, act_of, cases_beside, read_case, read_cases
from policies.trial.case_report import run_cases
from policies.verdict import Decision
from tests.unit.policies.samples import FOLDER, TOOLS
from tools.catalogue import load_catalogue
from winback.errors import InputError

HEADS = {"allowed": "allow", "deferred": "allow", "reviewed": "review", "denied": "deny"}


def packaged(name: str) -> Policy:
    known = Known(TOOLS, load_catalogue(None).ids(), None, {})
    return load_placed(FOLDER / f"{name}.yaml", known).policy


POLICIES = {name: packaged(name) for name in ("default", "demo")}
CASES = {name: read_cases(cases_beside(FOLDER / f"{name}.yaml")) for name in POLICIES}


@pytest.mark.parametrize(
    ("name", "case"),
    [(name, case) for name, cases in CASES.items() for case in cases],
    ids=lambda one: one.name if isinstance(one, Case) else one,
)
def test_case(name: str, case: Case) -> None:
    """The packaged policy judges the act as the file expects, and the file is named for it."""
    (tried,) = run_cases(POLICIES[name], [case]).tried
    assert tried.problems == ()
    assert case.expect.decision == HEADS[case.name.split("_")[0]]
    assert (case.expect.not_before is not None) == case.name.startswith("deferred")


@pytest.mark.parametrize("name", POLICIES)
def test_every_rule_speaks_in_some_case(name: str) -> None:
    """No rule of a packaged policy is there untried."""
    report = run_cases(POLICIES[name], CASES[name])
    assert report.silent == ()
    assert report.percent == 100


@pytest.mark.parametrize("name", POLICIES)
def test_the_sound_act_is_allowed(name: str) -> None:
    """Each case differs in what it says from an act that passes, so it is that difference which decides."""
    case = Case(
        "sound", "", act_of({}), CASES[name][0].expect.model_copy(update={"rule": None}), CASES[name][0].file
    )
    verdict = evaluate(POLICIES[name], case.act(POLICIES[name]))
    assert verdict.decision is Decision.ALLOW
    assert verdict.people == 0
    assert verdict.not_before is None


def test_the_sound_act_names_every_fact() -> None:
    """What a case does not change is written down, not left to a default that could move."""
    plain = facts_to_plain(act_of({}))
    assert plain.keys() == SOUND.keys()
    for part in ("action", "drop", "account", "contact", "agent"):
        assert plain[part].keys() == SOUND[part].keys()


def test_cases_lie_beside_their_policy(tmp_path: Path) -> None:
    """Of X.yaml in cases/X where that is, else in cases; of a folder in its cases."""
    assert cases_beside(PACKAGED) == FOLDER / "cases" / "default"
    assert cases_beside(tmp_path / "mine.yaml") == tmp_path / "cases"
    (tmp_path / "cases" / "mine").mkdir(parents=True)
    assert cases_beside(tmp_path / "mine.yaml") == tmp_path / "cases" / "mine"
    assert cases_beside(tmp_path) == tmp_path / "cases"


def test_an_empty_mapping_means_nothing_in_it(tmp_path: Path) -> None:
    """`consent: {}` is somebody of whom nobody knows anything; the case is told as it is written."""
    (tmp_path / "case.yaml").write_text(
        "# a\nfacts: {contact: {consent: {}}}\nexpect: {decision: deny, code: unknown, rule: consent}\n"
    )
    case = read_case(tmp_path / "case.yaml")
    assert case.facts.contact is not None
    assert case.facts.contact.consent == {}
    assert run_cases(POLICIES["default"], [case]).failing == ()
    assert changes_of(case.facts) == {"contact": {"consent": {}}}


EXPECT = "expect: {decision: allow}\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (EXPECT, f'case.yaml:1:1: does not say what it is about in "{EXPECT.strip()}"; say it in a comment'),
        ("#  \n" + EXPECT, "case.yaml:1:1: does not say what it is about"),
        ("# a\nfacts: {account: {}}\n" + EXPECT, "case.yaml:2:9: facts.account: is empty and changes nothing in "),
        ("# a\nfacts: {contact: {}}\n" + EXPECT, "case.yaml:2:9: facts.contact: is empty and changes nothing in "),
        ("# a\nfacts: {acton: {}}\n" + EXPECT, "case.yaml:2:9: unknown key 'acton'"),
        ("# a\nfacts: {action: {tol: x}}\n" + EXPECT, "case.yaml:2:18: unknown key 'tol'"),
        (
            "# a\nfacts: {action: {tool: 4}}\n" + EXPECT,
            "case.yaml:2:18: facts.action.tool: Input should be a valid s",
        ),
        (
            "# a\nfacts: {agent: {embedded: 1}}\n" + EXPECT,
            "case.yaml:2:17: facts.agent.embedded: should be true or",
        ),
        (
            "# a\nfacts: {moment: acting}\n" + EXPECT,
            "case.yaml:2:9: facts.moment: Input should be 'propose' or 'act'",
        ),
        ("# a\nfacts: {now: 2026-03-04}\n" + EXPECT, "case.yaml:2:9: facts.now: should be a moment with a zone"),
        (
            "# a\nfacts: {now: '2026-03-04T12:00:00'}\n" + EXPECT,
            "case.yaml:2:9: facts.now: should be a moment with",
        ),
        (
            "# a\nfacts: {contact: {consent: {email/retention: {state: granted, on: 7}}}}\n" + EXPECT,
            "case.yaml:2:63: facts.contact.consent.email/retention.on: should be a day",
        ),
        ("# a\nfacts: {history: [{tool: a}]}\n" + EXPECT, "case.yaml:2:19: key 'at' is missing"),
        (
            "# a\nexpect: {decision: alow}\n",
            "case.yaml:2:10: expect.decision: Input should be 'allow', 'review' or",
        ),
        ("# a\nexpect: {decision: allow, code: x}\n", "case.yaml:2:1: expect: code needs the rule that says it"),
        ("# a\nfacts: {}\n", "case.yaml:2:1: key 'expect' is missing"),
    ],
)
def test_a_case_that_is_wrong_says_where(tmp_path: Path, text: str, line: str) -> None:
    """Unknown keys and wrong types are one line, with the place."""
    (tmp_path / "case.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        read_case(tmp_path / "case.yaml")
    assert str(caught.value).removeprefix(f"{tmp_path}/").startswith(line)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "facts: {counts: {contacts in 168: 3}}\n" + EXPECT,
            "unknown question 'contacts in 168' in \"facts: {counts: {contacts in 168: 3}}\"; did you mean",
        ),
        (
            "facts: {draws: {winback: 0.5}}\n" + EXPECT,
            "unknown seed 'winback' in \"facts: {draws: {winback: 0.5}}\"; did you mean 'winback-1'?",
        ),
        (
            "expect: {decision: allow, rule: cap-acount}\n",
            "unknown rule 'cap-acount' in \"expect: {decision: allow, rule: cap-acount}\"; did you mean",
        ),
        ("expect: {decision: deny, rule: built_in.contct}\n", "did you mean 'built_in.contact'?"),
        (
            "expect: {decision: deny, rule: stop, code: stoped}\n",
            "unknown code of kill_switch 'stoped' in \"expect: {decision: deny, rule: stop, code: stoped}\"",
        ),
    ],
)
def test_a_case_that_speaks_of_what_the_policy_lacks(tmp_path: Path, text: str, line: str) -> None:
    """A misspelt rule, code, question or seed would make a case that tests nothing."""
    (tmp_path / "case.yaml").write_text("# a\n" + text)
    with pytest.raises(InputError, match=r"case.yaml:2:\d+: ") as caught:
        run_cases(POLICIES["default"], [read_case(tmp_path / "case.yaml")])
    assert line in str(caught.value)


def test_dates_may_be_written_without_quotes_and_the_past_in_any_order(tmp_path: Path) -> None:
    """YAML's own dates are taken; earlier contacts are put newest first."""
    (tmp_path / "case.yaml").write_text(
        "# a\nfacts:\n  now: 2026-03-05T12:00:00Z\n  history:\n"
        "    - {at: 2026-01-01T00:00:00Z, contact: 1, tool: a, channel: email}\n"
        "    - {at: 2026-02-01T01:00:00+01:00, contact: 2, tool: a, channel: email}\n" + EXPECT
    )
    facts = read_case(tmp_path / "case.yaml").facts
    assert [one.contact for one in facts.history] == [2, 1]
    assert facts_to_plain(facts)["now"].startswith("2026-03-05T12:00:00")


@pytest.mark.parametrize(
    ("made", "line"),
    [
        ((), "holds no *.yaml file"),
        (("a.yml",), "ends in .yml and would not be read"),
        (("a.YAML",), "ends in .YAML and would not be read"),
        ((".a.yaml",), "holds no *.yaml file"),
        (None, "there is no such"),
    ],
)
def test_a_folder_without_cases_is_no_success(tmp_path: Path, made: tuple[str, ...] | None, line: str) -> None:
    """Nothing tested is a mistake."""
    folder = tmp_path / "cases"
    if made is not None:
        folder.mkdir()
        for name in made:
            (folder / name).write_text("")
    with pytest.raises(InputError) as caught:
        read_cases(folder)
    assert line in str(caught.value)


def test_a_failing_case_says_what_was_expected_and_what_came(tmp_path: Path) -> None:
    """Each thing that differs, and each rule that decided, in words."""
    (tmp_path / "case.yaml").write_text(
        "# Nobody may be told\nfacts: {contact: {unsubscribed: true}}\n"
        'expect: {decision: allow, rule: consent, code: refused, not_before: "2026-03-05T07:00:00Z"}\n'
    )
    (tried,) = run_cases(POLICIES["default"], [read_case(tmp_path / "case.yaml")]).failing
    assert tried.problems == (
        "expected allow, and it is denied (built_in.contact: the contact has unsubscribed)",
        (
            "expected refused of consent, and consent says nothing: consent to email for retention was given on "
            "2026-01-15 (granted)"
        ),
        "expected not before 2026-03-05T07:00:00+00:00, and it is at once",
    )
    assert tried.sentences == ("built_in.contact denies: the contact has unsubscribed",)
