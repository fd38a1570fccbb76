"""The command line: one file per command, one place that turns errors into one line."""

import importlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from winback import __version__
from winback.cli.context import Moment, Session
from winback.errors import Exit, WinbackError

COMMANDS = {
    "demo": "demo",
    "init": "init",
    "doctor": "doctor",
    "import": "import_",
    "scan": "scan",
    "run": "run",
    "up": "up",
    "queue": "queue",
    "policy": "policy",
    "log": "log",
    "contact": "contact",
    "backtest": "backtest",
}
"""Command to module of this package; a module is imported when its command is asked for."""


class Commands(click.Group):
    """Imports a command on first use: most need no model, and some no database."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(f"winback.cli.{COMMANDS[cmd_name]}").command
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="winback %(version)s")
@click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path),
    help="Settings file; default $WINBACK_CONFIG, else ./config.yaml if there is one.",
)
@click.option(
    "--at",
    type=Moment("%Y-%m-%dT%H:%M"),
    help="Pretend it is this moment (UTC): to replay history; refused where messages leave the machine.",
)
@click.pass_context
def app(context: click.Context, config: Path | None, at: datetime | None) -> None:
    """Notices that a customer is drifting away and does something about it, with a human in charge."""
    context.obj = Session(config, at.replace(tzinfo=UTC) if at else None)


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code (`winback.errors.Exit`)."""
    try:
        result = app.main(list(arguments), prog_name="winback", standalone_mode=False)
    except WinbackError as error:
        click.echo(f"winback: {error}", err=True)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return Exit.BAD_INPUT
    except click.UsageError as error:
        hint = error.ctx.command_path if error.ctx else "winback"
        click.echo(f"winback: {error.format_message()}; see '{hint} -h'", err=True)
        return Exit.BAD_INPUT
    except click.ClickException as error:
        click.echo(f"winback: {error.format_message()}", err=True)
        return Exit.BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        click.echo("winback: interrupted", err=True)
        return Exit.INTERRUPTED
    return result if isinstance(result, int) else Exit.OK
