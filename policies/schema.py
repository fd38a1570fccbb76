"""The JSON Schema of one policy file, for editors: made from the models that read it."""

import json
from typing import Any

from policies.load import PolicyFile

DRAFT = "https://json-schema.org/draft/2020-12/schema"
WORDS = {
    "kind": "Which kind of rule this is; it says which other keys there are.",
    "allow": "Which tools may help, for which drops, within which bounds.",
    "min": "The lower end, which belongs to it; left out, there is none.",
    "max": "The upper end, which belongs to it; left out, there is none.",
    "one_of": "The words it may be.",
    "unit": "The running day, week (from Monday) or month.",
    "zone": "Whose calendar: the account's, or the operator's (company.zone of config.yaml).",
    "window": "The stretch of time that counts.",
    "days": "How many days back, to the second.",
    "hours": "How many hours back, to the second.",
    "then": "What happens then.",
}
"""For the keys that the models leave without a description, because the models' names say it there."""


def policy_schema() -> dict[str, Any]:
    """Draft 2020-12. Names of tools, channels and the catalogue are open: they depend on what is installed."""
    made: dict[str, Any] = PolicyFile.model_json_schema(by_alias=True)
    clean = _clean(made)
    title = "A policy of Winback"
    return {"$schema": DRAFT, **clean, "title": title, "description": "One file of a policy: docs/policies.md."}


def schema_text() -> str:
    """As it lies in policies/policy.schema.json."""
    return json.dumps(policy_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _clean(node: Any) -> Any:
    if isinstance(node, list):
        return [_clean(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _clean(value) for key, value in node.items() if key not in ("title", "discriminator")}
    if isinstance(properties := node.get("properties"), dict):  # a key may be called `title` too
        kept["properties"] = {name: _described(name, _clean(one)) for name, one in properties.items()}
    if isinstance(text := kept.get("description"), str):
        kept["description"] = " ".join(text.replace("`", "").split())
    return _without_null(kept)


def _described(name: str, node: dict[str, Any]) -> dict[str, Any]:
    return node if "description" in node or name not in WORDS else {**node, "description": WORDS[name]}


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    """A key is left out, or it has a value: `null` is refused by the loader."""
    kept = {key: value for key, value in node.items() if not (key == "default" and value is None)}
    options = [one for one in kept.get("anyOf", ()) if one != {"type": "null"}]
    if len(options) == 1:
        del kept["anyOf"]
        return {**options[0], **kept}
    return {**kept, "anyOf": options} if options else kept
