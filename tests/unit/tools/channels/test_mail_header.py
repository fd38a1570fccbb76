"""Further headers: as given when their RFC allows them, else refused."""

import pytest

from tests.unit.tools.situations import parcel
from tools.channels.channel import NotSent
from tools.channels.email_message import email_message
from tools.channels.mail_header import further_headers

LINK = "https://app.example.com/stop/" + "A" * 300 + "." + "b" * 40
BOTH = f"<{LINK}>, <mailto:success@acme.example.com?subject=STOP>"
ONE_CLICK = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def test_long_links_go_out_letter_for_letter() -> None:
    """RFC 8058's two headers stand on the wire as they were given; only white space between items is folded."""
    raw = email_message(parcel(headers=(("List-Unsubscribe", BOTH), ONE_CLICK))).as_bytes()
    head = raw.partition(b"\r\n\r\n")[0]
    assert f"\r\nList-Unsubscribe: {BOTH}\r\n".encode() in head.replace(b"\r\n ", b" ")
    assert f"<{LINK}>".encode() in head
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in head
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))


def test_a_thread_goes_out_letter_for_letter() -> None:
    """Names of earlier messages longer than a line are not encoded either."""
    name = f"<{'0123456789abcdef' * 5}@acme.example.com>"
    raw = email_message(parcel(headers=(("In-Reply-To", name), ("References", f"{name} {name}")))).as_bytes()
    assert raw.count(name.encode()) == 3


@pytest.mark.parametrize(
    "headers",
    [
        (("List-Unsubscribe", "https://x.example/"),),
        (("List-Unsubscribe", "<http://x.example/>"),),
        (("List-Unsubscribe", "<https://x.example/>,<mailto:a@b.example>"),),
        (("List-Unsubscribe", "<https://x.example/ y>"),),
        (("List-Unsubscribe", "<https://x.example/\u0905>"),),
        (("List-Unsubscribe", ""),),
        (("List-Unsubscribe", f"<https://x.example/{'a' * 900}>"),),
        (("List-Unsubscribe", "<https://x.example/>"), ("List-Unsubscribe-Post", "yes")),
        (("List-Unsubscribe", "<https://x.example/>"), ("list-unsubscribe", "<https://y.example/>")),
        (("List-Unsubscribe", "<mailto:a@b.example>"), ONE_CLICK),
        (ONE_CLICK,),
        (("References", "<a@b.example>, <c@d.example>"),),
        (("Content-Type", "text/html"),),
        (("Resent-To", "a@b.example"),),
        (("DKIM-Signature", "v=1"),),
        (("Auto-Submitted", "no"),),
        (("MIME-Version", "1.0"),),
    ],
)
def test_what_the_rfcs_do_not_allow_is_refused(headers: tuple[tuple[str, str], ...]) -> None:
    """A header that clients would not understand, or that is ours to set, stops the mail for good."""
    with pytest.raises(NotSent) as caught:
        further_headers(headers)
    assert caught.value.retry is False
