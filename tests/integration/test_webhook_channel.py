"""Signed webhooks against a real receiver: what it gets, what `standardwebhooks` says of it, what answers mean."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook as Judge
from standardwebhooks.webhooks import WebhookVerificationError

from tests.integration.uvicorn_thread import serving_app
from tests.unit.tools.situations import KEY, parcel
from tools.channels.channel import MaybeSent, NotSent
from tools.channels.webhook import WebhookChannel
from winback.clock import SimulatedClock
from winback.errors import InputError, SetupError
from winback.settings_channels import Webhook
from winback.testing import http_receiver as acts
from winback.testing.http_receiver import Posted, Receiver, receiving

SECRETS = [f"whsec_{one * 42}A=" for one in "BCD"]
SECRET = SECRETS[0]
PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"


def channel(url: str, *secrets: str, seconds: float = 5, **more: Any) -> WebhookChannel:
    held = tuple(SecretStr(one) for one in secrets or (SECRET,))
    return WebhookChannel(Webhook(url=url, secrets=held, timeout_seconds=seconds), **more)


def verified(posted: Posted, secret: str = SECRET, body: bytes | None = None, **changed: str) -> Any:
    """What the reference library makes of it."""
    headers = {**posted.headers, **{name.replace("_", "-"): one for name, one in changed.items()}}
    return Judge(secret).verify(posted.body if body is None else body, headers)


def test_verified_by_the_reference_library() -> None:
    """The receiver's own library accepts the signature, and the object says what it is."""
    with receiving() as there:
        receipt = channel(there.url).send(parcel(account="acct-1", contact="c-7"))
    (posted,) = there.posted
    found = verified(posted)
    assert found["type"] == "winback.message"
    assert found["timestamp"] == "2026-10-16T06:00:00.000000Z"
    assert (found["data"]["account"], found["data"]["contact"], found["data"]["key"]) == ("acct-1", "c-7", KEY)
    assert posted.headers["webhook-id"] == receipt.reference == f"msg_{KEY}"
    assert (receipt.channel, receipt.answer, receipt.at) == ("webhook", "200 ok", parcel().sent_at)


@pytest.mark.parametrize(
    "change",
    [
        {"body": b'{"type":"winback.message"}'},
        {"secret": SECRETS[1]},
        {"webhook_id": "msg_another"},
        {"webhook_timestamp": "a second later"},
        {"webhook_signature": "v1,AAAA"},
    ],
    ids=["body", "secret", "id", "timestamp", "signature"],
)
def test_anything_changed_is_refused(change: dict[str, Any]) -> None:
    """The signature covers the id, the moment and the body, and needs the secret."""
    with receiving() as there:
        channel(there.url).send(parcel())
    (posted,) = there.posted
    verified(posted)
    if "webhook_timestamp" in change:
        change = {"webhook_timestamp": str(int(posted.headers["webhook-timestamp"]) + 1)}
    with pytest.raises(WebhookVerificationError):
        verified(posted, **change)


def test_signed_by_every_secret() -> None:
    """While a secret is being changed, a receiver that has the old or the new one accepts; no third one does."""
    with receiving() as there:
        channel(there.url, *SECRETS[:2]).send(parcel())
    for secret in SECRETS[:2]:
        verified(there.posted[0], secret)
    with pytest.raises(WebhookVerificationError):
        verified(there.posted[0], SECRETS[2])


def test_signed_at_the_moment_of_the_try() -> None:
    """Each try is signed anew, so that a receiver's window of minutes holds for late tries; id and body stay."""
    clock = SimulatedClock(datetime.now(UTC) - timedelta(hours=9))
    with receiving() as there:
        one = channel(there.url, clock=clock)
        there.reply(500)
        with pytest.raises(NotSent):
            one.send(parcel())
        clock.set(datetime.now(UTC))
        one.send(parcel())
    first, second = there.posted
    with pytest.raises(WebhookVerificationError, match="too old"):
        verified(first)
    verified(second)
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])


def test_a_repeat_is_taken_once() -> None:
    """An answer that was lost, and the same parcel again: the receiver has it once."""
    with receiving(Receiver(replies=[acts.drop_after_body])) as there:
        one = channel(there.url)
        with pytest.raises(MaybeSent):
            one.send(parcel())
        assert one.send(parcel()).answer == "200 ok"
    assert (len(there.taken), there.repeats) == (1, 1)


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 501, 503, 507])
def test_answers_after_which_it_may_go_later(status: int) -> None:
    """The receiver did not take it, and may another time."""
    with receiving() as there:
        there.reply(status, b"later, please")
        with pytest.raises(NotSent, match=f"{status} later, please") as caught:
            channel(there.url).send(parcel())
        assert channel(there.url).send(parcel()).answer == "200 ok"
    assert caught.value.retry is True
    assert caught.value.after is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 400, 401, 403, 404, 410, 413, 422])
