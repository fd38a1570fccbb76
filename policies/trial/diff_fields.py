"""Which keys of a rule changed, in the words of the file."""

from collections.abc import Iterator
from typing import Any

from policies.rules import AnyRule


def changed_fields(old: AnyRule, new: AnyRule) -> tuple[str, ...]:
    """Such as `window.days: 14 -> 7`; entries of a list by their number, from 1 on: `allow.2.mode`."""
    return tuple(_changed(_plain(old), _plain(new), ""))


def _plain(rule: AnyRule) -> dict[str, Any]:
    return rule.model_dump(mode="json", by_alias=True, exclude_none=True)


def _changed(old: Any, new: Any, name: str) -> Iterator[str]:
    if old == new:
        return
    before, after = _parts(old), _parts(new)
    if before is None or after is None:
        yield f"{name}: {_text(old)} -> {_text(new)}"
        return
    for part in [*before, *(one for one in after if one not in before)]:
        yield from _changed(before.get(part), after.get(part), f"{name}.{part}" if name else part)


def _parts(node: Any) -> dict[str, Any] | None:
    """What can be compared part by part: a mapping, or a list of mappings."""
    if isinstance(node, list) and any(isinstance(one, dict) for one in node):
        return {str(number): one for number, one in enumerate(node, start=1)}
    return node if isinstance(node, dict) else None


def _text(value: Any) -> str:
    match value:
        case None:
            return "(none)"
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{', '.join(map(_text, value))}]"
        case dict():
            return f"{{{', '.join(f'{key}: {_text(one)}' for key, one in value.items())}}}"
        case float():
            return f"{value:.12g}"
    return str(value)
