"""What the commands about policies share: the names a policy may speak of, and the configured one."""

from pathlib import Path

from policies.load import PACKAGED, Known
from tools.catalogue import load_catalogue
from tools.registry import default_registry
from winback.cli.context import Session
from workers.known_names import known_names


def known(session: Session) -> Known:
    """The names of the installed tools and the configured catalogue.

    Raises:
        InputError: the settings or the catalogue cannot be used.
    """
    return known_names(default_registry(), load_catalogue(session.settings.policies.catalogue))


def chosen(session: Session, path: Path | None) -> Path:
    """The named policy, else the configured one, else the packaged one."""
    return path or session.settings.policies.path or PACKAGED
