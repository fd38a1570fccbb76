"""Reading a policy from a file or a folder; a mistake is answered with its file, line and column."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from policies.policy import Policy
from policies.rules import AnyRule
from policies.rules.fields import DropName, Part, Word
from policies.rules.reference import Reference
from policies.switch import is_switch
from winback.errors import InputError
from winback.spelling import did_you_mean
from winback.yamlfile import Place, YamlFile, is_folder, parse_yaml, read_text, read_yaml, validate

PACKAGED = Path(__file__).with_name("default.yaml")
CASES = "cases"
CHANGING = ".changing"
"""Lies in the folder of a policy while several of its files are replaced."""
SUFFIXES = (".yaml", ".yml")
Instead = Mapping[str, str | None]
NOTHING: Instead = {}


@dataclass(frozen=True)
class Known:
    """The names that a policy may speak of. None: not checked."""

    tools: Set[str]
    catalogue_ids: Set[str]
    channels: Set[str] | None = None
    arguments: Mapping[str, Set[str]] = field(default_factory=dict)
    """Those of each tool."""
    catalogue_arguments: Mapping[str, Set[str]] = field(default_factory=dict)
    """Those of each tool that name an entry of the catalogue."""
    purposes: Set[str] | None = None

    def names(self, reference: Reference) -> Set[str] | None:
        match reference.what:
            case "tool":
                return self.tools
            case "catalogue id":
                argument, of_tool = reference.argument, self.catalogue_arguments.get(reference.tool or "", ())
                return self.catalogue_ids if argument is None or argument in of_tool else None
            case "purpose":
                return self.purposes
            case "kind of drop":
                return frozenset(get_args(DropName))
            case "channel":
                return self.channels
            case "argument":
                return self.arguments.get(reference.tool or "")


def _whole(value: object) -> object:
    """Python takes true, and 1.0, for 1."""
    return value if type(value) is int else str(value)


class PolicyFile(Part):
    """One file of a policy."""

    version: Annotated[Literal[1], BeforeValidator(_whole), Field(description="Version of this format.")]
    author: Word | None = Field(None, description="Who answers for these rules; the decision log names them.")
    rules: Annotated[tuple[AnyRule, ...], Field(min_length=1, description="In any order: it means nothing.")]


@dataclass(frozen=True)
class Loaded:
    """A policy, and where each of its rules stands."""

    policy: Policy
    places: Mapping[str, tuple[YamlFile, Place]] = field(repr=False)

    def where(self, rule: str, *inside: str | int) -> str:
        """`file:line:column` of a rule, or of a place inside it."""
        file, place = self.places[rule]
        return file.where((*place, *(inside or ("id",))))


def load_policy(path: Path | None, known: Known) -> Policy:
    """Read one file, or all `*.yaml` of a folder as one policy; None: the packaged default policy.

    Raises:
        InputError: with file, line, column, and what to do.
    """
    return load_placed(path, known).policy


def load_placed(path: Path | None, known: Known, instead: Instead = NOTHING) -> Loaded:
    """As `load_policy`, with the places of the rules. `instead`: as if these files had these texts."""
    places: dict[str, tuple[YamlFile, Place]] = {}
    rules: list[AnyRule] = []
    authors: list[str] = []
    for one in policy_files(path or PACKAGED, instead):
        file, parsed = _read(one, instead.get(one.name))
        for index, rule in enumerate(parsed.rules):
            _check(rule, file, ("rules", index), known, places)
        rules += parsed.rules
        authors += [parsed.author] if parsed.author else []
    author = ", ".join(dict.fromkeys(authors)) or None
    return Loaded(Policy.of(rules, source=path or PACKAGED, author=author), places)


def texts_of(path: Path) -> dict[str, str] | None:
    """The texts of a policy's files by name; None where one cannot be read."""
    try:
        return {one.name: read_text(one) for one in policy_files(path)}
    except InputError:
        return None


def author_of(path: Path) -> str | None:
    """Who a file says answers for it, also when its rules cannot be used."""
    try:
        data = read_yaml(path).data
        return TypeAdapter(Word).validate_python(data["author"]) if "author" in data else None
    except (InputError, ValidationError, TypeError):
        return None


