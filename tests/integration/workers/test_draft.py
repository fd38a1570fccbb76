"""A change of the policy from the console: checked, looked at, saved whole, taken back."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from policies.load import CHANGING, load_policy
from tests.integration.workers.test_policy_watch import said, start, write
from winback.decisions.verify import verify
from winback.errors import ConflictError, InputError
from winback.store.bookkeeping import PolicyVersion
from winback.testing.world import NOON, PERMISSIVE
from workers.known_names import known_names
from workers.policy_source import PolicySource
from workers.policy_watch import watch_policies
from workers.rulebook.draft import begin, look_ahead, save
from workers.rulebook.files import files_of, named, put
from workers.rulebook.history import rules_text, text_difference, texts_to_go_back, versions
from workers.services import Services
from workers.switches import engage

CHANGED = "# by hand\n" + PERMISSIVE.replace("hours: 168", "hours: 48")


def nothing(_: Session) -> None:
    """Writes nothing more."""


def seals(services: Services) -> dict[str, str]:
    return {one.name: one.seal for one in files_of(services.policies.path)}


def newest(services: Services) -> PolicyVersion:
    with services.store.read() as session:
        return versions(session)[0]


def folder_of(services: Services) -> Services:
    """The same with a folder of two files."""
    path = services.settings.home / "rules"
    path.mkdir()
    first, second = PERMISSIVE.split("  - {id: expiry")
    (path / "a.yaml").write_text(first)
    (path / "b.yaml").write_text("version: 1\nauthor: Bob\nrules:\n  - {id: expiry" + second)
    names = known_names(services.registry, services.catalogue)
    return replace(services, policies=PolicySource(path, lambda: load_policy(path, names)))


def test_it_is_checked_looked_at_and_saved(services: Services) -> None:
    """In force for the very next decision, as the operator's, with its text; a worker writes nothing twice."""
    start(services)
    draft = begin(services, "live", {"policy.yaml": CHANGED}, seals(services))
    steps: list[tuple[int, int]] = []
    found = look_ahead(services, draft, lambda done, of: steps.append((done, of)))
    assert found.replayed.decisions == 1
    assert [one.rule for one in found.difference.changes] == ["expiry"]
    assert steps[-1] == (1, 1)
    assert draft.no_cases
    written = save(services, draft, "asha@example.com", nothing)
    assert services.policies.path.read_text() == CHANGED
    assert written == services.policy.hash == draft.loaded.policy.hash
    row = newest(services)
    assert (row.author, row.how, row.files) == ("asha@example.com", "console", {"policy.yaml": CHANGED})
    names = known_names(services.registry, services.catalogue)
    path = services.policies.path
    other = replace(services, policies=PolicySource(path, lambda: load_policy(path, names)))
    watch_policies(other)
    assert newest(services).id == row.id
    assert said(services, "policy_changed")[-1]["author"] == "asha@example.com"
    assert verify(services.store).problems == ()


def test_a_mistake_is_said_as_on_the_command_line(services: Services) -> None:
    """File, line and column, the text of the line, what was meant; nothing is written."""
    text = PERMISSIVE.replace("kind: consent", "kind: consnet")
    with pytest.raises(InputError) as caught:
        begin(services, "live", {"policy.yaml": text}, seals(services))
    path = write(services, text, "other.yaml")
    names = known_names(services.registry, services.catalogue)
    with pytest.raises(InputError) as read:
        load_policy(path, names)
    assert str(caught.value) == str(read.value).replace("other.yaml", "policy.yaml")
    assert services.policies.path.read_text() == PERMISSIVE
    silly = PERMISSIVE + "  - {id: stop, kind: kill_switch, engaged: true}\n"
    found = begin(services, "live", {"policy.yaml": silly}, seals(services))
    assert found.findings


def test_a_change_on_the_disk_is_not_overwritten(services: Services) -> None:
    """Neither when the change is put in nor between looking and saving; the difference is told."""
    before = seals(services)
    draft = begin(services, "live", {"policy.yaml": CHANGED}, before)
    theirs = PERMISSIVE.replace("168", "24")
    write(services, theirs)
    for attempt in (
        lambda: begin(services, "live", {"policy.yaml": CHANGED}, before),
        lambda: save(services, draft, "asha", nothing),
    ):
        with pytest.raises(ConflictError) as caught:
            attempt()
        assert "-  - {id: expiry, kind: expires, hours: 24}" in str(caught.value)
        assert "+  - {id: expiry, kind: expires, hours: 48}" in str(caught.value)
    assert services.policies.path.read_text() == theirs
    with pytest.raises(ConflictError, match="nothing would change"):
        begin(services, "live", {"policy.yaml": theirs}, seals(services))


