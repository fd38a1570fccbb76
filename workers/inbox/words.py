"""What a person wrote, without what they quoted, and whether it asks to stop. Nothing here is ever rendered."""

import html
import re
import unicodedata

STOP_WORDS = (
    "stop", "please stop", "stop please", "stop it", "stop all", "stop emails", "stop emailing me",
    "stop writing to me", "stop sending me emails", "unsubscribe", "unsubscribe me", "please unsubscribe",
    "please unsubscribe me", "unsubscribe please", "remove me", "please remove me",
    "remove me from your list", "remove me from this list", "opt out", "no more emails", "no more mails",
    "cancel all messages",
    "रोकें", "रोको", "रोक दें", "रोक दो", "कृपया रोकें", "कृपया रोक दें", "बंद करें", "बंद करो", "बंद कर दें", "बंद कर दो",
    "बन्द करें", "बन्द करो", "कृपया बंद करें", "कृपया बन्द करें", "कृपया बंद कर दें", "ईमेल बंद करें", "ईमेल बंद करो",
    "मत भेजो", "मत भेजें", "ईमेल मत भेजें", "ईमेल मत भेजो", "और ईमेल न भेजें", "स्टॉप", "अनसब्सक्राइब", "अनसब्सक्राइब करें",
    "सदस्यता समाप्त करें", "सदस्यता रद्द करें", "roko", "band karo", "band karen", "band karein", "mat bhejo",
)  # fmt: skip
"""A line that is one of these, whatever its case and punctuation."""

_LOOKED_AT = 3
"""Lines: a greeting may come before it and a name after it."""
_ATTRIBUTION = re.compile(
    r"(?i)(?:on|am) .{5,200}(?:wrote|schrieb)[^:]{0,80}:|.{5,200}ने लिखा\s?:?"
    r"|-{3,}.{0,40}(?:original|मूल).{0,40}-{3,}"
)
_OUTLOOK = re.compile(r"(?i)(?:from|von|प्रेषक)\s?: ?.+")
_UNDER = re.compile(r"(?i)(?:sent|date|to|gesendet|datum|an|भेजा गया|दिनांक|प्रति)\s?: ?.+")
_FROM_A_PHONE = re.compile(r"(?i)(?:sent from my|sent from outlook|get outlook for|मेरे .{1,40} से भेजा) ?.{0,60}")
_TOKEN = re.compile(r"<([^<>]{0,2000})>|([^<]+)|<")
_HIDDEN = {"script", "style", "head", "title", "xml", "blockquote"}
_BREAKS = {"br", "p", "div", "tr", "li", "h1", "h2", "h3"}


def new_text(text: str) -> str:
    """The lines that are the writer's own: no quotation, no line that announces one, no signature."""
    own: list[str] = []
    lines = [line.strip() for line in text.splitlines()]
    for number, line in enumerate(lines):
        if line.startswith(">"):
            _forget_attribution(own)
        elif line == "--" or _begins_quotation(line, lines[number + 1 : number + 3]):
            break
        elif not _FROM_A_PHONE.fullmatch(line):
            own.append(line)
    return "\n".join(own).strip()


def is_stop(text: str) -> bool:
    """Whether one of the first lines is a stop word and nothing else, or all of them together are."""
    lines = [bare for line in text[:2000].splitlines() if (bare := _bare(line))]
    return any(one in _BARE for one in lines[:_LOOKED_AT]) or " ".join(lines) in _BARE


def html_text(source: str) -> str:
    """The text of HTML without quotations; linear in its length."""
    found: list[str] = []
    hidden: list[str] = []
    for token in _TOKEN.finditer(source):
        tag, text = token.group(1), token.group(2)
        if tag is None:
            if text and not hidden:
                found.append(" ".join(html.unescape(text).split(" ")).replace("\n", " "))
            continue
        name = re.match(r"/?[a-z0-9]*", tag.lower())
        plain = name.group() if name else ""
        if "gmail_quote" in tag or 'id="appendonsend"' in tag or 'id="divRplyFwdMsg"' in tag:
            break
        if plain in _HIDDEN and not tag.endswith("/"):
            hidden.append(plain)
        elif hidden and plain == f"/{hidden[-1]}":
            hidden.pop()
        if plain.lstrip("/") in _BREAKS:
            found.append("\n")
    return "".join(found)


def _forget_attribution(own: list[str]) -> None:
    """The paragraph before a quotation that ends in a colon says who wrote it, in whatever language."""
    end = len(own)
    while end and not own[end - 1]:
        end -= 1
    if end and own[end - 1].endswith(":"):
        start = end
        while start and own[start - 1] and end - start < 3:
            start -= 1
        del own[start:]


def _begins_quotation(line: str, following: list[str]) -> bool:
    if len(line) > 400:
        return False
    if _ATTRIBUTION.fullmatch(line) or (following and _ATTRIBUTION.fullmatch(f"{line} {following[0]}"[:400])):
        return True
    return bool(_OUTLOOK.fullmatch(line)) and any(_UNDER.fullmatch(one[:400]) for one in following)


def _bare(text: str) -> str:
    """Letters, marks and digits in one case, single spaces; what cannot be seen is gone."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    kept = (
        one if unicodedata.category(one)[0] in "LMN" else " " for one in plain if unicodedata.category(one) != "Cf"
    )
    return " ".join("".join(kept).split())


_BARE = frozenset(_bare(one) for one in STOP_WORDS)
