"""The judge looks: what is wrong in a trace, or in the database that it is told from, does not pass."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
from sqlmodel import col, delete, select

from tests.integration.decisions.lives import begin, export, kinds, memory, shown
from tests.judge import Line, executed, judged, judged_lines, lines_of
from winback.decisions.kind import EntryKind
from winback.errors import IntegrityError
from winback.store.models import Case, DecisionEntry, Effect, Proposal
from winback.store.types import CaseState, EffectState
from winback.testing.world import NOON
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.services import Services

Tamper = Callable[[list[Line]], object]


def cut(lines: list[Line], *types: str) -> None:
    lines[:] = [one for one in lines if one["type"] not in types]


def unapproved(lines: list[Line]) -> None:
    cut(lines, "approval_requested", "approval_decision")
    for line in lines:
        line.pop("approval_id", None)


def swapped(name: str) -> Tamper:
    def swap(lines: list[Line]) -> None:
        for line in executed(lines):
            line["action"]["parameters"][name] = "0" * 64

    return swap


def other_person(lines: list[Line]) -> None:
    for line in executed(lines):
        line["action"]["resource"] = "account 1, contact 99"


def twice(lines: list[Line]) -> None:
    lines[-1:-1] = deepcopy(executed(lines))


def denied(lines: list[Line]) -> None:
    for line in lines:
        if line["type"] == "approval_decision":
            line["decision"] = "deny"


def rejected_and_done(lines: list[Line]) -> None:
    proposed = next(one for one in lines if one["type"] == "action_proposed" and "case 3 " in one["action_id"])
    blocked = next(one for one in lines if one["type"] == "action_blocked")
    run = {**proposed, "type": "action_executed", "approval_id": blocked["approval_id"]}
    lines.insert(-1, run)


def another_way(lines: list[Line]) -> None:
    """What a person rejected is done under another name, without asking."""
    proposed = next(one for one in lines if one["type"] == "action_proposed" and "case 3 " in one["action_id"])
    renamed = {**proposed, "action_id": "another"}
    lines[-1:-1] = [renamed, {**renamed, "type": "action_executed"}]


def late(lines: list[Line]) -> None:
    for line in executed(lines):
        line["timestamp"] = "2026-05-19T10:00:01Z"


def before_the_decision(lines: list[Line]) -> None:
    run = executed(lines)
    lines[:] = [*run, *(one for one in lines if one not in run)]


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (unapproved, "ACK001"),
        (denied, "ACK002"),
        (rejected_and_done, "ACK002"),
        pytest.param(swapped("action"), "ACK003", id="action"),
        pytest.param(swapped("arguments"), "ACK003", id="arguments"),
        pytest.param(swapped("message"), "ACK003", id="message"),
        (other_person, "ACK003"),
        (twice, "ACK004"),
        (late, "ACK005"),
        (before_the_decision, "ACK006"),
        (another_way, "ACK007"),
    ],
)
def test_the_judge_fails_a_spoilt_trace(done: list[Line], spoil: Tamper, rule: str) -> None:
    """Both for what the policy allowed and for what a person approved."""
    lines = deepcopy(done)
    assert judged_lines(lines).status == "PASS"
    spoil(lines)
    report = judged_lines(lines)
    assert report.status == "FAIL"
    about = {one.action_id for one in report.findings if one.rule_id == rule}
    wanted = {one["action_id"] for one in executed(lines)} - {one["action_id"] for one in executed(done)}
    assert about == (wanted or {one["action_id"] for one in executed(done)})


def test_the_judge_misses_what_was_left_out(done: list[Line]) -> None:
    """Without its end, or without a decision, a trace is incomplete."""
    for kind in ("session_end", "approval_decision", "action_proposed", "action_blocked"):
        lines = deepcopy(done)
        cut(lines, kind)
        assert judged_lines(lines).status == "INCOMPLETE", kind


def test_words_that_are_not_those_approved_are_seen(services: Services, path: Path) -> None:
    """What ran is hashed from the row that was sent, not copied from what was approved."""
    begin(services, DropKind.LIMIT_REACHED)
    reviews.approve(services, 1, shown(services, 1), "rita")
    act_all(services)
    with services.store.write("test") as session:
        row = session.get_one(Proposal, 1)
        row.message = {**row.message, "subject": "Something else"}
    export(services, path)
    report = judged(path)
    assert (report.status, report.rule_counts) == ("FAIL", {"ACK003": 1})


def test_an_effect_of_another_proposal_is_seen(services: Services, path: Path) -> None:
    """An approved effect that was made to point at what somebody rejected."""
    begin(services, DropKind.LIMIT_REACHED, DropKind.LIMIT_REACHED)
    reviews.approve(services, 1, shown(services, 1), "rita")
    reviews.reject(services, 2, shown(services, 2), "rita", "not_now", "")
    act_all(services)
    with services.store.write("test") as session:
        session.get_one(Effect, 1).proposal_id = 2
    export(services, path)
    report = judged(path)
    assert (report.status, report.rule_counts) == ("FAIL", {"ACK003": 1})


def test_an_effect_that_nobody_approved_is_seen(services: Services, path: Path) -> None:
    """Put into the table by hand, with a name that approved nothing."""
    begin(services, DropKind.LIMIT_REACHED)
    with services.store.write("test") as session:
        row = session.get_one(Proposal, 1)
        copied = row.model_dump(
            include={"case_id", "action_hash", "account_id", "contact_id", "tool", "catalogue_id"}
        )
        session.add(
            Effect(
                **copied, key="f" * 64, proposal_id=1, channel="memory", approved_by="mallory",
                proposed_at=NOON, due_at=NOON,
            )
        )  # fmt: skip
        session.get_one(Case, 1).state = CaseState.ACTING
    act_all(services)
    assert len(memory(services).sent) == 1
    export(services, path)
    report = judged(path)
    assert (report.status, report.rule_counts["ACK001"]) == ("FAIL", 1)


def test_an_effect_that_was_done_again_is_seen(services: Services, path: Path) -> None:
    """Set back by hand, so that it runs once more under an approval that was used."""
    begin(services, DropKind.FEATURE_FELL)
    act_all(services)
    with services.store.write("test") as session:
        session.get_one(Effect, 1).state = EffectState.PENDING
        session.get_one(Case, 1).state = CaseState.ACTING
    act_all(services)
    export(services, path)
    report = judged(path)
    assert (report.status, report.rule_counts) == ("FAIL", {"ACK004": 1})


def test_an_approval_of_another_act_is_seen(services: Services, path: Path) -> None:
    """The entry names what was approved: another hash there is another act."""
    begin(services, DropKind.LIMIT_REACHED)
    reviews.approve(services, 1, shown(services, 1), "rita")
    act_all(services)
    with services.store.write("test") as session:
        entry = session.exec(select(DecisionEntry).where(DecisionEntry.kind == "approved")).one()
        entry.body = entry.body.replace(str(entry.action_hash), "0" * 64)
    export(services, path)
    report = judged(path)
    assert (report.status, set(report.rule_counts)) == ("FAIL", {"ACK003"})


@pytest.mark.parametrize(
    ("kind", "status"),
    [("allowed", "FAIL"), ("approved", "FAIL"), ("queued", "INCOMPLETE"), ("done", "INCOMPLETE")],
)
def test_an_entry_taken_out_is_seen(
    services: Services, done: list[Line], path: Path, kind: str, status: str
) -> None:
    """Nothing is made up in its place."""
    assert kinds(done, 1)
    with services.store.write("test") as session:
        session.connection().execute(delete(DecisionEntry).where(col(DecisionEntry.kind) == kind))
    export(services, path)
    assert judged(path).status == status


def test_a_grant_without_an_answer_is_seen(accepted: Services, path: Path) -> None:
    """With the answer out of the log, nothing allowed what followed from it."""
    act_all(accepted)
    with accepted.store.write("test") as session:
        session.connection().execute(delete(DecisionEntry).where(col(DecisionEntry.kind) == EntryKind.ANSWERED))
    export(accepted, path, finished=True)
    report = judged(path)
    assert (report.status, report.rule_counts["ACK001"]) == ("FAIL", 1)


def test_an_entry_that_cannot_be_read(services: Services, path: Path) -> None:
    """It is said where, and nothing is made up in its place."""
    begin(services, DropKind.FEATURE_FELL)
    with services.store.write("test") as session:
        session.exec(select(DecisionEntry).where(DecisionEntry.kind == "allowed")).one().body = "[]"
    with pytest.raises(IntegrityError, match="an entry cannot be read"):
        export(services, path)
    assert lines_of(path) == []
