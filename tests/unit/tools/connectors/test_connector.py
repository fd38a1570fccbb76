"""Which connector the settings mean, and which settings are refused."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from tools.connectors.connector import connector_of
from tools.connectors.ledger import LedgerConnector
from tools.connectors.stripe_connector import StripeConnector
from winback.errors import InputError
from winback.settings import Settings
from winback.settings_channels import Entitlements, Stripe
from winback.settings_file import load_settings
from winback.testing.channel import MemoryChannel

STRIPE = Stripe(api_key=SecretStr("sk_test_horse"), prices={"team": "price_1"})
FILE = """
entitlements:
  use: stripe
  stripe:
    api_key: {$env: STRIPE_API_KEY}
    prices: {team: price_1}
"""


def test_the_ledger_is_the_default(tmp_path: Path) -> None:
    """Nothing leaves the machine until something else is set up."""
    connector = connector_of(Settings(home=tmp_path))
    assert isinstance(connector, LedgerConnector)
    assert connector.folder == tmp_path / "entitlements"


def test_each_choice_has_its_connector() -> None:
    """Stripe by its section; the webhook is the channel that was set up."""
    stripe = connector_of(Settings(entitlements=Entitlements(use="stripe", stripe=STRIPE)))
    assert isinstance(stripe, StripeConnector)
    stripe.close()
    webhook = MemoryChannel(name="webhook")
    assert connector_of(Settings(entitlements=Entitlements(use="webhook")), webhook) is webhook


@pytest.mark.parametrize("use", ["stripe", "webhook"])
def test_what_is_not_set_up_is_refused(use: str) -> None:
    """No connector is put in its place."""
    with pytest.raises(InputError, match=f"entitlements.use is {use}"):
        connector_of(Settings(entitlements=Entitlements.model_validate({"use": use})))


def loaded(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return load_settings(path, {"STRIPE_API_KEY": "sk_test_horse"})


def test_the_key_comes_from_the_environment(tmp_path: Path) -> None:
    """It is shown by nothing that shows settings; the customers' file is beside the config."""
    settings = loaded(tmp_path, f"{FILE}    customers: customers.csv\n")
    found = settings.entitlements.stripe
    assert found is not None
    assert found.api_key.get_secret_value() == "sk_test_horse"
    assert found.customers == tmp_path / "customers.csv"
    assert "horse" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("entitlements: {use: stripe}", r":1:\d+: entitlements.use is stripe; add entitlements.stripe"),
        (FILE.replace("{$env: STRIPE_API_KEY}", "sk_live_horse"), "5:.*a secret is written in the file"),
        (FILE.replace("{team: price_1}", "{}"), r"config.yaml:6:"),
        (f"{FILE}    base_url: http://stripe.example.com\n", "in the clear; use https"),
        (f"{FILE}    stand_in: true\n", "only a server on this machine"),
        (f"{FILE}    base_url: https://stripe.example.com\n    stand_in: true\n", "only a server on this machine"),
    ],
)
def test_settings_that_would_do_harm_are_refused(tmp_path: Path, text: str, words: str) -> None:
    """With the line where they stand, and without the key."""
    with pytest.raises(InputError, match=words) as caught:
        loaded(tmp_path, text)
    assert "horse" not in str(caught.value)


def test_localstripe_on_this_machine_may_stand_in(tmp_path: Path) -> None:
    """To try it out with."""
    settings = loaded(tmp_path, f"{FILE}    base_url: http://127.0.0.1:8420\n    stand_in: true\n")
    assert settings.entitlements.stripe is not None
    assert settings.entitlements.stripe.stand_in
