"""The log judged again, on both databases: the same policy says the same, another one what would change."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import col, select

from policies.load import load_policy
from policies.policy import Policy
from policies.replay import Change
from tests.conftest import sqlite_world
from tools.catalogue import load_catalogue
from tools.registry import default_registry
from winback.decisions.entry import body_of, entry_name, spoken
from winback.store.bookkeeping import ModelUse
from winback.store.models import Account, Case, DecisionEntry, Effect, Interaction, Review
from winback.store.store import Store
from winback.testing.selector import ScriptedSelector
from winback.testing.world import AS_OF, NOON, add_account, failing, open_case, sample_drop, world
from winback.usage.drop import DropKind
from workers.act import act_all
from workers.hindsight import replay as replaying
from workers.hindsight.findings import Findings
from workers.hindsight.recount import Before, Happened, Series
from workers.hindsight.replay import replay, shadowed
from workers.known_names import known_names
from workers.policy_source import PolicySource
from workers.propose import propose_all
from workers.review import REJECT_CODES, approve, reject
from workers.services import Services

PACKAGED = Path(__file__).parents[2] / "policies"
TUTORIALS = """
version: 1
rules:
  - {id: tools, kind: allow_tools, allow: [
      {tools: [send_tutorial], drops: [feature_fell, stalled_start, all_quiet], mode: auto},
      {tools: [book_call], drops: [champion_left], mode: auto},
      {tools: [offer_trial_upgrade], drops: [limit_reached], mode: review}]}
  - {id: model-failure, kind: on_model_failure, then: skip}
"""
KINDS = tuple(DropKind)


def policy_of(text: str, folder: Path) -> Policy:
    """A policy written in a test."""
    path = folder / "against.yaml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path, known_names(default_registry(), load_catalogue(None)))


def live(services: Services, cases: int = 12, passes: int = 1) -> None:
    """Cases of every kind, some without consent; every pass proposes and acts an hour after the last."""
    with services.store.write("test") as session:
        for number in range(cases):
            consent = "unknown" if number % 5 == 4 else "granted"
            account = add_account(session, f"acc{number}", consent=consent)
            open_case(session, account, sample_drop(account.key, KINDS[number % len(KINDS)]))
    for _ in range(passes):
        propose_all(services, AS_OF)
        act_all(services)
        services.clock.set(services.clock.now() + timedelta(hours=1))  # type: ignore[attr-defined]


def count_of(found: Findings, change: Change) -> int:
    return sum(tally.count for (_, one), tally in found.tallies.items() if one == change)


def kept_same(found: Findings) -> bool:
    return all(change.same for _, change in found.tallies)


@pytest.mark.parametrize("name", ["default", "demo"])
def test_the_policy_that_judged_judges_the_same(store: Store, tmp_path: Path, name: str) -> None:
    """Every verdict of a lived database comes out again, rule by rule, at both moments, the non-actions too."""
    with world(store, tmp_path, (PACKAGED / f"{name}.yaml").read_text()) as services:
        live(services, 24, passes=2)
        with store.read() as session:
            waiting = session.exec(select(Review)).all()
        for one in waiting:
            approve(services, one.id or 0, one.action_hash, "rita")
        act_all(services)
        found = replay(store, services.policy)
    assert kept_same(found)
    assert (found.differing.count, found.altered.count, found.unknown.count, found.inexact) == (0, 0, 0, 0)
    assert found.reproduced == found.decisions > 24
    assert {moment for moment, _ in found.tallies} == {"propose", "act"}
    assert "held out" in {change.before for _, change in found.tallies}


lived_rules = st.lists(
    st.sampled_from(
        (
            "{id: consent, kind: consent, unknown: deny}",
            "{id: eyes, kind: risk_review}",
            "{id: cap, kind: frequency_cap, scope: global, max: 3, window: {kind: rolling, days: 7}}",
            "{id: t, kind: frequency_cap, scope: tool, max: 1, window: {kind: rolling, hours: 5}}",
            "{id: held, kind: holdout, share: 0.4, seed: s}",
            "{id: quiet, kind: quiet_hours, from: '10:00', to: '14:00', fallback_zone: operator}",
            "{id: value, kind: value_limit, total: {max: 100, window: {kind: rolling, days: 30}}}",
            "{id: stop, kind: kill_switch, engaged: true, when: {tools: [book_call]}}",
        )
    ),
    max_size=5,
    unique=True,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=lived_rules, added=lived_rules)
def test_what_was_denied_is_denied_by_a_stricter_policy(
    rules: list[str], added: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever policy was lived by: the same one reproduces all, one with more rules lets nothing more pass."""
    folder = tmp_path_factory.mktemp("lived")
    text = TUTORIALS + "".join(f"  - {one}\n" for one in rules)
    with sqlite_world(folder, text) as services:
        live(services, 10)
        same = replay(services.store, services.policy)
        more = [one for one in added if one not in rules]
        stricter = replay(services.store, policy_of(text + "".join(f"  - {one}\n" for one in more), folder))
    assert kept_same(same)
    assert (same.differing.count, same.unknown.count) == (0, 0)
    assert same.reproduced == same.decisions
    assert {change.after for _, change in stricter.tallies if change.before == "deny"} <= {"deny"}
    assert stricter.inexact == 0


