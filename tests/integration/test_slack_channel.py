"""The Slack channel against a receiver that answers as Slack does."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from tests.unit.tools.situations import KEY, parcel
from tools.channels.channel import MaybeSent, NotSent
from tools.channels.slack import SlackChannel
from winback.clock import SimulatedClock
from winback.errors import InputError, SetupError
from winback.settings_channels import Slack
from winback.testing import http_receiver as acts
from winback.testing.http_receiver import Receiver, receiving

TOKEN = "zebracrossing"


def channel(there: Receiver, seconds: float = 5, **more: Any) -> SlackChannel:
    return SlackChannel(Slack(url=SecretStr(f"{there.url}/{TOKEN}"), timeout_seconds=seconds), **more)


def test_taken() -> None:
    """Slack's ok is the receipt; it got one JSON message at the secret address."""
    with receiving() as there:
        receipt = channel(there).send(parcel())
    (posted,) = there.posted
    assert posted.path.endswith(TOKEN)
    assert posted.headers["content-type"] == "application/json"
    assert json.loads(posted.body)["blocks"][0]["type"] == "header"
    assert receipt.to_plain() == {
        "channel": "slack",
        "reference": f"12-{KEY[:12]}",
        "answer": "200 ok",
        "at": "2026-10-16T06:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, b"invalid_payload", "400 invalid_payload"),
        (403, b"action_prohibited", "403 action_prohibited"),
        (404, b"no_service", "404 no_service"),
        (410, b"channel_is_archived", "410 channel_is_archived"),
        (404, b"<html>no page at /winback/hook/zebracrossing</html>", "404"),
        (404, TOKEN.encode(), "404"),
        (302, b"", "302"),
    ],
)
def test_refused(status: int, body: bytes, said: str) -> None:
    """Slack's short word is shown, nothing else of what it says; the same again is no use."""
    with receiving() as there:
        there.reply(status, body, location="https://elsewhere.example/")
        with pytest.raises(NotSent) as caught:
            channel(there).send(parcel())
    assert caught.value.retry is False
    assert said in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert "html" not in str(caught.value)


def test_asked_to_wait() -> None:
    """When Slack says how long to wait, that comes with the failure."""
    clock = SimulatedClock(datetime(2026, 10, 16, 6, 0, tzinfo=UTC))
    with receiving() as there:
        there.reply(429, b"rate_limited", retry_after="30")
        there.reply(429, b"rate_limited", retry_after="Fri, 16 Oct 2026 06:01:00 GMT")
        for wait in (30, 60):
            with pytest.raises(NotSent, match="429 rate_limited") as caught:
                channel(there, clock=clock).send(parcel())
            assert (caught.value.retry, caught.value.after) == (True, timedelta(seconds=wait))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"rollup_error"),
        (502, b""),
        (503, b""),
        (504, b""),
        (200, b"<html>log in</html>"),
        (204, b""),
        (200, b""),
    ],
)
def test_answers_that_tell_nothing(status: int, body: bytes) -> None:
    """Whatever is neither ok nor a refusal leaves open whether people have seen it."""
    with receiving() as there:
        there.reply(status, body)
        with pytest.raises(MaybeSent, match=str(status)):
            channel(there).send(parcel())


@pytest.mark.parametrize("act", [acts.hang, acts.drip, acts.drop_after_body, acts.drop_at_once, acts.babble])
def test_no_answer_is_unknown(act: acts.Misbehaviour) -> None:
    """Nothing can be asked of Slack afterwards: a person looks."""
    with receiving(Receiver(replies=[act])) as there, pytest.raises(MaybeSent) as caught:
        channel(there, seconds=0.5).send(parcel())
    assert TOKEN not in f"{caught.value!r}"


def test_nobody_listens() -> None:
    """A refused connection proves that nothing was sent; probe says which setting to look at."""
    with receiving() as there:
        channel(there).probe()
    assert there.posted == []
    with pytest.raises(NotSent, match="refused") as caught:
        channel(there).send(parcel())
    assert caught.value.retry is True
    with pytest.raises(SetupError, match=r"check channels\.slack") as probed:
        channel(there).probe()
    assert TOKEN not in f"{caught.value!r} {probed.value!r}"


def test_lookup_cannot_tell() -> None:
    """Slack keeps no key."""
    with pytest.raises(MaybeSent, match="cannot be asked"):
        channel(Receiver(url="https://hooks.example")).lookup(KEY)


def test_address_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """The URL is the secret: in no log, no repr, no error."""
    caplog.set_level("DEBUG")
    caplog.set_level("DEBUG", logger="httpcore")
    with receiving(Receiver(replies=[acts.drop_after_body])) as there:
        one = channel(there)
        with pytest.raises(MaybeSent) as caught:
            one.send(parcel())
        receipt = one.send(parcel())
    with pytest.raises(InputError) as refused:
        SlackChannel(Slack(url=SecretStr(f"http://hooks.example.com/{TOKEN}")))
    assert caplog.records
    shown = f"{one!r} {vars(one)!r} {receipt!r} {caught.value!r} {caught.value.__context__!r} {refused.value!r}"
    assert TOKEN not in shown + caplog.text
