"""`winback policy explain`: why a case was decided as it was, or how a made-up one would be."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from policies.evaluate import evaluate
from policies.policy import Policy
from policies.trial.act_words import told as told_act
from policies.trial.case import read_case
from policies.verdict import Verdict
from policies.words import explain, spoken_in, summary
from winback.cli.context import Session, json_option, pass_session, print_json
from winback.cli.policy_files import in_force
from winback.cli.terminal import plain_text
from winback.errors import InputError
from winback.store.opening import open_store
from workers.hindsight.sentences import told_agent, told_now, told_option, without_verdict
from workers.hindsight.told import ToldEntry, ToldVerdict, told_case

MOST = 2**31 - 1
MOST_DIGITS = 20
SILENT = " says nothing: "


@click.command("explain")
@click.argument("case", metavar="CASE|FILE")
@click.option("--all", "every", is_flag=True, help="Each decision in the case, not the latest alone.")
@json_option
@pass_session
def command(session: Session, case: str, every: bool, as_json: bool) -> None:
    """Tell why a decision came out as it did, rule by rule; of a case by its number, or of a case file.

    A case file (docs/policy-tools.md) is judged by the configured policy. What was logged is told as it
    was logged, with what the policy in force now says of the same facts.
    """
    policy = in_force(session)
    if not case.isdecimal():
        _explain_file(session, policy, Path(case), every=every, as_json=as_json)
        return
    number = int(case[:MOST_DIGITS])
    if len(case) > MOST_DIGITS or not 1 <= number <= MOST:
        shown = case if len(case) <= MOST_DIGITS else f"{case[:MOST_DIGITS]}..."
        raise InputError(f"there is no case {shown}", fix="see 'winback log tail'")
    with open_store(session.settings) as store:
        found = told_case(store, number, policy, every=every)
    if as_json:
        entries = [_plain_entry(one, policy) for one in found.entries]
        print_json({"case": number, "account": found.account, "entries": entries})
        return
    say(session, f"Case {case}: {found.account}")
    for one in found.entries:
        session.out.print()
        for line in _entry_lines(one, policy):
            say(session, line)


def _explain_file(session: Session, policy: Policy, path: Path, *, every: bool, as_json: bool) -> None:
    if every:
        raise InputError("a case file holds one decision", where="--all", fix="leave it out")
    act = read_case(path).act(policy)
    verdict = evaluate(policy, act)
    if as_json:
        print_json({"file": str(path), "act": told_act(act), "policy": policy.hash, **_plain_verdict(verdict)})
        return
    say(session, f"{path}: {told_act(act)}")
    for line in (f"{summary(verdict)}.", *_rule_lines(verdict), f"Policy {policy.hash[:12]}."):
        say(session, line)


def say(session: Session, line: str) -> None:
    """One line, with nothing in it that a terminal obeys."""
    session.out.print(plain_text(line), soft_wrap=True)


def _entry_lines(told: ToldEntry, policy: Policy) -> Iterator[str]:
    entry = told.entry
    yield f"Entry {entry.name}, {told.at:%Y-%m-%d %H:%M} UTC, {entry.kind.replace('_', ' ')}"
    if entry.pruned:
        yield "What it was judged by was removed, as when a person is erased; what the entry itself says:"
        yield f"{told.body.get('decision', 'judged')} by {', '.join(told.body.get('rules', ())) or 'no rule'}"
    elif not told.verdicts:
        yield without_verdict(told)
    elif len(told.verdicts) == 1:
        yield from _verdict_lines(told.verdicts[0], policy)
    else:
        yield from _option_lines(told.verdicts, policy)
    yield _policy(told)


def _verdict_lines(one: ToldVerdict, policy: Policy) -> Iterator[str]:
    yield f"{told_option(one.facts)}, {told_agent(one.facts)}"
    yield f"{summary(one.verdict)}."
    yield from _rule_lines(one.verdict)
    if one.shadow is not None:
        yield f"The shadow policy: {summary(one.shadow)}."
    yield told_now(one, policy)


def _option_lines(options: Sequence[ToldVerdict], policy: Policy) -> Iterator[str]:
    """Of many options only the rules that spoke, and of the policy in force only what it would change."""
    yield f"Nothing was allowed: all {len(options)} options were denied, so the model was not asked."
    for number, one in enumerate(options, start=1):
        yield f"Option {number}: {told_option(one.facts)}"
        deciding, speaking, _ = spoken_in(one.verdict)
        yield from (f"  > {explain(each)}" for each in deciding)
        yield from (f"    {explain(each)}" for each in speaking)
        if one.shadow is not None and one.shadow.decision is not one.verdict.decision:
            yield f"  The shadow policy: {summary(one.shadow)}."
    now = [told_now(one, policy) for one in options]
    if len(set(now)) == 1:
        yield now[0]
    else:
        yield from (f"Option {number}: {line}" for number, line in enumerate(now, start=1))


def _rule_lines(verdict: Verdict) -> Iterator[str]:
    """The rules that decided, marked; the others that spoke; the silent ones."""
    deciding, speaking, silent = spoken_in(verdict)
    yield from (f"  > {explain(one)}" for one in deciding)
    yield from (f"    {explain(one)}" for one in speaking)
    if silent:
        yield "  These had nothing to say:"
        yield from (f"    {explain(one).replace(SILENT, ': ', 1)}" for one in silent)


def _policy(told: ToldEntry) -> str:
    version = told.version
    if version is not None:
        return f"Policy {version.hash[:12]}, in force since {version.at:%Y-%m-%d %H:%M} UTC, by {version.author}."
    judged_by = told.verdicts[0].verdict.policy_hash if told.verdicts else told.body.get("policy")
    return f"Policy {judged_by[:12]}." if judged_by else "The entry does not name its policy."


def _plain_entry(told: ToldEntry, policy: Policy) -> dict[str, Any]:
    version = told.version
    return {
        "entry": told.entry.name,
        "at": told.at,
        "kind": told.entry.kind,
        "body": told.body,
        "judged": [
            {
                "tool": one.facts.action.tool,
                "catalogue_id": one.facts.action.catalogue_id,
                "moment": one.facts.moment,
                **_plain_verdict(one.verdict),
                "shadow": None if one.shadow is None else _plain_verdict(one.shadow),
                "now": {"policy": policy.hash, "differs": list(one.differs), **_plain_verdict(one.now)},
            }
            for one in told.verdicts
        ],
        "policy": version and {"hash": version.hash, "since": version.at, "author": version.author},
    }


def _plain_verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "decision": verdict.decision,
        "not_before": verdict.not_before,
        "summary": summary(verdict),
        "rules": [
            {
                "rule": one.rule,
                "kind": one.kind,
                "mode": one.mode,
                "decision": one.decision,
                "code": one.code,
                "saw": dict(one.saw),
                "says": explain(one),
                "deciding": one.rule in verdict.deciding,
            }
            for one in verdict.results
        ],
    }
