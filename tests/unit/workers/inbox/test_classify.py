"""What a message is, by its bytes alone; whatever they are, nothing is raised."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.workers.inbox import mails
from tests.unit.workers.inbox.mails import ANN, KEY, crlf, dsn, postfix, reply
from workers.inbox.classify import WORDS, classify
from workers.inbox.letter import LIMIT
from workers.inbox.report import is_hard
from workers.inbox.said import Automatic, Bounce, Complaint, Delayed, Reply, Stop, Unclear

AT = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
BOUNCES = {
    "postfix": (postfix(), True, "5.1.1"),
    "postfix, gave up": (postfix("4.4.1"), False, "4.4.1"),
    "postfix, full": (postfix("5.2.2"), False, "5.2.2"),
    "exchange": (mails.exchange(), True, "5.1.10"),
    "exchange, refused": (mails.exchange("5.7.1"), False, "5.7.1"),
    "exim": (mails.exim(), True, "5.1.1"),
    "exim, no number": (mails.exim("550 unknown"), True, ""),
    "opensmtpd": (dsn(f"Final-Recipient: rfc822; {ANN}\nAction: error\nStatus: 5.0.0\n"), True, "5.0.0"),
    "RFC 6533": (
        dsn(
            f"Final-Recipient: utf-8; {ANN}\nAction: failed\nStatus: 5.1.1\n",
            kind="message/global-delivery-status",
        ),
        True,
        "5.1.1",
    ),
}


@pytest.mark.parametrize(("raw", "hard", "status"), BOUNCES.values(), ids=BOUNCES)
def test_bounces(raw: bytes, hard: bool, status: str) -> None:
    """Each mail server's way of saying it names the same message and the same address."""
    assert classify(raw) == Bounce((KEY,), (ANN,), hard, status, AT)


def test_what_was_forwarded_names_both() -> None:
    """The address that failed, and the one that our message was addressed to."""
    found = classify(postfix(recipient="elsewhere@example.org"))
    assert isinstance(found, Bounce)
    assert found.recipients == ("elsewhere@example.org", ANN)


@pytest.mark.parametrize(
    ("status", "hard"),
    [("5.1.1", True), ("5.2.1", True), ("5.0.0", True), ("", True), ("4.2.2", False), ("5.2.2", False),
     ("5.3.4", False), ("5.4.7", False), ("5.7.26", False), ("5.2.29", True)],
)  # fmt: skip
def test_hard_is_of_the_address(status: str, hard: bool) -> None:
    """A full mailbox, a refused message or a host that did not answer say nothing against the address."""
    assert is_hard(status) is hard


def test_a_delay_is_no_bounce() -> None:
    """It may still arrive; in words too."""
    assert classify(postfix("4.4.1", "delayed")) == Delayed((KEY,), AT)
    warning = mails.exim().replace(b"failed:", b"failed: ").replace(
        b"could not be delivered to one or more of its", b"has not yet been delivered to one or more"
    )  # fmt: skip
    assert not isinstance(classify(warning), Reply | Stop)


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_success_is_no_bounce(action: str) -> None:
    """Reports that nobody asked for say that all is well."""
    assert isinstance(classify(postfix("2.0.0", action)), Automatic)


def test_a_report_without_an_action_is_unclear() -> None:
    """Nothing is guessed."""
    assert classify(dsn("Final-Recipient: rfc822; a@b.example\n")) == Unclear("report_unread")


def test_a_mail_servers_unknown_words_are_unclear() -> None:
    """They are no reply, whatever thread they stand in."""
    raw = reply("Nachricht nicht zustellbar.", sender="MAILER-DAEMON@mx.example.net")
    assert classify(raw) == Unclear("bounce_unread")


@pytest.mark.parametrize("kind", ["abuse", "fraud", "other", "virus", "opt-out"])
def test_complaints(kind: str) -> None:
    """The returned message says which of ours it is."""
    assert classify(mails.arf(kind)) == Complaint((KEY,), kind, AT)


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "dmarc", "made-up"])
def test_other_feedback_is_no_complaint(kind: str) -> None:
    """Somebody saying that it is no spam must stop nothing."""
    assert classify(mails.arf(kind)) == Unclear("report_unread")


AUTOMATIC = {
    "out of office": mails.out_of_office(),
    "read": mails.read_receipt(),
    "RFC 3834": reply("Thanks, a ticket was made.", Auto_Submitted="auto-generated; owner=x"),
    "precedence": reply("Away.", Precedence="auto_reply"),
    "x-autorespond": reply("Away.", X_Autorespond="yes"),
    "exchange": reply("I am away.", subject="Automatic reply: Your reports"),
    "german": reply("Ich bin bis Montag abwesend.", subject="Automatische Antwort: Your reports"),
    "stop in its words": reply("stop", Auto_Submitted="auto-replied"),
}


