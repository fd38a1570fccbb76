"""What docs/policy-tools.md shows is what the commands print."""

import re
import shlex
from pathlib import Path

import pytest

from policies.trial.case import SOUND
from winback.cli.app import main
from winback.yamlfile import parse_yaml

PAGE = Path(__file__).parents[3] / "docs" / "policy-tools.md"
TEXT = PAGE.read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```yaml (\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
SHOWN = re.findall(r"^```console\n\$ winback ([^\n]*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("command", "said"), SHOWN, ids=[command for command, _ in SHOWN])
def test_each_example_says_what_the_page_shows(
    command: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run on the files of the page, a hundred columns wide."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    main(shlex.split(command))
    screen = capsys.readouterr()
    assert lines(screen.out + screen.err) == lines(said)


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def test_the_sound_act_is_the_one_on_the_page() -> None:
    """Whoever writes a case knows what it is laid over."""
    assert parse_yaml(FILES["sound"], PAGE).data == SOUND
