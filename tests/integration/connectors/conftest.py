"""A localstripe of this run's own, and somebody to ask it with."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tools.connectors.stripe_connector import StripeConnector
from winback.settings_channels import Stripe

ROOT = Path(__file__).parents[3]
KEY = "sk_test_correct_horse_battery"


@dataclass
class Server:
    """The other side, seen without our connector."""

    url: str
    taught: bool
    made: int = 0
    http: httpx.Client = field(default_factory=lambda: httpx.Client(auth=(KEY, ""), timeout=20))

    def connector(self, **changes: Any) -> StripeConnector:
        """Over this server, with prices of two plans."""
        prices = {"team": "price_team", "business": "price_business"}
        common = {"api_key": SecretStr(KEY), "prices": prices, "base_url": self.url, "stand_in": not self.taught}
        return StripeConnector(Stripe(**{**common, **changes}))

    def post(self, path: str, **data: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.post(f"{self.url}{path}", data=data).raise_for_status().json()
        return found

    def customer(self, account: str = "") -> str:
        """A new one, known by this account in its metadata."""
        given = {"metadata[winback_account]": account} if account else {"name": "x"}
        return str(self.post("/v1/customers", **given)["id"])

    def account(self) -> str:
        """The key of a new account, which has a customer."""
        self.made += 1
        self.customer(f"acct-{self.made}")
        return f"acct-{self.made}"

    def subscriptions(self) -> list[dict[str, Any]]:
        """All there are, ended ones too, oldest first."""
        found: list[dict[str, Any]] = self.get("/v1/subscriptions?status=all&limit=999")["data"]
        return found

    def get(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"{self.url}{path}").raise_for_status().json()
        return found

    def configure(self, **what: Any) -> list[str]:
        """Order a trouble; the calls that came so far are the answer."""
        found: list[str] = self.http.post(f"{self.url}/_config/trouble", json=what).raise_for_status().json()
        return found


@contextmanager
def running(*, taught: bool) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = [sys.executable, "-m", "tests.integration.connectors.localstripe_server", str(port)]
    process = subprocess.Popen([*code, "taught"] if taught else code, cwd=ROOT, stderr=subprocess.PIPE)  # noqa: S603
    server = Server(f"http://127.0.0.1:{port}", taught)
    try:
        _wait(server, process)
        for plan in ("team", "business"):
            server.post(
                "/v1/plans",
                id=f"price_{plan}",
                amount="9900",
                currency="eur",
                interval="month",
                **{"product[name]": plan},
            )
        yield server
    finally:
        server.http.close()
        process.kill()
        process.communicate()


@pytest.fixture(scope="module", params=[True, False], ids=["taught", "as it is"])
def stripe(request: pytest.FixtureRequest) -> Iterator[Server]:
    """localstripe in one process per module: taught, and as it is."""
    with running(taught=request.param) as found:
        yield found


@pytest.fixture(scope="module")
def taught() -> Iterator[Server]:
    """localstripe, taught."""
    with running(taught=True) as found:
        yield found


def _wait(server: Server, process: "subprocess.Popen[bytes]") -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and process.poll() is None:
        try:
            server.get("/v1/customers")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    process.kill()
    raise AssertionError(process.communicate()[1].decode())
