"""`winback user`: who may use the review console."""

import click
from rich.table import Table

from winback.cli.context import Session, json_option, pass_session, print_json
from winback.cli.terminal import plain_text
from winback.console.audit import COMMAND_LINE
from winback.console.oidc_people import subject_of
from winback.console.people import By, add_user, change_role, link, set_disabled, set_password, unlock, users
from winback.console.rights import Role
from winback.errors import InputError
from winback.store.opening import open_store

role_choice = click.Choice([one.value for one in Role])
password_option = click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    envvar="WINBACK_USER_PASSWORD",
    help="Asked for where it is not given; best in $WINBACK_USER_PASSWORD.",
)


@click.group("user")
def command() -> None:
    """People who may use the review console, their roles and passwords."""


def _by(session: Session) -> By:
    return By(COMMAND_LINE, "", session.clock.now())


@command.command("add")
@click.argument("login")
@click.option("--name", required=True, help="What they are called.")
@click.option("--role", type=role_choice, required=True, help="What they may do.")
@password_option
@pass_session
def add(session: Session, login: str, name: str, role: str, password: str) -> None:
    """Add somebody."""
    with open_store(session.settings) as store:
        zone = session.settings.company.zone
        user = add_user(store, _by(session), login, name, Role(role), password, zone)
    session.out.print(f"{plain_text(user.login)} can sign in as {role}.")


@command.command("list")
@json_option
@pass_session
def list_(session: Session, as_json: bool) -> None:
    """Show everybody."""
    with open_store(session.settings) as store, store.read() as state:
        found = users(state)
    if as_json:
        keys = ("login", "name", "role", "created_at", "disabled_at", "locked_until", "subject")
        print_json([{key: getattr(one, key) for key in keys} for one in found])
        return
    table = Table("login", "name", "role", "state")
    now = session.clock.now()
    for one in found:
        locked = one.locked_until is not None and one.locked_until > now
        how = "disabled" if one.disabled_at else "locked out" if locked else ""
        table.add_row(plain_text(one.login), plain_text(one.name), one.role, how)
    session.out.print(table)


@command.command("disable")
@click.argument("login")
@click.option("--undo", is_flag=True, help="Let them in again.")
@pass_session
def disable(session: Session, login: str, undo: bool) -> None:
    """Let nobody in by this login; their sign-ins and tokens are over."""
    with open_store(session.settings) as store:
        set_disabled(store, _by(session), login, disabled=not undo)
    session.out.print(f"{plain_text(login)} can sign in again." if undo else f"{plain_text(login)} is disabled.")


@command.command("role")
@click.argument("login")
@click.argument("role", type=role_choice)
@pass_session
def role(session: Session, login: str, role: str) -> None:
    """Give somebody another role."""
    with open_store(session.settings) as store:
        change_role(store, _by(session), login, Role(role))
    session.out.print(f"{plain_text(login)} is a {role} now.")


@command.command("password")
@click.argument("login")
@password_option
@pass_session
def password(session: Session, login: str, password: str) -> None:
    """Give somebody a new password; all their sign-ins are over."""
    with open_store(session.settings) as store:
        set_password(store, _by(session), login, password)
    session.out.print(f"{plain_text(login)} has a new password.")


@command.command("unlock")
@click.argument("login")
@pass_session
def let_try(session: Session, login: str) -> None:
    """Let somebody try again who was locked out."""
    with open_store(session.settings) as store:
        unlock(store, _by(session), login)
    session.out.print(f"{plain_text(login)} can try again.")


@command.command("link")
@click.argument("login")
@click.argument("subject", required=False)
@click.option("--undo", is_flag=True, help="Let nobody in as them by the provider any more.")
@pass_session
def link_(session: Session, login: str, subject: str | None, undo: bool) -> None:
    """Let whom the OpenID provider calls SUBJECT in as LOGIN."""
    oidc = session.settings.console.oidc
    if undo == (subject is not None):
        raise InputError("takes a subject, or --undo", where="winback user link", fix="give one of them")
    if oidc is None and subject is not None:
        raise InputError("no provider is set", where="console.oidc", fix="set it in config.yaml")
    wanted = subject_of(oidc.issuer, subject) if oidc and subject else None
    with open_store(session.settings) as store:
        link(store, _by(session), login, wanted)
    words = "is linked to the provider" if wanted else "is linked to nobody at the provider any more"
    session.out.print(f"{plain_text(login)} {words}; their sign-ins are over.")
