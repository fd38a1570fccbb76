"""The command line: one file per command, one place that turns errors into one line."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from winback import __version__
from winback.cli import contact, demo, doctor, import_, init, log, policy, queue, run, up
from winback.cli.context import Session
from winback.errors import Exit, WinbackError

COMMANDS = (demo, init, doctor, import_, run, up, queue, policy, log, contact)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="winback %(version)s")
@click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path),
    help="Settings file; default $WINBACK_CONFIG, else ./config.yaml if there is one.",
)
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%dT%H:%M"]),
    help="Pretend it is this moment (UTC): to replay history; refused where messages leave the machine.",
)
@click.pass_context
def app(context: click.Context, config: Path | None, at: datetime | None) -> None:
    """Notices that a customer is drifting away and does something about it, with a human in charge."""
    context.obj = Session(config, at.replace(tzinfo=UTC) if at else None)


for _module in COMMANDS:
    app.add_command(_module.command)


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
