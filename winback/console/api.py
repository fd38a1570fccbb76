"""What the API shares: where it lies, and how it says no (RFC 9457)."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

API = "/api/v1"


class Differing(BaseModel):
    """One thing that is not as it was shown: what it was, what it is now, and who changed it when, if known."""

    field: str = Field(examples=["assignee"])
    was: str
    now: str
    by: str | None = None
    at: str | None = None


class Problem(BaseModel):
    """Why there is no answer: what happened, where, and what to do about it."""

    type: str = "about:blank"
    title: str = Field(description="The meaning of the status.", examples=["Conflict"])
    status: int = Field(examples=[409])
    what: str = Field(description="What happened.", examples=["somebody else was first"])
    where: str | None = Field(None, description="In what: a field, a row, a setting.")
    fix: str | None = Field(None, description="What to do.", examples=["look again"])
    differences: list[Differing] | None = Field(None, description="With 409: what changed since it was shown.")


_WHY = {
    400: "What was sent cannot be used.",
    401: "Nobody is signed in, and no token that holds was sent.",
    403: "This person or token may not do that, or the form's token is missing.",
    404: "There is no such thing.",
    409: "Somebody else was first; nothing was changed.",
    413: "The body is too large.",
    422: "What was sent does not have the right form.",
    429: "Too many requests; Retry-After says when to come back.",
    503: "The database or another part does not answer.",
}
_KIND = "application/problem+json"
_SCHEMA = {"schema": {"$ref": "#/components/schemas/Problem"}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": why, "model": Problem, "content": {_KIND: _SCHEMA}} for status, why in _WHY.items()
}


def api_router(tag: str) -> APIRouter:
    """Where the API of a part lies; whatever it answers is documented."""
    return APIRouter(prefix=API, tags=[tag], responses=PROBLEMS)


def page_router() -> APIRouter:
    """Where the pages of a part lie."""
    return APIRouter(include_in_schema=False)
