"""The trace for a judge: it tells what happened, the judge passes it, and sees what is wrong with a bad one."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, delete, select

from tests.judge import Line, executed, judged, judged_lines, lines_of, passes
from tools.channels.channel import MaybeSent, NotSent
from winback.clock import SimulatedClock
from winback.decisions.kind import EntryKind
from winback.decisions.trace import Traced, write_trace
from winback.errors import IntegrityError
from winback.store.models import Case, DecisionEntry, Effect, Proposal
from winback.store.types import EMAIL, ENTITLEMENT, CaseState, EffectState
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, add_account, open_case, sample_drop
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.answer import answer_offer
from workers.expire import expire_all
from workers.link import Links
from workers.privacy.erase import erase
from workers.propose import propose_all
from workers.services import Services
from workers.settle import settle
from workers.unsubscribe import stop_contact

POLICY = """
version: 1
rules:
  - id: tools
    kind: allow_tools
    allow:
      - {tools: [send_tutorial], drops: [feature_fell], mode: auto}
      - {tools: [offer_trial_upgrade], drops: [limit_reached], mode: review}
  - {id: consent, kind: consent, unknown: deny}
  - {id: expiry, kind: expires, hours: 168}
"""
Tamper = Callable[[list[Line]], object]


def begin(services: Services, *kinds: DropKind) -> None:
    """Cases of one kind each, every one proposed for."""
    (services.settings.home / "policy.yaml").write_text(POLICY, encoding="utf-8")
    with services.store.write() as session:
        for number, kind in enumerate(kinds):
            account = add_account(session, f"acme-{number}")
            open_case(session, account, sample_drop(account.key, kind))
    propose_all(services, AS_OF)


def shown(services: Services, number: int) -> str:
    with services.store.read() as session:
        return reviews.open_item(session, number).review.action_hash


def later(services: Services, **delta: float) -> None:
    assert isinstance(services.clock, SimulatedClock)
    services.clock.set(NOON + timedelta(**delta))


def memory(services: Services) -> MemoryChannel:
    channel = services.channels[EMAIL]
    assert isinstance(channel, MemoryChannel)
    return channel


def export(services: Services, path: Path, *, finished: bool = False) -> Traced:
    with services.store.read() as session, path.open("w", encoding="utf-8") as file:
        return write_trace(session, file, "acme-log", services.clock.now(), finished=finished)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace.jsonl"


@pytest.fixture
def done(services: Services, path: Path) -> list[Line]:
    """One act that the policy allowed and one that a person approved, both carried out; one rejected."""
    begin(services, DropKind.FEATURE_FELL, DropKind.LIMIT_REACHED, DropKind.LIMIT_REACHED)
    reviews.approve(services, 1, shown(services, 1), "rita")
    reviews.reject(services, 2, shown(services, 2), "rita", "not_now", "no, really")
    act_all(services)
    assert export(services, path) == Traced(lines=13, acts=3, executed=2, doubtful=0, not_over=0)
    return passes(path)


def kinds(lines: list[Line], case: int) -> list[str]:
    """What the lines of a case say, in their order, with the decisions."""
    mine = [one for one in lines if str(one.get("action_id", "")).startswith(f"case {case} ")]
    return [str(one.get("decision", one["type"].removeprefix("action_"))) for one in mine]


def test_allowed_approved_and_rejected(services: Services, done: list[Line]) -> None:
    """Each act is proposed, asked for, decided, and executed or blocked; as many ran as arrived."""
    run = ["proposed", "approval_requested", "allow", "executed"]
    assert kinds(done, 1) == kinds(done, 2) == run
    assert kinds(done, 3) == ["proposed", "approval_requested", "deny", "blocked"]
    assert len(executed(done)) == len(memory(services).sent) == 2
    approvals = {one["approval_id"].split()[0] for one in done if one["type"] == "approval_decision"}
    assert approvals == {"policy", "review"}
    assert done[-1]["type"] == "session_end"


def test_what_was_approved_is_named_by_its_hashes(services: Services, done: list[Line]) -> None:
    """The action's hash is the proposal's; who decided is the same pseudonym for the same person."""
    with services.store.read() as session:
        hashes = set(session.exec(select(Effect.action_hash)).all())
    assert {one["action"]["parameters"]["action"] for one in executed(done)} == hashes
    assert all(len(one["action"]["parameters"]["arguments"]) == 64 for one in executed(done))
    people = {one["approval_id"].split(" by ")[1] for one in done if " by " in one.get("approval_id", "")}
    assert len(people) == 1


@pytest.mark.usefixtures("done")
def test_nobody_is_named(services: Services, path: Path) -> None:
    """No name, address, key or word of anybody is in it."""
    text = path.read_text(encoding="utf-8").lower()
    with services.store.read() as session:
        messages = [one.message for one in session.exec(select(Proposal)).all()]
    words = {"ann", "example.com", "acme-0", "rita", "asha", "no, really"}
    assert not [one for one in words | {each["subject"].lower() for each in messages} if one in text]


def test_what_waits_is_not_over(services: Services, path: Path) -> None:
    """The judge calls the whole incomplete, which is so; without what waits it passes."""
    begin(services, DropKind.FEATURE_FELL, DropKind.LIMIT_REACHED)
    act_all(services)
    assert export(services, path).not_over == 1
    assert judged(path).status == "INCOMPLETE"
    assert export(services, path, finished=True) == Traced(lines=5, acts=1, executed=1, doubtful=0, not_over=1)
    assert kinds(passes(path), 2) == []


def test_an_edit_is_another_act(services: Services, path: Path) -> None:
    """The old one is refused, the new one is judged anew; both are for one thing."""
    begin(services, DropKind.LIMIT_REACHED)
    reviews.edit(services, 1, shown(services, 1), "rita", {"days": "30"})
    reviews.approve(services, 2, shown(services, 2), "ravi")
    act_all(services)
    export(services, path)
    lines = passes(path)
    asked = ["proposed", "approval_requested"]
    assert kinds(lines, 1) == [*asked, "deny", "blocked", *asked, "allow", "executed"]
    assert len({one["intent_id"] for one in lines[:-1]}) == 1
    assert len({one["action_id"] for one in lines[:-1]}) == 2


def test_what_nobody_decided_or_somebody_stopped(services: Services, path: Path) -> None:
    """Expired and withdrawn acts are blocked, and nobody allowed them."""
    begin(services, DropKind.LIMIT_REACHED, DropKind.LIMIT_REACHED)
    stop_contact(services, 1, "page")
    later(services, days=8)
    expire_all(services)
    export(services, path)
    lines = passes(path)
    assert kinds(lines, 1) == kinds(lines, 2) == ["proposed", "approval_requested", "deny", "blocked"]
    reasons = [one["reason"] for one in lines if one["type"] == "action_blocked"]
    assert reasons == ["the contact said stop", "nobody decided in time"]


def test_what_ran_out_before_it_was_due(services: Services, path: Path) -> None:
    """An approval that the policy refuses at the moment of acting is blocked, though somebody gave it."""
    begin(services, DropKind.LIMIT_REACHED)
    reviews.approve(services, 1, shown(services, 1), "rita")
    later(services, days=8)
    act_all(services)
    export(services, path)
    assert kinds(passes(path), 1) == ["proposed", "approval_requested", "allow", "blocked"]


def test_an_approval_ends_when_the_policy_says(done: list[Line]) -> None:
    """A week after it was asked for, by the rule that was in force when it was carried out."""
    ends = [one["expires_at"] for one in done if one.get("decision") == "allow"]
    assert ends == ["2026-05-19T10:00:00.000000Z"] * 2


def test_a_failed_try_is_no_execution(services: Services, path: Path) -> None:
    """What certainly did not go, and went at the second try, was carried out once."""
    memory(services).failures = [NotSent("busy", retry=True)]
    begin(services, DropKind.FEATURE_FELL)
    act_all(services)
    later(services, hours=1)
    act_all(services)
    export(services, path)
    (line,) = executed(passes(path))
    assert line["timestamp"] == "2026-05-12T11:00:00.000000Z"


@pytest.mark.parametrize(("sent", "last"), [(None, "executed"), (True, "executed"), (False, "blocked")])
def test_what_may_have_been_sent(services: Services, path: Path, sent: bool | None, last: str) -> None:
    """It counts as executed, and is counted, until a person finds out that it was not."""
    memory(services).capability, memory(services).failures = "blind", [MaybeSent("the line dropped")]
    begin(services, DropKind.FEATURE_FELL)
    act_all(services)
    if sent is not None:
        settle(services, 1, sent=sent, by="rita")
    assert export(services, path).doubtful == (sent is None)
    lines = passes(path)
    assert kinds(lines, 1)[-1] == last
    assert lines[-1]["reason"].split("; ")[-1].startswith("1 " if sent is None else "0 ")


@pytest.mark.parametrize(("sent", "last"), [(None, "blocked"), (True, "executed"), (False, "blocked")])
def test_what_was_given_up(services: Services, path: Path, sent: bool | None, last: str) -> None:
    """It is blocked, until a person finds out that it did arrive."""
    memory(services).failures = [NotSent("no such mailbox", retry=False)]
    begin(services, DropKind.FEATURE_FELL)
    act_all(services)
    if sent is not None:
        settle(services, 1, sent=sent, by="rita")
    export(services, path)
    assert kinds(passes(path), 1)[3:] == [last]


def test_after_an_erasure_the_hashes_stay(services: Services, path: Path) -> None:
    """What was said to the person can be proven no more, and the trace holds nothing to prove it with."""
    begin(services, DropKind.FEATURE_FELL)
    act_all(services)
    erase(services, "acme-0-ann")
    export(services, path)
    (line,) = executed(passes(path))
    parameters = line["action"]["parameters"]
    assert len(parameters["action"]) == 64
    assert (parameters["arguments"], parameters["message"]) == (None, None)


@pytest.fixture
def accepted(services: Services) -> Services:
    """A trial that a customer accepted, to be granted by itself."""
    channels = {EMAIL: services.channels[EMAIL], ENTITLEMENT: MemoryChannel(name="ledger")}
    found = replace(services, channels=channels, links=Links("https://hello.example.com", "s" * 40))
    begin(found, DropKind.LIMIT_REACHED)
    reviews.approve(found, 1, shown(found, 1), "rita")
    act_all(found)
    with found.store.read() as session:
        key = session.exec(select(Effect.key)).one()
    answer_offer(found, key, "accepted")
    return found


def test_what_follows_is_allowed_by_the_answer(accepted: Services, path: Path) -> None:
    """A grant, a notice and a taking back, each an act of its own under the customer's answer."""
    for days in (0, 11, 14):
        later(accepted, days=days)
        act_all(accepted)
    export(accepted, path)
    lines = passes(path)
    for part in ("grant", "notice", "take_back"):
        (line,) = executed(lines, part)
        assert line["approval_id"].startswith("answer ")
    ends = [one["expires_at"] for one in lines if one.get("decision") == "allow"]
    assert [one[:4] for one in ends] == ["2026", "9999", "9999", "9999"]