@contextmanager
def shadowing(store: Store, folder: Path, live_text: str, shadow: str) -> Iterator[Services]:
    """A world with a shadow policy."""
    path = folder / "shadow.yaml"
    path.write_text(shadow, encoding="utf-8")
    names = known_names(default_registry(), load_catalogue(None))
    with world(store, folder, live_text) as services:
        yield replace(services, shadow=PolicySource(path, lambda: load_policy(path, names)))


COUNTING = """
version: 1
rules:
  - {id: tools, kind: allow_tools, allow: [{tools: [send_tutorial, book_call, offer_trial_upgrade], mode: auto}]}
  - {id: cap, kind: frequency_cap, scope: global, max: 4, window: {kind: rolling, days: 3}}
  - {id: calls, kind: frequency_cap, scope: tool, max: 2, window: {kind: calendar, unit: week, zone: operator}}
  - {id: value, kind: value_limit, total: {max: 60, window: {kind: rolling, days: 30}}}
  - {id: held, kind: holdout, share: 0.2, seed: another}
"""


def test_counting_again_gives_what_was_counted_then(store: Store, tmp_path: Path) -> None:
    """A replay of a log without the numbers agrees with the shadow policy that had them counted at the time."""
    everything = TUTORIALS.replace("mode: review", "mode: auto")
    with shadowing(store, tmp_path, everything, COUNTING) as services:
        live(services, 20)
        assert services.shadow is not None
        policy = services.shadow.policy
        then = shadowed(store, policy.hash)
        _forget(store, policy)
        again = replay(store, policy)
    assert (again.inexact, again.altered.count, again.unknown.count) == (0, 0, 0)
    assert again.tallies == then.tallies
    assert again.rules == then.rules
    assert {rule for _, rule in then.rules} == {"cap", "calls", "value", "held"}


def _forget(store: Store, policy: Policy) -> None:
    """Take out of the log what only the shadow policy had asked: as if there had been none."""

    def without(entry: DecisionEntry) -> dict[str, Any]:
        evidence = orjson.loads(entry.evidence or "{}")
        return {**evidence, "facts": {**evidence["facts"], "counts": {}, "draws": {}}}

    for key in _judged(store):
        rewrite(store, key, without)
    assert policy.seeds


def _judged(store: Store) -> list[int]:
    with store.read() as session:
        query = (
            select(DecisionEntry.id)
            .where(col(DecisionEntry.evidence).is_not(None))
            .order_by(col(DecisionEntry.id))
        )
        return [one or 0 for one in session.exec(query).all()]


def rewrite(store: Store, key: int, change: Callable[[DecisionEntry], dict[str, Any]]) -> None:
    """Give an entry another evidence, with the body that another Winback would have written for it."""
    with store.write("test") as session:
        entry = session.get_one(DecisionEntry, key)
        evidence = orjson.dumps(change(entry), option=orjson.OPT_SORT_KEYS)
        said = spoken(entry.body)
        rest = {
            name: value for name, value in said.items() if name not in ("at", "kind", "case", "step", "evidence")
        }
        body = body_of(entry.at, entry.kind, entry.case_id, entry.step, rest, evidence)
        entry.evidence, entry.body = evidence.decode(), body.decode()
        entry.entry_hash = hashlib.sha256(body).hexdigest()