def test_only_files_of_the_policy_are_edited(services: Services, tmp_path: Path) -> None:
    """By their exact names; no way leads out of the folder, and a link is left alone."""
    here = folder_of(services)
    for name in ("../policy.yaml", "/etc/passwd", "c.yaml", "", ".", "a.yaml/"):
        with pytest.raises(InputError):
            named(here.policies.path, name)
    (here.policies.path / "a.yaml").rename(tmp_path / "away.yaml")
    (here.policies.path / "a.yaml").symlink_to(tmp_path / "away.yaml")
    with pytest.raises(InputError, match=r"a\.yaml is a link"):
        begin(here, "live", {"a.yaml": CHANGED}, {})
    with pytest.raises(InputError, match="no shadow policy is configured"):
        begin(here, "shadow", {"a.yaml": CHANGED}, {})


def test_going_back_to_an_earlier_version(services: Services) -> None:
    """Its very text where it was kept, what it said where it was not; under a switch as well."""
    watch_policies(services)
    first = newest(services)
    save(services, begin(services, "live", {"policy.yaml": CHANGED}, seals(services)), "asha", nothing)
    second = newest(services)
    assert "-  - {id: expiry, kind: expires, hours: 168}" in text_difference(first, second)
    names = known_names(services.registry, services.catalogue)
    engage(services.store, names, "asha", NOON, "tool", "book_call", "tried out")
    watch_policies(services)
    path = services.policies.path
    back = texts_to_go_back(first, path)
    assert back == {"policy.yaml": PERMISSIVE}
    save(services, begin(services, "live", back, seals(services)), "bob", nothing)
    assert newest(services).author == "bob"
    with pytest.raises(ConflictError, match="say that already"):
        texts_to_go_back(first, path)
    second.files = None
    back = texts_to_go_back(second, path)
    draft = begin(services, "live", back, seals(services))
    assert draft.loaded.policy.hash == second.hash
    assert "hours: 48" in rules_text(draft.loaded.policy)


def test_several_files_change_together(services: Services) -> None:
    """While they are replaced nobody takes over a part, also when the one who replaces them dies."""
    here = folder_of(services)
    watch_policies(here)
    first, path = newest(here), here.policies.path
    texts = {"a.yaml": "# first\n" + (path / "a.yaml").read_text(), "b.yaml": None, "c.yaml": CHANGED[10:]}
    texts["c.yaml"] = "version: 1\nrules:\n  - {id: expiry, kind: expires, hours: 1}\n"
    save(here, begin(here, "live", texts, seals(here)), "asha", nothing)
    assert sorted(one.name for one in path.iterdir()) == ["a.yaml", "c.yaml"]
    (path / CHANGING).write_text("")
    (path / "c.yaml").unlink()
    before = here.policy.hash
    watch_policies(here)
    assert here.policy.hash == before
    assert here.policies.refused is not None
    assert "was not finished" in here.policies.refused.reason
    (path / CHANGING).unlink()
    back = texts_to_go_back(first, path)
    assert set(back) == {"a.yaml", "b.yaml"}
    save(here, begin(here, "live", back, seals(here)), "bob", nothing)
    assert here.policy.hash == first.hash


def test_whoever_dies_between_the_files_and_the_row_loses_nothing(services: Services) -> None:
    """The file is whole; the next who looks writes it down, by its owner."""
    draft = begin(services, "live", {"policy.yaml": CHANGED}, seals(services))

    def die(_: Session) -> None:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        save(services, draft, "asha", die)
    assert services.policies.path.read_text() == CHANGED
    watch_policies(services)
    with services.store.read() as session:
        rows = session.exec(select(PolicyVersion).order_by(col(PolicyVersion.id))).all()
    assert [(one.hash, one.how) for one in rows] == [(draft.loaded.policy.hash, "disk")]


def test_other_words_for_the_same_rules(services: Services) -> None:
    """Nothing comes into force anew; what is kept is the text as it stands."""
    watch_policies(services)
    before = newest(services)
    text = "# said in other words\n" + PERMISSIVE
    save(services, begin(services, "live", {"policy.yaml": text}, seals(services)), "asha", nothing)
    after = newest(services)
    assert (after.id, after.files) == (before.id, {"policy.yaml": text})


def test_whoever_dies_between_two_files_leaves_the_policy_as_it_was(services: Services) -> None:
    """One is new and one is old: that is refused until somebody has looked, and what was in force stays."""
    here = folder_of(services)
    watch_policies(here)
    before, path = here.policy.hash, here.policies.path
    with pytest.raises(UnicodeEncodeError):
        put(path, {"a.yaml": CHANGED, "b.yaml": "\ud800"})
    assert (path / "a.yaml").read_text() == CHANGED
    watch_policies(here)
    assert here.policy.hash == before
    assert here.policies.refused is not None
    assert "was not finished" in here.policies.refused.reason
