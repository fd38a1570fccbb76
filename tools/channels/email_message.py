"""A parcel as a mail: RFC 5322, an invitation as RFC 6047 wants it."""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from prompts.message import clean, person_name
from tools.channels.address import is_address
from tools.channels.channel import NotSent, Parcel
from tools.tool import Attachment

# Seven bits only: not every mail server takes eight, and none may change what was said.
POLICY = SMTP.clone(cte_type="7bit")

_OWN = {"from", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id"}


def email_message(parcel: Parcel) -> EmailMessage:
    """Build the mail; the same parcel makes the same headers and parts.

    Raises:
        NotSent: an address is not one, or a further header is malformed.
    """
    mail = EmailMessage(policy=POLICY)
    mail["From"] = _mailbox(parcel.sender_name, parcel.sender_address)
    mail["To"] = _mailbox(person_name(parcel.recipient_name), parcel.recipient_address)
    mail["Reply-To"] = _mailbox("", parcel.reply_to)
    mail["Subject"] = clean(parcel.message.subject, 200)
    mail["Date"] = format_datetime(parcel.sent_at)
    mail["Message-ID"] = message_id(parcel)
    for name, value in _further(parcel):
        mail[name] = value
    mail.set_content(parcel.message.body)
    mail["Content-Language"] = parcel.message.language
    for attachment in parcel.attachments:
        if attachment.media_type.startswith("text/calendar"):
            mail.add_alternative(attachment.content.decode(), subtype="calendar", params={"method": "REQUEST"})
    for attachment in parcel.attachments:
        _attach(mail, attachment)
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
    given = {name.lower() for name, _ in parcel.headers}
    for name, value in parcel.headers:
        if name.lower() in _OWN or not re.fullmatch(r"[A-Za-z0-9-]+", name) or value != clean(value, 900):
            raise NotSent(f"header {clean(name, 40)!r} cannot be set", retry=False)
    stop = ("List-Unsubscribe", f"<mailto:{checked(parcel.sender_address)}?subject=STOP>")
    return [*parcel.headers, *([] if "list-unsubscribe" in given else [stop])]


def _attach(mail: EmailMessage, attachment: Attachment) -> None:
    kind, _, _ = attachment.media_type.partition(";")
    if kind.strip() == "text/calendar":
        # Outside the alternative it is a file for people whose mail program knows no invitations.
        kind = "application/ics"
    main, _, sub = kind.strip().partition("/")
    mail.add_attachment(attachment.content, maintype=main, subtype=sub, filename=clean(attachment.name, 80))