def test_answers_that_are_final(status: int) -> None:
    """The same again would be refused again."""
    with receiving() as there:
        there.reply(status, b"", location="https://elsewhere.example/")
        with pytest.raises(NotSent, match=str(status)) as caught:
            channel(there.url).send(parcel())
    assert caught.value.retry is False


@pytest.mark.parametrize("status", [502, 504, 600])
def test_answers_that_tell_nothing(status: int) -> None:
    """A gateway cannot say what the receiver behind it has done."""
    with receiving() as there:
        there.reply(status)
        with pytest.raises(MaybeSent, match=str(status)):
            channel(there.url).send(parcel())


@pytest.mark.parametrize(
    ("given", "wait"),
    [
        ("90", timedelta(seconds=90)),
        (format_datetime(datetime(2026, 10, 16, 6, 5, tzinfo=UTC), usegmt=True), timedelta(minutes=5)),
        ("999999999999999999999", timedelta(days=1)),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after(status: int, given: str, wait: timedelta) -> None:
    """How long the receiver asked us to wait comes with the failure, in seconds or as a date, at most a day."""
    clock = SimulatedClock(datetime(2026, 10, 16, 6, 0, tzinfo=UTC))
    with receiving() as there:
        there.reply(status, retry_after=given)
        with pytest.raises(NotSent) as caught:
            channel(there.url, clock=clock).send(parcel())
    assert (caught.value.retry, caught.value.after) == (True, wait)


@pytest.mark.parametrize("act", [acts.hang, acts.drop_after_body, acts.drop_at_once])
def test_no_answer_is_unknown(act: acts.Misbehaviour) -> None:
    """Without an answer nobody can prove that it did not arrive."""
    with receiving(Receiver(replies=[act])) as there, pytest.raises(MaybeSent):
        channel(there.url, seconds=0.5).send(parcel())


def test_lookup_cannot_tell() -> None:
    """A receiver of webhooks cannot be asked."""
    with pytest.raises(MaybeSent, match="sent again, it takes it once"):
        channel("http://127.0.0.1:9/x").lookup(KEY)


def test_probe() -> None:
    """Probing sends nothing, and fails where nobody listens."""
    with receiving() as there:
        channel(there.url).probe()
    assert there.posted == []
    with pytest.raises(SetupError, match=r"check channels\.webhook"):
        channel(there.url).probe()


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_c2hvcnQ=",
        "whsec_not base64 at all!!!!!!!!!!!!!!!!",
        "sécret",
        "x" * 44,
        "whsec_" + "A" * 200,
    ],
)
def test_secret_that_is_none(secret: str) -> None:
    """A wrong secret is told at the start, by its number and without showing it."""
    with pytest.raises(
        InputError, match=r"channels\.webhook\.secrets\.1: is no signing secret; use whsec_"
    ) as caught:
        channel("https://a.example/x", SECRET, secret)
    assert not secret.removeprefix("whsec_") or secret not in str(caught.value)


def test_secrets_are_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """Neither an error, nor a log, nor a repr has a secret in it."""
    caplog.set_level("DEBUG")
    caplog.set_level("DEBUG", logger="httpcore")
    shown = []
    with receiving() as there:
        there.reply(400, SECRET.encode()[:10])
        there.replies.append(acts.drop_after_body)
        one = channel(there.url, *SECRETS)
        for _ in range(2):
            with pytest.raises((NotSent, MaybeSent)) as caught:
                one.send(parcel())
            shown.append(f"{caught.value!r} {caught.value.__context__!r}")
        shown.append(f"{one!r} {vars(one)!r} {one.send(parcel())!r}")
    assert caplog.records
    for secret in SECRETS:
        assert secret[6:30] not in f"{shown} {caplog.text}"


@dataclass
class Sample:
    """The receiver of docs/webhooks.md, run."""

    url: str
    done: list[Any]
    seen: Callable[[], int]


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    monkeypatch.chdir(tmp_path)
    code = PAGE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 - the page's own sample
    done: list[Any] = []
    names["act"] = done.append
    context: AbstractContextManager[str] = serving_app(names["app"])
    with context as url:
        yield Sample(
            f"{url}/winback", done, lambda: names["db"].execute("SELECT count(*) FROM seen").fetchone()[0]
        )
    names["db"].close()


def test_the_sample_receiver_keeps_the_contract(sample: Sample) -> None:
    """What docs/webhooks.md gives to receivers verifies, acts once and answers a repeat as it did the first."""
    one = channel(sample.url)
    assert one.send(parcel(part="grant", payload={"days": 14})).answer == "200 done"
    assert one.send(parcel(part="grant", payload={"days": 14})).answer == "200 done before"
    with pytest.raises(NotSent, match="401"):
        channel(sample.url, SECRETS[1]).send(parcel(key="f" * 64))
    ((found,), seen) = sample.done, sample.seen()
    assert (found["type"], found["data"]["payload"], seen) == ("winback.entitlement.grant", {"days": 14}, 1)
    assert json.dumps(found)
