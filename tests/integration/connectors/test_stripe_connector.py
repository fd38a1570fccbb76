"""The Stripe connector against localstripe: what is granted and taken back, and what is known when it fails."""

import logging
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from tests.integration.connectors.conftest import KEY, Server
from tests.unit.tools.connectors.trials import trial
from tools.channels.channel import MaybeSent, NotSent, Parcel
from tools.connectors.stripe_connector import StripeConnector
from winback.errors import SetupError
from winback.settings_channels import Stripe

UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(days=14)
NO_ERROR = {"type": "api_error", "message": "x"}


@pytest.fixture
def connector(stripe: Server) -> Iterator[StripeConnector]:
    found = stripe.connector()
    yield found
    found.close()


def fresh(server: Server, part: str = "grant", **changes: Any) -> Parcel:
    """An act on a trial of an account that nobody had before, whose key is made from it."""
    account = changes.pop("account", None) or server.account()
    key = f"{part}-{account}".encode().hex().ljust(64, "0")[:64]
    return trial(part, account=account, **{"key": key, "until": UNTIL.isoformat(), **changes})


def of(server: Server, parcel: Parcel) -> list[dict[str, Any]]:
    """What Stripe has by this key."""
    return [one for one in server.subscriptions() if one["metadata"].get("winback_effect") == parcel.key]


def told(connector: StripeConnector, key: str) -> bool | None:
    """Whether look-up has a receipt; None where it cannot tell, as over localstripe that was not taught."""
    try:
        return connector.lookup(key) is not None
    except MaybeSent as error:
        return None if "localstripe does not keep" in error.reason else False


def test_a_grant_is_a_subscription_that_never_bills(stripe: Server, connector: StripeConnector) -> None:
    """On the plan's price, free until the end and over then, with no invoice; it says which effect made it."""
    parcel = fresh(stripe)
    receipt = connector.send(parcel)
    (made,) = of(stripe, parcel)
    assert made["plan"]["id"] == "price_team"
    assert made["trial_end"] == int(UNTIL.timestamp())
    assert made["cancel_at_period_end"] is True
    assert made["latest_invoice"] is None
    assert made["metadata"] == {
        "winback_effect": parcel.key,
        "winback_trial": "trial-team",
        "winback_until": UNTIL.isoformat(),
        "winback_case": "12",
    }
    if stripe.taught:
        assert made["trial_settings"] == {"end_behavior": {"missing_payment_method": "cancel"}}
    assert (receipt.channel, receipt.reference, receipt.answer) == ("stripe", made["id"], "granted")
    assert receipt.at == datetime.fromtimestamp(made["created"], UTC)


def test_a_repeated_grant_is_the_first(stripe: Server, connector: StripeConnector) -> None:
    """The same key again makes nothing, also after Stripe forgot the key and from another process."""
    parcel = fresh(stripe)
    first = connector.send(parcel)
    stripe.configure(forget=True)
    other = stripe.connector()
    assert other.send(parcel) == first
    other.close()
    assert len(of(stripe, parcel)) == 1


def test_what_was_refused_may_come_with_another_end(stripe: Server, connector: StripeConnector) -> None:
    """Stripe remembers what it refused; sent again days later it ends later, and is no repeat of that."""
    parcel, wrong = fresh(stripe), stripe.connector(prices={"team": "price_gone"})
    with pytest.raises(NotSent):
        wrong.send(parcel)
    wrong.close()
    later = UNTIL + timedelta(days=3)
    connector.send(fresh(stripe, account=parcel.account, until=later.isoformat()))
    (made,) = of(stripe, parcel)
    assert made["trial_end"] == int(later.timestamp())


