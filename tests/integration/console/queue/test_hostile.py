"""What others wrote is shown harmlessly: on the list, on a card, in its frame, in refusals, whatever it is."""

import re

import pytest
from sqlmodel import select

from tests.integration.console.evidence.sample import HIDDEN, NASTY
from tests.integration.console.house import House
from tests.integration.console.queue.desk import RULES, send
from winback.console.headers import MAIL
from winback.console.rights import Role
from winback.store.models import Contact
from winback.store.types import InteractionKind
from winback.testing.world import AS_OF, NOON, add_account, open_case, sample_drop
from workers.propose import propose_all
from workers.record import Party, record

PAGES = ("/queue", "/queue/1", "/queue/1/mail", "/queue?words=a", "/api/v1/queue/1")
BIG = 150_000
"""Bytes of a page, however much somebody wrote."""


def hostile(house: House, name: str) -> None:
    """An account, a person, a colleague and a reply of that name."""
    (house.services.settings.home / "policy.yaml").write_text(RULES, encoding="utf-8")
    short = name.replace("\x00", "")[:200]
    with house.store.write("test") as session:
        account = add_account(session)
        account.name = account.owner_name = short
        contact = session.exec(select(Contact)).one()
        contact.name = short
        session.flush()
        open_case(session, account, sample_drop("acme"))
    words = name.replace("\x00", "")
    record(house.services, Party(1, 1), InteractionKind.MESSAGE, NOON, "rita", channel="phone", note=words)
    propose_all(house.services, AS_OF)


def marked_up(text: str) -> None:
    """No tag of theirs, and nothing that hides or turns what stands around it."""
    for one in ("<script>", "<img", "</text></svg></title><b", "<i>"):
        assert one not in text
    # What one is typing oneself stays as one typed it.
    assert not set(HIDDEN) & set(re.sub(r"<textarea.*?</textarea>", "", text, flags=re.DOTALL))


@pytest.mark.by_hand
@pytest.mark.parametrize("name", NASTY, ids=["script", "image", "svg", "format", "bidi", "1 MB"])
def test_hostile_names_and_messages(one_console: House, name: str) -> None:
    """Shown as text, in both languages, and a page stays small."""
    hostile(one_console, name)
    for reader in (one_console.of(Role.OPERATOR), one_console.of(Role.REVIEWER, language="hi")):
        for path in PAGES:
            answer = reader.get(path)
            assert answer.status_code == 200, path
            assert len(answer.content) < BIG, path
            marked_up(answer.text if not path.startswith("/api") else "")
    reviewer = one_console.of(Role.REVIEWER)
    answer = send(reviewer, 1, "reject", code=name[:40].replace("\x00", ""), note=name[:2000].replace("\x00", ""))
    assert answer.status_code == 400
    marked_up(answer.text)


@pytest.mark.parametrize("path", ["/queue?older_hours=<script>x</script>", "/queue?after=<b>&state=waiting"])
def test_what_is_typed_into_an_address_is_text(one_console: House, path: str) -> None:
    """A refusal says what it refuses, and nothing of it is markup."""
    answer = one_console.of(Role.VIEWER).get(path)
    assert answer.status_code in {400, 422}
    assert "<script>x" not in answer.text
    assert "<b>" not in answer.text


def test_a_per_cent_sign_is_no_place_for_a_value(one_console: House) -> None:
    """A refusal of what somebody typed is not taken for words with places."""
    assert one_console.of(Role.VIEWER).get("/queue?older_hours=100%25(x)s").status_code == 400


def test_the_frame_runs_and_loads_nothing(one_console: House) -> None:
    """The message as HTML is alone in it; only our own page may hold it."""
    hostile(one_console, NASTY[0])
    answer = one_console.of(Role.VIEWER).get("/queue/1/mail")
    assert answer.headers["content-security-policy"] == MAIL["Content-Security-Policy"]
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    card = one_console.of(Role.VIEWER).get("/queue/1")
    assert '<iframe class="mail" sandbox loading="lazy" src="/queue/1/mail"' in card.text
    assert "frame-src 'self'" in card.headers["content-security-policy"]
    assert card.headers["x-frame-options"] == "DENY"


def test_no_form_and_no_script_stands_in_a_page_for_who_may_only_look(one_console: House) -> None:
    """A viewer sees the card, and nothing to press."""
    hostile(one_console, "Acme")
    page = one_console.of(Role.VIEWER).get("/queue/1").text
    assert 'action="/queue/1/' not in page
    assert " style=" not in page
    assert "<script>" not in page
