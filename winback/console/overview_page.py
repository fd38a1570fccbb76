"""The overview: where everything stands, each number with a way to its list."""

from fastapi import Response

from winback.console.api import api_router, page_router
from winback.console.overview import NEWEST, Overview, overview
from winback.console.rights import Looker
from winback.console.visit import Here
from winback.console.words import N_

router = page_router()
api = api_router("overview")

STATES = {
    "open": N_("open"),
    "in_review": N_("in review"),
    "acting": N_("acting"),
    "watching": N_("watching"),
    "held_out": N_("held out"),
    "closed": N_("closed"),
    "pending": N_("to be sent"),
    "in_flight": N_("on its way"),
    "done": N_("sent"),
    "failed": N_("failed"),
    "unknown": N_("may have been sent"),
    "lapsed": N_("lapsed"),
    "due": N_("due"),
    "running": N_("running"),
}
RUNS = {"done": N_("finished")}


@router.get("/")
def show(here: Here, person: Looker) -> Response:
    """The page."""
    return here.page(
        person,
        "overview.html",
        overview=overview(here.services, person.say),
        states=STATES,
        runs=RUNS,
        newest=NEWEST,
    )


@api.get("/overview")
def read(here: Here, person: Looker) -> Overview:  # noqa: ARG001  whoever may look
    """Where everything stands."""
    return overview(here.services)
