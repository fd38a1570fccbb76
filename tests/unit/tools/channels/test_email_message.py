"""The mail: always one sender, one recipient, one subject, whatever people are called."""

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from prompts.html import render_html
from tests.unit.tools.situations import KEY, PERSON, parcel, situation
from tools.book_call import BookCall
from tools.channels.address import is_address
from tools.channels.channel import NotSent
from tools.channels.email_message import email_message
from tools.tool import Attachment, Message

HINDI = Message("hi", "क्या रिपोर्ट काम आई?", "नमस्ते आशा जी,\n\n.एक पंक्ति\nधन्यवाद।\n", "t", "v", {})


def parsed(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def kinds(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]


def said(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


@settings(deadline=None)
@given(st.text(max_size=150), st.text(max_size=150), st.text(max_size=200), st.text(max_size=400))
def test_hostile_text_never_breaks_out(name: str, sender: str, subject: str, body: str) -> None:
    """The mail parses with exactly one of each header and the right address, and carries seven bits only."""
    body = "".join(one for one in body if not "\ud800" <= one <= "\udfff")
    message = Message("en", subject, body, "t", "v", {})
    raw = email_message(parcel(recipient_name=name, sender_name=sender, message=message)).as_bytes()
    mail = parsed(raw)
    assert mail.get_all("to") is not None
    (to,) = mail.get_all("to", [])
    assert [one.addr_spec for one in to.addresses] == [PERSON.address]
    (origin,) = mail.get_all("from", [])
    assert [one.addr_spec for one in origin.addresses] == ["success@acme.example.com"]
    assert sorted(mail.keys()) == sorted(email_message(parcel()).keys())
    assert kinds(mail) == ["multipart/alternative", "text/plain", "text/html"]
    assert not any(part.defects for part in mail.walk())
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


@pytest.mark.parametrize("name", ["x\r\nBcc: evil@example.com", "a\nb", '"x" <evil@example.com>', "a, b <c@d.e>"])
def test_names_cannot_add_recipients(name: str) -> None:
    """A name with line ends or addresses in it adds nobody."""
    mail = parsed(email_message(parcel(recipient_name=name, sender_name=name)).as_bytes())
    assert "bcc" not in mail
    assert [one.addr_spec for one in mail["to"].addresses] == [PERSON.address]
    assert [one.addr_spec for one in mail["from"].addresses] == ["success@acme.example.com"]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@",
        "@b",
        "a b@c.d",
        "a@b\r\nBcc: c@d.e",
        "a@b,c@d",
        "<a@b.c>",
        "a@b..c",
        ".a@b.c",
        "a@-b.c",
        "आ@b.c",
        "a@b.c" * 60,
    ],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """Nothing is built for an address that is not a plain one, and trying again is no use."""
    assert not is_address(address)
    with pytest.raises(NotSent) as caught:
        email_message(parcel(recipient_address=address))
    assert caught.value.retry is False


def test_hindi_survives() -> None:
    """Subject and body in Hindi arrive letter for letter."""
    mail = parsed(email_message(parcel(message=HINDI)).as_bytes())
    assert mail["subject"] == HINDI.subject
    assert said(mail, "plain").replace("\r\n", "\n") == HINDI.body
    assert mail["content-language"] == "hi"


def test_headers_name_the_effect_and_the_way_out() -> None:
    """Message-ID comes from the key and the sender's domain; replies go to the owner; STOP is one click away."""
    mail = parsed(email_message(parcel()).as_bytes())
    assert mail["message-id"] == f"<{KEY}@acme.example.com>"
    assert mail["reply-to"] == "jonas@acme.example.com"
    assert mail["list-unsubscribe"] == "<mailto:success@acme.example.com?subject=STOP>"
    assert mail["date"].datetime.isoformat() == "2026-10-16T06:00:00+00:00"


def test_long_key_is_not_broken_by_folding() -> None:
    """The Message-ID stands unencoded on the wire: servers and readers compare it as bytes."""
    raw = email_message(parcel()).as_bytes()
    assert f"<{KEY}@acme.example.com>".encode() in raw


def test_same_parcel_same_bytes() -> None:
    """Building a mail twice gives the same bytes, the lines between its parts too."""
    tool, here = BookCall(), situation()
    attachments = tool.attachments(tool.options(here)[0], here, KEY)
    for files in ((), attachments):
        one, two = (email_message(parcel(attachments=files)).as_bytes() for _ in range(2))
        assert one == two


def test_no_text_can_end_its_part() -> None:
    """A body that repeats the lines between the parts of an earlier mail stays one part, word for word."""
    earlier = parcel()
    lines = [f"--{part.get_boundary()}" for part in email_message(earlier).walk() if part.is_multipart()]
    assert len(lines) == 1
    body = "\n".join(["a", *lines, "Content-Type: text/html", "", "<b>evil</b>", f"{lines[0]}--", ""])
    mail = parsed(email_message(parcel(message=replace(earlier.message, body=body))).as_bytes())
    assert kinds(mail) == ["multipart/alternative", "text/plain", "text/html"]
    assert said(mail, "plain").replace("\r\n", "\n") == body


def test_software_says_that_it_is_software() -> None:
    """Absence notes are not answered to (RFC 3834); nothing says bulk, and nobody is counted."""
    mail = parsed(email_message(parcel()).as_bytes())
    assert mail["auto-submitted"] == "auto-generated"
    assert "precedence" not in mail
    assert "feedback-id" not in mail


def test_html_is_an_alternative_after_the_text() -> None:
    """A mail program that shows HTML finds it, in the message's language, Hindi letter for letter."""
    mail = parsed(email_message(parcel(message=HINDI)).as_bytes())
    assert kinds(mail) == ["multipart/alternative", "text/plain", "text/html"]
    assert said(mail, "html").replace("\r\n", "\n") == render_html(HINDI)


def test_a_cancellation_is_sent_as_one() -> None:
    """The calendar part has the method that its file was made with."""
    file = Attachment(
        "c.ics", "text/calendar; method=CANCEL; charset=utf-8", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    )
    mail = parsed(email_message(parcel(attachments=(file,))).as_bytes())
    (calendar,) = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    assert calendar["content-type"].params["method"] == "CANCEL"


def test_the_way_out_by_mail_is_a_proper_address() -> None:
    """Signs that mean something in a mailto link are written so that they do not."""
    mail = parsed(email_message(parcel(sender_address="a%b&c@acme.example.com")).as_bytes())
    assert mail["list-unsubscribe"] == "<mailto:a%25b%26c@acme.example.com?subject=STOP>"


def test_invitation_is_an_alternative_and_a_file() -> None:
    """Calendars find the REQUEST beside the text, people find it as a file."""
    tool, here = BookCall(), situation()
    attachments = tool.attachments(tool.options(here)[0], here, KEY)
    mail = parsed(email_message(parcel(attachments=attachments)).as_bytes())
    assert kinds(mail) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    *_, calendar, file = mail.walk()
    assert calendar["content-type"].params["method"] == "REQUEST"
    assert file.get_filename() == "invitation.ics"
    assert file.get_content() == attachments[0].content
    assert Calendar.from_ical(calendar.get_content())["method"] == "REQUEST"


def test_further_headers_are_added_once() -> None:
    """A header given with the parcel stands in the mail, and replaces the default way to unsubscribe."""
    link = ("List-Unsubscribe", "<https://acme.example.com/stop/1>")
    mail = parsed(
        email_message(parcel(headers=(link, ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")))).as_bytes()
    )
    assert mail.get_all("list-unsubscribe") == [link[1]]
    assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    "header", [("Bcc", "a@b.c"), ("To", "a@b.c"), ("X-A", "b\r\nBcc: a@b.c"), ("X A", "b"), ("Subject", "x")]
)
def test_further_headers_cannot_address_or_break(header: tuple[str, str]) -> None:
    """A further header can neither address somebody nor hold a line end."""
    with pytest.raises(NotSent, match="cannot be set"):
        email_message(parcel(headers=(header,)))


def test_attachment_names_are_cleaned() -> None:
    """A file's name cannot break out of its header."""
    evil = Attachment('a"\r\nBcc: x@y.z.json', "application/json", b"{}")
    mail = parsed(email_message(parcel(attachments=(evil,))).as_bytes())
    assert "bcc" not in mail
    (part,) = mail.iter_attachments()
    assert part.keys() == ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version"]
