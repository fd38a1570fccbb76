"""One expression in CEL: what is true takes its effect, and so does whatever goes wrong."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.load import Known, load_policy
from policies.rules import AnyRule
from policies.rules.cel_context import context_for
from policies.rules.cel_names import VARIABLES, names_in
from policies.verdict import Decision
from tests.unit.policies.samples import FOLDER, TOOLS, facts, judged, rule
from tests.unit.policies.strategies import any_facts
from winback.errors import InputError

DENY = Decision.DENY
REPLY = {"kind": "reply", "at": "2026-03-01T12:00:00Z", "contact": 7}


def expr(expression: str, then: str = "deny", reason: str = "because") -> AnyRule:
    return rule("expr", expression=expression, then=then, reason=reason)


@pytest.mark.parametrize(
    ("expression", "true"),
    [
        ("account.value_per_month > 50.0 && drop.kind == 'feature_fell'", True),
        ("account.value_per_month == 99", True),
        ("account['plan'] == 'starter'", False),
        ("account.region.startsWith('DE') && 'annual' in account.tags", True),
        ("account.tags.exists(t, t == 'key-account')", False),
        ("moment == 'act'", False),
        ("now == timestamp('2026-03-04T12:00:00Z')", True),
        ("now.getDayOfWeek() == 3 && now.getHours() >= 12", True),
        ("action.tool == 'send_tutorial' && action.channel == 'email'", True),
        ("agent.source == 'model' && agent.confidence < 0.95", True),
        ("contact.language == 'en' && contact.consent['email/retention'].state == 'granted'", True),
        ("now - contact.consent['email/retention'].on > duration('720h')", True),
        ("size(history) == 1 && history.size() == 1", True),
        ("history.exists(h, h.tool == 'send_tutorial' && now - h.at < duration('720h'))", False),
        ("history[0].channel == 'email'", True),
        ("happenings.exists(h, h.kind == 'reply' && h.contact == contact.id)", True),
        ("history.filter(h, h.channel == 'email').exists(h, h.tool == 'send_tutorial')", True),
        ("history.filter(h, h.channel == 'email').exists(other, other.tool == 'send_tutorial')", True),
        ("account.value_per_month * 2.0 == 198.0", True),
        ("happenings.map(h, h.kind) == ['reply']", True),
        ("happenings.exists(h, history.exists(p, p.at < h.at && p.tool == 'send_tutorial'))", True),
        ("happenings.exists(h, h.kind == 'x') || history.exists(h, h.tool == 'send_tutorial')", True),
        ("has(account.plan) ? account.plan == 'team' : false // who pays", True),
        ("has(agent.failure) && agent.failure == 'timed out'", False),
        ('account.plan == "team" && "(account.x)" != r"\\"', True),
    ],
)
def test_an_expression_looks_at_the_facts(expression: str, true: bool) -> None:
    """True takes the effect with the reason, false says nothing."""
    act = facts(happenings=[REPLY], account={"value_per_month": 99})
    for then, decision in (("deny", DENY), ("review", Decision.REVIEW)):
        said = judged(expr(expression, then), act)
        assert (said.decision, said.code) == ((decision, "true") if true else (None, "false")), said


@pytest.mark.parametrize(
    ("expression", "changes", "code"),
    [
        ("1 / 0 == 1", {}, "error"),
        ("account.plan", {}, "error"),
        ("size(history)", {}, "error"),
        ("0", {}, "error"),
        ("size(history) > 0 ? null : true", {}, "error"),
        ("account.plan == 'x'", {"account": {"plan": None}}, "missing_field"),
        ("account.plan != 'x'", {"account": {"plan": None}}, "missing_field"),
        ("contact.language == 'x'", {"contact": None}, "missing_field"),
        ("action.arguments.days > 3", {}, "missing_field"),
        (
            "history.exists(h, h.contact == 3)",
            {"history": [{**REPLY, "tool": "x", "channel": "e", "contact": None}]},
            "",
        ),
        ("account.value_per_month * 2 > 1.0", {}, "error"),
        ("9223372036854775807 + 1 > 0", {}, "error"),
        ("account.plan.matches('(')", {}, "error"),
        ("history[3].tool == 'x'", {}, "error"),
    ],
)
def test_whatever_goes_wrong_takes_the_effect(expression: str, changes: dict[str, Any], code: str) -> None:
    """An error, an answer that is neither true nor false, and a fact that is not known all take `then`."""
    for past in changes.get("history", []):
        past.pop("kind", None)
    for then, decision in (("deny", DENY), ("review", Decision.REVIEW)):
        said = judged(expr(expression, then), facts(**changes))
        assert said.decision is decision
        assert said.code == (code or "missing_field")


def test_a_missing_fact_is_named_in_full() -> None:
    """The log says which fact it was."""
    said = judged(expr("contact.zone == 'x'"), facts(contact={"zone": None}))
    assert dict(said.saw) == {"field": "contact.zone"}


@pytest.mark.parametrize(
    ("expression", "problem", "place"),
    [
        ("account.plna == 'x'", "account has no 'plna'; did you mean 'plan'?", "6:15"),
        ("account['plna'] == 'x'", "account has no 'plna'; did you mean 'plan'?", "6:15"),
        ("acount.plan == 'x'", "there is no 'acount'; did you mean 'account'?", "6:7"),
        ("history.exists(h, h.tol == 'x')", "one of history has no 'tol'; did you mean 'tool'?", "6:27"),
        ("moment.kind == 'x'", "moment has no 'kind'", "6:14"),
        ("counts.x > 1", "there is no 'counts'; did you mean 'account'?", "6:7"),
        ("sise(history) > 1", "there is no function 'sise'; did you mean 'size'?", "6:7"),
        (
            "history.exists(now, now.tool == 'x')",
            "'now' is a fact; call what runs over the list something else",
            "6:22",
        ),
        ("1 +", "line 1, column 4 of the expression: mismatched input end", "6:10"),
        ("1 == 1 &&\n  ) 2", "line 2, column 3 of the expression: extraneous input ')'", "7:9"),
        ("true " * 500, "String should have at most 2000 characters", "5:5"),
        ("(" * 65 + "true" + ")" * 65, "holds more than 64 brackets", "6:7"),
        ("1" + "+1" * 301 + " == 1", "or 300 operators", "6:7"),
        ("history.all(a, history.all(b, history.all(c, true)))", "more than 2 loops within each other", "6:7"),
    ],
)
def test_a_mistake_is_found_when_the_policy_is_loaded(
    expression: str, problem: str, place: str, tmp_path: Path
) -> None:
    """File, line and column of the mistake itself, what it is, and what was probably meant; in one line."""
    file = tmp_path / "policy.yaml"
    indented = expression.replace("\n", "\n      ")
    text = f"version: 1\nrules:\n  - id: a\n    kind: expr\n    expression: |-\n      {indented}\n"
    file.write_text(f"{text}    then: deny\n    reason: because\n")
    with pytest.raises(InputError) as caught:
        load_policy(file, Known(TOOLS, set()))
    line = str(caught.value)
    assert line.startswith(f"{file}:{place}: rules.a.expression: ")
    assert problem in line
    assert f' in "{file.read_text().splitlines()[int(place.partition(":")[0]) - 1].strip()[:90]}' in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("account.id > 1 &&& true", "5:34"),
        ("'account.zone == ''x'' &&& true'", "5:42"),
        (r'"account.zone == \"x\" &&& true"', "5:42"),
        (">-\n      account.id > 1\n      &&& true", "7:9"),
        ("|\n\n      account.id > 1\n        &&& true", "8:11"),
        ("account.id > 1\n      &&& true", "6:9"),
        (r'"account.id > \u0031 &&& true"', "5:5"),
    ],
)
def test_a_mistake_is_pointed_at_however_the_expression_is_written(
    written: str, place: str, tmp_path: Path
) -> None:
    """Plain, in quotes, folded or as it stands; where escapes hide the place, at the key."""
    file = tmp_path / "policy.yaml"
    head = "version: 1\nrules:\n  - id: a\n    kind: expr\n"
    file.write_text(f"{head}    expression: {written}\n    then: deny\n    reason: r\n")
    with pytest.raises(InputError) as caught:
        load_policy(file, Known(TOOLS, set()))
    assert str(caught.value).startswith(f"{file}:{place}: ")


@pytest.mark.parametrize("then", ["allow", None])
def test_an_expression_cannot_allow(then: str | None) -> None:
    """Only `allow_tools` allows; and people must be told why."""
    with pytest.raises(ValidationError):
        rule("expr", expression="true", reason="because", **({"then": then} if then else {}))
    with pytest.raises(ValidationError):
        rule("expr", expression="true", then="deny")


DEEP = [
    "'(' * 2000",
    "'(' * 1000 + ')' * 1000",
    "'[' * 2000",
    "'!' * 1996 + 'true'",
    "'1' + '+1' * 999",
    "'1' + '+1' * 295",
    "'(' * 60 + '1' + ')' * 60",
    "'account' + '.plan' * 290",
    "'history' + '.map(h, h)' * 60",
    "'true' + '?true:true' * 100",
    "'{1:' * 60 + '1' + '}' * 60",
    r"'\"' * 2000",
]
WORKER = """
import threading
from pydantic import ValidationError
from tests.unit.policies.samples import facts, judged, rule