def test_taking_back_cancels_it_once(stripe: Server, connector: StripeConnector) -> None:
    """The trial's subscription ends, the customer's other ones stay; a repeat changes nothing."""
    parcel = fresh(stripe)
    connector.send(parcel)
    connector.send(fresh(stripe, account=parcel.account, key="b" * 64, trial="trial-business", plan="business"))
    back = fresh(stripe, "take_back", account=parcel.account)
    receipt = connector.send(back)
    (ended,) = of(stripe, parcel)
    assert ended["status"] == "canceled"
    assert (receipt.reference, receipt.answer) == (ended["id"], "taken back")
    again = connector.send(back)
    assert (again.reference, again.at, again.answer) == (ended["id"], receipt.at, "had ended")
    assert of(stripe, parcel) == [ended]
    still = [one for one in stripe.subscriptions() if one["customer"] == ended["customer"]]
    assert sorted(one["status"] == "canceled" for one in still) == [False, True]


def test_what_ended_by_itself_is_taken_back(stripe: Server, connector: StripeConnector) -> None:
    """A subscription that Stripe ended is done, and can be looked up."""
    parcel = fresh(stripe)
    made = connector.send(parcel).reference
    stripe.http.delete(f"{stripe.url}/v1/subscriptions/{made}").raise_for_status()
    back = fresh(stripe, "take_back", account=parcel.account)
    assert connector.send(back).answer == "had ended"
    assert told(connector, back.key) is (True if stripe.taught else None)


def test_nothing_to_take_back_is_told(stripe: Server, connector: StripeConnector) -> None:
    """A customer without that trial is a matter for a person: the trial may stand with another customer."""
    with pytest.raises(NotSent, match="has no subscription for 'trial-team'") as caught:
        connector.send(fresh(stripe, "take_back"))
    assert not caught.value.retry


def test_lookup_finds_both_acts(stripe: Server, connector: StripeConnector) -> None:
    """Each key has the receipt of its act; one that never came has none."""
    parcel = fresh(stripe)
    granted = connector.send(parcel)
    back = fresh(stripe, "take_back", account=parcel.account)
    assert connector.lookup(parcel.key) == granted
    assert told(connector, back.key) is (False if stripe.taught else None)
    connector.send(back)
    assert told(connector, back.key) is (True if stripe.taught else None)
    assert connector.lookup(parcel.key) == granted
    assert told(connector, "f" * 64) is (False if stripe.taught else None)


def test_lookup_reads_every_page(stripe: Server, connector: StripeConnector) -> None:
    """A subscription beyond the first hundred is found."""
    parcel = fresh(stripe)
    other = {"customer": stripe.customer(), "trial_end": str(int(UNTIL.timestamp()))}
    for _ in range(101):
        stripe.post(
            "/v1/subscriptions", **other, **{f"items[0][{'price' if stripe.taught else 'plan'}]": "price_team"}
        )
    receipt = connector.send(parcel)
    assert connector.lookup(parcel.key) == receipt


def test_a_mark_without_an_end_is_not_taken_back(stripe: Server, connector: StripeConnector) -> None:
    """A crash between the mark and the end leaves it standing; look-up says so, and the repeat ends it."""
    parcel = fresh(stripe)
    made = connector.send(parcel).reference
    back = fresh(stripe, "take_back", account=parcel.account)
    stripe.configure(call="DELETE /v1/subscriptions/", what="drop")
    with pytest.raises(MaybeSent):
        connector.send(back)
    assert told(connector, back.key) is (False if stripe.taught else None)
    assert connector.send(back).answer == "taken back"
    assert stripe.get(f"/v1/subscriptions/{made}")["status"] == "canceled"


def test_a_lost_answer_makes_one_subscription(stripe: Server, connector: StripeConnector) -> None:
    """Nobody knows, so it is sent again, and once is all there is."""
    parcel = fresh(stripe)
    stripe.configure(call="POST /v1/subscriptions", what="lose")
    with pytest.raises(MaybeSent, match="ended before the answer"):
        connector.send(parcel)
    assert told(connector, parcel.key)
    connector.send(parcel)
    (made,) = of(stripe, parcel)
    assert made["cancel_at_period_end"] is True


