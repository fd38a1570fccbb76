"""The policy that a decision is held against: one in force, or a text that somebody tries."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from policies.load import load_policy
from policies.policy import Policy
from winback.errors import InputError
from workers.known_names import known_names
from workers.policy_watch import watch_policies
from workers.services import Services

Under = Literal["live", "shadow", "text"]
PASTED = "pasted.yaml"


def policy_under(services: Services, under: Under, text: str = "") -> Policy:
    """The policy of that name.

    Raises:
        InputError: there is no shadow policy, or the text is none: with line, column, and what to do.
    """
    watch_policies(services)
    match under:
        case "live":
            return services.policy
        case "shadow":
            if services.shadow_policy is None:
                raise InputError("there is no shadow policy", where="under", fix="take another")
            return services.shadow_policy
        case "text":
            return _pasted(services, text)


def _pasted(services: Services, text: str) -> Policy:
    with TemporaryDirectory() as folder:
        path = Path(folder) / PASTED
        path.write_text(text.replace("\r\n", "\n"), encoding="utf-8", errors="replace")
        try:
            return load_policy(path, known_names(services.registry, services.catalogue))
        except InputError as error:
            where = (error.where or PASTED).replace(f"{folder}/", "")
            raise InputError(error.what.replace(f"{folder}/", ""), where=where, fix=error.fix) from None
