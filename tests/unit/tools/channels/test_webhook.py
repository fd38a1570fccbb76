"""The body of a webhook: one canonical JSON object, whatever people wrote."""

import base64
import json
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.tools.situations import KEY, PERSON, parcel
from tools.channels.channel import NotSent
from tools.channels.webhook import webhook_body, webhook_id
from tools.tool import Attachment, Message
from winback.canonical import canonical_json

ANY = st.text(max_size=200)


def test_the_whole_object() -> None:
    """All that a machine needs is there, and the names and addresses of people are not."""
    offer = Attachment("offer.json", "application/json", b"\x00{}")
    found = webhook_body(
        parcel(account="acct-1", contact="c-7", part="grant", payload={"days": 14}, attachments=(offer,))
    )
    assert json.loads(found) == {
        "type": "winback.entitlement.grant",
        "timestamp": "2026-10-16T06:00:00.000000Z",
        "data": {
            "key": KEY,
            "case": 12,
            "tool": "send_tutorial",
            "part": "grant",
            "account": "acct-1",
            "contact": "c-7",
            "why": parcel().why,
            "message": {"language": "en", "subject": "A subject", "body": "Hello Asha,\n\na body.\n"},
            "payload": {"days": 14},
            "attachments": [
                {
                    "name": "offer.json",
                    "media_type": "application/json",
                    "content": base64.b64encode(b"\x00{}").decode(),
                }
            ],
        },
    }
    assert PERSON.address.encode() not in found
    assert found == canonical_json(json.loads(found))


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ("message", "winback.message"),
        ("grant", "winback.entitlement.grant"),
        ("take_back", "winback.entitlement.take_back"),
        ("event", "winback.event"),
        ("gift.sent", "winback.gift.sent"),
    ],
)
def test_type(part: str, kind: str) -> None:
    """The part of the tool names the type."""
    assert json.loads(webhook_body(parcel(part=part)))["type"] == kind


@pytest.mark.parametrize("part", ["", "a b", "a..b", ".a", "A", "a\n", "grant.", "é"])
def test_part_that_makes_no_type(part: str) -> None:
    """A type that the standard does not allow is not sent."""
    with pytest.raises(NotSent, match="makes no type") as caught:
        webhook_body(parcel(part=part))
    assert caught.value.retry is False


def test_same_parcel_same_bytes() -> None:
    """Trying again sends the same bytes, in whatever order the payload was put together."""
    one, two = {"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}
    assert webhook_body(parcel(payload=one)) == webhook_body(parcel(payload=two))


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}, datetime(2026, 1, 1)])  # noqa: DTZ001
def test_payload_without_a_form(value: object) -> None:
    """What JSON cannot say is refused, and trying again is no use."""
    with pytest.raises(NotSent, match="no JSON form") as caught:
        webhook_body(parcel(payload={"x": value}))
    assert caught.value.retry is False


@pytest.mark.parametrize("key", ["", "a b", "a\r\nx: y", "é", "a.b", "x" * 201])
def test_key_that_no_header_can_have(key: str) -> None:
    """An id cannot break out of its header, nor of what is signed."""
    with pytest.raises(NotSent, match="cannot stand in a header"):
        webhook_id(key)


# Half a character: what was read from a damaged file may have one.
@example("\ud800", "a\udfffb", "\x00", '"\\')
@given(ANY, ANY, ANY, ANY)
def test_any_text_leaves_the_json_whole(subject: str, body: str, why: str, word: str) -> None:
    """UTF-8 and JSON whatever people wrote, with their words where they belong."""
    message = Message("en", subject, body, "t", "v", {})
    raw = webhook_body(parcel(message=message, why=why, account=word, payload={"word": word}))
    found = json.loads(raw.decode("utf-8"))

    def whole(text: str) -> str:
        return text.encode("utf-8", "replace").decode()

    assert found["data"]["message"] == {"language": "en", "subject": whole(subject), "body": whole(body)}
    assert (found["data"]["why"], found["data"]["payload"]) == (whole(why), {"word": whole(word)})
    assert set(found) == {"type", "timestamp", "data"}