def test_a_changed_policy_shows_what_would_change_and_what_became_of_the_cases(
    store: Store, tmp_path: Path
) -> None:
    """What would be denied stands beside recoveries, complaints and the reviewer's no, with the rule."""
    with world(store, tmp_path, TUTORIALS) as services:
        live(services, 10)
        with store.write("test") as session:
            effects = session.exec(select(Effect).order_by(col(Effect.id))).all()
            for effect in effects:
                session.get_one(Case, effect.case_id).outcome = "recovered"
            complaint = Interaction(
                account_id=effects[0].account_id, kind="complaint", by="rita",
                at=NOON + timedelta(days=1), recorded_at=NOON + timedelta(days=1),
            )  # fmt: skip
            early = Interaction(
                account_id=effects[1].account_id, kind="complaint", by="rita",
                at=NOON, recorded_at=NOON,
            )  # fmt: skip
            session.add_all([complaint, early])
        with store.read() as session:
            waiting = session.exec(select(Review)).all()
        reject(services, waiting[0].id or 0, waiting[0].action_hash, "rita", REJECT_CODES[0], "")
        stop = "  - {id: stop, kind: kill_switch, engaged: true}\n"
        found = replay(store, policy_of(TUTORIALS + stop, tmp_path))
    allowed = found.tallies["act", Change("allow", "deny")]
    assert allowed.count == len(effects)
    assert allowed.happened == {"recovered": len(effects), "complained": 1}
    assert allowed.cases == [one.case_id for one in effects][:5]
    reviewed = found.tallies["propose", Change("review", "deny")]
    assert reviewed.happened == {"unknown": len(waiting), "rejected": 1}
    assert found.rules[Change("allow", "deny"), "stop"] == 2 * len(effects)
    assert (found.reproduced, found.differing.count) == (0, 0)


def test_held_out_and_failed_models_are_judged_again(store: Store, tmp_path: Path) -> None:
    """The non-actions that need no evidence: another share, another plan for a model that fails."""
    held = "  - {id: held, kind: holdout, share: 0.5, seed: s}\n"
    with world(store, tmp_path, TUTORIALS + held) as services:
        assert isinstance(services.selector, ScriptedSelector)
        services.selector.answer = lambda _brief, _options: failing("timeout")
        live(services, 16)
        same = replay(store, services.policy)
        with store.read() as session:
            failed = session.exec(select(DecisionEntry.case_id).where(DecisionEntry.kind == "model_failed")).all()
            drops = [session.get_one(Case, one).drop["kind"] for one in failed]
        plan = f"then: playbook, playbook: {{{drops[0]}: send_tutorial}}"
        other = TUTORIALS.replace("then: skip", plan) + held.replace("0.5", "0.0")
        found = replay(store, policy_of(other, tmp_path))
    assert kept_same(same)
    assert same.reproduced == same.decisions, "the failed ones too"
    assert (
        count_of(found, Change("held out", "not held out")) == count_of(same, Change("held out", "held out")) > 0
    )
    fell = drops.count(drops[0])
    assert count_of(found, Change("model failed: skip", "model failed: playbook")) == fell
    assert count_of(found, Change("model failed: skip", "model failed: skip")) == len(drops) - fell > 0


def test_nothing_allowed_becomes_something(store: Store, tmp_path: Path) -> None:
    """A case for which every option was refused counts once, by the mildest of them."""
    refusing = "version: 1\nrules:\n  - {id: consent, kind: consent}\n"
    with world(store, tmp_path, refusing) as services:
        live(services, 4)
        same = replay(store, services.policy)
        found = replay(store, policy_of(TUTORIALS, tmp_path))
    assert same.decisions == same.reproduced == 4
    assert [count_of(found, Change("deny", after)) for after in ("allow", "review")] == [3, 1]


def test_an_altered_entry_is_named(store: Store, tmp_path: Path) -> None:
    """Evidence that is not what was logged is reported, and not judged."""
    with world(store, tmp_path, TUTORIALS) as services:
        live(services, 4)
        before = replay(store, services.policy)
        key = _judged(store)[2]
        with store.write("test") as session:
            entry = session.get_one(DecisionEntry, key)
            named = (
                f"entry {entry_name(entry.position, key)} ({entry.kind}, case {entry.case_id}, step {entry.step})"
            )
            altered = (entry.evidence or "").replace('"embedded":false', '"embedded":true')
            session.connection().execute(
                update(DecisionEntry).where(col(DecisionEntry.id) == key).values(evidence=altered)
            )
        found = replay(store, services.policy)
    assert (found.altered.count, found.altered.some) == (1, [named])
    assert found.decisions == before.decisions - 1


