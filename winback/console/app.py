"""The page in the browser: what the worker does, read only, for whoever has the link that `winback up` prints."""

import secrets
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from winback import __version__
from winback.console.overview import overview
from winback.store.store import Store

COOKIE = "winback_key"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PAGES = Path(__file__).with_name("pages")


def make_app(store: Store, key: str) -> FastAPI:
    """The application. `key` is this start's secret: without it there is nothing to see."""
    app = FastAPI(title="Winback", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    pages = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)

    def admit(request: Request) -> None:
        if not secrets.compare_digest(request.cookies.get(COOKIE, ""), key):
            raise HTTPException(403, "Open the link that 'winback up' printed.")

    @app.get("/enter", include_in_schema=False)
    def enter(given: str) -> Response:
        if not secrets.compare_digest(given.encode(), key.encode()):
            raise HTTPException(403, "This link is of an earlier start.")
        answer = RedirectResponse("/", status_code=303, headers=HEADERS)
        answer.set_cookie(COOKIE, key, httponly=True, samesite="strict")
        return answer

    @app.get("/style.css", include_in_schema=False)
    def style() -> Response:
        return Response((PAGES / "style.css").read_text(encoding="utf-8"), media_type="text/css", headers=HEADERS)

    @app.get("/", include_in_schema=False)
    def page(request: Request) -> Response:
        admit(request)
        html = pages.get_template("overview.html").render(overview=overview(store), version=__version__)
        return HTMLResponse(html, headers=HEADERS)

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> dict[str, str]:
        with store.read() as session:
            session.connection().exec_driver_sql("SELECT 1")
        return {"status": "ok"}

    return app