@pytest.mark.parametrize("raw", AUTOMATIC.values(), ids=AUTOMATIC)
def test_machines_do_not_reply(raw: bytes) -> None:
    """What a machine sends is neither a reply nor a request to stop."""
    assert isinstance(classify(raw), Automatic)


def test_auto_submitted_no_is_a_person() -> None:
    """RFC 3834: `no` says that a person sent it."""
    assert isinstance(classify(reply("Yes, gladly.", Auto_Submitted="no")), Reply)


def test_a_reply() -> None:
    """Its own words on one line; YES is a reply like another."""
    raw = reply("YES\n\nand call me.\n\nOn Tue, 12 May 2026 at 10:00, Your company wrote:\n> STOP\n> Hello Ann\n")
    assert classify(raw) == Reply((KEY,), ANN, "YES and call me.", AT)


def test_a_reply_deep_in_a_thread() -> None:
    """The newest message of ours in the thread is the one that is meant."""
    other = "f" * 64
    raw = reply("Hm.", key=None, References=f"<{KEY}@a.example> <{other}@a.example> <x@y.example>")
    found = classify(raw)
    assert isinstance(found, Reply)
    assert found.keys == (other, KEY)


def test_a_number_that_was_encoded() -> None:
    """Some programs encode what is longer than a line, in two pieces."""
    half = f"=?utf-8?q?=3C{KEY[:40]}?=\r\n =?utf-8?q?{KEY[40:]}=40acme=2Eexample=3E?="
    raw = f"From: {ANN}\r\nIn-Reply-To: {half}\r\n\r\nYes\r\n".encode()
    assert classify(raw) == Reply((KEY,), ANN, "Yes")


def test_a_mail_that_answers_nothing() -> None:
    """A person must look."""
    assert classify(reply("Hello?", key=None)) == Unclear("no_answer")
    assert classify(reply("Hello?", key="ab" * 31)) == Unclear("no_answer")
    assert classify(b"") == Unclear("no_answer")


STOPS = [
    reply("STOP"),
    reply("Stop.\n\nAnn Example\nAcme GmbH"),
    reply("Hello,\n\nplease unsubscribe me!\n\nAnn"),
    reply("रोकें"),
    reply("कृपया बंद करें।\n"),
    reply("\uff33\uff34\uff2f\uff30"),
    reply("st\u200bop"),
    reply("unsubscribe\n\nSent from my phone\n> Hello Ann"),
    reply("> Hello\n\nSTOP\n"),
    reply("<html><body><div>STOP</div><blockquote>Hello Ann</blockquote></body></html>", html=True),
    reply("<p>रोकें</p><div class=gmail_quote>old</div>", html=True),
    reply("I no longer work here.", subject="STOP", key=None),
    reply("", subject="unsubscribe", key=None),
    reply("", subject="रोकें", key=None),
]


@pytest.mark.parametrize("raw", STOPS)
def test_stops(raw: bytes) -> None:
    """In English and Hindi, with a greeting, a name, in HTML, or as the subject."""
    found = classify(raw)
    assert isinstance(found, Stop)
    assert found.sender == ANN


NOT_STOPS = [
    "We did not stop using it, we were on holiday.",
    "Don't stop!",
    "Thanks.\n\nOn Tue, 12 May 2026, Your company wrote:\n> STOP",
    "Thanks.\n\n-----Original Message-----\nFrom: Your company\nSTOP",
    "Danke.\n\nFrom: Your company\nSent: Tuesday\nTo: Ann\nSubject: x\n\nSTOP\n",
    "One\ntwo\nthree\nSTOP",
    "धन्यवाद।\n\n12 मई 2026 को Your company ने लिखा:\nSTOP",
]


@pytest.mark.parametrize("text", NOT_STOPS)
def test_not_stops(text: str) -> None:
    """The word in a sentence, or in what was quoted, asks for nothing."""
    assert isinstance(classify(reply(text)), Reply)


def test_a_forwarded_bounce_is_no_bounce() -> None:
    """A report that lies in a person's mail is the person's mail."""
    raw = crlf(
        f"From: {ANN}\nIn-Reply-To: <{KEY}@a.example>\nContent-Type: multipart/mixed; boundary=o\n\n"
        "--o\nContent-Type: text/plain\n\nWhat is this?\n--o\nContent-Type: message/rfc822\n\n"
    ) + postfix() + b"\r\n--o--\r\n"  # fmt: skip
    assert classify(raw) == Reply((KEY,), ANN, "What is this?")


