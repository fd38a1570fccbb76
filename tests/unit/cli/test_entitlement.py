"""`winback entitlement list`: what stands, and what was granted and taken back."""

import json
from pathlib import Path

import pytest

from tests.unit.tools.connectors.trials import UNTIL, trial
from tools.connectors.ledger import LEDGER, LedgerConnector
from winback.cli.app import main
from winback.errors import Exit

AT = ("--at", "2026-10-20T06:00")


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.yaml"
    path.write_text("home: data\n")
    return str(path)


@pytest.fixture
def connector(tmp_path: Path) -> LedgerConnector:
    """Two trials granted, one of them taken back."""
    found = LedgerConnector(tmp_path / "data" / "entitlements")
    found.send(trial(key="a" * 64))
    found.send(trial(key="b" * 64, account="acct-2", trial="trial-business", plan="business"))
    found.send(trial("take_back", key="c" * 64))
    return found


def listed(capsys: pytest.CaptureFixture[str], config: str, *more: str, at: tuple[str, ...] = AT) -> str:
    assert main(["-c", config, *at, "entitlement", "list", *more]) == Exit.OK
    return capsys.readouterr().out


def test_what_stands_and_what_was_done(
    connector: LedgerConnector, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table of what stands now, then every act in its order."""
    assert connector.folder.exists()
    assert listed(capsys, config).splitlines() == [
        "account  plan      instead of  until             trial         ",
        "acct-2   business  starter     2026-10-30 06:00  trial-business",
        "",
        "Acts, oldest first:",
        "2026-10-16 06:00  granted     acct-1  team  (granted)",
        "2026-10-16 06:00  granted     acct-2  business  (granted)",
        "2026-10-16 06:00  taken back  acct-1  team  (taken back)",
    ]


def test_json_says_all_of_it(connector: LedgerConnector, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """For a program: what stands with its key and whether its time is over, and every line of the ledger."""
    assert connector.folder.exists()
    found = json.loads(listed(capsys, config, "--json"))
    assert found["standing"] == [
        {
            "account": "acct-2",
            "plan": "business",
            "from_plan": "starter",
            "until": UNTIL,
            "trial": "trial-business",
            "key": "b" * 64,
            "over": False,
        }
    ]
    assert [(one["line"], one["part"], one["key"][0]) for one in found["acts"]] == [
        (1, "grant", "a"),
        (2, "grant", "b"),
        (3, "take_back", "c"),
    ]


def test_what_is_over_and_stands_is_marked(
    connector: LedgerConnector, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A trial past its end that nobody took back is seen."""
    assert connector.folder.exists()
    assert "2026-10-30 06:00 (over)" in listed(capsys, config, at=("--at", "2026-10-30T06:00"))
    assert "(over)" not in listed(capsys, config, at=("--at", "2026-10-30T05:59"))


def test_an_empty_ledger(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing was granted yet, and looking makes no file."""
    assert listed(capsys, config) == "No trial stands.\n"
    assert json.loads(listed(capsys, config, "--json")) == {"standing": [], "acts": []}
    assert not (Path(config).parent / "data" / "entitlements").exists()


def test_older_acts_are_left_out_until_asked_for(
    config: str, connector: LedgerConnector, capsys: pytest.CaptureFixture[str]
) -> None:
    """The newest twenty, and how many more there are."""
    for number in range(20):
        connector.send(trial(key=f"{number:064x}", account=f"more-{number}"))
    assert "Acts, oldest first; 3 older with --all:" in listed(capsys, config)
    assert "acct-1  team  (granted)" in listed(capsys, config, "--all")


def test_names_cannot_write_on_the_terminal(
    config: str, connector: LedgerConnector, capsys: pytest.CaptureFixture[str]
) -> None:
    """An account's key is shown as text."""
    connector.send(trial(key="d" * 64, account="\x1b[2J[red]evil"))
    said = listed(capsys, config)
    assert "\x1b" not in said
    assert "[red]evil" in said


def test_a_spoilt_ledger_is_one_line(
    config: str, connector: LedgerConnector, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says which line."""
    with (connector.folder / LEDGER).open("a") as file:
        file.write("{}\n")
    assert main(["-c", config, *AT, "entitlement", "list"]) == Exit.ENVIRONMENT
    assert "ledger.jsonl:4: is not a line of the ledger" in capsys.readouterr().err


def test_a_pretended_time_grants_nothing_real(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--at` is refused where a trial would be granted at Stripe."""
    monkeypatch.setenv("KEY", "sk_test_horse")
    path = tmp_path / "config.yaml"
    path.write_text("entitlements: {use: stripe, stripe: {api_key: {$env: KEY}, prices: {team: price_1}}}\n")
    assert main(["-c", str(path), *AT, "entitlement", "list"]) == Exit.BAD_INPUT
    assert "a pretended time would send real messages" in capsys.readouterr().err
    assert main(["-c", str(path), "entitlement", "list"]) == Exit.OK
    assert "entitlements.use is stripe: what it granted is not in this ledger" in capsys.readouterr().err


def connector_in_doctor(config: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    main(["-c", str(config), "doctor", "--json", "--offline"])
    found = [one for one in json.loads(capsys.readouterr().out) if one["what"] == "channel"]
    (one,) = [one for one in found if one["health"] == "bad"] or [
        one for one in found if one["detail"].startswith("entitlement")
    ]
    assert isinstance(one, dict)
    return one


def test_doctor_looks_at_the_connector(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says through what trials are granted, and that a key that cannot be one is bad."""
    path = tmp_path / "config.yaml"
    path.write_text("home: data\n")
    folder = tmp_path / "data" / "entitlements"
    detail = f"entitlement by ledger ({folder}): nothing leaves this machine"
    assert connector_in_doctor(path, capsys)["detail"] == detail
    monkeypatch.setenv("KEY", "sk_test_horse")
    path.write_text("entitlements: {use: stripe, stripe: {api_key: {$env: KEY}, prices: {team: price_1}}}\n")
    assert connector_in_doctor(path, capsys)["detail"] == "entitlement by stripe: it leaves this machine"
    monkeypatch.setenv("KEY", "sk_test horse")
    assert connector_in_doctor(path, capsys)["health"] == "bad"
