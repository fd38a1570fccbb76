"""What an outsider can check with one short file: proofs and exports, and nothing that was changed in them."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.integration.decisions.small_log import Cli, change, write_late
from winback.decisions import check_proof
from winback.decisions.note import SigningKey
from winback.store.store import Store


@pytest.fixture
def checker(cli: Cli, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Run the checker as an outsider would: on its own, without Winback."""
    assert cli("checker", "--out", "check.py").code == 0
    alone = tmp_path / "elsewhere"
    alone.mkdir()
    (tmp_path / "check.py").rename(alone / "check.py")

    def run(file: str, *more: str) -> tuple[int, str]:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-I", str(alone / "check.py"), str(tmp_path / file), *more],
            cwd=alone, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return run


Checker = Callable[..., tuple[int, str]]


def test_the_checker_is_short_and_imports_nothing_of_ours(cli: Cli) -> None:
    """Somebody must be able to read all of it."""
    text = cli("checker").out
    assert text == Path(check_proof.__file__).read_text(encoding="utf-8")
    assert len(text.splitlines()) < 200
    imported = {
        line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))
    }
    assert imported <= sys.stdlib_module_names


@pytest.mark.usefixtures("log")
def test_an_entry_is_proven(cli: Cli, checker: Checker) -> None:
    """Each of them, with its evidence, against the key that was kept elsewhere."""
    cli("checkpoint")
    key = cli("key").out.strip()
    for entry in range(8):
        assert cli("prove", str(entry), "--out", "proof.json").code == 0
        code, said = checker("proof.json", "--key", key)
        assert (code, said.splitlines()[-1]) == (0, "proven"), said
        assert f"ok: entry {entry} is in that log, as it stands here" in said


def test_an_entry_that_no_checkpoint_covers_is_not_proven(log: Store, cli: Cli) -> None:
    """One line each time: no checkpoint at all, none that is new enough, an entry that was taken out."""
    assert "there is no checkpoint yet; run 'winback log checkpoint'" in cli("prove", "1").err
    cli("checkpoint")
    write_late(log)
    said = cli("prove", "8")
    assert (said.code, said.out) == (2, "")
    assert "no checkpoint covers entry 8 yet; run 'winback log checkpoint'" in said.err
    change(log, "DELETE FROM decision_entry WHERE position = 3")
    assert "entry 3 is missing; see 'winback log verify'" in cli("prove", "3").err
    assert "give either an entry or --since" in cli("prove").err


def test_growth_is_proven(log: Store, cli: Cli, checker: Checker) -> None:
    """From each checkpoint to the newest; also when nothing has changed."""
    for _ in range(4):
        cli("checkpoint")
        write_late(log)
    cli("checkpoint")
    for number in range(1, 6):
        old = f"checkpoints/checkpoint-{number:08}.txt"
        assert cli("prove", "--since", old, "--out", "proof.json").code == 0
        code, said = checker("proof.json")
        assert code == 0, said
        assert f"ok: the first {7 + number} entries are the same in both" in said


@pytest.mark.parametrize("entries", [0, 1, 5])
def test_growth_from_nothing_is_proven(store: Store, cli: Cli, checker: Checker, entries: int) -> None:
    """Every log begins with the empty one."""
    cli("checkpoint")
    for _ in range(entries):
        write_late(store)
    cli("checkpoint")
    assert cli("prove", "--since", "checkpoints/checkpoint-00000001.txt", "--out", "proof.json").code == 0
    code, said = checker("proof.json")
    assert code == 0, said
    assert "ok: the first 0 entries are the same in both" in said


def test_a_log_that_did_not_only_grow_is_refused(log: Store, cli: Cli, checker: Checker, tmp_path: Path) -> None:
    """Two checkpoints signed with the right key, of two histories."""
    cli("checkpoint")
    change(log, "DELETE FROM decision_entry WHERE position > 3")
    change(log, "DELETE FROM seal WHERE size > 4")
    change(log, "DELETE FROM installation")
    (tmp_path / "checkpoints").rename(tmp_path / "old")
    for _ in range(9):
        write_late(log)
    cli("checkpoint")
    assert cli("prove", "--since", "old/checkpoint-00000001.txt", "--out", "proof.json").code == 0
    code, said = checker("proof.json")
    assert code == 1
    assert "REFUSED: the log was not only added to" in said


