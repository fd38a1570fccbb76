"""Ending the shadow policy: its file is taken away, and the log says by whom."""

from collections.abc import Callable

from sqlmodel import Session

from winback.errors import ConflictError, InputError
from winback.yamlfile import is_folder
from workers.policy_watch import take_over
from workers.rulebook.draft import role_source
from workers.rulebook.files import locked, put
from workers.services import Services


def end_shadow(services: Services, who: str, also: Callable[[Session], None]) -> None:
    """Nothing judges beside the policy in force any more. `also` writes in the same transaction.

    Raises:
        InputError: none is configured, or its file cannot be taken away from here.
        ConflictError: none judges.
        SetupError: its file cannot be taken away.
    """
    source = role_source(services, "shadow")
    path = source.path
    with services.store.write("end_shadow") as session:
        services.store.lock(session, "policy")
        if source.gone():
            raise ConflictError("no shadow policy judges", where=path.name, fix="nothing is to be done")
        why = "it is a folder: take it away by hand" if is_folder(path) else locked(path)
        if why is not None:
            raise InputError("cannot be taken away from here", where=str(path), fix=why)
        put(path, {path.name: None})
        take_over(session, services, "shadow", source, who)
        also(session)
    source.recorded = source.standing
