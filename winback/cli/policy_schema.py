"""`winback policy schema`: what an editor needs to complete and check a policy file."""

from pathlib import Path

import click

from policies.schema import schema_text
from winback.cli.context import Session, pass_session
from winback.cli.terminal import plain_text
from winback.errors import InputError


@click.command("schema")
@click.option("--out", type=click.Path(path_type=Path), help="Write it to this file.")
@pass_session
def command(session: Session, out: Path | None) -> None:
    """Print the JSON Schema (draft 2020-12) of a policy file.

    Name it in the first line of the policy: # yaml-language-server: $schema=./policy.schema.json
    """
    text = schema_text()
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be written ({reason})", where=repr(str(out)), fix="name another file") from None
    session.out.print(f"Wrote {plain_text(str(out))}", soft_wrap=True)
