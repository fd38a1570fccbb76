"""Reading config.yaml and the environment into the settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from winback.errors import InputError
from winback.settings import Imap, Settings
from winback.yamlfile import Place, YamlFile, read_yaml, validate

PATHS: tuple[Place, ...] = (
    ("home",),
    ("policies", "path"),
    ("policies", "shadow"),
    ("policies", "catalogue"),
    ("channels", "folder"),
    ("decisions", "checkpoints"),
)
SECRETS: tuple[Place, ...] = (
    ("model", "api_key"),
    ("channels", "smtp", "password"),
    ("inbox", "imap", "password"),
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
    if settings.inbox.imap is not None:
        _check_mailbox(settings.inbox.imap, file)
    if (model.base_url is None) != (model.name is None):
        raise InputError(
            "model needs both base_url and name, or neither",
            where=file.where(("model",)),
            fix="add the other",
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