def test_a_lost_answer_of_the_end_is_found(stripe: Server, connector: StripeConnector) -> None:
    """An end that nobody heard of stands; look-up and repeat say so."""
    parcel = fresh(stripe)
    connector.send(parcel)
    back = fresh(stripe, "take_back", account=parcel.account)
    stripe.configure(call="DELETE /v1/subscriptions/", what="lose")
    with pytest.raises(MaybeSent):
        connector.send(back)
    assert told(connector, back.key) is (True if stripe.taught else None)
    assert connector.send(back).answer == "had ended"


def test_what_ends_at_that_very_moment_is_taken_back(stripe: Server, connector: StripeConnector) -> None:
    """Stripe does not find what ended since we listed it; a refusal while it stands is told."""
    parcel = fresh(stripe)
    made = connector.send(parcel).reference
    back = fresh(stripe, "take_back", account=parcel.account)
    gone = {"type": "invalid_request_error", "code": "resource_missing", "message": "No such subscription"}
    stripe.configure(call="DELETE /v1/subscriptions/", what="status", status=404, error=gone)
    with pytest.raises(NotSent, match="No such subscription"):
        connector.send(back)
    assert stripe.get(f"/v1/subscriptions/{made}")["status"] != "canceled"
    stripe.configure(call="DELETE /v1/subscriptions/", what="done", status=404, error=gone)
    assert connector.send(back).answer == "taken back"
    assert told(connector, back.key) is (True if stripe.taught else None)


def test_one_try_per_call(stripe: Server, connector: StripeConnector) -> None:
    """Trying again is the worker's decision: the package's own retries are off."""
    parcel = fresh(stripe)
    stripe.configure(call="POST /v1/subscriptions", what="drop")
    before = len(stripe.configure())
    with pytest.raises(MaybeSent):
        connector.send(parcel)
    made = [one for one in stripe.configure()[before:] if one == "POST /v1/subscriptions"]
    assert len(made) == 1
    assert of(stripe, parcel) == []


@pytest.mark.parametrize(
    ("status", "error", "retry", "words"),
    [
        (429, {"type": "invalid_request_error", "message": "x"}, True, "slower"),
        (
            401,
            {"type": "invalid_request_error", "message": f"Invalid API Key: {KEY}"},
            False,
            "does not know the API key",
        ),
        (403, {"type": "invalid_request_error", "message": KEY}, False, "may not do this"),
        (400, {"type": "invalid_request_error", "message": "No such\x1b[2J price"}, False, r"\(400\): No such"),
        (
            404,
            {"type": "invalid_request_error", "message": "No such customer"},
            False,
            r"\(404\): No such customer",
        ),
        (402, {"type": "card_error", "message": "declined"}, False, r"\(402\): declined"),
        (400, {"type": "idempotency_error", "message": "x"}, None, "with other values"),
        (
            409,
            {"type": "invalid_request_error", "code": "idempotency_key_in_use", "message": "x"},
            None,
            "under way",
        ),
        (500, NO_ERROR, None, r"Stripe failed \(500\)"),
        (503, NO_ERROR, None, r"Stripe failed \(503\)"),
        (502, None, None, r"Stripe failed \(502\)"),
    ],
)
def test_failures_by_what_is_known(
    stripe: Server, connector: StripeConnector, status: int, error: Any, retry: bool | None, words: str
) -> None:
    """Refused is final, too fast goes later, failing is unknown (`None`); no words show the key."""
    parcel = fresh(stripe)
    stripe.configure(call="POST /v1/subscriptions", what="status", status=status, error=error)
    with pytest.raises((NotSent, MaybeSent), match=words) as caught:
        connector.send(parcel)
    assert getattr(caught.value, "retry", None) is retry
    assert KEY not in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.__suppress_context__
    assert connector.send(parcel).answer == "granted"


