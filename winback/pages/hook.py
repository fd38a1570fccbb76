"""The door for what a mail provider tells by webhook: open to signed requests alone (Standard Webhooks)."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from standardwebhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from tools.channels.webhook import signers_of
from winback.errors import InputError
from workers.inbox.event import take_event
from workers.inbox.taken import WHY, Taken
from workers.services import Services

HOOK = "/hooks/inbox"

log = structlog.get_logger()


def add_hook(app: FastAPI, services: Services) -> None:
    """Open the door where `inbox.webhook_secrets` is set; without it there is none.

    Raises:
        InputError: one of them is no secret.
    """
    secrets = services.settings.inbox.webhook_secrets
    if secrets is None:
        return
    verifiers = signers_of(secrets, "inbox.webhook_secrets")

    @app.post(HOOK, include_in_schema=False)
    def take(request: Request, body: Annotated[bytes, Depends(_body_of)]) -> Response:
        if not is_signed(verifiers, body, request.headers):
            log.warning("hook.refused")
            return _line("this is not signed with a secret of ours, or not now", 401)
        try:
            taken = take_event(services, _event_of(body))
        except InputError as error:
            return _line(str(error), 400)
        log.info("hook.taken", outcome=taken.outcome.value, repeat=taken.repeat)
        return _line(_told(taken), 200)


def is_signed(verifiers: Sequence[Verifier], body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether one of the secrets signed these bytes within five minutes of the machine's own time."""
    return any(_verifies(one, body, headers) for one in verifiers)


def _verifies(verifier: Verifier, body: bytes, headers: Mapping[str, str]) -> bool:
    try:
        verifier.verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):
        # ValueError: no UTF-8, or a signature that is not even in the form of one.
        return False
    return True


def _event_of(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise InputError("is no JSON object", where="event", fix="see docs/inbox.md")
    return event


def _told(taken: Taken) -> str:
    why = f": {WHY[taken.why]}" if taken.why else ""
    return f"{taken.outcome.value}{why}{', as before' if taken.repeat else ''}"


def _line(text: str, status: int) -> Response:
    return PlainTextResponse(f"{text}\n", status)


async def _body_of(request: Request) -> bytes:
    return await request.body()
