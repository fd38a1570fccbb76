"""The command line: one file per command, one place that turns errors into one line."""

from collections.abc import Sequence
from pathlib import Path

import click

from winback import __version__
from winback.cli.context import Session
from winback.errors import Exit, WinbackError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="winback %(version)s")
@click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path),
    help="Settings file; default $WINBACK_CONFIG, else ./config.yaml if there is one.",
)
@click.pass_context
def app(context: click.Context, config: Path | None) -> None:
    """Notices that a customer is drifting away and does something about it, with a human in charge."""
    context.obj = Session(config)


def run(arguments: Sequence[str]) -> int:
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
