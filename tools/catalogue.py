"""What may be offered: tutorials, plans, trials and calls, from one YAML file.

Docs: docs/tools.md. A mistake in the file is answered with its line and column, and nothing is loaded.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from winback.canonical import content_hash
from winback.errors import InputError
from winback.settings_section import Zone
from winback.spelling import did_you_mean
from winback.yamlfile import Place, YamlFile, read_yaml, validate

FALLBACK = "en"
PACKAGED = Path(__file__).with_name("catalogue.yaml")

ID = r"^[a-z0-9][a-z0-9-]{0,60}$"
Id = Annotated[str, Field(pattern=ID)]
Feature = Annotated[str, Field(min_length=1, max_length=60)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Level = Literal["beginner", "advanced"]
Format = Literal["video", "article", "tour"]
TrialDays = Annotated[int, Field(ge=1, le=90)]

# The order of `date.weekday()`.
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _with_english(words: dict[str, Any]) -> dict[str, Any]:
    if "en" not in words:
        raise ValueError("has no English ('en'), which is the fallback")
    return words


Words = Annotated[
    dict[Language, Annotated[str, Field(min_length=1, max_length=120)]], AfterValidator(_with_english)
]


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Hours(Entry):
    """A stretch of office hours, local to the host; written `"09:00-12:30"`."""

    start: time
    end: time


def _hours(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    start, dash, end = text.partition("-")
    try:
        hours = {"start": time.fromisoformat(start.strip()), "end": time.fromisoformat(end.strip())}
    except ValueError:
        raise ValueError('are hours such as "09:00-12:30"') from None
    if not dash or hours["end"] <= hours["start"]:
        raise ValueError("end before they begin")
    return hours


class TutorialText(Entry):
    title: str = Field(min_length=1, max_length=120)
    link: str = Field(pattern=r"^https://[^\s<>\"]+$", max_length=400)


class Tutorial(Entry):
    """`feature` None: a tour of the whole product. `topic`: what it is about, shared with others like it."""

    id: Id
    topic: str | None = Field(None, min_length=1, max_length=60)
    feature: Feature | None = None
    level: Level
    minutes: int = Field(ge=1, le=240)
    format: Format
    languages: Annotated[dict[Language, TutorialText], AfterValidator(_with_english)]


class Plan(Entry):
    """`limits`: uses of a feature per 30 days; an included feature without one has no limit."""

    id: Id
    name: Words
    rank: int = Field(ge=0)
    price_per_month: float = Field(ge=0, allow_inf_nan=False)
    includes: tuple[Feature, ...] = Field(min_length=1)
    limits: dict[Feature, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)

    def allowance(self, feature: str) -> float:
        """Uses per 30 days: 0 where the feature is not included, infinity where it is not limited."""
        return self.limits.get(feature, float("inf")) if feature in self.includes else 0.0


class Trial(Entry):
    """`days`: lengths on offer, the preferred first. The offer stands for `answer_days`."""

    id: Id
    plan: Id
    days: tuple[TrialDays, ...] = Field(min_length=1)
    answer_days: int = Field(14, ge=1, le=90)
    from_plans: tuple[Id, ...] = Field(min_length=1)


class Host(Entry):
    name: str = Field(min_length=1, max_length=80)
    address: str = Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$")


class CallType(Entry):
    """`hours` per weekday in `zone`; no calls on days that are `closed`."""

    id: Id
    name: Words
    minutes: int = Field(ge=5, le=240)
    host: Literal["owner"] | Host
    zone: Zone
    hours: dict[Weekday, tuple[Annotated[Hours, BeforeValidator(_hours)], ...]] = Field(min_length=1)
    closed: frozenset[date] = frozenset()


class Catalogue(Entry):
    features: dict[Feature, Words] = Field(min_length=1)
    tutorials: tuple[Tutorial, ...] = ()
    plans: tuple[Plan, ...] = ()
    trials: tuple[Trial, ...] = ()
    calls: tuple[CallType, ...] = ()

    def ids(self) -> frozenset[str]:
        """Every id that may be named; no two entries of any kind share one."""
        return frozenset(self._by_id)

    def plan(self, plan: str | None) -> Plan | None:
        return found if isinstance(found := self._by_id.get(plan or ""), Plan) else None

    def tutorial(self, tutorial: str) -> Tutorial | None:
        return found if isinstance(found := self._by_id.get(tutorial), Tutorial) else None

    def trial(self, trial: str) -> Trial | None:
        return found if isinstance(found := self._by_id.get(trial), Trial) else None

    def call(self, call: str) -> CallType | None:
        return found if isinstance(found := self._by_id.get(call), CallType) else None

    def limits_of(self, plan: str) -> Mapping[str, int]:
        """Uses per 30 days by feature; empty for a plan without limits or one not in the catalogue."""
        return found.limits if (found := self.plan(plan)) else {}

    def feature_words(self, feature: str) -> dict[str, str]:
        """A feature's name by language; its own key where the catalogue does not know it."""
        return self.features.get(feature, {"en": feature})

    @cached_property
    def content_hash(self) -> str:
        return content_hash(self.model_dump(mode="json"))

    @cached_property
    def _by_id(self) -> dict[str, Tutorial | Plan | Trial | CallType]:
        entries: list[Tutorial | Plan | Trial | CallType] = []
        entries += [*self.tutorials, *self.plans]
        entries += [*self.trials, *self.calls]
        return {one.id: one for one in entries}