def work():
    for text in [{texts}]:
        try:
            print(judged(rule("expr", expression=text, then="deny", reason="r"), facts()).decision)
        except ValidationError:
            print("refused")

threading.stack_size(512 * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def run(code: str) -> str:
    """What a Python of its own prints; the test fails when it does not end well."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=FOLDER.parent, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_deep_or_endless_expression_does_not_end_the_process() -> None:
    """Even on the small stack of a thread: it is refused, or it is judged."""
    said = run(WORKER.replace("{texts}", ", ".join(DEEP)))
    assert len(said.splitlines()) == len(DEEP)


def test_the_package_is_not_imported_for_policies_without_an_expression() -> None:
    """It takes almost half a second, which no command pays that does not need it."""
    run("import sys, policies.load; assert 'cel' not in sys.modules and 'holidays' not in sys.modules")


def test_rules_of_one_policy_see_their_own_facts() -> None:
    """Rules that share a context, in several threads, each look at what they ask for, of the act at hand."""
    plan, value = expr("account.plan == 'team'").compile(), expr("account.value_per_month > 50.0").compile()
    acts = [facts(account={"plan": plan, "value_per_month": value}) for plan in "ab" for value in (1.0, 99.0)]
    acts += [facts(account={"plan": "team", "value_per_month": value}) for value in (1.0, 99.0)]

    def check(number: int) -> bool:
        act = acts[number % len(acts)]
        found = (plan.judge(act)[0].code == "true", value.judge(act)[0].code == "true")
        return found == (act.account.plan == "team", act.account.value_per_month == 99.0)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(check, range(2000)))


def test_each_thread_has_its_own_context() -> None:
    """An act that another thread judges in between changes nothing here; the rules of one policy share one."""
    mine, other = facts(), facts(account={"plan": "other"})
    first = context_for(mine, {"account": frozenset({"plan"})})
    with ThreadPoolExecutor(1) as pool:
        theirs = pool.submit(context_for, other, {"account": frozenset({"plan"})}).result()
    assert context_for(mine, {"drop": frozenset({"kind"})}) is first
    assert first.variables == {"account": {"plan": "team"}, "drop": {"kind": "feature_fell"}}
    assert theirs.variables == {"account": {"plan": "other"}}


@settings(max_examples=60, deadline=None)
@given(act=any_facts, field=st.sampled_from([(one, name) for one in VARIABLES for name in sorted(VARIABLES[one])]))
def test_every_fact_can_be_asked_for(act: Any, field: tuple[str, str]) -> None:
    """Each field that may be named is there when it is known, and missing when it is not."""
    owner, name = field
    if owner in ("history", "happenings"):
        said = judged(expr(f"{owner}.all(h, has(h.{name}) ? h.{name} == h.{name} : true)"), act)
        assert said.code == "true"
        return
    value = getattr(getattr(act, owner), name, None)
    assert judged(expr(f"has({owner}.{name})"), act).code == ("false" if value is None else "true")
    said = judged(expr(f"{owner}.{name} == {owner}.{name}"), act)
    assert said.code == ("missing_field" if value is None else "true")


@settings(max_examples=100, deadline=None)
@given(text=st.text(st.sampled_from("history.map(h,)'\"account[]{}&|1+ r\\"), max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    """What is not CEL is refused as a mistake in the file, and by nothing else."""
    names_in(text)
    with suppress(ValidationError):
        expr(text)
