"""Stripe: a trial is a subscription on the plan's price that ends with its free time and never bills.

Keyed, for longer than Stripe itself remembers a key (a day at least): the subscription carries the key in
its metadata, and before one is made those that the customer has are read. The list, unlike the search,
shows at once what was made.
"""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import stripe

from prompts.message import clean
from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel, Receipt
from tools.connectors.entitlement import Entitlement, entitlement_of
from tools.connectors.stripe_client import Transport, act, before_act, open_client
from tools.connectors.stripe_customers import Customers, read_file
from winback.errors import SetupError
from winback.settings_channels import Stripe

if TYPE_CHECKING:
    from stripe.params import SubscriptionCreateParams, SubscriptionListParams

GRANTED = "winback_effect"
TAKEN_BACK = "winback_taken_back"
TRIAL = "winback_trial"
UNTIL = "winback_until"
GIVEN = "granted"
ENDED = ("canceled", "incomplete_expired")
PAGE = 100
MOST_READ = 20_000


class StripeConnector:
    """`stand_in` in the settings: the server is localstripe, which takes less in one call."""

    name = "stripe"
    capability: Capability = "keyed"
    can_tell = True

    def __init__(self, settings: Stripe) -> None:
        self._settings = settings
        self._transport = Transport(settings.timeout_seconds)
        self._client = open_client(settings, self._transport)
        self._customers = Customers(self._client, settings.customers)

    def send(self, parcel: Parcel) -> Receipt:
        wanted = entitlement_of(parcel)
        price = self._price(wanted) if wanted.part == "grant" else ""
        customer = self._customers.find(wanted.account)
        with before_act():
            had = list(self._subscriptions({"customer": customer}))
        if wanted.part == "grant":
            return self._grant(parcel, wanted, customer, price, had)
        return self._take_back(parcel, wanted, customer, had)

    def lookup(self, key: str) -> Receipt | None:
        """Reads subscriptions, newest first, until one has the key."""
        try:
            with before_act():
                for number, one in enumerate(self._subscriptions({}), start=1):
                    if number > MOST_READ:
                        raise MaybeSent(f"not among the newest {MOST_READ:,} subscriptions at Stripe")
                    if _mark(one, GRANTED) == key:
                        return _receipt(one, GIVEN)
                    if _mark(one, TAKEN_BACK) == key and one.status in ENDED:
                        return _receipt(one, "taken back")
        except NotSent as error:
            raise MaybeSent(error.reason) from None
        if self._settings.stand_in:
            raise MaybeSent("localstripe does not keep what would say that a trial was taken back")
        return None

    def probe(self) -> None:
        """Ask for each price, and for the customers.

        Raises:
            SetupError: Stripe cannot be asked, refuses the key, or has not got a price.
        """
        try:
            if self._settings.customers:
                read_file(self._settings.customers)
            with before_act():
                self._client.v1.customers.list({"limit": 1})
                inactive = [one for one in self._settings.prices.values() if not self._is_active(one)]
        except NotSent as error:
            raise SetupError(error.reason, where="entitlements.stripe", fix="see docs/entitlements.md") from None
        if inactive:
            raise SetupError(
                f"price {inactive[0]} is no longer active at Stripe",
                where="entitlements.stripe.prices",
                fix="name another",
            )

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def _grant(
        self, parcel: Parcel, wanted: Entitlement, customer: str, price: str, had: list[stripe.Subscription]
    ) -> Receipt:
        made = next((one for one in had if _mark(one, GRANTED) == parcel.key), None)
        if made is None:
            # With the end: it changes only after Stripe refused, and Stripe remembers refusals under their keys.
            once = f"{parcel.key} {wanted.until.isoformat()}"
            with act():
                made = self._client.v1.subscriptions.create(
                    self._order(parcel, wanted, customer, price), {"idempotency_key": once}
                )
        if self._settings.stand_in and not made.cancel_at_period_end:
            with act():
                made = self._client.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
        return _receipt(made, GIVEN)

    def _order(self, parcel: Parcel, wanted: Entitlement, customer: str, price: str) -> "SubscriptionCreateParams":
        order: SubscriptionCreateParams = {
            "customer": customer,
            "trial_end": int(wanted.until.timestamp()),
            "metadata": {
                GRANTED: parcel.key,
                TRIAL: wanted.trial,
                UNTIL: wanted.until.isoformat(),
                "winback_case": str(parcel.case_id),
            },
        }
        if self._settings.stand_in:
            return {**order, "items": [{"plan": price}]}
        return {
            **order,
            "items": [{"price": price}],
            # The first period is the trial: it ends with it, before anything is billed.
            "cancel_at_period_end": True,
            "trial_settings": {"end_behavior": {"missing_payment_method": "cancel"}},
        }

    def _take_back(
        self, parcel: Parcel, wanted: Entitlement, customer: str, had: list[stripe.Subscription]
    ) -> Receipt:
        name = (wanted.trial, wanted.until.isoformat())
        ours = [one for one in had if (_mark(one, TRIAL), _mark(one, UNTIL)) == name]
        if not ours:
            trial = clean(wanted.trial, 80)
            raise NotSent(f"customer {customer} has no subscription for {trial!r} until {name[1]}", retry=False)
        found = min(ours, key=lambda one: one.status in ENDED)
        # The mark comes first: nothing is taken back that a later look-up would not find.
        if found.status in ENDED:
            with contextlib.suppress(NotSent):
                self._write_down(found, parcel.key)
            return _receipt(found, "had ended")
        self._write_down(found, parcel.key)
        with act():
            return _receipt(self._cancel(found.id), "taken back")

    def _write_down(self, one: stripe.Subscription, key: str) -> None:
        if _mark(one, TAKEN_BACK) != key:
            with before_act():
                self._client.v1.subscriptions.update(one.id, {"metadata": {TAKEN_BACK: key}})

    def _cancel(self, subscription: str) -> stripe.Subscription:
        try:
            return self._client.v1.subscriptions.cancel(subscription, {"invoice_now": False, "prorate": False})
        except stripe.InvalidRequestError:
            # Stripe does not find one that ended a moment ago by itself, or by an earlier try.
            found = self._client.v1.subscriptions.retrieve(subscription)
            if found.status in ENDED:
                return found
            raise

    def _subscriptions(self, wanted: "SubscriptionListParams") -> Iterator[stripe.Subscription]:
        return self._client.v1.subscriptions.list({**wanted, "status": "all", "limit": PAGE}).auto_paging_iter()

    def _price(self, wanted: Entitlement) -> str:
        price = self._settings.prices.get(wanted.plan)
        if price is None:
            plan = clean(wanted.plan, 80)
            raise NotSent(f"plan {plan!r} has no price in entitlements.stripe.prices", retry=False)
        return price

    def _is_active(self, price: str) -> bool:
        """localstripe knows prices by their older name only."""
        if self._settings.stand_in:
            return bool(self._client.v1.plans.retrieve(price).active)
        return bool(self._client.v1.prices.retrieve(price).active)


def _mark(one: stripe.Subscription, name: str) -> str | None:
    value = (one.to_dict().get("metadata") or {}).get(name)
    return value if isinstance(value, str) else None


def _receipt(one: stripe.Subscription, answer: str) -> Receipt:
    """`at` is Stripe's time of what was done: made, or ended."""
    moment = one.created if answer == GIVEN else one.ended_at or one.canceled_at or one.created
    return Receipt("stripe", one.id, answer, datetime.fromtimestamp(moment, UTC))