@pytest.mark.parametrize(
    ("since", "count"), [((), 8), (("--since", "2026-05-13"), 1), (("--since", "2027-01-01"), 0)]
)
@pytest.mark.usefixtures("log")
def test_an_export_is_proven(cli: Cli, checker: Checker, since: tuple[str, ...], count: int) -> None:
    """All of it, or what came since a day; it brings its own checkpoint."""
    said = cli("export", "log.jsonl", *since)
    assert (said.code, said.out.split(" entries")[0]) == (0, str(count))
    code, told = checker("log.jsonl", "--key", cli("key").out.strip())
    assert code == 0, told
    assert f"ok: {count} entries, as they stand here, are the last of that log" in told


@pytest.mark.usefixtures("store")
def test_an_export_of_nothing_is_proven(cli: Cli, checker: Checker) -> None:
    """An empty log has a checkpoint too."""
    assert cli("export", "log.jsonl").code == 0
    assert checker("log.jsonl")[0] == 0


@pytest.mark.usefixtures("log")
def test_an_export_from_which_a_line_is_missing_is_refused(cli: Cli, checker: Checker, tmp_path: Path) -> None:
    """The first, one in the middle, the last, or two that changed places."""
    cli("export", "log.jsonl")
    lines = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    swapped = [*lines[:2], lines[3], lines[2], *lines[4:]]
    for kept in (
        lines[1:],
        [*lines[:3], *lines[4:]],
        [*lines[:7], lines[8]],
        lines[:8],
        swapped,
        [*lines, lines[0]],
    ):
        (tmp_path / "less.jsonl").write_text("".join(kept), encoding="utf-8")
        code, said = checker("less.jsonl")
        assert code == 1, said
        assert "REFUSED" in said


