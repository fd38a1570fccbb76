"""The settings in words: a starting config.yaml and the reference page, both made from the model."""

import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from winback.settings import Settings

SAMPLES = {
    "database.url": "{$env: DATABASE_URL}",
    "model.base_url": "https://api.openai.com/v1",
    "model.name": "gpt-5-mini",
    "model.api_key": "{$env: OPENAI_API_KEY}",
    "policies.path": "policies/default.yaml",
    "policies.catalogue": "tools/catalogue.yaml",
    "channels.folder": "data/outbox",
    "channels.smtp.host": "smtp.example.com",
    "channels.smtp.username": "winback",
    "channels.smtp.password": "{$env: SMTP_PASSWORD}",
    "channels.webhook.url": "https://billing.example.com/winback",
    "channels.webhook.secrets": "[{$env: WEBHOOK_SECRET}]",
    "channels.slack.url": "{$env: SLACK_URL}",
    "pages.base_url": "https://hello.example.com",
    "pages.signing_key": "{$env: WINBACK_PAGES_KEY}",
    "channels.smtp.per_domain_per_minute": "60",
    "channels.smtp.dkim.selector": "winback",
    "channels.smtp.dkim.domain": "example.com",
    "channels.smtp.dkim.key": "{$env: DKIM_KEY}",
    "console.oidc.issuer": "https://id.example.com/realms/company",
    "console.oidc.client_id": "winback",
    "console.oidc.client_secret": "{$env: OIDC_SECRET}",
    "console.oidc.roles": "{winback-operators: operator, winback-reviewers: reviewer}",
    "console.oidc.label": "Sign in with Example ID",
    "calendars": "host@example.com",
    "calendars.ADDRESS.caldav.url": "https://calendar.example.com/host/work/",
    "calendars.ADDRESS.caldav.username": "host",
    "calendars.ADDRESS.caldav.password": "{$env: CALDAV_PASSWORD}",
    "calendars.ADDRESS.ics.url": "{$env: HOST_ICS_URL}",
    "calendars.ADDRESS.zone": "Europe/Berlin",
    "entitlements.folder": "data/entitlements",
    "entitlements.stripe.api_key": "{$env: STRIPE_API_KEY}",
    "entitlements.stripe.prices": "{team: price_1ABC, business: price_2DEF}",
    "entitlements.stripe.customers": "customers.csv",
    "entitlements.stripe.base_url": "http://127.0.0.1:8420",
    "inbox.imap.host": "imap.example.com",
    "inbox.imap.username": "winback",
    "inbox.imap.password": "{$env: IMAP_PASSWORD}",
    "inbox.webhook_secrets": "[{$env: INBOX_SECRET}]",
}
# Sections of which there are many, and what the reference calls the key of each.
MANY = {"calendars": "ADDRESS"}


def starting_config() -> str:
    """A complete config.yaml: every key with its default; what has none stands as a comment."""
    head = [
        "# Winback's settings. Every key is described in docs/settings.md.",
        "# Any value may be written {$env: NAME}; secrets must be.",
        "",
    ]
    return "\n".join([*head, *_section(Settings, "", 0, commented=False)]) + "\n"


def reference() -> str:
    """docs/settings.md: every key, its default and what it does."""
    lines = [
        "# Settings",
        "",
        "`config.yaml` in the working folder, or the file named by `--config` or `$WINBACK_CONFIG`; without one,",
        "the defaults. Any value may be `{$env: NAME}` or `{$env: NAME, default: value}`; a secret must be.",
        "Paths are relative to the file. This page is made from the code: `make docs`.",
        "",
        "| key | default | what it does |",
        "|---|---|---|",
    ]
    return "\n".join([*lines, *(_row(*one) for one in keys())]) + "\n"


def keys(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key that can be written, with its field, sections expanded."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        inner = _model_of(field)
        if inner is None:
            yield path, field
        elif path in MANY:
            yield path, field
            yield from keys(inner, f"{path}.{MANY[path]}.")
        else:
            yield from keys(inner, f"{path}.")


def _row(path: str, field: FieldInfo) -> str:
    default = "" if field.is_required() else _value(field)
    choices = _choices(field)
    text = (field.description or "") + (f" One of {', '.join(choices)}." if choices else "")
    return f"| `{path}` | {f'`{default}`' if default else 'none'} | {text} |"


def _section(model: type[BaseModel], prefix: str, depth: int, *, commented: bool) -> Iterator[str]:
    indent = "  " * depth
    for name, field in model.model_fields.items():
        key, path = field.alias or name, f"{prefix}{field.alias or name}"
        inner = _model_of(field)
        off = commented or _is_off(inner, field)
        mark = "# " if off else ""
        yield f"{indent}# {field.description}"
        if inner is None:
            value = SAMPLES.get(path, _value(field)) if _is_unset(field) else _value(field)
            yield f"{indent}{mark}{key}: {value}"
        elif path in MANY:
            yield f"{indent}# {key}:"
            yield f"{indent}#   {SAMPLES[path]}:"
            yield from _section(inner, f"{path}.{MANY[path]}.", depth + 2, commented=True)
        else:
            yield f"{indent}{mark}{key}:"
            yield from _section(inner, f"{path}.", depth + 1, commented=off)


def _is_off(inner: type[BaseModel] | None, field: FieldInfo) -> bool:
    """Whether the key stands as a comment: it has no default, or its section would be empty."""
    if inner is None:
        return _is_unset(field)
    return field.default is None or all(_is_unset(one) for one in inner.model_fields.values())
    return _is_unset(field) or all(_is_unset(one) for one in inner.model_fields.values())


def _is_unset(field: FieldInfo) -> bool:
    return field.is_required() or field.default is None


def _value(field: FieldInfo) -> str:
    default = field.default
    if default is None or default is PydanticUndefined:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, Enum):
        return str(default.value)
    if isinstance(default, Path | int | float):
        return str(default)
    text = str(default)
    plain = text.isascii() and text.replace(" ", "").replace("/", "").replace("-", "").isalnum()
    return text if plain else f'"{text}"'


def _model_of(field: FieldInfo) -> type[BaseModel] | None:
    for one in (*_alternatives(field.annotation), *get_args(field.annotation)[1:]):
        if isinstance(one, type) and issubclass(one, BaseModel) and not issubclass(one, SecretStr):
            return one
    return None


def _choices(field: FieldInfo) -> list[str]:
    return [
        str(one)
        for part in _alternatives(field.annotation)
        if get_origin(part) is Literal
        for one in get_args(part)
    ]


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
