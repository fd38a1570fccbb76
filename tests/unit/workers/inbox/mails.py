"""Mails as the world sends them back, written for these tests: what differs between programs is in them."""

from email.message import EmailMessage
from email.policy import default

KEY = "0123456789abcdef" * 4
ANN = "acme-ann@example.com"
SENDER = "success@acme.example"
DATE = "Tue, 12 May 2026 11:30:00 +0200"


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def returned(key: str = KEY, to: str = ANN) -> str:
    """The headers of our message as a mail server hands them back."""
    return f"""From: Your company <{SENDER}>
To: Ann Example <{to}>
Subject: Your reports
Date: Tue, 12 May 2026 10:00:00 +0000
Message-ID: <{key}@acme.example>
List-Unsubscribe: <mailto:{SENDER}?subject=STOP>
"""


def dsn(
    fields: str, *, head: str = "", kind: str = "message/delivery-status", key: str = KEY, to: str = ANN
) -> bytes:
    """A report as RFC 3464 has it around these fields about one recipient."""
    return crlf(f"""From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: {SENDER}
Subject: Undelivered Mail Returned to Sender
Date: {DATE}
Message-ID: <20260512093000.AB12@mx.example.net>
Auto-Submitted: auto-replied
MIME-Version: 1.0
{head}Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"

--=_b
Content-Type: text/plain; charset=us-ascii

It could not be delivered.

--=_b
Content-Type: {kind}

Reporting-MTA: dns; mx.example.net
Arrival-Date: Tue, 12 May 2026 10:00:01 +0000

{fields}
--=_b
Content-Type: text/rfc822-headers

{returned(key, to)}
--=_b--
""")


def postfix(status: str = "5.1.1", action: str = "failed", recipient: str = ANN) -> bytes:
    """With the original recipient, and a diagnostic that is folded."""
    return dsn(f"""Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; in.example.com
Diagnostic-Code: smtp; 550 {status} <{recipient}>: Recipient address
    rejected: User unknown
""")


def exchange(status: str = "5.1.10") -> bytes:
    """Names the message in its own thread headers and returns it whole, its own number within a thread."""
    return crlf(f"""From: <postmaster@customer.example>
To: {SENDER}
Date: {DATE}
Message-ID: <9f8e7d@mail.customer.example>
In-Reply-To: <{KEY}@acme.example>
References: <{KEY}@acme.example>
Subject: Undeliverable: Your reports
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
 boundary="_000_"

--_000_
Content-Type: multipart/alternative; boundary="_001_"

--_001_
Content-Type: text/plain; charset="us-ascii"

Delivery has failed to these recipients.

--_001_
Content-Type: text/html; charset="us-ascii"

<html><body><p>Delivery has failed</p></body></html>

--_001_--

--_000_
Content-Type: message/delivery-status

Reporting-MTA: dns;mail.customer.example
Received-From-MTA: dns;mx.example.net

Original-Recipient: rfc822;{ANN.upper()}
Final-Recipient: rfc822;{ANN.upper()}
Action: failed
Status: {status}
Diagnostic-Code: smtp;550 {status} RESOLVER.ADR.RecipientNotFound; not found

--_000_
Content-Type: message/rfc822

{returned()}MIME-Version: 1.0
Content-Type: text/plain

Hello Ann

--_000_--
""")


def exim(words: str = "550 5.1.1 no such user") -> bytes:
    """No report for machines: a header names the address, and the message follows in the text."""
    return crlf(f"""From: Mail Delivery System <Mailer-Daemon@mx.example.net>
To: {SENDER}
X-Failed-Recipients: {ANN}
Auto-Submitted: auto-replied
Subject: Mail delivery failed: returning message to sender
Date: {DATE}
Message-Id: <E1abcDE-0001@mx.example.net>

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {ANN}
    host in.example.com [192.0.2.25]
    SMTP error from remote mail server after RCPT TO:<{ANN}>:
    {words}

------ This is a copy of the message, including all the headers. ------

{returned()}
Hello Ann
""")


def arf(kind: str = "abuse", key: str = KEY) -> bytes:
    """A complaint as RFC 5965 has it; the address is blotted out, as providers do."""
    return crlf(f"""From: <feedback@provider.example>
To: {SENDER}
Subject: FW: Your reports
Date: {DATE}
Message-ID: <fbl-77@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="fbl"

--fbl
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--fbl
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Loop/1.0
Version: 1
Original-Rcpt-To: redacted@provider.example
Source-IP: 192.0.2.1

--fbl
Content-Type: message/rfc822

{returned(key)}
Hello

--fbl--
""")


def out_of_office() -> bytes:
    """As a vacation responder of a big provider answers: in the thread, marked three ways."""
    return crlf(f"""From: Ann Example <{ANN}>
To: {SENDER}
Subject: Out of office Re: Your reports
Date: {DATE}
Message-ID: <ooo-1@mail.example.com>
In-Reply-To: <{KEY}@acme.example>
References: <{KEY}@acme.example>
Auto-Submitted: auto-replied
Precedence: bulk
X-Autoreply: yes
Content-Type: text/plain; charset="UTF-8"

I am away until 20 May. STOP by my desk afterwards.
""")


def read_receipt() -> bytes:
    """RFC 8098: it was displayed."""
    return crlf(f"""From: Ann Example <{ANN}>
To: {SENDER}
Subject: Read: Your reports
Date: {DATE}
Message-ID: <mdn-1@mail.example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary="m"

--m
Content-Type: text/plain

It was displayed.

--m
Content-Type: message/disposition-notification

Final-Recipient: rfc822;{ANN}
Original-Message-ID: <{KEY}@acme.example>
Disposition: manual-action/MDN-sent-manually; displayed

--m--
""")


def reply(
    text: str,
    *,
    subject: str = "Re: Your reports",
    sender: str = f"Ann Example <{ANN}>",
    key: str | None = KEY,
    number: str = "r-1",
    html: bool = False,
    **headers: str,
) -> bytes:
    """An answer of a person."""
    # Other programs do not break a number in two.
    mail = EmailMessage(policy=default.clone(max_line_length=900))
    mail["From"], mail["To"], mail["Subject"], mail["Date"] = sender, SENDER, subject, DATE
    mail["Message-ID"] = f"<{number}@mail.example.com>"
    if key is not None:
        mail["In-Reply-To"] = f"<{key}@acme.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text, subtype="html" if html else "plain")
    return mail.as_bytes()
