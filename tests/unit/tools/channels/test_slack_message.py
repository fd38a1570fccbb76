"""A message for Slack: whatever people wrote stays words."""

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.tools.situations import KEY, parcel
from tools.channels.channel import NotSent
from tools.channels.slack_message import slack_message
from tools.tool import Attachment, Message

ANY = st.text(st.one_of(st.characters(), st.sampled_from("<>&`@!#|*_~:\n\u200b\u202e ")), max_size=400)
LINKS = {"links": {"The case": "https://console.example.com/cases/12?a=1&b=2"}}


def message(body: str = "Hello,\n\na body.\n", subject: str = "A subject") -> Message:
    return Message("en", subject, body, "t", "v", {})


def texts(raw: bytes) -> list[str]:
    """Every text of the message that Slack would read."""
    found = json.loads(raw)
    parts = [found["text"]]
    for block in found["blocks"]:
        parts += [one["text"] for one in block.get("elements", [block.get("text")])]
    return parts


def outside_code(text: str) -> str:
    """What Slack would format."""
    return re.sub(r"```\n.*?\n```|`[^`\n]*`", "", text, flags=re.DOTALL)


def test_what_it_says() -> None:
    """Header, facts, the text, the link, and at the foot what a person needs to find it again."""
    offer = Attachment("offer.json", "application/json", b"{}")
    found = json.loads(slack_message(parcel(account="acct-1", payload=LINKS, attachments=(offer,))))
    plain: list[Any] = [one.get("text") or one["elements"][0] for one in found["blocks"]]
    assert [one["type"] for one in found["blocks"]] == ["header", *["section"] * 5, "context"]
    assert [one["text"] for one in plain] == [
        "Winback: send_tutorial, case 12",
        "*Account:* `acct-1`",
        f"*Why:* `{parcel().why}`",
        "*Subject:* `A subject`",
        "```\nHello Asha,\n\na body.\n```",
        "<https://console.example.com/cases/12?a=1&amp;b=2|The case>",
        f"Case 12, effect {KEY[:12]}; 1 attached file(s) cannot be shown here",
    ]
    assert all(one["verbatim"] for one in plain[1:])
    assert (found["unfurl_links"], found["unfurl_media"]) == (False, False)
    for words in ("acct-1", "A subject", "a body.", "|The case>"):
        assert words in found["text"]


@example("<!channel> <@U024BE7LH> @here", "&lt;!here&gt;", "```*bold*```", "`_a_`")
@example("<https://evil.example|your bank>", "@channel", "a`\n@everyone", "<#C1>")
@example("\ud800", "a\udfffb", "\x00", "")
@given(ANY, ANY, ANY, ANY)
def test_any_text_stays_words(subject: str, body: str, why: str, account: str) -> None:
    """Valid JSON; every < > & escaped; no mention; outside code nothing but our own labels."""
    raw = slack_message(parcel(message=message(body, subject), why=why, account=account))
    for text in texts(raw):
        rest = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
        assert not set(rest) & set("<>&")
        assert not re.search(r"@(?!\u2060)", text)
        kept = re.sub(r"\*(Account|Why|Subject):\*", "", outside_code(text))
        assert re.fullmatch(r"\s*(Winback: send_tutorial, case 12|Case 12, effect [0-9a-f]{12})?\s*", kept)


@given(st.text(st.sampled_from("&<>`@a \n\U0001f600"), min_size=0, max_size=300), st.integers(1, 400))
def test_limits_of_slack(text: str, times: int) -> None:
    """At most 50 blocks and 3000 characters in a section, in a header 150, however long the text is."""
    long = text * times
    raw = slack_message(parcel(message=message(long, long), why=long, account=long, tool="t" * 500))
    found = json.loads(raw)
    assert len(found["blocks"]) <= 50
    header, *sections, _ = found["blocks"]
    assert len(header["text"]["text"]) <= 150
    for one in sections:
        assert 1 <= len(one["text"]["text"].encode("utf-16-le")) // 2 <= 3000
    assert len(found["text"]) < 40_000


def test_long_text_arrives_whole_up_to_the_cut() -> None:
    """Pieces neither lose nor tear anything; what is left out is said."""
    body = "".join(f"line {number} <&>\n" for number in range(600))
    raw = slack_message(parcel(message=message(body)))
    pieces = [one[4:-4] for one in texts(raw)[1:] if one.startswith("```\n")]
    joined = "".join(pieces)
    assert "(the rest" not in joined
    assert joined.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == body.strip()
    cut = slack_message(parcel(message=message(body * 9)))
    assert any("the rest is not shown" in one for one in texts(cut))


@pytest.mark.parametrize(
    "url",
    [
        "http://console.example.com/x",
        "javascript:alert(1)",
        "https://a.example/x|<!here>",
        "https://a.example/>",
        "https://a.example/`x`",
        "https://user@a.example/",
        "https://a.example/" + "x" * 1000,
        "",
    ],
)
def test_link_that_may_not_be_shown(url: str) -> None:
    """A link that could be anything but one address stops the message."""
    with pytest.raises(NotSent, match="link 'here'") as caught:
        slack_message(parcel(payload={"links": {"here": url}}))
    assert caught.value.retry is False


def test_links_of_another_form() -> None:
    """Links are words with an address each; a tool that gives anything else is told."""
    with pytest.raises(NotSent, match="links are no words"):
        slack_message(parcel(payload={"links": ["https://a.example/"]}))


def test_label_cannot_end_its_link() -> None:
    """Words of a link are escaped as all others."""
    raw = slack_message(parcel(payload={"links": {"a|b> <!here>": "https://a.example/"}}))
    assert "<https://a.example/|a/b&gt; &lt;!here&gt;>" in texts(raw)


def test_same_parcel_same_bytes() -> None:
    """Building it twice gives the same."""
    assert slack_message(parcel(payload=LINKS)) == slack_message(parcel(payload=LINKS))
