"""The way to the provider and back, as a browser goes it."""

import httpx

from tests.integration.console.house import House
from tests.integration.console.openid import CLIENT, SECRET, OpenId
from winback.console.audit import What
from winback.settings_console import Oidc

ANN = {
    "email": "Ann@Example.com",
    "email_verified": True,
    "name": "Ann <b>Smith</b>",
    "roles": ["staff", "reviewers"],
}
ROLES = {"operators": "operator", "reviewers": "reviewer", "lookers": "viewer"}


def settings(openid: OpenId, **changes: object) -> Oidc:
    values = {"issuer": openid.address, "client_id": CLIENT, "client_secret": SECRET, "roles": ROLES, **changes}
    return Oidc.model_validate(values)


def to_provider(client: httpx.Client, path: str = "/sign-in/oidc") -> str:
    """Where the console sends the browser, and the provider sends it back to."""
    answer = client.get(path)
    assert answer.status_code == 303, answer.text
    back = httpx.get(answer.headers["location"])
    assert back.status_code == 302, back.text
    return str(back.headers["location"])


def arrive(client: httpx.Client, path: str = "/sign-in/oidc") -> httpx.Response:
    """All the way."""
    return client.get(to_provider(client, path))


def refused(console: House) -> list[str]:
    """Why, as the audit has it."""
    return [detail for _, what, detail in console.noted() if what == What.REFUSED]
