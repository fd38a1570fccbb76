"""The line to an endpoint, with the real client against a real HTTP server on loopback."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from agents import calling
from agents.choice import Choice, Failure, Nothing
from agents.model import OpenModel, open_model, probe
from agents.selector import Selector
from agents.writer import Writer, Writing
from prompts.message import Slot
from winback.settings import Model

KEY = "sk-very-secret-key-0001"
TUTORIAL = {
    "action": {"tool": "send_tutorial", "option": "reports-first", "why": "teaches_what_fell"},
    "confidence": 0.7,
}
NO_ACTION = {"action": {"tool": "no_action", "reason": "drop_too_small"}, "confidence": 0.6}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "_backoff", lambda _state: 0.0)


@pytest.fixture
def opened(endpoint: Any, clock: Any) -> Callable[..., Any]:
    @contextmanager
    def make(**changes: Any) -> Iterator[OpenModel]:
        config = Model(base_url=endpoint.url, name="served", api_key=SecretStr(KEY), **changes)
        with open_model(config, clock) as model:
            yield model

    return make


def test_opening_a_model_calls_nobody(endpoint, opened, brief, options) -> None:
    """Opening is free; the first choice makes exactly one call, with the key of the settings."""
    endpoint.say(TUTORIAL)
    with opened() as model:
        assert endpoint.questions == []
        Selector(model).choose(brief, options)
    assert endpoint.keys == [f"Bearer {KEY}"]


def test_a_choice_is_one_of_the_options(endpoint, opened, brief, options) -> None:
    """A typed answer becomes the option it names, with what the endpoint told of the run."""
    endpoint.say(TUTORIAL)
    with opened() as model:
        choice = Selector(model).choose(brief, options)
    assert isinstance(choice, Choice)
    assert choice.option is options[0]
    assert (choice.why, choice.confidence) == ("teaches_what_fell", 0.7)
    assert (choice.run.model, choice.run.embedded, choice.run.attempts) == ("served", False, 1)
    assert (choice.run.tokens_in, choice.run.tokens_out) == (321, 12)
    assert choice.run.untrusted is False


def test_the_endpoint_is_asked_strictly(endpoint, opened, brief, options) -> None:
    """The schema holds exactly the options and uses no keyword that strict endpoints refuse."""
    endpoint.say(NO_ACTION)
    with opened() as model:
        assert isinstance(Selector(model).choose(brief, options), Nothing)
    wanted = endpoint.questions[0]["response_format"]["json_schema"]
    assert wanted["strict"] is True
    text = str(wanted["schema"])
    assert not any(f"'{word}'" in text for word in ("oneOf", "const", "discriminator", "minimum", "maxLength"))
    assert all(f"'{key}'" in text for key in ("reports-first", "tour", "trial-team", "checkin", "checkin#2"))


def test_function_calling(endpoint, opened, brief, options) -> None:
    """An endpoint without JSON schema can be asked by a function call instead."""
    endpoint.say(TUTORIAL, tool="Selection")
    with opened(structured="function_calling") as model:
        choice = Selector(model).choose(brief, options)
    assert isinstance(choice, Choice)
    assert "response_format" not in endpoint.questions[0]
    assert endpoint.questions[0]["tools"][0]["function"]["name"] == "Selection"


@pytest.mark.parametrize(
    ("status", "code", "calls"),
    [
        (401, "refused_key", 1),
        (403, "refused_key", 1),
        (404, "not_configured", 1),
        (400, "bad_answer", 1),
        (429, "rate_limited", 3),
        (500, "unreachable", 3),
        (503, "unreachable", 3),
    ],
)
def test_each_class_of_error(endpoint, opened, brief, options, status, code, calls) -> None:
    """What may pass is tried again, what may not is not; both end as a failure of their class."""
    endpoint.fail(status)
    with opened() as model:
        failure = Selector(model).choose(brief, options)
    assert isinstance(failure, Failure)
    assert (failure.code, failure.attempts, len(endpoint.questions)) == (code, calls, calls)
    assert failure.run is not None
    assert failure.run.model == "served"


def test_no_secret_in_a_failure(endpoint, opened, brief, options) -> None:
    """A key that the endpoint repeats in its message is in no failure and in no repr."""
    endpoint.fail(401, f"Incorrect API key provided: {KEY}. Bearer {KEY[3:]}\nsecond line")
    with opened() as model:
        failure = Selector(model).choose(brief, options)
        shown = f"{failure!r} {model!r} {model.connection!r} {model.connection.chat!r}"
    assert "very-secret" not in shown
    assert isinstance(failure, Failure)
    assert "\n" not in failure.detail
    assert "127.0.0.1:" in failure.detail


def test_a_key_of_any_shape_is_hidden(endpoint, clock, brief, options) -> None:
    """A key that does not look like one is hidden as well."""
    endpoint.fail(400, "the key open sesame is odd")
    config = Model(base_url=endpoint.url, name="served", api_key=SecretStr("open sesame"))
    with open_model(config, clock) as model:
        failure = Selector(model).choose(brief, options)
    assert isinstance(failure, Failure)
    assert "(the key [key] is odd)" in failure.detail


def test_a_spent_quota_is_not_asked_again(endpoint, opened, brief, options) -> None:
    """429 for a quota that is used up will not pass in seconds."""
    endpoint.fail(429, "quota", "insufficient_quota")
    with opened() as model:
        failure = Selector(model).choose(brief, options)
    assert (failure.code, failure.attempts) == ("rate_limited", 1)


def test_retry_after_is_heeded(endpoint, opened, brief, options, monkeypatch) -> None:
    """The wait the endpoint asks for is kept, up to the longest we are ready to wait."""
    waits: list[float] = []
    endpoint.fail(429, **{"retry-after": "7"})
    endpoint.fail(503, **{"retry-after": "3600"})
    endpoint.say(TUTORIAL)
    with opened() as model:
        monkeypatch.setattr(model.connection.calls, "_sleep", waits.append)
        choice = Selector(model).choose(brief, options)
    assert isinstance(choice, Choice)
    assert (waits, choice.run.attempts) == ([7.0, calling.LONGEST_WAIT_SECONDS], 3)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>gateway</html>",
        b"",
        b"null",
        b"[]",
        b"{}",
        {"choices": []},
        {"choices": None},
        {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": None}}]},
    ],
)
@pytest.mark.parametrize("structured", ["json_schema", "function_calling"])
def test_garbage_is_a_bad_answer(endpoint, opened, brief, options, body, structured) -> None:
    """Whatever an endpoint sends with HTTP 200, it ends as a failure, never as a traceback."""
    endpoint.reply(body)
    with opened(attempts=2, structured=structured) as model:
        failure = Selector(model).choose(brief, options)
    assert isinstance(failure, Failure)
    assert (failure.code, failure.attempts) == ("bad_answer", 2)


@pytest.mark.parametrize(
    "said",
    [
        "call them",
        '"send_tutorial"',
        {"action": {"tool": "send_tutorial", "option": "trial-team", "why": "other"}, "confidence": 0.5},
        {"action": {"tool": "send_tutorials", "option": "tour", "why": "other"}, "confidence": 0.5},
        {"action": {"tool": "refund", "option": "1000 EUR", "why": "other"}, "confidence": 1},
        {"action": {"tool": "send_tutorial", "option": "tour", "why": "because I say so"}, "confidence": 0.5},
        {"action": {"tool": "send_tutorial", "option": "tour", "why": "other", "to": "x@y.z"}, "confidence": 0.5},
        {"action": {"tool": "no_action", "reason": "tired"}, "confidence": 0.5},
        {**TUTORIAL, "confidence": 1.5},
        {"action": TUTORIAL["action"]},
    ],
)
def test_nothing_outside_the_union(endpoint, opened, brief, options, said) -> None:
    """An answer that names anything but an option at hand is a bad answer, however it is dressed."""
    endpoint.say(said)
    with opened(attempts=2) as model:
        failure = Selector(model).choose(brief, options)
    assert isinstance(failure, Failure)
    assert (failure.code, failure.attempts) == ("bad_answer", 2)


def test_a_bad_answer_may_be_mended(endpoint, opened, brief, options) -> None:
    """A second try after a bad answer counts."""
    endpoint.say("well,")
    endpoint.say(TUTORIAL)
    with opened() as model:
        choice = Selector(model).choose(brief, options)
    assert isinstance(choice, Choice)
    assert choice.run.attempts == 2


@pytest.mark.parametrize("structured", ["json_schema", "function_calling"])
def test_over_length(endpoint, opened, brief, options, structured) -> None:
    """An answer that fills all of its tokens with white space is over length, and not asked for again."""
    endpoint.say('{"action":' + " " * 500, finish="length")
    with opened(structured=structured) as model:
        failure = Selector(model).choose(brief, options)
    assert isinstance(failure, Failure)
    assert (failure.code, failure.attempts) == ("over_length", 1)


def test_too_slow(endpoint, opened, brief, options) -> None:
    """An endpoint that does not answer in time is a timeout."""
    endpoint.reply({}, wait=0.5)
    with opened(timeout_seconds=0.1, attempts=2) as model:
        failure = Selector(model).choose(brief, options)
    assert isinstance(failure, Failure)
    assert (failure.code, failure.attempts) == ("timeout", 2)


def test_nobody_there(clock, brief, options) -> None:
    """A closed port is unreachable, and so says the probe."""
    config = Model(base_url="http://127.0.0.1:9/v1", name="served", attempts=1)
    with open_model(config, clock) as model:
        failure = Selector(model).choose(brief, options)
        assert isinstance(failure, Failure)
        assert failure.code == "unreachable"
        assert probe(model) == replace(failure, run=None)


def test_a_redirect_is_not_followed(endpoint, opened, brief, options) -> None:
    """The question goes to the configured endpoint only, also when that points elsewhere."""
    endpoint.reply({}, status=307, headers={"location": endpoint.url + "/elsewhere"})
    with opened(attempts=1) as model:
        assert isinstance(Selector(model).choose(brief, options), Failure)
    assert len(endpoint.questions) == 1


def test_the_breaker_spares_an_endpoint_in_trouble(endpoint, opened, brief, options, clock) -> None:
    """After five failures in a row nobody is asked for a minute; then one call finds out."""
    endpoint.fail(401)
    with opened() as model:
        selector = Selector(model)
        failures = [selector.choose(brief, options) for _ in range(8)]
        assert len(endpoint.questions) == 5
        assert {failure.code for failure in failures} == {"refused_key"}
        assert [failure.attempts for failure in failures] == [1] * 5 + [0] * 3
        clock.set(clock.now() + timedelta(seconds=61))
        endpoint.replies.clear()
        endpoint.say(TUTORIAL)
        assert isinstance(selector.choose(brief, options), Choice)
        assert isinstance(selector.choose(brief, options), Choice)


def test_the_probe_asks_once(endpoint, opened) -> None:
    """The probe of `doctor` makes one call and reports what came of it."""
    endpoint.fail(500)
    endpoint.say("ready")
    with opened() as model:
        failed = probe(model)
        assert failed is not None
        assert failed.code == "unreachable"
        assert probe(model) is None
    assert len(endpoint.questions) == 2


def test_no_tracing_whatever_the_environment_says(endpoint, opened, brief, options, monkeypatch) -> None:
    """Variables that switch LangSmith on, also the old ones, neither send anything nor stop a choice."""
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_HANDLER"):
        monkeypatch.setenv(name, "true")
    traced = endpoint.url.removesuffix("/v1") + "/traced"
    monkeypatch.setenv("LANGSMITH_ENDPOINT", traced)
    monkeypatch.setenv("LANGSMITH_API_KEY", "ls-secret")
    made: list[object] = []
    monkeypatch.setattr(
        "langchain_core.tracers.langchain.LangChainTracer.__init__", lambda *_, **options: made.append(options)
    )
    endpoint.say(TUTORIAL)
    with opened() as model:
        assert isinstance(Selector(model).choose(brief, options), Choice)
    assert made == []
    assert len(endpoint.questions) == 1


def test_no_key_of_the_environment_is_sent(endpoint, clock, brief, options, monkeypatch) -> None:
    """A key that lies in OPENAI_API_KEY is never sent to an endpoint that was configured without one."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    endpoint.say(TUTORIAL)
    with open_model(Model(base_url=endpoint.url, name="served"), clock) as model:
        Selector(model).choose(brief, options)
    assert endpoint.keys == ["Bearer none"]
    assert os.environ["OPENAI_API_KEY"] == KEY


def test_the_writer_asks_once_for_all_slots(endpoint, opened, brief) -> None:
    """One call fills every slot; a slot with a problem keeps the template's words, and that is told."""
    endpoint.say({"subject": "A hand with reports", "note": "See https://evil.example for 20% off"})
    told: list[Writing] = []
    with opened() as model:
        filled = Writer(model, told.append).fill(brief, [Slot("subject", 60), Slot("note", 200)], "en")
    assert filled == {"subject": "A hand with reports"}
    assert told[0].left_out == {"note": ("link", "offer")}
    assert (told[0].tokens_in, len(endpoint.questions)) == (321, 1)


def test_a_writer_that_fails_fills_nothing(endpoint, opened, brief) -> None:
    """A failed model costs the words, not the message, and the failure is told."""
    endpoint.fail(401)
    told: list[Writing] = []
    with opened() as model:
        assert Writer(model, told.append).fill(brief, [Slot("note", 200)], "en") == {}
    assert told[0].failure is not None
    assert told[0].failure.code == "refused_key"