def test_a_verdict_that_does_not_come_out_again_is_named(store: Store, tmp_path: Path) -> None:
    """An entry whose evidence fits its hash, but not the policy that it names: with the rules that differ."""
    with world(store, tmp_path, TUTORIALS) as services:
        live(services, 4)
        key = _judged(store)[0]

        def lie(entry: DecisionEntry) -> dict[str, Any]:
            evidence: dict[str, Any] = orjson.loads(entry.evidence or "")
            for one in evidence["verdict"]["results"]:
                one[4] = "invented" if one[0] == "tools" else one[4]
            return evidence

        rewrite(store, key, lie)
        found = replay(store, services.policy)
    assert found.differing.count == 1
    assert found.differing.some[0].startswith(f"entry +{key} (")
    assert found.differing.some[0].endswith(": tools")
    assert found.reproduced == found.decisions - 1


def test_an_entry_of_a_newer_form_is_counted_and_named(store: Store, tmp_path: Path) -> None:
    """What this version does not know is said, and the rest is judged."""
    with world(store, tmp_path, TUTORIALS) as services:
        live(services, 4)
        before = replay(store, services.policy)
        key = _judged(store)[0]
        rewrite(store, key, lambda entry: {**orjson.loads(entry.evidence or ""), "newer": 1})
        found = replay(store, services.policy)
    assert (found.unknown.count, found.altered.count) == (1, 0)
    assert found.unknown.some[0].startswith(f"entry +{key} (")
    assert found.decisions == before.decisions - 1


def test_evidence_that_was_removed_is_counted(store: Store, tmp_path: Path) -> None:
    """An entry may be kept longer than its evidence."""
    with world(store, tmp_path, TUTORIALS) as services:
        live(services, 4)
        before = replay(store, services.policy)
        with store.write("test") as session:
            session.get_one(DecisionEntry, _judged(store)[0]).evidence = None
        found = replay(store, services.policy)
    assert (found.pruned, found.decisions) == (1, before.decisions - 1)


def test_the_draw_of_an_erased_account_is_not_known(store: Store, tmp_path: Path) -> None:
    """A new seed needs the account's key: without it the rule is strict, and the decision not exact."""
    with world(store, tmp_path, TUTORIALS) as services:
        live(services, 1)
        with store.write("test") as session:
            session.get_one(Account, 1).key = "erased-1"
        held = "  - {id: held, kind: holdout, share: 0.000001, seed: unheard}\n"
        found = replay(store, policy_of(TUTORIALS + held, tmp_path))
    assert found.inexact == found.decisions == count_of(found, Change("allow", "deny"))


def test_since_leaves_out_what_is_older(store: Store, tmp_path: Path) -> None:
    """Only decisions from then on, that moment included; an older one that was written down later is left out."""
    hour = timedelta(hours=1)
    with world(store, tmp_path, TUTORIALS) as services:
        for number, now in enumerate((NOON, NOON - hour, NOON + hour)):
            services.clock.set(now)  # type: ignore[attr-defined]
            with store.write("test") as session:
                account = add_account(session, f"acc{number}")
                open_case(session, account, sample_drop(account.key), now=now)
            propose_all(services, AS_OF)
        sinces = (None, NOON - hour, NOON, NOON + timedelta(microseconds=1), NOON + 2 * hour)
        assert [replay(store, services.policy, one).decisions for one in sinces] == [3, 3, 2, 1, 0]


