"""From what a page says to what a browser gets, in the language, the zone and the theme of who reads it."""

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from itsdangerous import BadData, URLSafeSerializer
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response

from winback import __version__
from winback.console.codes import in_words, ours
from winback.console.evidence.chart import Tongue, chart_table, sparkline, usage_chart
from winback.console.evidence.phrase import shown
from winback.console.navigation import PLACES
from winback.console.rights import Person, declared
from winback.console.static_files import static
from winback.console.words import translations, wanted
from winback.settings import Company
from winback.web.told import Told

TEMPLATES = Path(__file__).with_name("templates")
SAID = "winback_said"


class Press:
    """Renders the templates. `nobody` reads English or Hindi as their browser asks, in the company's zone."""

    def __init__(self, app: FastAPI, company: Company, *, secure: bool) -> None:
        self._app = app
        self._company = company
        self._secure = secure

    def page(
        self, request: HTTPConnection, person: Person | None, name: str, /, status: int = 200, **values: Any
    ) -> Response:
        """A whole page, with what the last form said above it."""
        said = self._said(request, person)
        template, common = self._template(request, person, name)
        response = HTMLResponse(template.render({**common, "said": said, **values}), status)
        if SAID in request.cookies:
            response.delete_cookie(SAID, httponly=True, samesite="lax", secure=self._secure)
        return response

    def part(
        self,
        request: HTTPConnection,
        person: Person | None,
        name: str,
        block: str,
        /,
        status: int = 200,
        **values: Any,
    ) -> Response:
        """One block of a page, for HTMX to put in the place of the old one."""
        template, common = self._template(request, person, name)
        context = template.new_context({**common, "said": None, **values})
        return HTMLResponse("".join(template.blocks[block](context)), status)

    def say(self, response: Response, person: Person, words: str, values: Mapping[str, object]) -> None:
        """Let the next page say something; `words` are marked with `N_`."""
        value = URLSafeSerializer(person.csrf, SAID).dumps(
            [words, {name: str(one) for name, one in values.items()}]
        )
        text = value.decode() if isinstance(value, bytes) else value
        response.set_cookie(SAID, text, max_age=60, httponly=True, samesite="lax", secure=self._secure)

    def _said(self, request: HTTPConnection, person: Person | None) -> str | None:
        given = request.cookies.get(SAID)
        if given is None or person is None or not person.csrf:
            return None
        try:
            words, values = URLSafeSerializer(person.csrf, SAID).loads(given)
        except BadData:
            return None
        text: str = translations(person.language).gettext(words) % values
        return text

    def _template(
        self, request: HTTPConnection, person: Person | None, name: str
    ) -> tuple[Template, dict[str, Any]]:
        language = person.language if person else wanted(request.headers.get("accept-language", ""))
        here = request.url.path
        return _environment(language).get_template(name), {
            "person": person,
            "told": Told(language, person.zone if person else self._company.zone, self._company.currency),
            "tongue": Tongue(language, translations(language).gettext),
            "language": language,
            "company": self._company.name,
            "version": __version__,
            "here": here,
            "places": [one for one in PLACES if one.path in self.paths and person and person.may(one.right)],
            "has": self.paths.__contains__,
            "static": static,
            "clean": shown,
        }

    @property
    def paths(self) -> frozenset[str]:
        """Every path that can be looked at: a link to a page that is not there is not shown."""
        return _paths(self._app)


@cache
def _paths(app: FastAPI) -> frozenset[str]:
    return frozenset(path for method, path, _ in declared(app) if method == "GET")


@cache
def _environment(language: str) -> Environment:
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    found.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    found.filters["clean"] = shown
    say = translations(language).gettext
    found.filters |= {"code": partial(in_words, say=say), "ours": partial(ours, say=say)}
    found.globals |= {"usage_chart": usage_chart, "chart_table": chart_table, "sparkline": sparkline}
    return found
