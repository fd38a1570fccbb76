"""Why somebody who comes from the provider does not get in, in words for them."""

from dataclasses import dataclass
from enum import StrEnum

from winback.console.words import N_


class Why(StrEnum):
    """Every reason; the audit has it by this name."""

    LOST = "lost"
    DECLINED = "declined"
    DOWN = "down"
    CODE = "code"
    TOKEN = "token"  # noqa: S105  a name
    NO_ROLE = "no_role"
    DISABLED = "disabled"
    TAKEN = "taken"


@dataclass(frozen=True)
class Told:
    """What happened, why, and what to do; with the status of the answer."""

    status: int
    what: str
    why: str
    fix: str


_OPERATOR = N_("Ask an operator of Winback.")
_AGAIN = N_("Sign in again; if it happens twice, tell an operator of Winback.")

TOLD = {
    Why.LOST: Told(
        400,
        N_("This sign-in was not begun in this browser, or too long ago."),
        N_("What the provider sent back does not go together with what this browser asked for."),
        N_("Sign in again, in one window, and allow cookies for this address."),
    ),
    Why.DECLINED: Told(
        403,
        N_("The provider did not sign you in."),
        N_("It said so itself; perhaps you or it declined."),
        _AGAIN,
    ),
    Why.DOWN: Told(
        503,
        N_("The provider cannot be asked now."),
        N_("It does not answer, or not as it should; the reason was written down."),
        N_("Try again in some minutes; an operator can run 'winback doctor'."),
    ),
    Why.CODE: Told(
        400,
        N_("The provider did not confirm this sign-in."),
        N_("Each sign-in is confirmed once and for a short time; perhaps this page was loaded twice."),
        _AGAIN,
    ),
    Why.TOKEN: Told(
        403,
        N_("What the provider said of you cannot be believed."),
        N_("It was not signed by the provider, not meant for this console or this sign-in, or too old."),
        _AGAIN,
    ),
    Why.NO_ROLE: Told(
        403,
        N_("You may not use this console."),
        N_("Your organisation gave you none of the roles that open it."),
        N_("Ask whoever manages roles in your organisation."),
    ),
    Why.DISABLED: Told(
        403,
        N_("You may not use this console."),
        N_("An operator has disabled your user."),
        _OPERATOR,
    ),
    Why.TAKEN: Told(
        403,
        N_("Somebody has your login here already."),
        N_("It may be you; but nobody is let in as somebody else because a name is the same."),
        N_("Ask an operator of Winback to link your user to the subject below."),
    ),
}


class RefusedError(Exception):
    """Somebody does not get in. `detail` is for the audit: no code, no token, nothing that opens anything."""

    def __init__(self, why: Why, detail: str = "", *, subject: str = "") -> None:
        self.why = why
        self.detail = detail
        self.subject = subject
        super().__init__(f"{why}: {detail}")


def error_name(code: object) -> str:
    """An error as RFC 6749 names them; whatever else a provider writes there is not repeated."""
    text = str(code)
    return text if text.isascii() and text.replace("_", "").isalpha() and len(text) <= 40 else "refused"
