"""The connector that the settings name."""

from tools.channels.channel import Channel
from tools.connectors.ledger import LedgerConnector
from winback.errors import InputError
from winback.settings import Settings


def connector_of(settings: Settings, webhook: Channel | None = None) -> Channel:
    """What carries `grant` and `take_back`. `webhook`: the channel for signed webhooks, if one is set up.

    Raises:
        InputError: `entitlements.use` names one that is not set up.
        SetupError: Stripe's API key cannot be one.
    """
    match settings.entitlements.use:
        case "ledger":
            return LedgerConnector(settings.entitlement_folder)
        case "webhook":
            if webhook is None:
                raise InputError(
                    "entitlements.use is webhook, and no webhook is set up",
                    where="entitlements.use",
                    fix="set one up under channels, or use the ledger",
                )
            return webhook
        case "stripe":
            if settings.entitlements.stripe is None:
                raise InputError("entitlements.use is stripe", where="entitlements.stripe", fix="add that section")
            # A third of a second to import, and only this connector needs it.
            from tools.connectors.stripe_connector import StripeConnector  # noqa: PLC0415

            return StripeConnector(settings.entitlements.stripe)
