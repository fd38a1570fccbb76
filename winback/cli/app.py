"""The command line: one file per command, one place that turns errors into one line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import click
import typer

from winback import __version__
from winback.cli.context import Session
from winback.errors import Exit, WinbackError

app = typer.Typer(
    name="winback",
    help="Notices that a customer is drifting away and does something about it, with a human in charge.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"winback {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Settings file; default ./config.yaml if there is one.")
    ] = None,
    version: Annotated[  # noqa: ARG001  typer calls it through the callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Open the session that every command shares."""
    context.obj = Session(config)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code (`winback.errors.Exit`)."""
    try:
        app(list(arguments), standalone_mode=False)
    except WinbackError as error:
        typer.echo(f"winback: {error}", err=True)
        return error.exit_code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        hint = f"see 'winback {' '.join(list(arguments)[:1])} -h'"
        typer.echo(f"winback: {error.format_message()}; {hint}", err=True)
        return Exit.BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        typer.echo("winback: interrupted", err=True)
        return Exit.INTERRUPTED
    return Exit.OK
