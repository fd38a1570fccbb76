"""Style, script and icon: ours, and HTMX as the package django-htmx ships it (which is never imported as Django).

They alone are compressed. A page holds its form's token beside words that a visitor chose, and from the length of
such a page compressed a stranger learns the token (BREACH).
"""

import gzip
import hashlib
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Response
from fastapi.responses import RedirectResponse

from winback.console.rights import anybody

HERE = Path(__file__).with_name("static")
HTMX = files("django_htmx") / "static" / "django_htmx"
FILES = MappingProxyType(
    {
        "style.css": ((HERE / "style.css").read_bytes(), "text/css; charset=utf-8"),
        "icon.svg": ((HERE / "icon.svg").read_bytes(), "image/svg+xml"),
        "queue.js": ((HERE / "queue.js").read_bytes(), "text/javascript; charset=utf-8"),
        "htmx.js": ((HTMX / "htmx-2.min.js").read_bytes(), "text/javascript; charset=utf-8"),
    }
)
VERSIONS = MappingProxyType({name: hashlib.sha256(body).hexdigest()[:12] for name, (body, _) in FILES.items()})
PACKED = MappingProxyType({name: gzip.compress(body, mtime=0) for name, (body, _) in FILES.items()})
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}

router = APIRouter(include_in_schema=False)


def static(name: str) -> str:
    """The address of a file; it changes with what is in it, so that browsers may keep it."""
    return f"/static/{name}?v={VERSIONS[name]}"


@router.api_route("/static/{name}", methods=["GET", "HEAD"], dependencies=[anybody])
def serve(name: str, v: str = "", encodings: Annotated[str, Header(alias="accept-encoding")] = "") -> Response:
    """One file. Another version than ours is not kept."""
    if name not in FILES:
        raise HTTPException(404)
    body, kind = FILES[name]
    headers = {"Vary": "Accept-Encoding", **(FOREVER if v == VERSIONS[name] else {})}
    if _takes_gzip(encodings):
        body, headers["Content-Encoding"] = PACKED[name], "gzip"
    return Response(body, media_type=kind, headers=headers)


@router.api_route("/favicon.ico", methods=["GET", "HEAD"], dependencies=[anybody])
def icon() -> Response:
    """What browsers ask for of themselves, where no page said where the icon is."""
    return RedirectResponse(static("icon.svg"), status_code=308)


def _takes_gzip(encodings: str) -> bool:
    """Whether an Accept-Encoding header names gzip, and not as what is refused."""
    named = (one.replace(" ", "").lower().split(";") for one in encodings.split(","))
    return any(name == "gzip" and "q=0" not in more and "q=0.0" not in more for name, *more in named)
