"""What the commands about policies share: the names a policy may speak of, and the configured one."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from sqlmodel import Session as SQLSession

from policies.load import PACKAGED, Known, load_policy
from policies.policy import Policy
from tools.catalogue import load_catalogue
from tools.registry import default_registry
from winback.cli.context import Session
from winback.cli.policy_fired import is_there
from winback.errors import SetupError
from winback.store.store import Store
from workers.known_names import known_names
from workers.policy_source import PolicySource
from workers.policy_watch import Role, last_good, say_refused
from workers.switches import engaged_rules

T = TypeVar("T")


def known(session: Session) -> Known:
    """The names of the installed tools and the configured catalogue.

    Raises:
        InputError: the settings or the catalogue cannot be used.
    """
    return known_names(default_registry(), load_catalogue(session.settings.policies.catalogue))


def chosen(session: Session, path: Path | None) -> Path:
    """The named policy, else the configured one, else the packaged one."""
    return path or session.settings.policies.path or PACKAGED


def in_force(session: Session) -> Policy:
    """The configured policy under the engaged switches; while its files are broken, the last one in force.

    Raises:
        InputError: it cannot be used, and none was ever in force.
    """
    source = as_it_stands(session, chosen(session, None), "live")
    return source.policy


def as_it_stands(session: Session, path: Path, role: Role) -> PolicySource:
    """A policy or its last good version; the database is only read. Raises as `in_force`."""
    names = known(session)
    source = PolicySource(path, lambda: load_policy(path, names), lambda: _last_good(session, role))
    source.refresh(_asked(session, engaged_rules) or ())
    say_refused(role, source)
    return source


def _last_good(session: Session, role: Role) -> Policy | None:
    return _asked(session, lambda state: last_good(state, role))


def _asked(session: Session, question: Callable[[SQLSession], T]) -> T | None:
    """What the database says; None where there is none yet, or not one of this version."""
    settings = session.settings
    if not is_there(settings.database_url):
        return None
    try:
        store = Store(settings.database_url, busy_seconds=settings.database.busy_seconds)
        with closing(store), store.read() as state:
            return question(state)
    except SetupError:
        return None
