"""`winback doctor`: what is wrong with a set-up, and what to do about it."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click
from sqlmodel import func, select

from agents.model import open_model, probe
from policies.lint import unheard
from policies.load import is_nothing, load_policy
from policies.policy import Policy
from tools.catalogue import load_catalogue
from tools.channels.channel import Channel
from tools.registry import default_registry
from winback import bootstrap
from winback.cli.context import Session, json_option, pass_session, print_json
from winback.cli.terminal import plain_text
from winback.errors import SetupError, WinbackError
from winback.settings import Settings
from winback.store.models import Account, Contact
from winback.store.opening import open_store
from winback.store.store import make_folder
from winback.usage.warehouse import Warehouse
from winback.web_address import refusal
from workers.freshness import LATE
from workers.inbox.mailbox import open_mailbox
from workers.known_names import known_names
from workers.link import links_of
from workers.schedule import trigger_of

Health = Literal["ok", "warn", "bad"]
MARKS = {"ok": "[green]ok[/]  ", "warn": "[yellow]warn[/]", "bad": "[red]bad[/] "}
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    health: Health
    what: str
    detail: str


@click.command("doctor")
@click.option(
    "--offline",
    is_flag=True,
    help="Do not call the model, the mail servers, the calendars or the OpenID provider.",
)
@json_option
@pass_session
def command(session: Session, offline: bool, as_json: bool) -> None:
    """Check config, folders, database, policy, usage, people, model, mail, calendars and clock."""
    findings = list(examine(session, offline=offline))
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
        for one in findings:
            session.out.print(f"{MARKS[one.health]} {one.what:<10} {plain_text(one.detail)}", soft_wrap=True)
    bad = sum(one.health == "bad" for one in findings)
    if bad:
        raise SetupError(f"{bad} thing(s) must be mended before Winback can run", fix="see the lines marked bad")


def examine(session: Session, *, offline: bool) -> Iterator[Finding]:
    """Every check, each on its own: one that fails does not hide the others."""
    settings = session.settings
    yield Finding("ok", "config", str(session.config_path or "defaults; there is no config.yaml here"))
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("home", lambda: _home(settings)),
        ("database", lambda: _database(settings)),
        ("policy", lambda: _policy(settings)),
        ("shadow", lambda: _shadow(settings)),
        ("schedule", lambda: _schedule(settings)),
        ("usage", lambda: _usage(settings)),
        ("people", lambda: _people(settings)),
        ("model", lambda: _model(session, offline)),
        ("inbox", lambda: _inbox(settings, offline)),
        ("hook", lambda: _hook(settings)),
        ("pages", lambda: _pages(settings)),
        ("sign-in", lambda: _sign_in(session, offline)),
        ("clock", _clock),
    ]
    for what, check in checks:
        try:
            yield check()
        except WinbackError as error:
            yield Finding("bad", what, str(error))
    yield from calendars(session, offline)
    yield from _channels(settings, offline)


def _home(settings: Settings) -> Finding:
    make_folder(settings.home)
    trial = settings.home / f".doctor-{os.getpid()}"
    try:
        trial.write_text("")
        trial.unlink()
    except OSError as error:
        raise SetupError(
            f"folder cannot be written to ({error.strerror})",
            where=str(settings.home),
            fix="check its permissions",
        ) from None
    return Finding("ok", "home", str(settings.home))


def _database(settings: Settings) -> Finding:
    with open_store(settings) as store, store.write("doctor"):
        kind = "SQLite" if store.is_sqlite else "PostgreSQL"
        return Finding("ok", "database", f"{kind}, {store.url.render_as_string(hide_password=True)}")


def _policy(settings: Settings) -> Finding:
    policy = _load(settings, settings.policies.path or bootstrap.DEFAULT_POLICY)
    if settings.pages.base_url is not None and (finding := unheard(policy)) is not None:
        return Finding("warn", "policy", f"{_describe(policy)}; {finding.what}: {finding.fix}")
    return Finding("ok", "policy", _describe(policy))


def _shadow(settings: Settings) -> Finding:
    path = settings.policies.shadow
    if path is None:
        return Finding("ok", "shadow", "no policy runs in the shadow")
    if is_nothing(path):
        return Finding("ok", "shadow", f"no policy runs in the shadow: nothing is at {path}")
    return Finding("ok", "shadow", _describe(_load(settings, path)))


def _load(settings: Settings, path: Path) -> Policy:
    return load_policy(path, known_names(default_registry(), load_catalogue(settings.policies.catalogue)))


def _describe(policy: Policy) -> str:
    return f"{len(policy.rules)} rules, {policy.hash[:12]}, from {policy.source}"


def _schedule(settings: Settings) -> Finding:
    following = trigger_of(settings).get_next_fire_time(None, datetime.now(UTC))
    return Finding("ok", "schedule", f"next full pass {following:%Y-%m-%d %H:%M %Z}")


def _usage(settings: Settings) -> Finding:
    last = Warehouse(settings.usage_folder).last_day()
    if last is None:
        return Finding("warn", "usage", "nothing imported yet: winback import FILE")
    late = datetime.now(UTC).date() - last
    if late > LATE:
        return Finding(
            "warn", "usage", f"ends on {last}, {late.days} days ago: alarms are held until newer usage comes"
        )
    return Finding("ok", "usage", f"up to {last}")


def _people(settings: Settings) -> Finding:
    with open_store(settings) as store, store.read() as session:
        accounts = session.exec(select(func.count()).select_from(Account)).one()
        contacts = session.exec(select(func.count()).select_from(Contact)).one()
    if not contacts:
        return Finding("warn", "people", "no contacts, so nobody can be written to: winback import PEOPLE.csv")
    return Finding("ok", "people", f"{accounts:,} accounts, {contacts:,} contacts")


def _model(session: Session, offline: bool) -> Finding:
    with open_model(session.settings.model, session.clock) as model:
        name = model.name
        if model.embedded:
            name += " (embedded: for trying out only, its judgement is weak)"
        if offline:
            return Finding("ok", "model", f"{name}, not asked")
        started = time.perf_counter()
        failure = probe(model)
        if failure is not None:
            return Finding("bad", "model", f"{failure.code}: {failure.detail}")
        return Finding("ok", "model", f"{name}, answered in {time.perf_counter() - started:.1f} s")


def _channels(settings: Settings, offline: bool) -> Iterator[Finding]:
    try:
        with open_store(settings) as store:
            for medium, channel in bootstrap.make_channels(settings, store).items():
                yield _channel(settings, medium, channel, offline)
    except WinbackError as error:
        yield Finding("bad", "channel", str(error))


def _channel(settings: Settings, medium: str, channel: Channel, offline: bool) -> Finding:
    try:
        if not offline:
            channel.probe()
    except WinbackError as error:
        return Finding("bad", "channel", f"{medium}: {error}")
    folder = _folders(settings).get(channel.name)
    goes = f"{channel.name} ({folder}): nothing leaves" if folder else f"{channel.name}: it leaves"
    return Finding("ok", "channel", f"{medium} by {goes} this machine")


def _folders(settings: Settings) -> dict[str, Path]:
    """Channels whose receiver is a folder of this machine."""
    return {
        "files": settings.outbox_folder,
        "ledger": settings.entitlement_folder,
        "office": settings.calendar_folder,
    }


def _inbox(settings: Settings, offline: bool) -> Finding:
    imap = settings.inbox.imap
    if imap is None:
        return Finding("ok", "inbox", "no mailbox is set: what comes back by mail is not read")
    if offline:
        return Finding("ok", "inbox", f"{imap.host}, not asked")
    with open_mailbox(imap) as mailbox:
        return Finding("ok", "inbox", f"{imap.host}: {len(mailbox.numbers())} message(s) in {imap.folder}")


def _hook(settings: Settings) -> Finding:
    secrets = settings.inbox.webhook_secrets
    if secrets is None:
        return Finding("ok", "hook", "no secret is set: what a mail provider tells by webhook is not taken")
    # What serves pages, for those alone who take webhooks.
    from tools.channels.webhook import signers_of  # noqa: PLC0415
    from winback.pages.hook import HOOK  # noqa: PLC0415

    signers_of(secrets, "inbox.webhook_secrets")
    return Finding("ok", "hook", f"{settings.pages.base_url}{HOOK} takes what {len(secrets)} secret(s) signed")


def calendars(session: Session, offline: bool) -> Iterator[Finding]:
    """A line for each host: one that is down hides no other."""
    if not session.settings.calendars:
        return
    from tools.calendars.configured import probe_host  # noqa: PLC0415  half a second, for those who have any

    for host in session.settings.calendars:
        try:
            if not offline:
                probe_host(session.settings, host, session.clock)
        except WinbackError as error:
            yield Finding("bad", "calendar", str(error))
        else:
            yield Finding("ok", "calendar", f"{host}, {'not asked' if offline else 'it answers'}")


def _pages(settings: Settings) -> Finding:
    pages = settings.pages
    if links_of(settings) is None:
        return Finding("ok", "pages", "none: messages have no links; pages.base_url would give them some")
    served = f"{pages.base_url}, served on loopback port {pages.port}"
    if (wrong := refusal(str(pages.base_url))) is not None:
        return Finding("warn", "pages", f"{served}; {wrong}: whoever reads a link can use it")
    if pages.trusted_proxy is None:
        return Finding("warn", "pages", f"{served}; without pages.trusted_proxy all visitors count as one")
    return Finding("ok", "pages", served)


def _sign_in(session: Session, offline: bool) -> Finding:
    console = session.settings.console
    if console.oidc is None:
        return Finding("ok", "sign-in", "by password; console.oidc would let a provider do it")
    from winback.console.oidc_page import BACK  # noqa: PLC0415  what serves pages, for those alone who have it
    from winback.console.oidc_provider import Provider  # noqa: PLC0415

    base = console.base_url or f"http://127.0.0.1:{console.port}"
    told = f"{console.oidc.issuer}, which must know {base}{BACK}"
    if offline:
        return Finding("ok", "sign-in", f"{told}; not asked")
    kept = len(list(Provider(console.oidc, session.clock).keys()))
    return Finding("ok", "sign-in", f"{told}; it answers, and has {kept} key(s)")


def _clock() -> Finding:
    now = datetime.now(UTC)
    if now < EARLIEST:
        return Finding("bad", "clock", f"the machine says {now:%Y-%m-%d}: set its clock")
    return Finding("ok", "clock", f"{now:%Y-%m-%d %H:%M} UTC")
