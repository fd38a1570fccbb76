"""The model: any OpenAI-compatible endpoint, or the embedded one when none is configured.

Opening it is cheap. What talks to it, and takes LangChain's second to import, is made on first use, so
that a command that asks no model does not pay for one.
"""

from collections.abc import Callable
from functools import partial
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from agents.choice import Failure
from agents.embedded import NAME as EMBEDDED_NAME
from agents.meter import Meter
from winback import settings
from winback.clock import Clock

if TYPE_CHECKING:
    from agents.connection import Connection

Structured = Literal["json_schema", "function_calling"]


class OpenModel:
    """A model that can be asked; a context manager that closes its connection."""

    def __init__(
        self,
        name: str,
        connect: Callable[[Meter], "Connection"],
        *,
        embedded: bool,
        structured: Structured = "json_schema",
    ) -> None:
        self.name = name
        self.embedded = embedded
        self.structured: Structured = structured
        self.meter = Meter()
        self._connect = connect
        self._connection: Connection | None = None
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"OpenModel({self.name!r}, embedded={self.embedded})"

    @property
    def connection(self) -> "Connection":
        """Made on first use.

        Raises:
            SetupError: this is the embedded model, and it cannot be started.
        """
        with self._lock:
            if self._connection is None:
                self._connection = self._connect(self.meter)
            return self._connection

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_model(config: settings.Model, clock: Clock) -> OpenModel:
    """The configured model, or the embedded one; nothing is called or started yet."""
    if config.base_url is None or config.name is None:
        return OpenModel(EMBEDDED_NAME, partial(_embedded, config, clock), embedded=True)
    return OpenModel(config.name, partial(_remote, config, clock), embedded=False, structured=config.structured)


def probe(model: OpenModel) -> Failure | None:
    """Ask the model one small question, once; None means that it answers.

    Raises:
        SetupError: this is the embedded model, and it cannot be started.
    """
    return model.connection.probe()


def _remote(config: settings.Model, clock: Clock, meter: Meter) -> "Connection":
    from agents.connection import connect  # noqa: PLC0415 - LangChain: on first use only

    return connect(config, clock, meter)


def _embedded(config: settings.Model, clock: Clock, meter: Meter) -> "Connection":
    from agents.connection import connect_embedded  # noqa: PLC0415

    return connect_embedded(config, clock, meter)
