"""The built wheel installs one name and runs."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.judge import executed, passes

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this tree, with the build backend that is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_it_installs_one_name(wheel: Path) -> None:
    """Everything lies inside `winback`, data files too."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"winback"}
    for needed in (
        "policies/default.yaml",
        "policies/demo.yaml",
        "tools/catalogue.yaml",
        "prompts/agent/select.en.md",
        "prompts/messages/send_tutorial.hi.txt",
    ):
        assert f"winback/_app/{needed}" in names
    assert "winback/store/migrations/versions/0001_start.py" in names
    assert "winback/console/templates/overview.html" in names
    assert "winback/console/static/style.css" in names
    assert "winback/console/locale/hi/common.po" in names


def test_it_runs(wheel: Path, tmp_path: Path) -> None:
    """From a place without the checkout: version, policy, doctor, a small demo."""
    venv.create(tmp_path / "v", with_pip=False, symlinks=True)
    site = next((tmp_path / "v").glob("lib/python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    # The dependencies are this environment's; the checkout is not on the path.
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "dependencies.pth").write_text(packages + "\n")
    python = tmp_path / "v" / "bin" / "python"

    def run(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603
            [python, "-P", "-m", "winback", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            timeout=200,
        )
        return done.stdout

    where = subprocess.run(  # noqa: S603
        [python, "-P", "-c", "import winback, agents; print(winback.__file__, agents.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(ROOT) not in where.stdout
    assert "winback/_app/agents" in where.stdout
    assert "winback" in run("--version")
    assert "no mistakes" in run("policy", "check")
    run("init")
    assert "bad" not in run("doctor", "--offline")
    assert "intact" in run("demo", "--accounts", "20", "--end", "2026-05-11")
    run("-c", "demo/config.yaml", "log", "trace", "trace.jsonl", "--finished")
    sent = list((tmp_path / "demo" / "outbox").glob("[0-9]*"))
    assert len(executed(passes(tmp_path / "trace.jsonl"))) == len(sent) > 0