@pytest.mark.usefixtures("log")
def test_a_changed_line_of_an_export_is_refused(cli: Cli, checker: Checker, tmp_path: Path) -> None:
    """Whichever of its values; the checkpoint's nodes too."""
    cli("export", "log.jsonl", "--since", "2026-05-13")
    lines = [json.loads(one) for one in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    for number, name, value in (
        (0, "leaf", "0" * 64), (0, "position", 8), (0, "evidence", "{}"), (0, "more", 1),
        (0, "body", lines[0]["body"].replace("late", "lots")), (1, "before", []), (1, "more", 1),
    ):  # fmt: skip
        changed = [dict(one) for one in lines]
        changed[number][name] = value
        (tmp_path / "changed.jsonl").write_text(
            "".join(json.dumps(one) + "\n" for one in changed), encoding="utf-8"
        )
        code, said = checker("changed.jsonl")
        assert (code, "REFUSED" in said) == (1, True), (name, said)


@pytest.mark.usefixtures("log")
def test_another_key_is_refused(cli: Cli, checker: Checker, tmp_path: Path) -> None:
    """Whoever has the right key from elsewhere is not taken in by the file's own."""
    cli("checkpoint")
    cli("prove", "2", "--out", "proof.json")
    (tmp_path / "keys" / "checkpoint.key").unlink()
    code, said = checker("proof.json", "--key", cli("key").out.strip())
    assert code == 1
    assert "the file names another key than the given one" in said


def test_a_file_that_is_not_there_is_another_mistake(checker: Checker) -> None:
    """It says nothing about the log."""
    code, said = checker("nowhere.json")
    assert code == 2
    assert "cannot be read" in said


@pytest.mark.usefixtures("log")
def test_evidence_that_is_not_there_is_said(cli: Cli, checker: Checker, tmp_path: Path) -> None:
    """It may have been erased: the entry is proven without it. Other evidence in its place is refused."""
    cli("checkpoint")
    proof = json.loads(cli("prove", "1").out)
    for evidence, expected, told in (
        (None, 0, "note: the evidence of entry 1 is not in the file, so nothing is said of it"),
        ("{}", 1, "entry 1: its evidence is not the one it names"),
        ("", 1, "entry 1: its evidence is not the one it names"),
    ):
        (tmp_path / "proof.json").write_text(json.dumps({**proof, "evidence": evidence}, indent=2))
        code, said = checker("proof.json")
        assert (code, told in said) == (expected, True), said


@pytest.mark.usefixtures("log")
def test_without_a_key_nothing_is_proven_about_who_signed(cli: Cli, checker: Checker, tmp_path: Path) -> None:
    """A forger's proof brings the forger's key, and is consistent with it."""
    cli("checkpoint")
    genuine = cli("key").out.strip()
    proof = json.loads(cli("prove", "1").out)
    forger = SigningKey("winback", bytes(32))
    text = proof["checkpoint"].rpartition("\n\n")[0] + "\n"
    forged = {**proof, "checkpoint": forger.sign(text), "key": str(forger.verifier)}
    (tmp_path / "forged.json").write_text(json.dumps(forged, indent=2), encoding="utf-8")
    code, said = checker("forged.json")
    assert (code, said.splitlines()[-1]) == (0, "consistent with the key in the file (not proven who signed)")
    assert "proven" not in said.splitlines()
    assert checker("forged.json", "--key", genuine)[0] == 1


@pytest.mark.usefixtures("log")
def test_a_checkpoint_that_others_have_signed_too(cli: Cli, checker: Checker, tmp_path: Path) -> None:
    """Witnesses add their lines; they are passed over, and alone they are not enough."""
    cli("checkpoint")
    key = cli("key").out.strip()
    proof = json.loads(cli("prove", "1").out)
    text, _, own = proof["checkpoint"].rpartition("\n\n")
    witness = f"— witness.example {base64.b64encode(bytes(76)).decode()}\n"
    same_name = SigningKey("winback", bytes(32)).sign(f"{text}\n").rpartition("\n\n")[2]
    broken = own.replace(own[-4], "B" if own[-4] != "B" else "C")
    for lines, expected in (
        (own + witness, 0), (witness + own, 0), (same_name + own, 0), (witness, 1), (same_name, 1),
        (witness + broken, 1), (own + "x\n", 1),
    ):  # fmt: skip
        signed = {**proof, "checkpoint": f"{text}\n\n{lines}"}
        (tmp_path / "witnessed.json").write_text(json.dumps(signed, indent=2), encoding="utf-8")
        code, said = checker("witnessed.json", "--key", key)
        assert code == expected, (lines, said)


def refused(proof: dict[str, Any], tmp_path: Path) -> bool:
    """The checker's answer without another process: hundreds of them would take minutes."""
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(proof, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    try:
        with file.open(encoding="utf-8", newline="\n") as text:
            check_proof.check(text, None)
    except (ValueError, LookupError, TypeError, AttributeError):
        return True
    return False


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_any_changed_character_is_refused(
    proven: list[dict[str, Any]], tmp_path: Path, data: st.DataObject
) -> None:
    """Of any value of a proof."""
    proof = dict(data.draw(st.sampled_from(proven)))
    assert not refused(proof, tmp_path)
    name = data.draw(st.sampled_from(sorted(key for key, value in proof.items() if value not in (None, []))))
    value = proof[name]
    index = data.draw(st.integers(0, len(value) - 1)) if isinstance(value, list) else None
    text = str(value if index is None else value[index])
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="ascii", min_codepoint=32) | st.just("é"))
    assume(other != text[at])
    changed: Any = text[:at] + other + text[at + 1 :]
    if isinstance(value, int) and changed.isdecimal() and changed.isascii():
        changed = int(changed)
    assume(changed != value)
    proof[name] = changed if index is None else [*value[:index], changed, *value[index + 1 :]]
    assert refused(proof, tmp_path)


@pytest.fixture
def proven(log: Store, cli: Cli) -> list[dict[str, Any]]:
    """An entry with evidence, one without, and a growth."""
    cli("checkpoint")
    write_late(log)
    cli("checkpoint")
    since = cli("prove", "--since", "checkpoints/checkpoint-00000001.txt").out
    return [json.loads(one) for one in (cli("prove", "1").out, cli("prove", "4").out, since)]


def test_the_same_bytes_in_another_way_are_refused(proven: list[dict[str, Any]], tmp_path: Path) -> None:
    """The last character of base64 has bits that do not count; a proof has one right form."""
    for proof in proven:
        last = proof["path"][0][-2]
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        other = letters[letters.index(last) ^ 1]
        assert refused({**proof, "path": [proof["path"][0][:-2] + other + "=", *proof["path"][1:]]}, tmp_path)
        assert refused({**proof, "more": 1}, tmp_path)
