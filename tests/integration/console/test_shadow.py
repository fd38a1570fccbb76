"""A shadow policy from the page: begun by saving its file, ended by taking it away, each as somebody's."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.integration.console.house import House, house
from tests.integration.console.test_policies import PATIENT, known_draft, looked_at
from tests.integration.workers.test_policy_refused import again
from tests.integration.workers.test_policy_watch import said, start, write
from winback.console.api import API
from winback.console.rights import Role
from winback.decisions.verify import verify
from winback.testing.world import PERMISSIVE
from workers.policy_watch import watch_policies
from workers.services import Services

STRICT = PERMISSIVE.replace("mode: auto", "mode: review")
FORM = "/policies/edit?role=shadow"
END = "/policies/shadow/end"


@pytest.fixture
def beside(services: Services) -> Iterator[House]:
    """config.yaml names a file for the shadow, and there is none."""
    with house(replace(services, shadow=again(services, "shadow", "next.yaml"))) as found:
        start(found.services)
        yield found


def begun(console: House) -> None:
    """Somebody begins one."""
    client = console.of(Role.OPERATOR, "ann")
    client.timeout = PATIENT
    body = {"role": "shadow", "texts": {"next.yaml": STRICT}}
    draft = client.post(f"{API}/policies/drafts", json=body).json()
    known_draft(client, f"{API}/policies/drafts/{draft['id']}")
    assert client.post(f"{API}/policies/drafts/{draft['id']}/save").status_code == 200


def test_it_is_begun_on_the_page(beside: House) -> None:
    """From the text of the policy in force; nothing was refused while its file was not there."""
    assert beside.services.shadow_policy is None
    olga = beside.of(Role.OPERATOR, "olga")
    olga.timeout = PATIENT
    assert f'href="{FORM}"' in olga.get("/policies/shadow").text
    assert "No shadow policy judges" in olga.get("/policies").text
    form = olga.get(FORM).text
    assert "allow_tools" in form
    data = {"role": "shadow", "file": "next.yaml", "seal": "", "text": STRICT}
    assert olga.post("/policies/edit", data={**data, "file": "other.yaml"}).status_code == 400
    answer = olga.post("/policies/edit", data=data)
    assert answer.status_code == 303, answer.text
    assert "mode: auto -&gt; review" in looked_at(olga, answer.headers["location"])
    assert olga.post(answer.headers["location"] + "/save").status_code == 303
    assert beside.services.shadow_policy is not None
    assert [(one["role"], one["author"]) for one in said(beside.services, "policy_changed")][-1] == (
        "shadow",
        "olga",
    )
    assert said(beside.services, "policy_refused") == []


def test_it_is_ended_on_the_page(beside: House) -> None:
    """Its file is gone, it judges no more, the history and the log say who ended it; and it can begin again."""
    begun(beside)
    olga = beside.of(Role.OPERATOR, "olga")
    assert f'action="{END}"' in olga.get("/policies/shadow").text
    assert olga.post(END).status_code == 303
    assert not (beside.services.settings.home / "next.yaml").exists()
    watch_policies(beside.services)
    assert beside.services.judging == (beside.services.policy,)
    (entry,) = said(beside.services, "shadow_ended")
    assert (entry["author"], entry["source"]) == ("olga", "next.yaml")
    assert "No shadow policy judges" in olga.get("/policies/shadow").text
    assert "The shadow ended" in olga.get("/policies").text
    assert [one["ended"] for one in olga.get(f"{API}/policies/versions").json()] == [True, False, False]
    assert olga.post(END).status_code == 409
    assert ("olga", "shadow_ended", "next.yaml") in beside.noted()
    assert again(beside.services, "shadow", "next.yaml").loaded is None
    begun_again = len(said(beside.services, "policy_changed")) + 1
    write(beside.services, STRICT, "next.yaml")
    watch_policies(beside.services)
    watch_policies(beside.services)
    assert len(said(beside.services, "policy_changed")) == begun_again
    assert verify(beside.store).problems == ()


def test_it_is_ended_by_a_program(beside: House) -> None:
    """For operators; where none judges there is nothing to end."""
    assert beside.of(Role.OPERATOR).post(f"{API}{END}").status_code == 409
    begun(beside)
    assert beside.of(Role.REVIEWER).post(f"{API}{END}").status_code == 403
    ended = beside.of(Role.OPERATOR).post(f"{API}{END}").json()
    assert (ended["configured"], ended["policy"], ended["findings"]) == (True, None, None)


def test_a_file_that_somebody_takes_away_ends_it_too(beside: House) -> None:
    """Written down once, whoever looks."""
    begun(beside)
    (beside.services.settings.home / "next.yaml").unlink()
    other = replace(beside.services, shadow=again(beside.services, "shadow", "next.yaml"))
    for services in (beside.services, other, beside.services):
        watch_policies(services)
    (entry,) = said(beside.services, "shadow_ended")
    assert entry["author"] == "unknown"
    assert beside.services.shadow_policy is None


def test_what_is_not_ours_to_take_away_stays(beside: House) -> None:
    """A link, or a folder of files: the page says why not."""
    begun(beside)
    file = beside.services.settings.home / "next.yaml"
    file.rename(file.with_name("real.yaml"))
    file.symlink_to(file.with_name("real.yaml"))
    answer = beside.of(Role.OPERATOR).post(END)
    assert (answer.status_code, "is a link" in answer.text) == (400, True)
    assert file.is_symlink()


def test_where_none_is_named_the_page_says_how(services: Services) -> None:
    """And there is nothing to begin or end."""
    with house(services) as console:
        olga = console.of(Role.OPERATOR)
        page = olga.get("/policies/shadow").text
        assert "name its file in config.yaml" in page
        assert END not in page
        assert olga.post(END).status_code == 400
