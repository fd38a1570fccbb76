"""Policies that came into force and files that were refused; going back to an earlier one."""

import io
import json
from pathlib import Path

from ruamel.yaml import YAML
from sqlmodel import Session, col, select

from policies.load import Instead
from policies.policy import Policy, policy_text
from policies.switch import with_switches
from winback.errors import ConflictError, InputError
from winback.store.bookkeeping import ENDED, REFUSED, PolicyVersion
from winback.yamlfile import is_folder
from workers.policy_watch import ROLES, readable
from workers.rulebook.files import files_of, unified

NEWEST = 100


def versions(session: Session, before: int | None = None) -> list[PolicyVersion]:
    """Both roles and their refusals, the newest first; those below a number."""
    query = select(PolicyVersion).order_by(col(PolicyVersion.id).desc()).limit(NEWEST)
    if before is not None:
        query = query.where(col(PolicyVersion.id) < before)
    return list(session.exec(query).all())


def is_refusal(version: PolicyVersion) -> bool:
    """Whether it is no policy, but says that files were refused or are mended."""
    return version.role.endswith(REFUSED)


def is_end(version: PolicyVersion) -> bool:
    """Whether it is no policy, but says that one judges no more."""
    return version.role.endswith(ENDED)


def policy_of(version: PolicyVersion) -> Policy:
    """The policy that it was, with the switches of its time.

    Raises:
        InputError: it is none, or this version of Winback cannot read it.
    """
    found = readable(version) if version.role in ROLES else None
    if found is None:
        raise InputError("is no policy that can be read", where=f"version {version.id}", fix="choose another")
    return found


def text_difference(old: PolicyVersion, new: PolicyVersion) -> str:
    """As `diff -u` tells it: of the files as they were written where both were kept, else of what they say."""
    written = old.files is not None and new.files is not None
    texts = [_files_text(one.files or {}) if written else rules_text(policy_of(one)) for one in (old, new)]
    return unified(texts[0], texts[1], f"version {old.id}", f"version {new.id}")


def texts_to_go_back(version: PolicyVersion, path: Path) -> Instead:
    """What the files must say for an earlier version to be in force again; None: a file must go.

    Raises:
        InputError: it cannot be read, or its files were not kept and it is not clear what goes into which.
        ConflictError: they say that already.
    """
    policy = policy_of(version)
    now = {one.name: one.text for one in files_of(path)}
    kept = version.files
    if is_folder(path):
        if kept is None:
            raise InputError(
                "its files were not kept", where=f"version {version.id}", fix="put its text into the files by hand"
            )
        texts: dict[str, str | None] = {**dict.fromkeys(now), **kept}
    else:
        texts = {path.name: next(iter(kept.values())) if kept and len(kept) == 1 else rules_text(policy)}
    changed = {name: text for name, text in texts.items() if now.get(name) != text}
    if not changed:
        raise ConflictError(
            "the files say that already", where=f"version {version.id}", fix="nothing is to be done"
        )
    if wrong := [name for name in changed if Path(name).name != name or name.startswith(".")]:
        raise InputError("is no name of a policy's file", where=repr(wrong[0][:100]), fix="choose another version")
    return changed


def rules_text(policy: Policy) -> str:
    """What a policy says as YAML, without switches and without the comments that its files may have had."""
    plain = json.loads(policy_text(with_switches(policy, ())))
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.width, yaml.allow_unicode = False, 110, True
    out = io.StringIO()
    yaml.dump({"version": plain["version"], "rules": plain["rules"]}, out)
    return out.getvalue()


def _files_text(files: dict[str, str]) -> str:
    if len(files) == 1:
        return next(iter(files.values()))
    return "\n".join(f"# {name}\n{text}" for name, text in sorted(files.items()))
