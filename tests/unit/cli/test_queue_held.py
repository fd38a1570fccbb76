"""`winback queue reject`, `held` and `lift`: what is said of what a code holds back."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.lived import lived
from winback.cli.app import main
from winback.errors import Exit

AT = ("--at", "2026-05-13T10:00")


def said(capsys: pytest.CaptureFixture[str], config: str, *more: str) -> str:
    assert main(["-c", config, *AT, "queue", *more]) == Exit.OK
    return capsys.readouterr().out


def test_what_a_no_holds_back_is_listed_and_lifted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a policy that waits after a rejection; one that does not is not said to."""
    monkeypatch.setenv("WINBACK_USER", "rita")
    config = str(lived(tmp_path))
    first, second = json.loads(said(capsys, config, "list", "--json"))["items"][:2]
    assert said(capsys, config, "held") == "Nothing is held back by a rejection.\n"
    one = ("reject", str(first["item"]), "--hash", first["hash"], "--code", "never_contact")
    assert "no rule of the policy waits after a rejection" in " ".join(said(capsys, config, *one).split())
    policy = tmp_path / "policy.yaml"
    rule = "  - {id: after-rejection, kind: cooldown_after, what: [rejected]}\n"
    policy.write_text(policy.read_text() + rule)
    other = ("reject", str(second["item"]), "--hash", second["hash"], "--code", "not_now")
    assert "Held back: this offer to this person, for 30 days." in " ".join(said(capsys, config, *other).split())
    lines = said(capsys, config, "held").splitlines()
    assert [line.partition(": ")[2] for line in lines] == [
        "this offer to this person, for 30 days; until 2026-06-12 10:00 UTC",
        "everything to the account, for good; until somebody lifts it",
    ]
    assert lines[1].startswith(f"item {first['item']}  {first['account']}  never_contact by rita")
    lift = ("lift", str(first["item"]), "--reason", "they asked")
    assert "Lifted" in said(capsys, config, *lift)
    (left,) = json.loads(said(capsys, config, "held", "--json"))
    assert (left["item"], left["code"]) == (second["item"], "not_now")
    assert main(["-c", config, *AT, "queue", *lift]) == Exit.CONFLICT
    assert "was lifted by rita" in capsys.readouterr().err
