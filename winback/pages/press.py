"""From what a page says to what a browser gets."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from prompts.message import clean
from winback.pages.visit import NAME_LIMIT, Reply, Visit
from winback.pages.words import FALLBACK, Words, languages
from winback.settings import Company

HERE = Path(__file__).parent
STYLE = (HERE / "style.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
"""On every answer. An address holds its token, so no other site may learn it (Referrer-Policy)."""


class Press:
    """Renders pages for one company."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, here: str, visit: Visit, reply: Reply) -> Response:
        """A page about an act. What is no HTML is for a program to read."""
        values = {**reply.values, "beside": visit.beside, "here": here}
        text = self._render(reply.template, reply.words, values)
        if reply.template.endswith(".txt"):
            return PlainTextResponse(text, reply.status)
        return HTMLResponse(text, reply.status)

    def problem(
        self, request: HTTPConnection, problem: str, status: int, headers: Mapping[str, str] | None = None
    ) -> Response:
        """A page that says why there is none, in a language that the browser asks for."""
        words = Words(_wanted(request.headers.get("accept-language", "")), "UTC", self._company.currency)
        return HTMLResponse(self._render("problem.html", words, {"problem": problem}), status, headers)

    def _render(self, template: str, words: Words, values: Mapping[str, object]) -> str:
        company = clean(self._company.name, NAME_LIMIT)
        style = Markup(STYLE)  # noqa: S704  ours
        return self._templates.get_template(template).render(**values, t=words, company=company, style=style)


def _wanted(accepted: str) -> str:
    """The first language of an Accept-Language header that there are words in."""
    for one in accepted.split(","):
        base = one.partition(";")[0].strip().partition("-")[0].lower()
        if base in languages():
            return base
    return FALLBACK
