"""The trace for a judge tells what happened, and the judge passes it."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from tests.integration.decisions.lives import begin, export, kinds, later, memory, shown
from tests.judge import Line, executed, judged, passes
from tools.channels.channel import MaybeSent, NotSent
from winback.decisions.trace import Traced, write_trace
from winback.store.models import Effect, Proposal
from winback.testing.world import NOON
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.expire import expire_all
from workers.privacy.erase import erase
from workers.services import Services
from workers.settle import settle
from workers.unsubscribe import stop_contact


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


def test_only_later_cases(services: Services, path: Path) -> None:
    """Cases that were opened before are left out, whatever happened to them since."""
    begin(services, DropKind.FEATURE_FELL)
    act_all(services)
    for since, acts in ((NOON, 1), (NOON + timedelta(seconds=1), 0)):
        with services.store.read() as session, path.open("w", encoding="utf-8") as file:
            assert write_trace(session, file, "acme-log", NOON, since=since).acts == acts
