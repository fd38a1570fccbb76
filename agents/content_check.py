"""What may not stand in words that a model or a person writes into a message.

The template carries the link, the offer and the signature; anything of that kind in a slot is somebody
else's. A doubt counts as a problem: the template's own words are always there instead.
"""

import re
import unicodedata

# In Hindi, joiners belong to the letters; every other invisible character can hide or turn text.
_JOINERS = "\u200c\u200d"

_LINK = re.compile(
    r"[a-z][a-z0-9+.-]*://|\bwww\.|\b(?:mailto|tel|data|javascript):"
    r"|[^\s.@]{2,}[.。][^\W\d_][^\s.,;:!?।]+"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b"
    r"|[\[({]\s*dot\s*[\])}]|\bdot\s+(?:com|net|org|io|in|co)\b"
)
_EMAIL = re.compile(r"\S@|@\S|[\[({]\s*at\s*[\])}]")
_PHONE = re.compile(r"\+?(?:\d[\s().\-/]*){7,}")
_CURRENCY = r"usd|eur|gbp|inr|jpy|chf|aud|cad|rs|rupees?|dollars?|euros?|pounds?|cents?|रुपये|रुपए|रुपया|रू|रु"
_MONEY = re.compile(rf"\d[\d.,\s]*(?:{_CURRENCY})(?!\w)|(?<!\w)(?:{_CURRENCY})\.?\s*\d")
_OFFER = re.compile(
    r"(?<!feel )\bfree\b|\bgratis\b|\bcomplimentary\b|\bdiscount|\brefund|\bvouchers?\b|\bcoupons?\b|\bcashback\b"
    r"|\bgifts?\b|\bbonus|\bguarantee|\bpromise|\bno charge\b|\bon us\b|\bhalf price\b"
    r"|\bspecial (?:offer|price|deal)\b|\btrial\b|\bupgrade\b|\d\s*%"
    r"|मुफ़्त|मुफ्त|निःशुल्क|नि:शुल्क|छूट|वापसी|उपहार|गारंटी|ट्रायल|अपग्रेड"
)
_MARKUP = re.compile(r"[<>{}`|\\]|\*\*|__|\]\(|&#?\w+;|(?:^|\n)\s*(?:#{1,6}|[*-]|\d+\.)\s")


def problems(text: str, *, limit: int | None = None, multiline: bool = False) -> tuple[str, ...]:
    """Short stable words for what is wrong, in a fixed order; empty when nothing is."""
    plain = _plain(text)
    found = {
        "empty": not plain.strip(),
        "too_long": limit is not None and len(text) > limit,
        "line_break": not multiline and len(text.strip().splitlines()) > 1,
        "hidden_characters": any(_hidden(character) for character in text),
        "link": _LINK.search(plain),
        "email": _EMAIL.search(plain),
        "phone": _PHONE.search(plain),
        "money": _MONEY.search(plain) or any(unicodedata.category(c) == "Sc" for c in text),
        "offer": _OFFER.search(plain),
        "markup": _MARKUP.search(plain),
    }
    return tuple(word for word, wrong in found.items() if wrong)


def _plain(text: str) -> str:
    """As a reader's eye takes it: full-width and other disguises undone, joiners dropped, in small letters."""
    joined = "".join(character for character in text if character not in _JOINERS and not _hidden(character))
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", joined).casefold())


def _hidden(character: str) -> bool:
    return unicodedata.category(character)[0] == "C" and character not in _JOINERS + "\n\r\t"
