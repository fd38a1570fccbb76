"""The ID token: what must be true of it before a word of it is believed (OpenID Connect Core 1.0, 3.1.3.7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from winback.console.oidc_refusal import RefusedError, Why

ALGORITHMS = tuple(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512))
"""Signatures by a key of which we have only the public half: none, and nothing that a shared secret makes."""
KINDS = ("RSA", "EC")
LEEWAY = 60
"""Seconds by which the provider's clock and ours may differ."""


@dataclass(frozen=True)
class Expected:
    """What the token must say. `access_token` came with it and must, where it is named, be the one it names."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    now: datetime


def public_keys(document: Mapping[str, Any]) -> KeySet:
    """The keys of a JWKS that can verify a signature.

    Raises:
        JoseError, ValueError, TypeError, KeyError: it is none, or has no such key.
    """
    usable = [one for one in document["keys"] if one.get("kty") in KINDS and one.get("use", "sig") == "sig"]
    return KeySet.import_key_set({"keys": usable})


def verified(token: object, keys: KeySet, expected: Expected) -> dict[str, Any]:
    """The claims of a token that holds.

    Raises:
        RefusedError: it does not; the detail names the rule, never what the token said.
    """
    if not isinstance(token, str):
        raise RefusedError(Why.TOKEN, "there is none")
    options = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
    }
    known = {
        "nonce": expected.nonce, "client_id": expected.client_id, "access_token": expected.access_token
    }  # fmt: skip
    try:
        found = jwt.decode(token, keys, registry=JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False))
        claims = CodeIDToken(found.claims, found.header, options, known)
        claims.validate(now=int(expected.now.timestamp()), leeway=LEEWAY)
    except JoseError as error:
        raise RefusedError(Why.TOKEN, f"{error.error} {getattr(error, 'claim', '')}".strip()) from None
    except (ValueError, TypeError, AttributeError):
        raise RefusedError(Why.TOKEN, "unreadable") from None
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise RefusedError(Why.TOKEN, "invalid_claim sub")
    return dict(claims)
