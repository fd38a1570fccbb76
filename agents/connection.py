"""The line to a model: the LangChain chat model, and the caller that asks it."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import openai
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from agents.breaker import Breaker
from agents.calling import Caller, invoke
from agents.choice import Failure
from agents.embedded import NAME, embedded_server
from agents.meter import Meter
from agents.metered import Metered
from winback import settings
from winback.clock import Clock
from winback.errors import SetupError

# Local servers accept any key; a key that lies in the environment is never sent to them.
NO_KEY = "none"
# LangChain refuses to run at all when these relics are set.
DEAD_TRACING_SWITCHES = ("LANGCHAIN_TRACING", "LANGCHAIN_HANDLER")
PROBE_TOKENS = 16


def _nothing_to_close() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Connection:
    chat: BaseChatModel = field(repr=False)
    calls: Caller = field(repr=False)
    close: Callable[[], None] = field(default=_nothing_to_close, repr=False)

    def probe(self) -> Failure | None:
        """Ask one small question, once."""
        chat = self.chat.bind(max_tokens=PROBE_TOKENS)
        outcome = self.calls.once(lambda: invoke(chat, [("user", "Answer with the word ready.")]))
        return outcome if isinstance(outcome, Failure) else None


def connect(config: settings.Model, clock: Clock, meter: Meter) -> Connection:
    """A line to the configured endpoint; no call is made, and all that are made are metered.

    Raises:
        SetupError: no endpoint is configured.
    """
    if config.base_url is None or config.name is None:
        raise SetupError("no model is configured", fix="set model.base_url and model.name")
    key = config.api_key.get_secret_value() if config.api_key else NO_KEY
    return _connect(config, clock, meter, config.base_url, config.name, key, use_proxy=True)


def connect_embedded(config: settings.Model, clock: Clock, meter: Meter) -> Connection:
    """A line to the embedded model, which is started if it does not run.

    Raises:
        SetupError: it cannot be started.
    """
    server = embedded_server()
    return _connect(config, clock, meter, server.base_url, NAME, server.key, use_proxy=False)


def _connect(
    config: settings.Model,
    clock: Clock,
    meter: Meter,
    base_url: str,
    name: str,
    key: str,
    *,
    use_proxy: bool,
) -> Connection:
    for switch in DEAD_TRACING_SWITCHES:
        os.environ.pop(switch, None)
    # A redirect would take the question to a place that nobody configured.
    client = openai.DefaultHttpxClient(timeout=config.timeout_seconds, follow_redirects=False, trust_env=use_proxy)
    chat = ChatOpenAI(
        model=name,
        base_url=base_url,
        api_key=SecretStr(key),
        temperature=config.temperature,
        max_completion_tokens=config.max_tokens,
        timeout=config.timeout_seconds,
        max_retries=0,
        use_responses_api=False,
        openai_proxy=None,
        http_client=client,
        callbacks=[Metered(meter)],
    )
    calls = Caller(Breaker(clock), attempts=config.attempts, place=_place(base_url), secret=key)
    return Connection(chat=chat, calls=calls, close=client.close)


def _place(base_url: str) -> str:
    parts = urlsplit(base_url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
