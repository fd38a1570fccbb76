"""What every page works with: one request, the services, and how to answer."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path, Request
from starlette.responses import RedirectResponse, Response

from winback.console.audit import What, note_deed
from winback.console.door import Door
from winback.console.people import By
from winback.console.press import Press
from winback.console.rights import Person
from workers.services import Services


@dataclass(frozen=True)
class Visit:
    """One request."""

    request: Request
    services: Services
    press: Press
    door: Door

    @property
    def place(self) -> str:
        """The address that it comes from."""
        return self.door.place(self.request)

    def by(self, person: Person | None) -> By:
        """Who does it, from where, and when."""
        now = self.services.clock.now()
        return By(person.login, self.place, now, person.rights) if person else By("", self.place, now)

    def note(self, person: Person, what: What, detail: str) -> None:
        """Note what they did; `detail` names nobody."""
        by = self.by(person)
        note_deed(self.services.store, by.at, by.who, what, by.place, detail)

    def page(self, person: Person | None, template: str, /, status: int = 200, **values: Any) -> Response:
        """A whole page."""
        return self.press.page(self.request, person, template, status, **values)

    def part(self, person: Person, template: str, block: str, /, status: int = 200, **values: Any) -> Response:
        """One block of a page, for HTMX."""
        return self.press.part(self.request, person, template, block, status, **values)

    def back(self, person: Person, path: str, words: str = "", /, **values: object) -> Response:
        """After a form: go to `path`, where `words` (marked with `N_`) are said."""
        response = RedirectResponse(path, status_code=303)
        if words:
            self.press.say(response, person, words, values)
        return response


def _visit(request: Request) -> Visit:
    state = request.app.state
    return Visit(request, state.services, state.press, state.door)


Here = Annotated[Visit, Depends(_visit)]
"""The parameter of a route."""

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
"""A row's number in a path."""
