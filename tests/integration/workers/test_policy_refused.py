"""A policy that is broken while Winback runs, or when it starts: refused, said, written down, done without."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlmodel import select

from policies.load import load_policy
from policies.policy import Policy
from tests.integration.workers.test_policy_watch import STOP, said, start, write
from winback import event_log
from winback.decisions.verify import verify
from winback.errors import InputError
from winback.store.bookkeeping import PolicyVersion
from winback.testing.world import PERMISSIVE
from workers.act import act_all
from workers.known_names import known_names
from workers.policy_source import PolicySource
from workers.policy_watch import Role, last_good, note_refusals, standing_refusals, watch_policies
from workers.services import Services
from workers.worker import work


def test_a_refusal_names_who_broke_it(services: Services) -> None:
    """The author that the broken file names, else its owner; never the author of the last good one."""
    by_ann = PERMISSIVE.replace("version: 1", "version: 1\nauthor: Ann")
    write(services, by_ann)
    watch_policies(services)
    path = write(services, by_ann.replace("Ann", "Bob") + "  - {id: x, kind: nothing}\n")
    watch_policies(services)
    write(services, by_ann.replace("Ann", "Bob") + "  - [")
    watch_policies(services)
    assert [one["author"] for one in said(services, "policy_refused")] == ["Bob", path.owner()]


def test_of_a_folder_the_broken_file_tells_the_author(services: Services) -> None:
    """Not the files beside it, whichever was changed last."""
    folder = services.settings.home / "rules"
    folder.mkdir()
    (folder / "b.yaml").write_text(PERMISSIVE.replace("version: 1", "version: 1\nauthor: Ann"), encoding="utf-8")
    (folder / "a.yaml").write_text("version: 1\nauthor: Bob\nrules: []\n", encoding="utf-8")
    names = known_names(services.registry, services.catalogue)
    source = PolicySource(folder, lambda: load_policy(folder, names), lambda: services.policy)
    assert source.refused is not None
    assert source.refused.author == "Bob"


def again(services: Services, role: Role = "live", name: str = "policy.yaml") -> PolicySource:
    """What a new process makes of the file."""

    def kept() -> Policy | None:
        with services.store.read() as session:
            return last_good(session, role)

    path, names = services.settings.home / name, known_names(services.registry, services.catalogue)
    return PolicySource(path, lambda: load_policy(path, names), kept, needed=role == "live")


def test_after_a_restart_the_last_good_policy_is_in_force(services: Services) -> None:
    """A file that is broken when Winback starts changes nothing; the refusal is written down once."""
    watch_policies(services)
    write(services, "nonsense: 1\n")
    for _ in range(2):
        restarted = replace(services, policies=again(services))
        note_refusals(restarted)
        watch_policies(restarted)
        assert restarted.policy.hash == services.policy.hash
    assert restarted.policy.author == services.policies.author()
    (refused,) = said(services, "policy_refused")
    assert refused["in_force"] == services.policy.hash
    assert len(said(services, "policy_changed")) == 1


def test_a_first_start_with_a_broken_policy_is_an_error(services: Services) -> None:
    """Nothing was ever in force, so nothing can stay."""
    write(services, "nonsense: 1\n")
    with pytest.raises(InputError, match=r"policy\.yaml:1:1"):
        again(services)


def test_a_recorded_policy_that_was_tampered_with_does_not_come_into_force(services: Services) -> None:
    """Its hash says what it was."""
    watch_policies(services)
    with services.store.write("test") as session:
        version = session.exec(select(PolicyVersion)).one()
        version.rules = version.rules.replace('"mode":"review"', '"mode":"auto"')
        session.add(version)
    write(services, "nonsense: 1\n")
    with pytest.raises(InputError, match=r"policy\.yaml:1:1"):
        again(services)


def test_a_refusal_stands_until_the_file_is_mended(services: Services) -> None:
    """Also when it is mended to what is in force; broken again, it is refused and written down again."""
    watch_policies(services)
    for _ in range(2):
        write(services, "nonsense: 1\n")
        watch_policies(services)
        with services.store.read() as session:
            (standing,) = standing_refusals(session)
        assert (standing.role, standing.since) == ("live", services.clock.now())
        assert standing.in_force is not None
        assert standing.in_force.hash == services.policy.hash
        write(services, PERMISSIVE)
        watch_policies(services)
        with services.store.read() as session:
            assert standing_refusals(session) == ()
    assert len(said(services, "policy_refused")) == 2
    assert len(said(services, "policy_changed")) == 1
    assert verify(services.store).problems == ()


def test_an_idle_worker_says_at_once_that_a_policy_is_refused(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing has to be decided for it."""
    event_log.configure(services.settings.log)
    stop = threading.Event()
    worker = threading.Thread(target=work, args=(services, stop))
    worker.start()
    try:
        wait_for(lambda: said(services, "policy_changed"))
        write(services, "nonsense: 1\n")
        wait_for(lambda: said(services, "policy_refused"))
    finally:
        stop.set()
        worker.join(30)
    (line,) = [one for one in capsys.readouterr().err.splitlines() if "policy.refused" in one]
    assert "policy.yaml:1:1" in line
    assert services.policy.hash in line


def wait_for(found: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not found():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_broken_shadow_is_refused_and_stops_nothing(services: Services) -> None:
    """It decides nothing, so it can be missing; mended, it judges."""
    write(services, "nonsense: 1\n", "proposed.yaml")
    beside = replace(services, shadow=again(services, "shadow", "proposed.yaml"))
    start(beside)
    assert [one.kind.value for one in act_all(beside)] == ["done"]
    assert [(one["role"], one["in_force"]) for one in said(beside, "policy_refused")] == [("shadow", None)]
    assert beside.judging == (beside.policy,)
    write(services, PERMISSIVE + STOP, "proposed.yaml")
    watch_policies(beside)
    assert beside.shadow_policy is not None
    write(services, "nonsense: 2\n", "proposed.yaml")
    kept = again(services, "shadow", "proposed.yaml")
    assert kept.policy.hash == beside.shadow_policy.hash
