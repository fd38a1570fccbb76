"""What a provider says is believed when everything about it holds, and not before."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from tests.integration.console.house import House
from tests.integration.console.oidc_visit import arrive, refused, to_provider
from tests.integration.console.openid import CLIENT, SECRET, Claims, OpenId, a_key, packed
from winback.testing.world import NOON

NOW = int(NOON.timestamp())
KEYS, WELL_KNOWN = "/keys", "/.well-known/openid-configuration"


def is_out(console: House, why: str) -> None:
    """Nobody gets in, nobody is made, and the audit has the reason."""
    client = console.nobody()
    answer = arrive(client)
    assert (answer.status_code, "cannot be believed" in answer.text) == (403, True)
    assert client.get("/me").status_code == 303
    assert console.noted() == [("", "sign_in_refused", f"by the provider: token: {why}")]


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "another"}, "invalid_claim nonce"),
        ({"nonce": None}, "invalid_claim nonce"),
        ({"aud": "somebody-else"}, "invalid_claim aud"),
        ({"aud": ["somebody-else", "third"]}, "invalid_claim aud"),
        ({"aud": [CLIENT, "somebody-else"]}, "missing_claim azp"),
        ({"azp": "somebody-else"}, "invalid_claim azp"),
        ({"iss": "https://evil.example"}, "invalid_claim iss"),
        ({"exp": NOW - 61}, "expired_token exp"),
        ({"exp": "tomorrow"}, "invalid_claim exp"),
        ({"iat": NOW + 61}, "invalid_claim iat"),
        ({"nbf": NOW + 61}, "invalid_claim nbf"),
        ({"at_hash": "bm90IHRoZSBvbmU"}, "invalid_claim at_hash"),
        ({"sub": ""}, "invalid_claim sub"),
        ({"sub": 7}, "invalid_claim sub"),
        ({"sub": "a\u0000b"}, "invalid_claim sub"),
        ({"sub": "x" * 256}, "invalid_claim sub"),
    ],
)  # fmt: skip
def test_a_claim_that_does_not_hold(here: House, openid: OpenId, claims: Claims, why: str) -> None:
    """Signed by the provider or not, it lets nobody in."""
    openid.twist = claims
    is_out(here, why)


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp", "iat", "nonce"])
def test_a_claim_that_is_missing(here: House, openid: OpenId, claim: str) -> None:
    """None of these may be left out."""
    key = openid.keys[0]
    openid.forge = lambda claims: jwt.encode(
        {"alg": "RS256", "kid": key.kid},
        {name: one for name, one in claims.items() if name != claim},
        key,
        ["RS256"],
    )
    is_out(here, f"missing_claim {claim}")


def by_hand(header: dict[str, Any], claims: Claims, secret: bytes = b"") -> str:
    """A token as no library would make it; without a secret, without a signature."""
    body = f"{packed(json.dumps(header).encode())}.{packed(json.dumps(claims).encode())}"
    return f"{body}.{packed(hmac.digest(secret, body.encode(), hashlib.sha256)) if secret else ''}"


FORGED: dict[str, tuple[Callable[[OpenId], Callable[[Claims], str]], str]] = {
    "none": (lambda _: lambda claims: by_hand({"alg": "none"}, claims), "unsupported_algorithm"),
    "None": (lambda _: lambda claims: by_hand({"alg": "None", "kid": "one"}, claims), "unsupported_algorithm"),
    "HS256 by the client's secret": (
        lambda _: lambda claims: jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET), ["HS256"]),
        "unsupported_algorithm",
    ),
    "HS256 by the public key": (
        lambda openid: lambda claims: by_hand(
            {"alg": "HS256", "kid": "one"}, claims, openid.keys[0].as_pem(private=False)
        ),
        "unsupported_algorithm",
    ),
    "another's key by the same name": (
        lambda _: lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, a_key("one"), ["RS256"]),
        "bad_signature",
    ),
    "a key that the token brings": (lambda _: _with_its_key, "invalid_key_id"),
    "no signature": (
        lambda _: lambda claims: by_hand({"alg": "RS256", "kid": "one"}, claims),
        "bad_signature",
    ),
    "no token": (lambda _: lambda _: "x", "decode_error"),
    "no words": (lambda _: lambda _: "a.b.c", "decode_error"),
}  # fmt: skip


def _with_its_key(claims: Claims) -> str:
    key = ECKey.generate_key("P-256", {"kid": "mine"})
    header = {"alg": "ES256", "kid": "mine", "jwk": key.as_dict(private=False)}
    return jwt.encode(header, claims, key, ["ES256"])


@pytest.mark.parametrize("how", FORGED)
def test_a_token_that_the_provider_did_not_sign(here: House, openid: OpenId, how: str) -> None:
    """However it is signed instead."""
    forge, why = FORGED[how]
    openid.forge = forge(openid)
    is_out(here, why)


def test_keys_are_kept_and_read_anew_when_they_change(here: House, openid: OpenId) -> None:
    """Once for many sign-ins; a key that is new is found at once, one that is gone opens nothing after an hour."""
    for _ in range(2):
        assert arrive(here.nobody()).status_code == 303
    assert openid.asked == [WELL_KNOWN, KEYS]
    old = openid.keys[0]
    openid.rotate("two")
    assert arrive(here.nobody()).status_code == 303
    assert openid.asked == [WELL_KNOWN, KEYS, KEYS]
    openid.forge = lambda claims: jwt.encode({"alg": "RS256", "kid": old.kid}, claims, old, ["RS256"])
    assert arrive(here.nobody()).status_code == 403
    assert refused(here) == ["by the provider: token: invalid_key_id"]


def test_a_key_under_an_old_name_is_found_too(here: House, openid: OpenId) -> None:
    """Some providers change the key and not its name; others have several, and keys that we cannot use."""
    arrive(here.nobody())
    openid.rotate("one")
    assert arrive(here.nobody()).status_code == 303
    openid.keys = [a_key("three"), curve := ECKey.generate_key("P-256", {"kid": "curve"})]
    assert arrive(here.nobody()).status_code == 303
    openid.forge = lambda claims: jwt.encode({"alg": "ES256", "kid": "curve"}, claims, curve, ["ES256"])
    assert arrive(here.nobody()).status_code == 303


def test_somebody_in_very_many_groups_gets_in(here: House, openid: OpenId) -> None:
    """A long claim is no reason to refuse a token."""
    openid.people["sub-1"]["roles"] = [*(f"group-{number:032}" for number in range(400)), "lookers"]
    assert arrive(here.nobody()).status_code == 303


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ({"issuer": "https://evil.example"}, "calls itself 'https://evil.example'"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint is no address"),
        ({"token_endpoint": "http://id.example.com/token"}, "token_endpoint is no address"),
        ({"jwks_uri": None}, "jwks_uri is no address"),
        ({"code_challenge_methods_supported": ["plain"]}, "does not know PKCE with S256"),
    ],
)
def test_a_provider_that_cannot_be_used(
    here: House, openid: OpenId, metadata: Claims, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is said to the operator in the log, and to the reader as something that is not theirs."""
    openid.metadata = metadata
    answer = here.nobody().get("/sign-in/oidc")
    assert (answer.status_code, "cannot be asked now" in answer.text) == (503, True)
    assert "location" not in answer.headers
    assert says in capsys.readouterr().out


def test_who_an_answer_says_it_comes_from(here: House, openid: OpenId) -> None:
    """Must be the provider (RFC 9207), and where it says that it says so, it must."""
    for more, metadata, status in (
        ("&iss=https://evil.example", {}, 400),
        (f"&iss={openid.address}", {}, 303),
        ("", {"authorization_response_iss_parameter_supported": True}, 400),
    ):
        openid.metadata = metadata
        if metadata:
            here.clock.set(NOON.replace(hour=12))
            openid.now = here.clock.now()
        client = here.nobody()
        assert client.get(to_provider(client) + more).status_code == status, more


def test_the_secret_goes_as_the_provider_takes_it(here: House, openid: OpenId) -> None:
    """In the form, where it takes none in the header; a wrong one is said to be the set-up's fault."""
    openid.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert arrive(here.nobody()).status_code == 303
    openid.secret = "another one that was made later"
    assert arrive(here.nobody()).status_code == 503
