"""A parcel as a message in Slack's Block Kit.

What people wrote stands in code, where Slack formats nothing, with Slack's own three characters escaped and
nothing left that could mention somebody. Links come from `payload["links"]` alone: words of ours, each
with an address of ours.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from prompts.message import clean
from tools.channels.channel import NotSent, Parcel
from winback.canonical import canonical_json
from winback.web_address import refusal

SECTION_LIMIT = 1400
"""Slack takes 3000; it may count one of our characters as two."""
BODY_SECTIONS = 20
LINKS = 10
URL_LIMIT = 1000
# A backtick would end the code; a word joiner after @ keeps it from being a mention in any reader.
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "\u02cb", "@": "@\u2060"}


def slack_message(parcel: Parcel) -> bytes:
    """JSON with `blocks`, and with `text` for notifications and for readers that know no blocks.

    Raises:
        NotSent: a link is none that may be shown.
    """
    title = f"Winback: {clean(parcel.tool, 60)}, case {parcel.case_id}"
    facts = [_fact("Account", parcel.account), _fact("Why", parcel.why), _fact("Subject", parcel.message.subject)]
    body = list(islice(_pieces(parcel.message.body), BODY_SECTIONS + 1))
    if len(body) > BODY_SECTIONS:
        body = [*body[:BODY_SECTIONS], "(the rest is not shown here)"]
    links = _links(parcel.payload.get("links", {}))
    foot = f"Case {parcel.case_id}, effect {parcel.key[:12]}"
    if parcel.attachments:
        foot += f"; {len(parcel.attachments)} attached file(s) cannot be shown here"
    sections = [*facts, *(f"```\n{one}\n```" for one in body), *links]
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": _escaped(title), "emoji": False}},
        *({"type": "section", "text": _mrkdwn(one)} for one in sections if one),
        {"type": "context", "elements": [_mrkdwn(foot)]},
    ]
    plain = "\n".join(
        one for one in (_escaped(title), *facts, *(f"```\n{one}\n```" for one in body[:2]), *links) if one
    )
    return canonical_json({"text": plain, "blocks": blocks, "unfurl_links": False, "unfurl_media": False})


def _mrkdwn(text: str) -> dict[str, Any]:
    # Verbatim: Slack makes no links and no mentions of its own.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _fact(label: str, text: str) -> str:
    words = _escaped(clean(text, 250))
    return f"*{label}:* `{words}`" if words else ""


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(one, one) for one in text)


def _pieces(body: str) -> Iterator[str]:
    """The body's lines, cleaned and escaped, in pieces that each fit a section."""
    text = "\n".join(clean(line, 4000) for line in body.strip().splitlines()).strip()
    piece = ""
    for one in text:
        escaped = _ESCAPES.get(one, one)
        if len(piece) + len(escaped) > SECTION_LIMIT:
            yield piece
            piece = ""
        piece += escaped
    if piece.strip():
        yield piece


def _links(links: Any) -> list[str]:
    if not isinstance(links, Mapping):
        raise NotSent("its links are no words with an address each", retry=False)
    return [_link(str(label), str(url)) for label, url in list(links.items())[:LINKS]]


def _link(label: str, url: str) -> str:
    if refusal(url) is not None or any(one in url for one in "<>|`") or len(url) > URL_LIMIT:
        raise NotSent(f"link {clean(label, 40)!r} has no address that may be shown", retry=False)
    words = _escaped(clean(label, 60)).replace("|", "/")
    return f"<{url.replace('&', '&amp;')}|{words}>"