def test_processes_find_what_one_alone_finds(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long log is read by several processes, a stretch at a time, with the same findings in the same order."""
    with world(store, tmp_path, (PACKAGED / "demo.yaml").read_text()) as services:
        live(services, 20)
        against = load_policy(None, known_names(default_registry(), load_catalogue(None)))
        alone = replay(store, against)
        monkeypatch.setattr(replaying, "STRETCH", 10)
        monkeypatch.setattr(replaying, "ALONE", 0)
        monkeypatch.setattr("os.cpu_count", lambda: 2)
        seen: list[tuple[int, int]] = []
        together = replay(store, against, progress=lambda done, of: seen.append((done, of)))
    assert together == alone
    assert seen == [(number, seen[-1][1]) for number in range(1, seen[-1][1] + 1)]
    assert len(seen) > 5


def test_an_empty_log_has_nothing_to_judge(services: Services) -> None:
    """No decision, no finding."""
    assert replay(services.store, services.policy) == Findings()


def test_the_shadow_is_compared_with_the_word_of_its_time(store: Store, tmp_path: Path) -> None:
    """Both judged the same facts: where they differ is counted, with the rule; other shadows are left out."""
    with shadowing(store, tmp_path, TUTORIALS, (PACKAGED / "demo.yaml").read_text()) as services:
        live(services, 10)
        assert services.shadow is not None
        found = shadowed(store, services.shadow.policy.hash)
        again = replay(store, services.shadow.policy)
        none = shadowed(store, "0" * 64)
    judged = {
        group: tally for group, tally in again.tallies.items() if group[1].before in ("allow", "review", "deny")
    }
    assert found.tallies == judged
    assert count_of(found, Change("allow", "deny")) > 0
    assert (none.decisions, none.other) == (0, found.decisions)


def test_a_budget_is_counted_again(store: Store, tmp_path: Path) -> None:
    """What the model had cost before a decision, and not what the decision itself cost."""
    with world(store, tmp_path, TUTORIALS) as services:
        live(services, 3)
        with store.write("test") as session:
            proposing = session.exec(
                select(DecisionEntry).where(DecisionEntry.kind.in_(("allowed", "queued")))
            ).all()  # type: ignore[attr-defined]
            for one in proposing:
                session.add(
                    ModelUse(
                        at=one.at, run_started_at=one.at, case_id=one.case_id, model="m", tokens_in=60, money=2.5
                    )
                )
        tokens = policy_of(TUTORIALS + "  - {id: b, kind: budget, tokens: {day: 100}}\n", tmp_path)
        money = policy_of(TUTORIALS + "  - {id: b, kind: budget, money: {day: 5}}\n", tmp_path)
        found = [replay(store, one) for one in (tokens, money)]
    assert len(proposing) == 3
    assert [one.rules.total() for one in found] == [1, 1]
    assert [one.inexact for one in found] == [0, 0]
    assert json.dumps([list(key[0]) for one in found for key in one.rules])


def test_a_sum_is_over_the_window_and_before_the_decision() -> None:
    """From the beginning of the window on, before the entry at the very moment, without the act itself."""
    hours = [timedelta(hours=number) for number in range(5)]
    rows = [
        Happened(NOON + hour, 10**number, lambda n=number: n, (number, "h")) for number, hour in enumerate(hours)
    ]  # type: ignore[misc]
    series = Series(rows)

    def total(since: int, until: int, now: int, entry: int, own: int | None = None) -> int:
        act = None if own is None else (own, "h")
        return series.total(NOON + hours[since], NOON + hours[until], Before(NOON + hours[now], entry, act))

    assert total(0, 4, 4, entry=9) == 11111
    assert total(0, 4, 4, entry=4) == 1111
    assert total(1, 3, 4, entry=9) == 110
    assert total(1, 4, 4, entry=9, own=2) == 11010
    assert total(1, 4, 4, entry=9, own=4) == 1110
    assert total(1, 4, 4, entry=9, own=0) == 11110
    assert total(3, 2, 4, entry=9) == 0


def test_a_bounce_counts_from_when_it_was_recorded(store: Store, tmp_path: Path) -> None:
    """What nobody knew at the time did not count, though it had happened."""
    hour = timedelta(hours=1)
    with world(store, tmp_path, TUTORIALS) as services:
        live(services, 1)
        with store.write("test") as session:
            for at, recorded in ((NOON, NOON), (NOON - hour, NOON + hour)):
                session.add(Interaction(account_id=1, kind="bounce", by="mail", at=at, recorded_at=recorded))
        ramp = "  - {{id: ramp, kind: ramp, start: 9, double_after: 9, halt: {{bounces: {}, days: 7}}}}\n"
        one, two = (replay(store, policy_of(TUTORIALS + ramp.format(most), tmp_path)) for most in (1, 2))
    assert one.rules == {(Change("allow", "deny"), "ramp"): one.decisions}
    assert (kept_same(two), two.inexact) == (True, 0)
