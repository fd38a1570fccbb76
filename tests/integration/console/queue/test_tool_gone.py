"""A card whose tool was uninstalled while it waited: it opens and can be refused, and nothing of it can leave."""

import pytest

from tests.integration.console.house import House
from tests.integration.console.queue.desk import RULES, effects, filled, seen, send, state
from winback.console.api import API
from winback.console.rights import Role

WORDS = "send_tutorial is not installed any more"


@pytest.fixture
def bare(console: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Two items wait, and their tool is gone."""
    filled(console, "acme", "beta", rules=RULES.replace(", offer_trial_upgrade", ""))
    others = {one.name: one for one in console.services.registry if one.name != "send_tutorial"}
    monkeypatch.setattr(console.services.registry, "_tools", others)
    return console


def test_the_card_opens_and_says_so(bare: House) -> None:
    """Without a button that could not work; the frame of its message is empty."""
    rita = bare.of(Role.REVIEWER)
    page = rita.get("/queue/1")
    assert page.status_code == 200
    assert WORDS in page.text
    assert 'action="/queue/1/approve"' not in page.text
    assert 'action="/queue/1/edit"' not in page.text
    assert (rita.get("/queue/1/mail").status_code, rita.get("/queue/1/mail").text) == (200, "")
    view = rita.get(f"{API}/queue/1").json()
    assert (view["installed"], view["outgoing"], view["editable"]) == (False, None, [])


@pytest.mark.parametrize("act", ["approve", "edit", "preview"])
def test_it_is_neither_approved_nor_edited(bare: House, act: str) -> None:
    """Whoever tries is told why, in the browser with the card as it is; the item waits on."""
    client = bare.of(Role.REVIEWER)
    changes = {} if act == "approve" else {"changes": {"slots.note": "Hello."}}
    told = {} if act == "preview" else seen(client)
    answer = client.post(f"{API}/queue/1/{act}", json={**told, **changes})
    assert (answer.status_code, WORDS in answer.json()["what"]) == (409, True)
    page = client.post(f"/queue/1/{act}", data={**told, "field.slots.note": "Hello."})
    assert (page.status_code, WORDS in page.text) == (409, True)
    assert (state(bare), effects(bare)) == (("pending", None), [])


def test_several_at_once_are_each_told(bare: House) -> None:
    """None of them is approved."""
    client = bare.of(Role.REVIEWER)
    items = [{"item": number, **seen(client, number)} for number in (1, 2)]
    for one in client.post(f"{API}/queue/approve", json={"items": items}).json():
        assert WORDS in one["problem"]
    assert effects(bare) == []


def test_it_is_handed_over_and_rejected(bare: House) -> None:
    """As any other."""
    rita, ravi = bare.of(Role.REVIEWER, "rita"), bare.of(Role.REVIEWER, "ravi")
    assert send(rita, 1, "hand", to="ravi").status_code == 303
    assert send(ravi, 1, "reject", code="wrong_tool").status_code == 303
    assert state(bare) == ("rejected", "ravi")
    assert ravi.get("/queue/1").status_code == 200
