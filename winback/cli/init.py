"""`winback init`: a starting config.yaml."""

from pathlib import Path

import click

from winback.cli.context import DEFAULT_CONFIG, Session, pass_session
from winback.cli.terminal import plain_text
from winback.errors import ConflictError, SetupError
from winback.settings_text import starting_config


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@pass_session
def command(session: Session, folder: Path) -> None:
    """Write a config.yaml with every setting and its default. An existing one is left alone."""
    target = folder / DEFAULT_CONFIG
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(starting_config())
    except FileExistsError:
        raise ConflictError(
            "is there already", where=str(target), fix="edit it, or choose another folder"
        ) from None
    except OSError as error:
        raise SetupError(
            f"cannot be written ({error.strerror})", where=str(target), fix="choose another folder"
        ) from None
    session.out.print(
        f"Wrote {plain_text(str(target))}. "
        "Next: winback import USAGE.csv, winback import PEOPLE.csv, winback doctor."
    )
