"""The command line: one file per command, one place that turns errors into one line."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from winback import __version__
from winback.cli.context import Moment, Session
from winback.cli.lazy import LazyGroup
from winback.cli.terminal import one_line
from winback.errors import Exit, InputError, WinbackError
from winback.failpoint import arm_from

COMMANDS = {
    "demo": "demo",
    "init": "init",
    "doctor": "doctor",
    "import": "import_",
    "scan": "scan",
    "run": "run",
    "up": "up",
    "serve": "serve",
    "pages": "pages",
    "user": "user",
    "queue": "queue",
    "policy": "policy",
    "log": "log",
    "contact": "contact",
    "inbox": "inbox",
    "feed": "feed",
    "privacy": "privacy",
    "entitlement": "entitlement",
    "backtest": "backtest",
}
"""Command to module of this package; a module is imported when its command is asked for."""


@click.group(
    cls=LazyGroup,
    modules=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
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
    arm_from(os.environ)
    context.obj = Session(config, at.replace(tzinfo=UTC) if at else None)


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code (`winback.errors.Exit`)."""
    try:
        _refuse_other_encodings(arguments)
        result = app.main(list(arguments), prog_name="winback", standalone_mode=False)
    except WinbackError as error:
        _tell(str(error))
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return Exit.BAD_INPUT
    except click.UsageError as error:
        hint = error.ctx.command_path if error.ctx else "winback"
        _tell(f"{_told(error)}; see '{hint} -h'")
        return Exit.BAD_INPUT
    except click.ClickException as error:
        _tell(_told(error))
        return Exit.BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        _tell("interrupted")
        return Exit.INTERRUPTED
    return result if isinstance(result, int) else Exit.OK


def _refuse_other_encodings(arguments: Sequence[str]) -> None:
    """Neither a database nor a file takes what is not UTF-8, and no message can show it."""
    given = [("an argument", text) for text in arguments]
    given += [(name, text) for name, text in os.environ.items() if name.startswith("WINBACK_")]
    for where, text in given:
        if any("\ud800" <= one <= "\udfff" for one in text):
            raise InputError(f"{text[:100]!a} is not UTF-8 text", where=where, fix="write it in UTF-8")


def _told(error: click.ClickException) -> str:
    """Its message, which lists choices in lines of their own."""
    return " ".join(error.format_message().split())


def _tell(message: str) -> None:
    """One line on the standard error, whatever is in the message."""
    click.echo(f"winback: {one_line(message)}", err=True)
