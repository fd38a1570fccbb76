"""Reading a policy from a file or a folder; a mistake is answered with its file, line and column."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from policies.policy import Policy
from policies.rules import AnyRule
from policies.rules.fields import Part
from policies.rules.reference import Reference
from winback.errors import InputError
from winback.yamlfile import Place, YamlFile, did_you_mean, is_folder, read_yaml, validate

PACKAGED = Path(__file__).with_name("default.yaml")


@dataclass(frozen=True)
class Known:
    """The names that a policy may speak of. None: not checked."""

    tools: Set[str]
    catalogue_ids: Set[str]
    channels: Set[str] | None
    arguments: Mapping[str, Set[str]]

    def names(self, reference: Reference) -> Set[str] | None:
        match reference.what:
            case "tool":
                return self.tools
            case "catalogue id":
                return self.catalogue_ids
            case "channel":
                return self.channels
            case "argument":
                return self.arguments.get(reference.tool or "")


class PolicyFile(Part):
    """One file of a policy."""

    version: Literal[1]
    rules: Annotated[tuple[AnyRule, ...], Field(min_length=1)]


def load_policy(
    path: Path | None,
    *,
    tools: Set[str],
    catalogue_ids: Set[str],
    channels: Set[str] | None = None,
    arguments: Mapping[str, Set[str]] | None = None,
) -> Policy:
    """Read one file, or all `*.yaml` of a folder as one policy; None: the packaged default policy.

    The sets are the names a policy may speak of; `arguments` are those of each tool. What is None
    is not checked.

    Raises:
        InputError: with file, line, column, and what to do.
    """
    known = Known(tools, catalogue_ids, channels, arguments or {})
    seen: dict[str, str] = {}
    rules: list[AnyRule] = []
    for one in _files(path or PACKAGED):
        rules += _read(one, known, seen)
    return Policy.of(rules, source=path or PACKAGED)


def _files(path: Path) -> list[Path]:
    if not is_folder(path):
        return [path]
    if stray := sorted(path.glob("*.yml")):
        raise InputError("ends in .yml and would not be read", where=str(stray[0]), fix="rename it to .yaml")
    if found := sorted(path.glob("*.yaml")):
        return found
    raise InputError("holds no *.yaml file", where=str(path), fix="put a policy file there or name another")


def _read(path: Path, known: Known, seen: dict[str, str]) -> tuple[AnyRule, ...]:
    file = read_yaml(path)
    _refuse_empty(file, file.data, ())
    parsed: PolicyFile = validate(PolicyFile, file, show_line=True)
    for index, rule in enumerate(parsed.rules):
        place: Place = ("rules", index)
        _refuse_twice(rule.id, file.where((*place, "id")), seen)
        for reference in rule.references():
            _refuse_unknown(reference, known, file, place)
    return parsed.rules


def _refuse_empty(file: YamlFile, value: Any, place: Place) -> None:
    """A key with nothing behind it could be read as "no limit", which is said by leaving the key out."""
    if value is None:
        raise InputError(
            f"{place[-1] if place else 'the file'!r} has no value",
            where=file.where(place),
            fix="give it one, or leave the key out",
        )
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        _refuse_empty(file, inner, (*place, key))


def _refuse_twice(rule: str, where: str, seen: dict[str, str]) -> None:
    if rule in seen:
        raise InputError(f"the id {rule!r} is taken by {seen[rule]}", where=where, fix="choose another id")
    seen[rule] = where


def _refuse_unknown(reference: Reference, known: Known, file: YamlFile, place: Place) -> None:
    names = known.names(reference)
    if names is None or reference.name in names:
        return
    whole = (*place, *reference.place)
    owner = f" of {reference.tool}" if reference.tool else ""
    raise InputError(
        f'unknown {reference.what} {reference.name!r}{owner} in "{file.line(whole)}"',
        where=file.where(whole),
        fix=did_you_mean(reference.name, names) or f"known: {', '.join(sorted(names)) or 'none'}",
    )
