"""The five generic names stay ours, and the tree holds nothing it should not."""

import socket
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from pytest_socket import SocketConnectBlockedError

import winback

ROOT = Path(__file__).parents[2]


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    return done.stdout.splitlines()


def test_no_installed_distribution_claims_our_names() -> None:
    """The day another package installs `agents` or `tools`, this goes red."""
    assert not set(winback.PACKAGES) & packages_distributions().keys()


def test_no_name_shadows_the_standard_library() -> None:
    """Our names are nobody's in Python itself."""
    assert not set(winback.PACKAGES) & sys.stdlib_module_names


def test_a_foreign_package_of_our_name_is_refused() -> None:
    """Winback does not start when somebody else's `agents` was imported first."""
    code = (
        "import sys, types; fake = types.ModuleType('agents'); fake.__path__ = ['/elsewhere/agents'];"
        "sys.modules['agents'] = fake\nimport winback"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert "another distribution's package 'agents' was imported first" in done.stderr


def test_the_required_files_are_there() -> None:
    """What the project promises to have at its root."""
    for name in ("agents", "tools", "policies", "prompts", "workers", "tests"):
        assert (ROOT / name).is_dir()
    for name in ("pyproject.toml", "config.yaml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile", ".ci/run"):
        assert (ROOT / name).is_file()


def test_lock_files_name_no_registry() -> None:
    """Hashes and versions only: whoever installs chooses where from."""
    for name in ("requirements.lock", "requirements-weights.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "--hash=sha256:" in text


def test_every_direct_dependency_is_locked() -> None:
    """A dependency that is not in the lock file would not be installed."""
    locked = (ROOT / "requirements.lock").read_text().lower()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for one in project["project"]["dependencies"] + project["dependency-groups"]["dev"]:
        name = one.split(";")[0].split(">")[0].split("<")[0].split("[")[0].strip().lower().replace(".", "-")
        assert f"\n{name}==" in locked or f"\n{name}[" in locked, name


def test_readme_says_what_it_is_and_how_to_run_it_in_ten_lines() -> None:
    """One sentence and one command."""
    head = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:10]
    assert any("make demo" in line for line in head)


def test_no_generated_file_is_tracked() -> None:
    """Nothing that a command makes again is in git."""
    for name in tracked():
        assert not name.startswith((".venv/", "data/", "demo/", "dist/"))
        assert "__pycache__" not in name


def test_modules_are_not_too_long() -> None:
    """A file over 300 lines is a reason to look again."""
    for name in tracked():
        if name.endswith(".py") and "/versions/" not in name and (ROOT / name).exists():
            lines = (ROOT / name).read_text(encoding="utf-8").count("\n")
            assert lines <= (300 if not name.startswith("tests/") else 600), (name, lines)


def test_tests_reach_only_loopback() -> None:
    """A socket to anywhere else is refused."""
    with (
        pytest.warns(UserWarning, match="192.0.2.1"),
        pytest.raises(SocketConnectBlockedError),
        socket.socket() as one,
    ):
        one.connect(("192.0.2.1", 80))
