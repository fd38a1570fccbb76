"""The settings of signing in by a provider: what is refused before anybody is sent there."""

from pathlib import Path

import pytest

from winback.errors import InputError
from winback.settings import Settings
from winback.settings_file import load_settings

SECRET = "a secret that the provider made"
GOOD = {
    "issuer": "https://id.example.com",
    "client_id": "winback",
    "client_secret": "{$env: OIDC_SECRET}",
    "roles": "{staff: viewer}",
}


def load(folder: Path, **changes: str | None) -> Settings:
    values = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    path = folder / "config.yaml"
    lines = "".join(f"    {name}: {value}\n" for name, value in values.items())
    path.write_text(f"version: 1\nconsole:\n  oidc:\n{lines}", encoding="utf-8")
    return load_settings(path, {"OIDC_SECRET": SECRET, "SHORT": "short"})


def test_what_is_set(tmp_path: Path) -> None:
    """The secret comes from the environment and is in no repr."""
    found = load(tmp_path)
    assert found.console.oidc is not None
    assert found.console.oidc.client_secret.get_secret_value() == SECRET
    assert found.console.by_password
    assert SECRET not in repr(found)
    assert not load(tmp_path, passwords="false").console.by_password


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"client_secret": SECRET}, r"config.yaml:6:\d+: console.oidc.client_secret: a secret is written"),
        ({"client_secret": "{$env: SHORT}"}, "console.oidc.client_secret"),
        ({"issuer": "http://id.example.com"}, r"config.yaml:4:\d+: console.oidc.issuer would go over the wire"),
        ({"issuer": "https://id.example.com?x=1"}, "console.oidc.issuer"),
        ({"scopes": "profile email"}, r"config.yaml:8:\d+: console.oidc.scopes: without openid"),
        ({"roles": "{staff: admin}"}, "console.oidc.roles.staff"),
        ({"roles": "{}"}, "console.oidc.roles"),
        ({"roles": None}, "key 'roles' is missing"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, changes: dict[str, str | None], says: str) -> None:
    """With its place, and without the secret."""
    with pytest.raises(InputError, match=says) as caught:
        load(tmp_path, **changes)
    assert SECRET not in str(caught.value)
    assert "short" not in str(caught.value)
