"""Calendars in config.yaml: read, or refused with the place of the mistake; secrets from the environment only."""

from pathlib import Path

import pytest

from winback.errors import InputError
from winback.settings import Settings
from winback.settings_file import load_settings

GOOD = """\
calendars:
  jonas@acme.example.com:
    caldav:
      url: https://calendar.example.com/jonas/work/
      username: jonas
      password: {$env: CALDAV_PASSWORD}
    zone: Europe/Berlin
  desk@acme.example.com:
    ics:
      url: {$env: DESK_ICS}
"""
ENVIRON = {"CALDAV_PASSWORD": "pass-word", "DESK_ICS": "https://calendar.example.com/token-123.ics"}


def load(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return load_settings(path, ENVIRON if environ is None else environ)


def test_two_hosts(tmp_path: Path) -> None:
    """Each has its own source, and no secret can be seen."""
    found = load(tmp_path, GOOD)
    jonas, desk = found.calendars["jonas@acme.example.com"], found.calendars["desk@acme.example.com"]
    assert jonas.caldav is not None
    assert desk.ics is not None
    assert (jonas.zone, jonas.caldav.username) == ("Europe/Berlin", "jonas")
    assert desk.ics.url.get_secret_value().endswith("token-123.ics")
    assert "pass-word" not in repr(found)
    assert "token-123" not in repr(found)
    assert Settings().calendars == {}


@pytest.mark.parametrize(
    ("old", "new", "says", "place"),
    [
        ("{$env: CALDAV_PASSWORD}", "hunter2", "a secret is written in the file", "6:"),
        ("{$env: DESK_ICS}", "https://x.example/y.ics", "a secret is written in the file", "10:"),
        ("https://calendar", "http://calendar", "would go over the wire in the clear", "4:"),
        ("https://calendar", "https://jonas:hunter2@calendar", "is not a web address", "4:"),
        ("https://calendar.example.com", "https://", "is not a web address", "4:"),
        ("jonas@acme.example.com:", "jonas:", "'jonas' is not a mail address", "2:"),
        ("desk@acme.example.com:", "JONAS@acme.example.com:", "is given twice", "8:"),
        ("ics:", "isc:", "unknown key 'isc'; did you mean 'ics'", "9:"),
        ("Europe/Berlin", "Europe/Bärlin", "is not a time zone", "7:"),
        ("    zone: Europe/Berlin", "    ics: {url: {$env: DESK_ICS}}", "needs caldav or ics, not both", "2:"),
        ("url: https", "url: ftp", "url", "4:"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, old: str, new: str, says: str, place: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError, match=says) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert f"config.yaml:{place}" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://calendar.example.com/token-123", "token-123", "https://[token-123", "https://x:y/"]
)
def test_a_bad_secret_address_is_not_repeated(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, GOOD, {**ENVIRON, "DESK_ICS": url})
    assert "token-123" not in str(caught.value)
    assert "config.yaml:10:" in str(caught.value)


def test_loopback_may_be_plain(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD.replace("https://calendar.example.com", "http://127.0.0.1:5232"))
    assert found.calendars["jonas@acme.example.com"].caldav is not None