def is_nothing(path: Path) -> bool:
    """Whether nothing lies there, no link to nowhere either; what cannot be looked at may be something."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def policy_files(path: Path, instead: Instead = NOTHING) -> list[Path]:
    """The files that a policy is read from; `instead` may bring new ones, and None leaves one out.

    Raises:
        InputError: something lies there that would not be read, or nothing to read does.
    """
    if not is_folder(path):
        return [path]
    if (path / CHANGING).exists() and not instead:
        raise InputError(
            "a change of its files was not finished",
            where=str(path),
            fix=f"look whether they are as they should be, then remove {CHANGING}",
        )
    found = [path / name for name, text in instead.items() if text is not None and not (path / name).exists()]
    for one in entries_of(path):
        if one.name in instead and instead[one.name] is None:
            continue
        if one.suffix.lower() in SUFFIXES:
            found.append(one)
        elif is_folder(one) and one.name != CASES:
            _refuse_rules_within(one)
    for one in found:
        if one.suffix != ".yaml":
            what = f"ends in {one.suffix} and would not be read"
            raise InputError(what, where=str(one), fix="rename it to .yaml")
    if not found:
        raise InputError("holds no *.yaml file", where=str(path), fix="put a policy file there or name another")
    return sorted(found)


def entries_of(folder: Path) -> list[Path]:
    """What lies in a folder; names that begin with a dot are of editors and the like."""
    try:
        return sorted(one for one in folder.iterdir() if not one.name.startswith("."))
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=str(folder), fix="check its permissions"
        ) from None


def _refuse_rules_within(folder: Path) -> None:
    """What lies in a folder within the folder of a policy is not read, so no rules may be there."""
    for one in entries_of(folder):
        if one.suffix.lower() in SUFFIXES:
            raise InputError(
                "lies in a folder within the policy's folder and would not be read",
                where=str(one),
                fix=f"move it up; only {CASES!r} may hold other files",
            )
        if is_folder(one) and not one.is_symlink():  # a link may lead back up
            _refuse_rules_within(one)


def _read(path: Path, text: str | None) -> tuple[YamlFile, PolicyFile]:
    file = read_yaml(path, show_line=True) if text is None else parse_yaml(text, path, show_line=True)
    _refuse_empty(file, file.data, ())
    parsed: PolicyFile = validate(PolicyFile, file, show_line=True)
    return file, parsed


def _check(
    rule: AnyRule, file: YamlFile, place: Place, known: Known, places: dict[str, tuple[YamlFile, Place]]
) -> None:
    """Refuse an id that is taken and names that nothing has; remember where the rule stands."""
    if is_switch(rule.id):
        raise file.refusal(
            f"the id {rule.id!r} is kept for kill switches", (*place, "id"), "see winback policy kill -h"
        )
    if rule.id in places:
        other, there = places[rule.id]
        taken = other.where((*there, "id"))
        raise file.refusal(f"the id {rule.id!r} is taken by {taken}", (*place, "id"), "choose another id")
    places[rule.id] = file, place
    for reference in rule.references():
        _refuse_unknown(reference, known, file, place)


def _refuse_empty(file: YamlFile, value: Any, place: Place) -> None:
    """A key with nothing behind it could be read as "no limit", which is said by leaving the key out."""
    if value is None:
        name = repr(place[-1]) if place and isinstance(place[-1], str) else "an item of the list"
        raise file.refusal(f"{name} has no value", place, "give it one, or leave the key out")
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        _refuse_empty(file, inner, (*place, key))


def _refuse_unknown(reference: Reference, known: Known, file: YamlFile, place: Place) -> None:
    names = known.names(reference)
    if names is None or reference.name in names:
        return
    whole = (*place, *reference.place)
    owner = f" of {reference.tool[:100]}" if reference.tool else ""
    raise file.refusal(
        f"unknown {reference.what} {reference.name[:100]!r}{owner}",
        whole,
        did_you_mean(reference.name, names) or f"known: {', '.join(sorted(names)) or 'none'}",
        reference.offset,
    )
