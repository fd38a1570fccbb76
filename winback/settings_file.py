"""Reading config.yaml and the environment into the settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from winback.errors import InputError
from winback.settings import Settings
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
SECRETS: tuple[Place, ...] = (
    ("model", "api_key"),
    ("channels", "smtp", "password"),
    ("entitlements", "stripe", "api_key"),
    ("decisions", "signing_key"),
)
LOOPBACK = ("localhost", "127.0.0.1", "::1")


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
    for place in SECRETS:
        _refuse_secret(file, place)
    data = _from_environment(file, file.data, (), environ)
    for place in PATHS:
        _resolve(data, place, path.resolve().parent)
    settings: Settings = validate(
        Settings, YamlFile(path=path, data=data, text=file.text, positions=file.positions)
    )
    _cross_check(settings, file)
    return settings


def _refuse_secret(file: YamlFile, place: Place) -> None:
    value: Any = file.data
    for part in place:
        value = value.get(part) if isinstance(value, dict) else None
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
            return environ[name]
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
    if (model.base_url is None) != (model.name is None):
        raise InputError(
            "model needs both base_url and name, or neither",
            where=file.where(("model",)),
            fix="add the other",
        )
    _check_entitlements(settings, file)


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