def ids_among(model: type[BaseModel]) -> frozenset[str]:
    """The fields of a model that are an `Id`: a tool's arguments that name an entry."""
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if any(getattr(one, "pattern", None) == ID for one in field.metadata)
    )


def load_catalogue(path: Path | None) -> Catalogue:
    """Read a catalogue; `None` is the sample one that ships.

    Raises:
        InputError: with file, line and column: not YAML, an unknown key, an id given twice, or a name
            of something that is not in the file.
    """
    file = read_yaml(path or PACKAGED)
    catalogue: Catalogue = validate(Catalogue, file)
    _refuse_twins(catalogue, file)
    for place, word, known, kind in _references(catalogue):
        if word not in known:
            fix = did_you_mean(word, known) or f"use one of {', '.join(sorted(known)) or 'none'}"
            raise InputError(f"unknown {kind} {word!r}", where=file.where(place), fix=fix)
    _check_plans(catalogue, file)
    return catalogue


def _refuse_twins(catalogue: Catalogue, file: YamlFile) -> None:
    seen: set[str] = set()
    ranks: set[int] = set()
    for kind in ("tutorials", "plans", "trials", "calls"):
        for index, entry in enumerate(getattr(catalogue, kind)):
            if entry.id in seen:
                where = file.where((kind, index, "id"))
                raise InputError(f"id {entry.id!r} is given twice", where=where, fix="rename one")
            seen.add(entry.id)
    for index, plan in enumerate(catalogue.plans):
        if plan.rank in ranks:
            where = file.where(("plans", index, "rank"))
            raise InputError(f"rank {plan.rank} is given twice", where=where, fix="give each plan its own")
        ranks.add(plan.rank)


def _references(catalogue: Catalogue) -> Iterator[tuple[Place, str, Iterable[str], str]]:
    features, plans = set(catalogue.features), {plan.id for plan in catalogue.plans}
    for index, tutorial in enumerate(catalogue.tutorials):
        if tutorial.feature is not None:
            yield ("tutorials", index, "feature"), tutorial.feature, features, "feature"
    for index, plan in enumerate(catalogue.plans):
        for at, feature in enumerate(plan.includes):
            yield ("plans", index, "includes", at), feature, features, "feature"
        for feature in plan.limits:
            yield ("plans", index, "limits", feature), feature, plan.includes, "feature of this plan"
    for index, trial in enumerate(catalogue.trials):
        yield ("trials", index, "plan"), trial.plan, plans, "plan"
        for at, origin in enumerate(trial.from_plans):
            yield ("trials", index, "from_plans", at), origin, plans, "plan"


def _check_plans(catalogue: Catalogue, file: YamlFile) -> None:
    rank = {plan.id: plan.rank for plan in catalogue.plans}
    for index, trial in enumerate(catalogue.trials):
        for at, origin in enumerate(trial.from_plans):
            if rank[origin] >= rank[trial.plan]:
                where = file.where(("trials", index, "from_plans", at))
                fix = "remove it or change the ranks"
                raise InputError(f"{trial.plan!r} is no step up from {origin!r}", where=where, fix=fix)