@pytest.mark.parametrize(("status", "retry"), [(500, True), (429, True), (401, False)])
def test_a_failed_question_changes_nothing(
    stripe: Server, connector: StripeConnector, status: int, retry: bool
) -> None:
    """What goes wrong before the act is certainly not sent."""
    parcel = fresh(stripe)
    for call in ("GET /v1/customers", "GET /v1/subscriptions"):
        stripe.configure(call=call, what="status", status=status, error=NO_ERROR)
        with pytest.raises(NotSent) as caught:
            connector.send(parcel)
        assert (caught.value.retry, caught.value.channel_failed) == (retry, True)
    stripe.configure(call="GET /v1/subscriptions", what="drop")
    with pytest.raises(NotSent) as caught:
        connector.send(parcel)
    assert caught.value.retry
    assert of(stripe, parcel) == []


def test_an_unclear_lookup_is_unknown(stripe: Server, connector: StripeConnector) -> None:
    """A look-up that fails says neither yes nor no."""
    stripe.configure(call="GET /v1/subscriptions", what="status", status=500, error=NO_ERROR)
    with pytest.raises(MaybeSent):
        connector.lookup("f" * 64)


def test_the_same_key_with_another_price_is_unknown(taught: Server) -> None:
    """Stripe had the key before: whether that made something, a person must see."""
    parcel = fresh(taught)
    before, after = taught.connector(), taught.connector(prices={"team": "price_business"})
    taught.configure(call="POST /v1/subscriptions", what="lose")
    with pytest.raises(MaybeSent):
        before.send(parcel)
    (made,) = of(taught, parcel)
    taught.post(f"/v1/subscriptions/{made['id']}", **{"metadata[winback_effect]": "gone"})
    with pytest.raises(MaybeSent, match="with other values"):
        after.send(parcel)
    before.close()
    after.close()


def test_nobody_listening_is_not_sent() -> None:
    """Without a connection there was no request."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    connector = StripeConnector(Stripe(api_key=SecretStr(KEY), prices={"team": "price_team"}, base_url=url))
    with pytest.raises(NotSent, match="cannot be reached") as caught:
        connector.send(trial(account="cus_1"))
    assert caught.value.retry
    with pytest.raises(SetupError, match="cannot be reached"):
        connector.probe()
    connector.close()


def test_a_plan_without_a_price_is_refused(stripe: Server, connector: StripeConnector) -> None:
    """Nothing is guessed."""
    with pytest.raises(NotSent, match=r"plan 'gold' has no price in entitlements\.stripe\.prices") as caught:
        connector.send(fresh(stripe, plan="gold"))
    assert not caught.value.retry


def test_probe_knows_key_and_prices(stripe: Server, connector: StripeConnector) -> None:
    """A price that is missing or not sold, and a key that Stripe refuses, are found before anything is sent."""
    connector.probe()
    wrong = {
        "No": stripe.connector(prices={"team": "price_none"}),
        "does not know the API key": stripe.connector(api_key=SecretStr("wrong-correct-horse")),
        "price_old is no longer active": stripe.connector(prices={"team": "price_old"}),
    }
    stripe.http.post(
        f"{stripe.url}/v1/plans",
        data={
            "id": "price_old",
            "amount": "1",
            "currency": "eur",
            "interval": "month",
            "product[name]": "x",
            "active": "false",
        },
    )
    for words, one in wrong.items():
        with pytest.raises(SetupError, match=words) as caught:
            one.probe()
        assert "horse" not in str(caught.value)
        one.close()


@pytest.mark.parametrize("key", ["", "sk_live_ü_horse", "sk_live horse", "sk_live_horse\n"])
def test_a_key_that_cannot_be_one_is_not_shown(key: str) -> None:
    """It is refused at the start, in words that do not hold it."""
    with pytest.raises(SetupError, match="API key is empty or has characters") as caught:
        StripeConnector(Stripe(api_key=SecretStr(key), prices={"team": "price_team"}))
    assert "horse" not in str(caught.value)


def test_the_key_is_in_no_log(
    stripe: Server, connector: StripeConnector, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even in what the packages below say at their most talkative."""
    with caplog.at_level(logging.DEBUG):
        connector.send(fresh(stripe))
    assert caplog.text
    assert KEY not in caplog.text
