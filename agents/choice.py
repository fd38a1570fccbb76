"""What a selector may answer: a choice, nothing, or that the model failed."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from policies.facts import AgentFacts
from tools.tool import Option

FailureCode = Literal[
    "unreachable",
    "refused_key",
    "rate_limited",
    "timeout",
    "bad_answer",
    "over_length",
    "not_configured",
    "over_budget",
]
ChoiceReason = Literal[
    "teaches_what_fell",
    "lifts_the_limit",
    "a_person_should_talk",
    "restarts_a_stalled_account",
    "least_intrusive",
    "other",
    "not_said",
]
NothingReason = Literal[
    "no_options",
    "nothing_fits",
    "drop_too_small",
    "contacted_enough",
    "likely_to_return",
    "other",
    "not_said",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How an answer came about. `tokens_*` are of the answer that counted, 0 where not told."""

    model: str
    embedded: bool
    prompt_version: str
    milliseconds: float = 0.0
    attempts: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    untrusted: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the options that were offered. `confidence` is 0 to 1, None where the model gave none."""

    option: Option
    confidence: float | None
    why: ChoiceReason
    run: Run


@dataclass(frozen=True, slots=True)
class Nothing:
    """The model found that nothing should be done; or there were no options, and nobody was asked."""

    confidence: float | None
    why: NothingReason
    run: Run


@dataclass(frozen=True, slots=True)
class Failure:
    """The model gave no usable answer. `detail` is one line that carries no secret.

    `attempts` is 0 when the model was not asked, because it failed too often just before. `run` is
    absent where no selector was at work.
    """

    code: FailureCode
    detail: str
    attempts: int = 1
    run: Run | None = None


Outcome: TypeAlias = Choice | Nothing | Failure


def agent_facts(outcome: Outcome) -> AgentFacts:
    """What policy may know of who chose; a failure shows as one, with no confidence."""
    run = outcome.run
    return AgentFacts(
        source="model",
        model=run.model if run else "",
        embedded=run.embedded if run else False,
        confidence=None if isinstance(outcome, Failure) else outcome.confidence,
        untrusted_text=run.untrusted if run else False,
        failure=outcome.code if isinstance(outcome, Failure) else None,
    )
