"""`winback policy schema` prints what an editor needs."""

import json
from pathlib import Path

import pytest

from policies.schema import policy_schema
from winback.cli.app import main
from winback.errors import Exit


def test_it_is_printed_or_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The same text on the screen and in a file."""
    assert main(["policy", "schema"]) == Exit.OK
    printed = capsys.readouterr().out
    assert json.loads(printed) == policy_schema()
    assert main(["policy", "schema", "--out", str(tmp_path / "s.json")]) == Exit.OK
    assert (tmp_path / "s.json").read_text(encoding="utf-8") == printed


def test_a_file_that_cannot_be_written_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Exit 2."""
    assert main(["policy", "schema", "--out", str(tmp_path / "none" / "s.json")]) == Exit.BAD_INPUT
    assert "cannot be written (No such file or directory)" in capsys.readouterr().err
