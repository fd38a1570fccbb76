"""Events on the standard error, with ids instead of sentences; structlog."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from winback.settings import Log

SECRET_WORDS = ("key", "password", "secret", "token", "authorization")
PERSONAL_WORDS = ("email", "address", "recipient", "contact_name")
HARMLESS = ("key_hash", "tokens_in", "tokens_out")


def configure(settings: Log) -> None:
    """Send events of at least the configured level to the standard error."""
    render: Any = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            hide,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries below us log request lines and scheduler chatter; what matters comes as our own events.
    for name in ("httpx", "httpx2", "httpcore", "httpcore2", "authlib", "apscheduler", "openai", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def hide(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank whatever is named like a secret or like personal data."""
    for name in event:
        if name not in HARMLESS and any(word in name.lower() for word in SECRET_WORDS + PERSONAL_WORDS):
            event[name] = "[hidden]"
    return event
