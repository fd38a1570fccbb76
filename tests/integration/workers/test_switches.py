"""Kill switches that are engaged beside the files: at once, for every process, and never lost."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import col, select

from policies.load import Known, load_policy
from policies.policy import Policy
from policies.rules.kill_switch import KillSwitch
from policies.switch import is_switch, switch_rule, with_switches
from tests.integration.workers.test_policy_watch import said, start, write
from tools.channels.channel import Parcel, Receipt
from winback.cli.app import main
from winback.decisions.verify import verify
from winback.errors import ConflictError, Exit, InputError
from winback.store.bookkeeping import PolicyVersion, Switch
from winback.testing.channel import MemoryChannel
from winback.testing.world import NOON, PERMISSIVE, add_account, open_case
from workers.act import act_all
from workers.hindsight.fired import fired
from workers.hindsight.replay import replay
from workers.known_names import known_names
from workers.policy_source import PolicySource
from workers.policy_watch import last_good, newest_version, watch_policies
from workers.propose import propose_all
from workers.services import Services
from workers.switches import engage, engaged_rules, release, switches

WHY = "the price list is wrong"


def known(services: Services) -> Known:
    return known_names(services.registry, services.catalogue)


def throw(services: Services, scope: str = "everything", name: str = "", reason: str = WHY) -> Switch:
    return engage(services.store, known(services), "asha@example.com", NOON, scope, name, reason)


def acted(services: Services) -> list[str]:
    return [one.kind.value for one in act_all(services)]


@pytest.mark.parametrize(
    ("scope", "name", "stopped"),
    [
        ("everything", "", True),
        ("tool", "send_tutorial", True),
        ("tool", "book_call", False),
        ("channel", "email", True),
        ("channel", "slack", False),
        ("plan", "starter", True),
        ("plan", "team", False),
        ("tag", "vip", False),
        ("region", "DE", True),
    ],
)
def test_it_holds_for_the_very_next_effect(services: Services, scope: str, name: str, stopped: bool) -> None:
    """What it names is denied, all else passes; an account whose region nobody knows is stopped too."""
    start(services)
    throw(services, scope, name)
    assert acted(services) == (["lapsed"] if stopped else ["done"])
    sent = services.channels["email"]
    assert isinstance(sent, MemoryChannel)
    assert len(sent.sent) == (0 if stopped else 1)
    assert verify(services.store).problems == ()


def test_it_stops_what_is_being_handed_over(services: Services) -> None:
    """Engaged after the first of two was judged and sent: the second, intended already, stays here."""
    thrown: list[Switch] = []

    class Throwing(MemoryChannel):
        def send(self, parcel: Parcel) -> Receipt:
            if not thrown:
                thrown.append(throw(services))
            return super().send(parcel)

    receiver = Throwing()
    services = replace(services, channels={"email": receiver})
    with services.store.write("test") as session:
        open_case(session, add_account(session, "a"))
        open_case(session, add_account(session, "b"))
    propose_all(services, services.clock.now().date())
    act_all(services)
    act_all(services)
    assert len(receiver.sent) == 1
    assert verify(services.store).problems == ()


def test_released_it_lets_pass_again(services: Services) -> None:
    """Every change is in the log with who and why; the policy is the very one that was there before."""
    watch_policies(services)
    before = services.policy.hash
    found = throw(services, "tool", "send_tutorial")
    watch_policies(services)
    assert services.policy.hash != before
    release(services.store, "bob", NOON, found.id or 0, "it is right again")
    watch_policies(services)
    assert services.policy.hash == before
    start(services)
    assert acted(services) == ["done"]
    (engaged,), (released,) = said(services, "switch_engaged"), said(services, "switch_released")
    assert (engaged["by"], engaged["reason"], engaged["name"]) == ("asha@example.com", WHY, "send_tutorial")
    assert (released["by"], released["reason"]) == ("bob", "it is right again")
    authors = [one["author"] for one in said(services, "policy_changed")]
    assert authors[1:] == ["asha@example.com", "bob"]
    with services.store.read() as session:
        hows = session.exec(select(PolicyVersion.how).order_by(col(PolicyVersion.id))).all()
    assert list(hows) == ["disk", "switch", "switch"]


def test_neither_a_file_nor_a_restart_loses_it(services: Services) -> None:
    """A changed file, a broken file, a new process: what is engaged stays engaged."""
    start(services)
    throw(services)
    watch_policies(services)
    write(services, PERMISSIVE.replace("168", "100"))
    watch_policies(services)
    path = write(services, "rules: [")
    watch_policies(services)
    assert [one.id for one in services.policy.rules if is_switch(one.id)] == ["switch.1"]

    def kept() -> Policy | None:
        with services.store.read() as session:
            return last_good(session, "live")

    source = PolicySource(path, lambda: load_policy(path, known(services)), kept)
    assert not any(is_switch(one.id) for one in source.policy.rules)
    with services.store.read() as session:
        source.refresh(engaged_rules(session))
        newest = newest_version(session, "live")
    assert newest is not None
    assert source.policy.hash == services.policy.hash == newest.hash
    assert acted(services) == ["lapsed"]


def test_old_decisions_come_out_again(services: Services) -> None:
    """Those judged under the switch, by the policy with it; those before it, by the one without."""
    start(services)
    without = services.policy
    throw(services)
    assert acted(services) == ["lapsed"]
    for policy in (services.policy, without):
        found = replay(services.store, policy)
        assert (found.reproduced, found.differing.count) == (1, 0)


def test_a_rule_of_the_files_goes_on_under_a_switch(services: Services) -> None:
    """What a rule decided is counted on: the switch changed none of the files' rules."""
    start(services)
    without = services.policy
    throw(services)
    watch_policies(services)
    with services.store.read() as session:
        assert fired(session, without)["tools"].looked_at == 1