def test_several_senders_are_none() -> None:
    """Who cannot be told is not believed."""
    found = classify(reply("STOP", sender=f"{ANN}, other@example.com"))
    assert isinstance(found, Stop)
    assert found.sender == ""


def test_words_are_cleaned_and_short() -> None:
    """No control characters, no turned writing, no more than is kept."""
    raw = crlf(f"From: {ANN}\nIn-Reply-To: <{KEY}@a.example>\n\n\x00\x1b[31mred \u202egnirts\n") + b"x" * 9000
    found = classify(raw)
    assert isinstance(found, Reply)
    assert len(found.words) == WORDS
    assert "\x1b" not in found.words
    assert "\u202e" not in found.words


@pytest.mark.parametrize("charset", ["no-such", "utf-8\x00", "punycode", "unicode_escape", "hex", "iso-8859-1"])
def test_charsets_are_tolerated(charset: str) -> None:
    """What a charset cannot read is replaced."""
    head = f"From: {ANN}\nIn-Reply-To: <{KEY}@a.example>\nContent-Type: text/plain; charset={charset}\n\nCaf"
    found = classify(crlf(head) + b"\xe9 \\d \xff\n")
    assert isinstance(found, Reply)
    assert found.words.startswith("Caf")


HOSTILE = {
    "nested": b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 400,
    "messages in messages": b"Content-Type: message/rfc822\n\n" * 30_000,
    "lines in nests": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (one, one) for one in range(29)
    )
    + b"\n" * LIMIT,
    "headers": b"a:b\n" * (LIMIT // 4),
    "references": b"References: " + b"<" * LIMIT,
    "comments": b"From: " + b"(" * LIMIT,
    "html": b"Content-Type: text/html\nIn-Reply-To: <%s@x>\n\n" % KEY.encode() + b"<a " * (LIMIT // 3),
    "quotes": b"In-Reply-To: <%s@x>\n\n" % KEY.encode() + b"On a wrote\n" * (LIMIT // 11),
    "long lines": b"In-Reply-To: <%s@x>\n\n" % KEY.encode() + b"on wrote schrieb " * (LIMIT // 17),
    "mail server": b"From: mailer-daemon@x.example\n\n" + b"<a@b.example>\n" * (LIMIT // 14),
    "encoded": b"Subject: " + b"=?utf-8?b?" * (LIMIT // 10),
    "unending": b"In-Reply-To: <%s@x>\nContent-Transfer-Encoding: base64\n\n" % KEY.encode() + b"QQ" * LIMIT,
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_nothing_takes_long(raw: bytes) -> None:
    """However a mail is built, it is read in seconds, and no more of it than the limit."""
    started = time.process_time()
    assert isinstance(classify(raw), Unclear | Reply)
    assert time.process_time() - started < 15


PIECES = st.sampled_from(
    [f"From: {ANN}", "From: mailer-daemon@x.example", f"In-Reply-To: <{KEY}@x.example>", "Subject: STOP", "",
     "Content-Type: multipart/report; boundary=b", "Content-Type: message/delivery-status", "--b", "--b--",
     "Content-Type: message/rfc822", "Content-Type: message/global-delivery-status", "Action: failed",
     "Content-Type: message/feedback-report", "Feedback-Type: abuse", "Status: 5.1.1", "Date: 31 Feb 99999 99:99",
     "Content-Type: text/plain; charset*=x'y'%ff", "Content-Transfer-Encoding: base64", "Auto-Submitted: no",
     "Content-Transfer-Encoding: x-uuencode", "begin 644 x", "Subject: =?utf-8?b?!!?=", "X-Failed-Recipients: x",
     "Content-Type: text/html", "<blockquote", "Content-Type: text/rfc822-headers", "> quoted", "On a wrote:",
     "Final-Recipient: rfc822;;<>", "Date: Mon, 1 Jan 0001 00:00:00 +2359", "From: a@b.example, (((",
     "\u0000\ufffd"]
)  # fmt: skip


@given(
    st.lists(PIECES | st.text(max_size=20), max_size=30).map(
        lambda lines: "\n".join(lines).encode("utf-8", "replace")
    )
)
def test_no_mail_is_ever_too_odd(raw: bytes) -> None:
    """Lines of mails in any order make one of the closed set."""
    assert isinstance(classify(raw), Bounce | Delayed | Complaint | Automatic | Reply | Stop | Unclear)


@given(st.binary(max_size=2000))
def test_no_bytes_are_ever_too_odd(raw: bytes) -> None:
    """Neither as a whole mail, nor as the body of an answer, nor inside a report."""
    for whole in (raw, reply("x") + raw, postfix().replace(b"Status: 5.1.1", b"Status: " + raw)):
        assert isinstance(classify(whole), Bounce | Delayed | Complaint | Automatic | Reply | Stop | Unclear)
