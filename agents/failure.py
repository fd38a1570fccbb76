"""Which failure an error of the model is, and whether another try could help."""

import re
from dataclasses import dataclass

import openai
from langchain.agents.structured_output import StructuredOutputError

from agents.choice import Failure, FailureCode
from prompts.message import clean

MAX_DETAIL = 200
# Shapes of keys: endpoints like to repeat the refused one in their message.
_KEY_SHAPES = re.compile(r"\b(sk|pk|key|gsk|api)[-_][\w*-]{4,}|\bbearer\s+\S+|\b[A-Fa-f0-9]{32,}\b", re.IGNORECASE)


class BadAnswer(Exception):  # noqa: N818 - it is an answer, and a bad one
    """The model answered, and the answer is none of those it may give."""


class OverLength(Exception):  # noqa: N818
    """The model filled its whole answer without finishing it."""


# The errors that asking a model may raise; anything else is a mistake of ours and is not caught.
MODEL_ERRORS = (openai.OpenAIError, StructuredOutputError, BadAnswer, OverLength)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`again`: the same question may be answered a moment later."""

    code: FailureCode
    what: str
    again: bool


def diagnose(error: Exception) -> Diagnosis:
    """The class of an error that asking a model raised."""
    match error:
        case openai.APIStatusError():
            return _of_status(error)
        case openai.APITimeoutError():
            return Diagnosis("timeout", "no answer in time", again=True)
        case openai.APIConnectionError():
            return Diagnosis("unreachable", "no connection", again=True)
        case openai.LengthFinishReasonError() | OverLength():
            return Diagnosis("over_length", "the answer did not end within model.max_tokens", again=False)
        case openai.ContentFilterFinishReasonError():
            return Diagnosis("bad_answer", "the endpoint's content filter stopped the answer", again=False)
        case BadAnswer():
            return Diagnosis("bad_answer", str(error), again=True)
        case _:
            return Diagnosis("bad_answer", "the answer does not have the form that was asked for", again=True)


def failure_of(error: Exception, place: str, secret: str | None) -> Failure:
    """The failure as one line for people: never the key, never more than the endpoint's first words."""
    found = diagnose(error)
    said = _said(error, secret)
    detail = f"{place}: {found.what}" + (f" ({said})" if said else "")
    return Failure(code=found.code, detail=detail)


def _of_status(error: openai.APIStatusError) -> Diagnosis:
    status = error.status_code
    match status:
        case 401 | 403:
            return Diagnosis("refused_key", f"the key was refused (HTTP {status})", again=False)
        case 404:
            return Diagnosis("not_configured", "no such model or path (HTTP 404)", again=False)
        case 408:
            return Diagnosis("timeout", "no answer in time (HTTP 408)", again=True)
        case 429:
            spent = error.code == "insufficient_quota"
            return Diagnosis("rate_limited", f"too many requests (HTTP {status})", again=not spent)
        case _ if status >= 500:
            return Diagnosis("unreachable", f"the endpoint is in trouble (HTTP {status})", again=True)
        case _ if "context" in str(error.code):
            return Diagnosis("over_length", "the question is too long for this model", again=False)
        case _:
            return Diagnosis("bad_answer", f"the endpoint refused the question (HTTP {status})", again=False)


def _said(error: Exception, secret: str | None) -> str:
    if not isinstance(error, openai.APIStatusError) or not isinstance(error.body, dict):
        return ""
    said = error.body.get("message")
    if not isinstance(said, str):
        return ""
    if secret:
        said = said.replace(secret, "[key]")
    return clean(_KEY_SHAPES.sub("[key]", said), MAX_DETAIL)
