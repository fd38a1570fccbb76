"""A policy that is changed while Winback runs: taken over, refused, written down, run in the shadow."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from policies.load import load_policy
from tools.channels.channel import Parcel, Receipt
from winback.decisions.entry import spoken, spoken_evidence
from winback.decisions.verify import verify
from winback.store.bookkeeping import PolicyVersion
from winback.store.models import DecisionEntry, Effect
from winback.store.types import EffectState
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, PERMISSIVE, add_account, open_case
from workers.act import act_all
from workers.known_names import known_names
from workers.policy_source import PolicySource
from workers.policy_watch import watch_policies
from workers.propose import propose_all
from workers.services import Services

STOP = "  - {id: stop, kind: kill_switch, engaged: true, reason: tried out}\n"


def write(services: Services, text: str, name: str = "policy.yaml") -> Path:
    path = services.settings.home / name
    path.write_text(text, encoding="utf-8")
    return path


def said(services: Services, kind: str) -> list[dict[str, object]]:
    with services.store.read() as session:
        query = select(DecisionEntry).where(DecisionEntry.kind == kind).order_by(col(DecisionEntry.id))
        return [spoken(one.body) for one in session.exec(query).all()]


def start(services: Services) -> None:
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, AS_OF)


def test_a_kill_switch_holds_for_the_very_next_effect(services: Services) -> None:
    """Engaged in the file between two effects, it stops the second; nothing is restarted."""
    start(services)
    write(services, PERMISSIVE + STOP)
    assert [one.kind.value for one in act_all(services)] == ["lapsed"]
    assert isinstance(services.channels["email"], MemoryChannel)
    assert services.channels["email"].sent == []


def test_a_change_is_written_down_once_with_hash_and_author(services: Services) -> None:
    """Each policy that comes into force has an entry and its text, however often somebody looks."""
    first = services.policy.hash
    watch_policies(services)
    write(services, PERMISSIVE.replace("version: 1", "version: 1\nauthor: Rita") + STOP)
    watch_policies(services)
    watch_policies(services)
    changes = said(services, "policy_changed")
    assert [(one["hash"], one["before"]) for one in changes] == [(first, None), (services.policy.hash, first)]
    assert changes[1]["author"] == "Rita"
    with services.store.read() as session:
        versions = session.exec(select(PolicyVersion).order_by(col(PolicyVersion.id))).all()
    assert [one.hash for one in versions] == [first, services.policy.hash]
    assert "kill_switch" in versions[1].rules
    assert verify(services.store).problems == ()


def test_two_processes_write_one_change_down_once(services: Services) -> None:
    """The second finds that the first has."""
    watch_policies(services)
    services.policies.recorded = None
    watch_policies(services)
    assert len(said(services, "policy_changed")) == 1


@pytest.mark.parametrize("broken", ["version: 1\nrules: [", "version: 1\nrules:\n- {id: x, kind: nothing}\n", ""])
def test_a_broken_change_is_refused_and_the_last_good_one_stays(services: Services, broken: str) -> None:
    """It is refused with the reason, in the log, and decisions go on under the old policy."""
    start(services)
    before = services.policy.hash
    write(services, broken)
    assert [one.kind.value for one in act_all(services)] == ["done"]
    assert services.policy.hash == before
    (refused,) = said(services, "policy_refused")
    assert refused["in_force"] == before
    assert "policy.yaml:" in str(refused["reason"])


class Meddling(MemoryChannel):
    """A receiver; while it is asked, somebody throws a switch."""

    def __init__(self, throw: Callable[[], object]) -> None:
        super().__init__("keyed")
        self.throw = throw

    def lookup(self, key: str) -> Receipt | None:
        self.throw()
        return super().lookup(key)


def test_a_kill_switch_holds_also_while_the_receiver_is_asked(services: Services) -> None:
    """It is thrown after the claim has begun and before the verdict: the effect does not go out."""
    receiver = Meddling(lambda: write(services, PERMISSIVE + STOP))
    services = replace(services, channels={"email": receiver})
    start(services)
    with services.store.write("test") as session:
        effect = session.exec(select(Effect)).one()
        effect.state, effect.channel = EffectState.IN_FLIGHT, receiver.name
        effect.lease_owner, effect.lease_until = "dead/0/1/1.00", services.clock.now() - timedelta(hours=1)
        session.add(effect)
    act_all(services)
    assert receiver.sent == []
    assert "intent" not in kinds(services)
    assert [one["hash"] for one in said(services, "policy_changed")][-1] == services.policy.hash
    watch_policies(services)
    assert len(said(services, "policy_changed")) == 2


class Thrown(MemoryChannel):
    """A receiver; while it gets its first message, somebody throws a switch."""

    def __init__(self, throw: Callable[[], object]) -> None:
        super().__init__("keyed")
        self.throw = throw

    def send(self, parcel: Parcel) -> Receipt:
        if not self.sent:
            self.throw()
        return super().send(parcel)


def test_a_kill_switch_holds_between_two_effects_that_were_intended_together(services: Services) -> None:
    """What is not sent yet goes back, and is judged by the policy that holds then."""
    receiver = Thrown(lambda: write(services, PERMISSIVE + STOP))
    services = replace(services, channels={"email": receiver})
    with services.store.write("test") as session:
        for key in ("acme", "bolt", "cobalt"):
            open_case(session, add_account(session, key))
    propose_all(services, AS_OF)
    assert sorted(one.kind.value for one in act_all(services)) == ["done", "not_sent", "not_sent"]
    assert [one.kind.value for one in act_all(services)] == ["lapsed", "lapsed"]
    assert len(receiver.sent) == 1


def kinds(services: Services) -> list[str]:
    with services.store.read() as session:
        return list(session.exec(select(DecisionEntry.kind).order_by(col(DecisionEntry.id))).all())


def test_a_mended_policy_is_taken_over(services: Services) -> None:
    """After a refusal the next good text comes into force."""
    write(services, "nonsense: 1\n")
    watch_policies(services)
    write(services, PERMISSIVE + STOP)
    watch_policies(services)
    assert "stop" in {one.id for one in services.policy.rules}


def test_a_shadow_policy_judges_beside_the_live_one_and_decides_nothing(services: Services) -> None:
    """What it would have said stands in the evidence of the decision; the act goes out all the same."""
    path = write(services, PERMISSIVE + STOP, "proposed.yaml")
    names = known_names(services.registry, services.catalogue)
    beside = replace(services, shadow=PolicySource(path, lambda: load_policy(path, names)))
    start(beside)
    assert [one.kind.value for one in act_all(beside)] == ["done"]
    assert [one["role"] for one in said(beside, "policy_changed")] == ["live", "shadow"]
    with beside.store.read() as session:
        entries = session.exec(select(DecisionEntry).where(col(DecisionEntry.evidence).is_not(None))).all()
    assert [one.kind for one in entries] == ["allowed", "intent"]
    for one in entries:
        evidence = spoken_evidence(one)
        assert (evidence["verdict"]["decision"], evidence["shadow"]["decision"]) == ("allow", "deny")


def test_a_change_that_keeps_time_and_size_is_seen(services: Services) -> None:
    """A copy that carries the old time over must not hide that the switch was thrown."""
    path = write(services, PERMISSIVE + STOP.replace("true", "false"))
    watch_policies(services)
    before = path.stat()
    path.write_text(PERMISSIVE + STOP.replace("true", "true "), encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    start(services)
    assert [one.kind.value for one in act_all(services)] == []
