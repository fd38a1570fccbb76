"""What an operator does for signing in by a provider from the command line: try it, link, unlink."""

import json
from pathlib import Path

import pytest

from tests.integration.console.openid import CLIENT, SECRET, OpenId, serving_openid
from winback.cli.app import main

LOGIN = "ann@example.com"


def config(folder: Path, openid: OpenId) -> list[str]:
    path = folder / "config.yaml"
    path.write_text(
        f"""home: {folder / "home"}
console:
  base_url: https://winback.example.com
  oidc:
    issuer: {openid.address}
    client_id: {CLIENT}
    client_secret: {{$env: OIDC_SECRET}}
    roles: {{staff: viewer}}
""",
        encoding="utf-8",
    )
    return ["-c", str(path)]


def test_doctor_tries_the_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its document and its keys; and says which address it must know. Nothing is asked offline."""
    monkeypatch.setenv("OIDC_SECRET", SECRET)

    def told(*more: str) -> tuple[str, str]:
        main([*config(tmp_path, openid), "doctor", "--json", *more])
        (line,) = [one for one in json.loads(capsys.readouterr().out) if one["what"] == "sign-in"]
        return line["health"], line["detail"]

    with serving_openid() as openid:
        known = f"{openid.address}, which must know https://winback.example.com/sign-in/oidc/back; "
        assert told("--offline") == ("ok", known + "not asked")
        assert openid.asked == []
        assert told() == ("ok", known + "it answers, and has 1 key(s)")
        openid.keys = []
        assert told() == ("bad", "console.oidc.issuer: its keys cannot be used; ask whoever runs it")
        openid.metadata = {"issuer": "https://other.example"}
        assert told() == (
            "bad", "console.oidc.issuer: calls itself 'https://other.example'; write exactly that, if it is yours"
        )  # fmt: skip
    health, detail = told()
    assert (health, "console.oidc.issuer: does not answer as it should (ConnectError)" in detail) == ("bad", True)


def test_linking_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the subject as the audit shows it or alone; a mistake is one line."""
    monkeypatch.setenv("OIDC_SECRET", SECRET)
    monkeypatch.setenv("WINBACK_USER_PASSWORD", "four plain words together")
    openid = OpenId("http://127.0.0.1:9")

    def run(*words: str) -> tuple[int, str]:
        code = main([*config(tmp_path, openid), "user", *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    for login in (LOGIN, "bob"):
        assert run("add", login, "--name", "Ann", "--role", "viewer")[0] == 0
    assert run("link", LOGIN, f"{openid.address}#sub-1")[0] == 0
    assert json.loads(run("list", "--json")[1])[0]["subject"] == "http://127.0.0.1:9#sub-1"
    code, said = run("link", "bob", "sub-1")
    assert (code, "ann@example.com: is linked to this subject already" in said) == (4, True)
    assert run("link", "bob")[0] == run("link", "bob", "sub-2", "--undo")[0] == run("link", "bob", "\n")[0] == 2
    assert run("link", LOGIN, "--undo")[0] == 0
    assert json.loads(run("list", "--json")[1])[0]["subject"] is None
