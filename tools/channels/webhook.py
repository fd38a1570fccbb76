"""Signed webhooks as Standard Webhooks has them (https://www.standardwebhooks.com, version 1.0.0).

Keyed by contract: the receiver takes a `webhook-id` once, and answers a repeat as it answered the first.
docs/webhooks.md tells receivers so.
"""

import base64
import binascii
import re
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import SecretStr
from standardwebhooks import Webhook as Signer

from prompts.message import clean
from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel, Receipt
from tools.channels.http_send import Answer, Sender, wait_of
from winback.canonical import ENCODER
from winback.clock import Clock, SystemClock, aware
from winback.errors import InputError
from winback.settings_channels import Webhook

PREFIX = "whsec_"
_TYPES = {"grant": "winback.entitlement.grant", "take_back": "winback.entitlement.take_back"}
_PART = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)*")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,200}")
# The receiver, or what stands before it, did not come to deal with it; 409: it is dealing with it now.
_LATER = (408, 409, 425, 429)
# A gateway's word, which cannot say what the receiver behind it has done.
_UNKNOWN = (502, 504)


class WebhookChannel:
    """Posts each parcel as one signed JSON object. `tls` overrides the machine's own trust store.

    `clock` is the machine's own unless given: receivers refuse what was signed minutes from their time.
    """

    name = "webhook"
    capability: Capability = "keyed"
    can_tell = False

    def __init__(
        self, settings: Webhook, *, clock: Clock | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._sender = Sender(settings.url, settings.timeout_seconds, "channels.webhook", tls)
        self._signers = signers_of(settings.secrets, "channels.webhook.secrets")
        self._clock = clock or SystemClock()

    def send(self, parcel: Parcel) -> Receipt:
        body = webhook_body(parcel)
        now = aware(self._clock.now())
        answer = self._sender.post(body, self._headers(webhook_id(parcel.key), body, now), parcel.last_word)
        if 200 <= answer.status < 300:
            return Receipt(self.name, reference=webhook_id(parcel.key), answer=str(answer), at=parcel.sent_at)
        raise _refused(answer, now)

    def lookup(self, key: str) -> Receipt | None:
        raise MaybeSent(f"a webhook's receiver cannot be asked about {key[:12]}; sent again, it takes it once")

    def probe(self) -> None:
        """Raises SetupError when the receiver cannot be reached; sends nothing."""
        self._sender.probe()

    def _headers(self, identity: str, body: bytes, now: datetime) -> dict[str, str]:
        signatures = [one.sign(identity, now, body.decode()) for one in self._signers]
        return {
            "webhook-id": identity,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


def webhook_id(key: str) -> str:
    """The same for every try of one effect.

    Raises:
        NotSent: the key cannot stand in a header.
    """
    if not _KEY.fullmatch(key):
        raise NotSent("its key cannot stand in a header", retry=False)
    return f"msg_{key}"


def webhook_body(parcel: Parcel) -> bytes:
    """Canonical JSON; the same parcel makes the same bytes.

    Raises:
        NotSent: the payload has no JSON form, or the part no name that a type can have.
    """
    if not _PART.fullmatch(parcel.part):
        raise NotSent(f"{clean(parcel.part, 40)!r} makes no type of webhook", retry=False)
    kind = _TYPES.get(parcel.part, f"winback.{parcel.part}")
    try:
        text = ENCODER.encode({"type": kind, "timestamp": parcel.sent_at, "data": _data(parcel)})
    except (TypeError, ValueError) as error:
        raise NotSent(f"its payload has no JSON form: {clean(str(error), 80)}", retry=False) from None
    # Half a character has no UTF-8; a question mark stands for it.
    return text.encode("utf-8", "replace")


def _data(parcel: Parcel) -> Mapping[str, Any]:
    """Names and addresses are not in it: the receiver is the operator's own system and knows the keys."""
    message = parcel.message
    return {
        "key": parcel.key,
        "case": parcel.case_id,
        "tool": parcel.tool,
        "part": parcel.part,
        "account": parcel.account,
        "contact": parcel.contact,
        "why": parcel.why,
        "message": {"language": message.language, "subject": message.subject, "body": message.body},
        "payload": parcel.payload,
        "attachments": [
            {
                "name": one.name,
                "media_type": one.media_type,
                "content": base64.b64encode(one.content).decode(),
            }
            for one in parcel.attachments
        ],
    }


def _refused(answer: Answer, now: datetime) -> NotSent | MaybeSent:
    status = answer.status
    if 300 <= status < 400:
        return NotSent(f"the receiver answers with a redirect ({status}), which is not followed", retry=False)
    if status == 410:
        return NotSent(f"the receiver wants no more webhooks: {answer}", retry=False)
    if status in _LATER:
        return NotSent(f"the receiver cannot take it now: {answer}", retry=True, after=wait_of(answer, now))
    if 400 <= status < 500:
        return NotSent(f"the receiver refused it: {answer}", retry=False)
    if 500 <= status < 600 and status not in _UNKNOWN:
        return NotSent(f"the receiver failed: {answer}", retry=True, after=wait_of(answer, now))
    return MaybeSent(f"the answer does not tell whether the receiver has it: {answer}")


def signers_of(secrets: Sequence[SecretStr], where: str) -> tuple[Signer, ...]:
    """What signs and verifies with each secret; `where` is their place in the settings.

    Raises:
        InputError: one is no secret of 24 to 64 bytes in base64; it is not shown.
    """
    return tuple(_signer(secret, f"{where}.{number}") for number, secret in enumerate(secrets))


def _signer(secret: SecretStr, where: str) -> Signer:
    text = secret.get_secret_value()
    try:
        raw = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not text.startswith(PREFIX) or not 24 <= len(raw) <= 64:
        raise InputError(
            "is no signing secret",
            where=where,
            fix=f"use {PREFIX} and 24 to 64 random bytes in base64",
        )
    return Signer(raw)
