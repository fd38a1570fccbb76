"""The files of a policy: which may be edited from here, whether they are still the same, replacing them."""

import difflib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from policies.load import CHANGING, PACKAGED, Instead, is_nothing, policy_files
from winback.errors import ConflictError, InputError
from winback.usage.atomic import write_whole, writing
from winback.yamlfile import is_folder, read_text

SHOWN = 8000
"""Characters of a difference that are told."""


@dataclass(frozen=True)
class RuleFile:
    """One file as it stands on the disk; `seal` names its text."""

    name: str
    text: str
    seal: str


def seal_of(text: str) -> str:
    """A name for a text, to find out whether it is still the same."""
    return hashlib.sha256(text.encode()).hexdigest()


def files_of(path: Path) -> tuple[RuleFile, ...]:
    """The files that the policy is read from; none where nothing lies there.

    Raises:
        InputError: one cannot be read, or lies where it would not be.
    """
    if is_nothing(path):
        return ()
    texts = {one.name: read_text(one) for one in policy_files(path)}
    return tuple(RuleFile(name, text, seal_of(text)) for name, text in texts.items())


def named(path: Path, name: str) -> RuleFile:
    """The file with exactly this name among them.

    Raises:
        InputError: none has it.
    """
    for one in files_of(path):
        if one.name == name:
            return one
    raise InputError("is no file of this policy", where=repr(name[:100]), fix="choose one of the list")


def locked(path: Path) -> str | None:
    """Why the files cannot be edited from here, and what to do; None: they can."""
    if path.resolve() == PACKAGED.resolve():
        return "it is the packaged policy: copy it, name the copy in config.yaml (policies: {path: FILE}), restart"
    folder = path if is_folder(path) else path.parent
    links = [one for one in (path, *(policy_files(path) if is_folder(path) else ())) if one.is_symlink()]
    if links:
        return f"{links[0].name} is a link: edit the file where it lies, or name that one in config.yaml"
    if not os.access(folder, os.W_OK):
        return f"{folder} cannot be written by Winback: give it the right to, or edit the file where it lies"
    return None


def changed_since(path: Path, seals: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the files that are not what they were when `seals` were taken."""
    now = {one.name: one.seal for one in files_of(path)}
    return tuple(sorted(name for name in now.keys() | seals.keys() if now.get(name) != seals.get(name)))


def changed_meanwhile(path: Path, name: str, text: str) -> ConflictError:
    """Says that a file has changed, with the difference between it and a text."""
    theirs = next((one.text for one in files_of(path) if one.name == name), "")
    return ConflictError(
        f"has changed on the disk meanwhile\n{unified(theirs, text, f'{name} on the disk', 'yours')}",
        where=name,
        fix="nothing was saved: load it again and put your change into it",
    )


def unified(old: str, new: str, before: str, after: str) -> str:
    """The difference of two texts, as `diff -u` tells it."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), before, after, lineterm="")
    found = "\n".join(lines)
    return found if len(found) <= SHOWN else f"{found[:SHOWN]}\n…"


def put(path: Path, texts: Instead) -> None:
    """Replace files, each whole. Of several, nobody takes over some without the others.

    Raises:
        SetupError: they cannot be written.
    """
    folder = path if is_folder(path) else path.parent
    mark = folder / CHANGING
    with writing(folder):
        if len(texts) > 1:
            write_whole(mark, b"Winback is replacing files here.\n")
        for name, text in texts.items():
            _put(folder / name, text)
        mark.unlink(missing_ok=True)


def _put(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink(missing_ok=True)
        return
    mode = file.stat().st_mode if file.exists() else None
    write_whole(file, text.encode())
    if mode is not None:
        file.chmod(mode & 0o777)
