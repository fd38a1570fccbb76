"""What a message is: from bytes that anybody can have written to one of a closed set. Pure."""

import re

from prompts.message import clean
from workers.inbox.letter import Letter, parse
from workers.inbox.report import report_of
from workers.inbox.said import Automatic, Reply, Said, Stop, Unclear
from workers.inbox.words import html_text, is_stop, new_text

WORDS = 2_000
"""Characters of a reply that are kept."""

_AUTO_SUBJECT = re.compile(
    r"(?i)(?:automatic reply|auto(?:matic)?[- ]?(?:reply|response)|out of (?:the )?office|automatische antwort"
    r"|abwesenheit\w*|स्वचालित उत्तर|कार्यालय से बाहर)\b.*"
)


def classify(raw: bytes) -> Said:
    """One message as RFC 5322 has it, or anything else; never raises."""
    letter = parse(raw)
    if letter is None:
        return Unclear("malformed")
    reported = report_of(letter, raw)
    if reported is not None:
        return reported
    keys = letter.keys("in-reply-to", "references")
    text = written(letter)
    words = clean(text, WORDS)
    if is_stop(letter.subject):
        return Stop(keys, letter.sender, words, letter.at)
    if _is_automatic(letter):
        return Automatic(keys, letter.sender, letter.at)
    if is_stop(text):
        return Stop(keys, letter.sender, words, letter.at)
    return Reply(keys, letter.sender, words, letter.at) if keys else Unclear("no_answer")


def written(letter: Letter) -> str:
    """What its writer wrote: of plain text if there is any, else of HTML."""
    texts = list(letter.words())
    for kind in ("text/plain", "text/html"):
        for one in texts:
            if one.kind == kind:
                found = one.text if kind == "text/plain" else html_text(one.text)
                return new_text(found)[: 4 * WORDS]
    return ""


def _is_automatic(letter: Letter) -> bool:
    """RFC 3834, and what was usual before it."""
    submitted = letter.header("auto-submitted").partition(";")[0].strip().lower()
    if submitted not in ("", "no"):
        return True
    if letter.header("precedence").lower() in ("bulk", "junk", "list", "auto_reply"):
        return True
    if any(letter.has(one) for one in ("x-autoreply", "x-autorespond", "x-autoresponder", "list-id")):
        return True
    return _AUTO_SUBJECT.fullmatch(letter.subject) is not None
