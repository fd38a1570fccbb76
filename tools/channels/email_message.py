"""A parcel as a mail: RFC 5322, text and HTML, an invitation as RFC 6047 wants it, a way out as RFC 8058 does."""

import hashlib
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import quote

from prompts.html import render_html
from prompts.message import clean, person_name
from tools.channels.address import is_address
from tools.channels.channel import NotSent, Parcel
from tools.channels.mail_header import further_headers, mail_policy
from tools.tool import Attachment
from winback.store.types import CUSTOMER

POLICY = mail_policy()

_METHOD = re.compile(r"(?i)\bmethod=\"?([A-Z-]+)")


def email_message(parcel: Parcel) -> EmailMessage:
    """Build the mail; the same parcel makes the same bytes.

    Raises:
        NotSent: an address is not one, or a further header is malformed.
    """
    mail = EmailMessage(policy=POLICY)
    mail["From"] = _mailbox(parcel.sender_name, parcel.sender_address)
    mail["To"] = _mailbox(person_name(parcel.recipient_name), parcel.recipient_address)
    mail["Reply-To"] = [_mailbox("", one) for one in dict.fromkeys((parcel.reply_to, parcel.reply_copy)) if one]
    mail["Subject"] = clean(parcel.message.subject, 200)
    mail["Date"] = format_datetime(parcel.sent_at)
    mail["Message-ID"] = message_id(parcel)
    # RFC 3834: nobody's absence note answers software.
    mail["Auto-Submitted"] = "auto-generated"
    for name, value in _further(parcel):
        mail[name] = value
    _set_alternatives(mail, parcel)
    for attachment in parcel.attachments:
        _attach(mail, attachment)
    mail["Content-Language"] = parcel.message.language
    _bound(mail, parcel)
    return mail


def message_id(parcel: Parcel) -> str:
    """Made from the key, so that a repeat can be recognised wherever it arrives."""
    return f"<{parcel.key}@{checked(parcel.sender_address).rpartition('@')[2]}>"


def checked(address: str) -> str:
    """The address, if it is a plain one that any mail server takes.

    Raises:
        NotSent: it is not.
    """
    if not is_address(address):
        raise NotSent(f"{clean(address, 80)!r} is not a mail address", retry=False)
    return address


def _mailbox(name: str, address: str) -> Address:
    local, _, domain = checked(address).rpartition("@")
    return Address(display_name=clean(name, 80), username=local, domain=domain)


def _further(parcel: Parcel) -> list[tuple[str, str]]:
    """What is given, and for customers a way to stop where none is: a colleague's program offers none."""
    given = further_headers(parcel.headers)
    if parcel.audience != CUSTOMER or any(name.lower() == "list-unsubscribe" for name, _ in given):
        return given
    address = quote(checked(parcel.sender_address), safe="@!$'*+")
    return [*given, ("List-Unsubscribe", f"<mailto:{address}?subject=STOP>")]


def _set_alternatives(mail: EmailMessage, parcel: Parcel) -> None:
    """Plainest first: a mail program shows the last that it knows, and calendars look for theirs at the end."""
    mail.set_content(parcel.message.body)
    mail["Content-Language"] = parcel.message.language
    mail.add_alternative(render_html(parcel.message), subtype="html")
    for attachment in parcel.attachments:
        if attachment.media_type.startswith("text/calendar"):
            found = _METHOD.search(attachment.media_type)
            method = found[1].upper() if found else "REQUEST"
            mail.add_alternative(attachment.content.decode(), subtype="calendar", params={"method": method})


def _attach(mail: EmailMessage, attachment: Attachment) -> None:
    kind, _, _ = attachment.media_type.partition(";")
    if kind.strip() == "text/calendar":
        # Outside the alternative it is a file for people whose mail program knows no invitations.
        kind = "application/ics"
    main, _, sub = kind.strip().partition("/")
    mail.add_attachment(attachment.content, maintype=main, subtype=sub, filename=clean(attachment.name, 80))


def _bound(mail: EmailMessage, parcel: Parcel) -> None:
    """Lines between parts: the same every time, and in no part, since they are made from all of them."""
    texts = (parcel.key, parcel.message.subject, parcel.message.body)
    whole = [*(one.encode() for one in texts), *(one.content for one in parcel.attachments)]
    mark = hashlib.sha256(b"\0".join(whole)).hexdigest()[:32]
    several = [part for part in mail.walk() if part.get_content_maintype() == "multipart"]
    for number, part in enumerate(several):
        part.set_boundary(f"=_{number}_{mark}")
