"""Style and script: ours, and HTMX as the package django-htmx ships it (which is never imported as Django)."""

import hashlib
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from fastapi import APIRouter, HTTPException, Response

from winback.console.rights import anybody

HERE = Path(__file__).with_name("static")
HTMX = files("django_htmx") / "static" / "django_htmx"
FILES = MappingProxyType(
    {
        "style.css": ((HERE / "style.css").read_bytes(), "text/css; charset=utf-8"),
        "queue.js": ((HERE / "queue.js").read_bytes(), "text/javascript; charset=utf-8"),
        "htmx.js": ((HTMX / "htmx-2.min.js").read_bytes(), "text/javascript; charset=utf-8"),
    }
)
VERSIONS = MappingProxyType({name: hashlib.sha256(body).hexdigest()[:12] for name, (body, _) in FILES.items()})
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}

router = APIRouter(include_in_schema=False)


def static(name: str) -> str:
    """The address of a file; it changes with what is in it, so that browsers may keep it."""
    return f"/static/{name}?v={VERSIONS[name]}"


@router.api_route("/static/{name}", methods=["GET", "HEAD"], dependencies=[anybody])
def serve(name: str, v: str = "") -> Response:
    """One file. Another version than ours is not kept."""
    if name not in FILES:
        raise HTTPException(404)
    body, kind = FILES[name]
    return Response(body, media_type=kind, headers=FOREVER if v == VERSIONS[name] else None)
