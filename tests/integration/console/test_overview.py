"""What the overview says of objections that nobody has answered."""

from datetime import timedelta

from sqlmodel import select

from tests.integration.console.house import House
from winback.console.rights import Role
from winback.store.models import Effect
from winback.store.types import InteractionKind
from winback.testing.world import AS_OF, NOON, add_account, open_case
from workers.act import act_all
from workers.answer import contest
from workers.propose import propose_all
from workers.record import Party, record


def test_objections_lead_to_their_accounts_until_somebody_answers(console: House) -> None:
    """With their number, in both languages and over the API; without the customer's words."""
    with console.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(console.services, AS_OF)
    act_all(console.services)
    client, hindi = console.of(Role.VIEWER), console.of(Role.VIEWER, language="hi")
    assert "without an answer" not in client.get("/").text
    with console.store.read() as session:
        key = session.exec(select(Effect.key)).one()
    contest(console.services, key, "That was a holiday.")
    page = client.get("/").text
    assert "<b>1</b> of the last 30 days without an answer" in page
    assert '<a href="/accounts/1">account 1</a>' in page
    assert "holiday" not in page.partition("Newest decisions")[0]
    assert "पिछले 30 दिनों" in hindi.get("/").text
    (one,) = client.get("/api/v1/overview").json()["objections"]
    assert one["account"] == 1
    console.clock.set(NOON + timedelta(hours=2))
    record(console.services, Party(1, 1), InteractionKind.MESSAGE, NOON + timedelta(hours=1), "rita")
    assert "without an answer" not in client.get("/").text
