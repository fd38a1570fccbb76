"""Reading config.yaml and the environment into the settings."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from winback.errors import InputError
from winback.settings import Settings
from winback.settings_channels import Imap
from winback.web_address import refusal
from winback.yamlfile import Place, YamlFile, read_yaml, validate

PATHS: tuple[Place, ...] = (
    ("home",),
    ("policies", "path"),
    ("policies", "shadow"),
    ("policies", "catalogue"),
    ("channels", "folder"),
    ("entitlements", "folder"),
    ("entitlements", "stripe", "customers"),
    ("decisions", "checkpoints"),
)
# `*` is any key, or any place in a list.
SECRETS: tuple[Place, ...] = (
    ("model", "api_key"),
    ("channels", "smtp", "password"),
    ("channels", "smtp", "dkim", "key"),
    ("channels", "webhook", "secrets"),
    ("channels", "webhook", "secrets", "*"),
    ("channels", "slack", "url"),
    ("entitlements", "stripe", "api_key"),
    ("inbox", "imap", "password"),
    ("inbox", "webhook_secrets"),
    ("inbox", "webhook_secrets", "*"),
    ("decisions", "signing_key"),
    ("pages", "signing_key"),
    ("console", "oidc", "client_secret"),
    ("calendars", "*", "caldav", "password"),
    ("calendars", "*", "ics", "url"),
)
_HOST = re.compile(r"[^@\s<>]+@[^@\s<>]+")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class _FromEnvironment(str):
    """A value of the environment: it may be a secret in the wrong place, so no error shows it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "the variable's value"


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read config.yaml; `None` means defaults, kept under ./data.

    Paths in the file are relative to the file.

    Raises:
        InputError: the file cannot be read, a key is unknown, a value does not fit, a variable is
            unset, or a secret is written in the file.
    """
    if path is None:
        return Settings()
    file = read_yaml(path)
    if not isinstance(file.data, dict):
        raise InputError("is not a mapping of settings", where=f"{path}:1:1", fix="see docs/settings.md")
    for place, value in (found for pattern in SECRETS for found in _matching(file.data, pattern)):
        _refuse_secret(file, place, value)
    data = _from_environment(file, file.data, (), environ)
    for place in PATHS:
        _resolve(data, place, path.resolve().parent)
    settings: Settings = validate(
        Settings, YamlFile(path=path, data=data, text=file.text, positions=file.positions)
    )
    _cross_check(settings, file)
    _check_calendars(settings, file)
    _check_entitlements(settings, file)
    _check_oidc(settings, file)
    return settings


def _matching(node: Any, pattern: Place, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    if not pattern:
        yield place, node
    elif isinstance(node, dict):
        for key in node if pattern[0] == "*" else [pattern[0]]:
            yield from _matching(node.get(key), pattern[1:], (*place, key))
    elif isinstance(node, list) and pattern[0] == "*":
        for number, one in enumerate(node):
            yield from _matching(one, pattern[1:], (*place, number))


def _refuse_secret(file: YamlFile, place: Place, value: Any) -> None:
    if isinstance(value, str):
        raise InputError(
            f"{'.'.join(map(str, place))}: a secret is written in the file",
            where=file.where(place),
            fix="write {$env: NAME} and set the variable",
        )


def _from_environment(file: YamlFile, node: Any, place: Place, environ: Mapping[str, str]) -> Any:
    if isinstance(node, dict) and "$env" in node:
        name = node["$env"]
        if unknown := set(node) - {"$env", "default"}:
            raise InputError(f"unknown key {min(unknown)!r} beside $env", where=file.where(place), fix="remove it")
        if isinstance(name, str) and name in environ:
            return _FromEnvironment(environ[name])
        if "default" in node:
            return node["default"]
        raise InputError(
            f"environment variable {name} is not set", where=file.where(place), fix=f"export {name}=..."
        )
    if isinstance(node, dict):
        return {key: _from_environment(file, value, (*place, key), environ) for key, value in node.items()}
    if isinstance(node, list):
        return [_from_environment(file, value, (*place, i), environ) for i, value in enumerate(node)]
    return node


def _resolve(data: dict[str, Any], place: Place, base: Path) -> None:
    node: Any = data
    for part in place[:-1]:
        node = node.get(part) if isinstance(node, dict) else None
    if isinstance(node, dict) and isinstance(value := node.get(str(place[-1])), str):
        node[str(place[-1])] = str(base / Path(value).expanduser())


def _cross_check(settings: Settings, file: YamlFile) -> None:
    channels, model = settings.channels, settings.model
    if channels.use == "smtp" and channels.smtp is None:
        raise InputError("channels.use is smtp", where=file.where(("channels", "use")), fix="add channels.smtp")
    smtp = channels.smtp
    if smtp and smtp.security == "none" and smtp.host not in LOOPBACK:
        raise InputError(
            f"channels.smtp.security: 'none' would send mail to {smtp.host} in the clear",
            where=file.where(("channels", "smtp", "security")),
            fix="use starttls or tls",
        )
    _check_web(settings, file)
    if settings.inbox.imap is not None:
        _check_mailbox(settings.inbox.imap, file)
    if settings.inbox.webhook_secrets and settings.pages.base_url is None:
        raise InputError(
            "inbox.webhook_secrets: nothing would take webhooks, since there are no pages",
            where=file.where(("inbox", "webhook_secrets")),
            fix="set pages.base_url",
        )
    if (model.base_url is None) != (model.name is None):
        raise InputError(
            "model needs both base_url and name, or neither",
            where=file.where(("model",)),
            fix="add the other",
        )


def _check_web(settings: Settings, file: YamlFile) -> None:
    webhook, slack = settings.channels.webhook, settings.channels.slack
    for name, url in (
        ("webhook", webhook.url if webhook else None),
        ("slack", slack.url.get_secret_value() if slack else None),
    ):
        if url is not None and (problem := refusal(url)) is not None:
            raise InputError(
                f"channels.{name}.url {problem}",
                where=file.where(("channels", name, "url")),
                fix="write https://host/path",
            )


def _check_calendars(settings: Settings, file: YamlFile) -> None:
    seen: set[str] = set()
    for host, calendar in settings.calendars.items():
        where = file.where(("calendars", host))
        if not _HOST.fullmatch(host):
            raise InputError(f"{host!r} is not a mail address", where=where, fix="name the host by address")
        if host.lower() in seen:
            raise InputError(f"{host} is given twice", where=where, fix="remove one")
        seen.add(host.lower())
        if calendar.caldav is not None:
            _check_url(calendar.caldav.url, file.where(("calendars", host, "caldav", "url")))
        if calendar.ics is not None:
            _check_url(calendar.ics.url.get_secret_value(), file.where(("calendars", host, "ics", "url")))


def _check_url(url: str, where: str) -> None:
    """Nothing of the address is repeated: it may be a secret itself."""
    if (problem := refusal(url)) is not None:
        raise InputError(
            f"the calendar's address {problem}", where=where, fix="copy it from the calendar's settings"
        )


def _check_entitlements(settings: Settings, file: YamlFile) -> None:
    entitlements, here = settings.entitlements, ("entitlements", "stripe")
    stripe = entitlements.stripe
    if entitlements.use == "stripe" and stripe is None:
        raise InputError(
            "entitlements.use is stripe", where=file.where(("entitlements", "use")), fix="add entitlements.stripe"
        )
    if stripe is None:
        return
    address = urlsplit(stripe.base_url or "")
    if address.scheme == "http" and address.hostname not in LOOPBACK:
        raise InputError(
            f"entitlements.stripe.base_url: the API key would go to {address.hostname} in the clear",
            where=file.where((*here, "base_url")),
            fix="use https",
        )
    if stripe.stand_in and address.hostname not in LOOPBACK:
        raise InputError(
            "entitlements.stripe.stand_in: only a server on this machine can stand in for Stripe",
            where=file.where((*here, "stand_in")),
            fix="set base_url to it, or leave stand_in out",
        )


def _check_oidc(settings: Settings, file: YamlFile) -> None:
    oidc, here = settings.console.oidc, ("console", "oidc")
    if oidc is None:
        return
    if (problem := refusal(oidc.issuer)) is not None:
        raise InputError(
            f"console.oidc.issuer {problem}", where=file.where((*here, "issuer")), fix="write https://host/path"
        )
    if "openid" not in oidc.scopes.split():
        raise InputError(
            "console.oidc.scopes: without openid the provider says nothing of who it is",
            where=file.where((*here, "scopes")),
            fix="add openid",
        )


def _check_mailbox(imap: Imap, file: YamlFile) -> None:
    if imap.security == "none" and imap.host not in LOOPBACK:
        raise InputError(
            f"inbox.imap.security: 'none' would send the password to {imap.host} in the clear",
            where=file.where(("inbox", "imap", "security")),
            fix="use tls or starttls",
        )
    if imap.folder.casefold() == imap.handled.casefold():
        raise InputError(
            "inbox.imap: mail that was taken would stay where it arrives",
            where=file.where(("inbox", "imap")),
            fix="give `handled` another folder",
        )
