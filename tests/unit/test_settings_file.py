"""Secrets and other values of the environment: where they may stand, and that no error shows them."""

from pathlib import Path

import pytest

from winback.errors import InputError
from winback.settings import Settings
from winback.settings_file import load_settings

SECRET = "whsec_" + "Q" * 43 + "="
URL = "https://hooks.example.com/services/T0/zebra"


def load(folder: Path, channels: str, **environ: str) -> Settings:
    path = folder / "config.yaml"
    path.write_text(f"version: 1\nchannels:\n  {channels}\n", encoding="utf-8")
    return load_settings(path, environ)


def test_secrets_in_a_list_come_from_the_environment(tmp_path: Path) -> None:
    """Each item of a list may name a variable of its own."""
    found = load(
        tmp_path,
        "webhook: {url: 'https://a.b/x', secrets: [{$env: NEW}, {$env: OLD}], timeout_seconds: {$env: WAIT}}",
        NEW=SECRET,
        OLD="old",
        WAIT="7",
    )
    assert found.channels.webhook is not None
    assert [one.get_secret_value() for one in found.channels.webhook.secrets] == [SECRET, "old"]
    assert found.channels.webhook.timeout_seconds == 7
    assert SECRET not in repr(found)


def test_the_address_of_slack_is_a_secret(tmp_path: Path) -> None:
    """It comes from the environment and is in no repr."""
    found = load(tmp_path, "slack: {url: {$env: SLACK}}", SLACK=URL)
    assert found.channels.slack is not None
    assert found.channels.slack.url.get_secret_value() == URL
    assert "zebra" not in repr(found)


@pytest.mark.parametrize(
    ("channels", "where"),
    [
        (f"webhook: {{url: 'https://a.example/x', secrets: [{{$env: NEW}}, {SECRET}]}}", r"secrets\.1"),
        (f"webhook: {{url: 'https://a.example/x', secrets: {SECRET}}}", "secrets"),
        (f"slack: {{url: '{URL}'}}", r"slack\.url"),
    ],
)
def test_a_secret_in_the_file_is_refused(tmp_path: Path, channels: str, where: str) -> None:
    """In a list as elsewhere, with its place and without showing it."""
    with pytest.raises(
        InputError, match=rf"config\.yaml:3:\d+: channels\..*{where}: a secret is written"
    ) as caught:
        load(tmp_path, channels, NEW=SECRET)
    assert SECRET not in str(caught.value)
    assert "zebra" not in str(caught.value)


@pytest.mark.parametrize(
    "channels",
    [
        "webhook: {url: 'https://a.example/x', secrets: {$env: S}}",
        "webhook: {url: 'https://a.example/x', secrets: [{$env: S}], timeout_seconds: {$env: S}}",
        "webhook: {url: {$env: S}, secrets: [{$env: S}]}",
        "{$env: S}",
        "use: {$env: S}",
        "slack: {url: {$env: S}, timeout_seconds: {$env: S}}",
        "slack: {url: {$env: S}}",
    ],
)
def test_no_error_shows_what_the_environment_has(tmp_path: Path, channels: str) -> None:
    """A variable in the wrong place may hold a secret: the error names the place alone."""
    with pytest.raises(InputError) as caught:
        load(tmp_path, channels, S=SECRET)
    assert SECRET[:20] not in str(caught.value)


def test_values_of_the_environment_are_plain_values(tmp_path: Path) -> None:
    """A variable does for words of a closed set, paths and texts what the file would do."""
    found = load(tmp_path, "{use: {$env: USE}, folder: {$env: F}}", USE="files", F="out")
    assert (found.channels.use, found.channels.folder) == ("files", tmp_path / "out")
    assert type(found.channels.use) is str


@pytest.mark.parametrize(
    "channels", ["webhook: {url: 'http://a.example/x', secrets: [{$env: S}]}", "slack: {url: {$env: U}}"]
)
def test_nothing_goes_in_the_clear(tmp_path: Path, channels: str) -> None:
    """Plain http off loopback is refused with its place, not shown when it is a secret."""
    with pytest.raises(
        InputError, match=r"config\.yaml:3:\d+: channels\.\w+\.url would go .* in the clear"
    ) as caught:
        load(tmp_path, channels, S=SECRET, U=URL.replace("https", "http"))
    assert "zebra" not in str(caught.value)


def test_a_receiver_without_a_secret_is_refused(tmp_path: Path) -> None:
    """Nothing is posted unsigned."""
    with pytest.raises(InputError, match=r"channels\.webhook\.secrets"):
        load(tmp_path, "webhook: {url: 'https://a.example/x', secrets: []}")


@pytest.mark.parametrize(
    ("inbox", "pages", "says"),
    [
        (
            f"[{SECRET}]",
            "https://p.example.com",
            r"config\.yaml:2:\d+: inbox\.webhook_secrets\.0: a secret is written",
        ),
        (SECRET, "https://p.example.com", r"config\.yaml:2:\d+: inbox\.webhook_secrets: a secret is written"),
        (
            "[{$env: S}]",
            "",
            r"config\.yaml:2:\d+: inbox\.webhook_secrets: nothing would take webhooks.*pages\.base_url",
        ),
        ("[]", "https://p.example.com", r"config\.yaml:2:\d+: inbox\.webhook_secrets: "),
    ],
)
def test_secrets_of_the_inbox(tmp_path: Path, inbox: str, pages: str, says: str) -> None:
    """From the environment alone, one at least, and only where there are pages to take what they sign."""
    path = tmp_path / "config.yaml"
    more = f"pages: {{base_url: '{pages}'}}\n" if pages else ""
    path.write_text(f"version: 1\ninbox: {{webhook_secrets: {inbox}}}\n{more}", encoding="utf-8")
    with pytest.raises(InputError, match=says) as caught:
        load_settings(path, {"S": SECRET})
    assert SECRET not in str(caught.value)