def test_a_grant_without_an_answer_is_seen(accepted: Services, path: Path) -> None:
    """With the answer out of the log, nothing allowed what followed from it."""
    act_all(accepted)
    with accepted.store.write() as session:
        session.connection().execute(delete(DecisionEntry).where(col(DecisionEntry.kind) == EntryKind.ANSWERED))
    export(accepted, path, finished=True)
    report = judged(path)
    assert (report.status, report.rule_counts["ACK001"]) == ("FAIL", 1)


# The judge must look: copies of a true trace, each spoilt in one way.


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


# The same in the database: what is told is what was done, whatever somebody made of the rows.


def test_words_that_are_not_those_approved_are_seen(services: Services, path: Path) -> None:
    """What ran is hashed from the row that was sent, not copied from what was approved."""
    begin(services, DropKind.LIMIT_REACHED)
    reviews.approve(services, 1, shown(services, 1), "rita")
    act_all(services)
    with services.store.write() as session:
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
    with services.store.write() as session:
        session.get_one(Effect, 1).proposal_id = 2
    export(services, path)
    report = judged(path)
    assert (report.status, report.rule_counts) == ("FAIL", {"ACK003": 1})


def test_an_effect_that_nobody_approved_is_seen(services: Services, path: Path) -> None:
    """Put into the table by hand, with a name that approved nothing."""
    begin(services, DropKind.LIMIT_REACHED)
    with services.store.write() as session:
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
    with services.store.write() as session:
        session.get_one(Effect, 1).state = EffectState.PENDING
        session.get_one(Case, 1).state = CaseState.ACTING
    act_all(services)
    export(services, path)
    report = judged(path)
    assert (report.status, report.rule_counts) == ("FAIL", {"ACK004": 1})


def test_an_entry_that_cannot_be_read(services: Services, path: Path) -> None:
    """It is said where, and nothing is made up in its place."""
    begin(services, DropKind.FEATURE_FELL)
    with services.store.write() as session:
        session.exec(select(DecisionEntry).where(DecisionEntry.kind == "allowed")).one().body = "[]"
    with pytest.raises(IntegrityError, match="an entry cannot be read"):
        export(services, path)
    assert lines_of(path) == []
