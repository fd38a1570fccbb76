"""What `winback doctor` says of what comes back and of hosts' calendars: one line for each, with what to do."""

import json
from pathlib import Path

import pytest

from winback.cli.app import main
from winback.cli.context import Session
from winback.cli.doctor import calendars

PAGES = "pages: {base_url: 'https://hello.example.com'}\n"
HOOK = PAGES + "inbox: {webhook_secrets: [{$env: HOOK_SECRET}]}\n"
CALENDARS = """
calendars:
  ann@example.com: {ics: {url: {$env: CALENDAR_URL}}}
  bob@example.com: {caldav: {url: "http://127.0.0.1:9/b/", username: bob, password: {$env: CALENDAR_PASSWORD}}}
"""


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(f"home: {tmp_path / 'home'}\n{text}", encoding="utf-8")
    return path


def test_each_host_has_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not answer hides no other, and is said once."""
    monkeypatch.setenv("CALENDAR_PASSWORD", "secret")
    monkeypatch.setenv("CALENDAR_URL", "http://127.0.0.1:9/a.ics")
    session = Session(config(tmp_path, CALENDARS))
    told = list(calendars(session, offline=False))
    assert [one.health for one in told] == ["bad", "bad"]
    for one, host in zip(told, ("ann", "bob"), strict=True):
        assert f"calendars.{host}@example.com: calendar does not answer" in one.detail
        assert "mend it" in one.detail
    told = list(calendars(session, offline=True))
    assert [one.detail for one in told] == ["ann@example.com, not asked", "bob@example.com, not asked"]


@pytest.mark.parametrize(
    ("secret", "health", "says"),
    [
        ("whsec_" + "c2VjcmV0" * 5, "ok", "https://hello.example.com/hooks/inbox takes what 1 secret(s) signed"),
        ("horse", "bad", "inbox.webhook_secrets"),
    ],
)
def test_the_secret_of_the_hook(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, secret: str, health: str,
    says: str,
) -> None:  # fmt: skip
    """One that can verify nothing is found before the first webhook is refused, and is not repeated."""
    monkeypatch.setenv("HOOK_SECRET", secret)
    main(["-c", str(config(tmp_path, HOOK)), "doctor", "--json", "--offline"])
    told = {one["what"]: one for one in json.loads(capsys.readouterr().out)}
    assert told["hook"]["health"] == health
    assert says in told["hook"]["detail"]
    assert "horse" not in told["hook"]["detail"]