def test_mistakes(services: Services) -> None:
    """Each is one line that says what would do; the same switch twice is a conflict."""
    for scope, name, problem in (
        ("tool", "send_tutorail", "did you mean 'send_tutorial'"),
        ("channel", "emial", "did you mean 'email'"),
        ("tol", "x", "did you mean 'tool'"),
        ("tool", "", "name it"),
        ("everything", "x", "leave it out"),
        ("region", "Germany", "ISO 3166"),
        ("tag", "x" * 201, "200 characters"),
    ):
        with pytest.raises(InputError) as caught:
            throw(services, scope, name)
        assert problem in str(caught.value)
    for reason in ("", " \u200b ", "x" * 201):
        with pytest.raises(InputError, match="the reason"):
            throw(services, reason=reason)
    found = throw(services)
    with pytest.raises(ConflictError, match="engaged already, by asha"):
        throw(services)
    release(services.store, "bob", NOON, found.id or 0, "done")
    with pytest.raises(ConflictError, match="released already"):
        release(services.store, "bob", NOON, found.id or 0, "done")
    with pytest.raises(InputError, match="no such switch"):
        release(services.store, "bob", NOON, 9, "done")


def test_no_file_may_hold_one(services: Services) -> None:
    """Such an id is refused, so that no file can pass for a switch or hide one."""
    text = PERMISSIVE + "  - {id: switch.1, kind: kill_switch, engaged: false}\n"
    with pytest.raises(InputError, match="kept for kill switches"):
        load_policy(write(services, text), known(services))


def test_switches_replace_switches(services: Services) -> None:
    """What stands above a policy is exactly what is engaged."""
    first, second = switch_rule(1, "everything", "", WHY), switch_rule(2, "tag", "vip", WHY)
    both = with_switches(with_switches(services.policy, [first]), [second])
    assert [one.id for one in both.rules if isinstance(one, KillSwitch)] == ["switch.2"]
    assert with_switches(both, ()).hash == services.policy.hash


def test_on_the_command_line(
    services: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Engaged, listed and released there; a mistake is one line; explain knows of it."""
    start(services)
    home: Path = services.settings.home
    (home / "config.yaml").write_text(
        f"version: 1\ndatabase: {{url: '{services.store.url.render_as_string(hide_password=False)}'}}\n"
        "policies: {path: policy.yaml}\n"
    )
    monkeypatch.chdir(home)
    run: Callable[..., int] = lambda *words: main(["policy", "kill", *words])  # noqa: E731
    assert run("engage", "tool", "send_tutorial", "--reason", WHY, "--by", "asha") == Exit.OK
    assert run("engage", "tool", "send_tutorial", "--reason", WHY) == Exit.CONFLICT
    assert run("engage", "tool", "nothing", "--reason", WHY) == Exit.BAD_INPUT
    assert run("list") == Exit.OK
    assert main(["policy", "explain", "1"]) == Exit.OK
    assert run("release", "1", "--reason", "over") == Exit.OK
    assert run("list", "--json") == Exit.OK
    shown = capsys.readouterr()
    assert "ENGAGED" in shown.out
    assert "switch.1" in shown.out
    assert '"release_reason": "over"' in shown.out
    assert "Traceback" not in shown.err
    with services.store.read() as session:
        assert [one.engaged_by for one in switches(session)] == ["asha"]
