"""The examples of the API's document: each is what a real server answered here."""

import json
import os
from typing import Any

import httpx

from winback.console.example import FOLDER


def is_example(name: str, answer: httpx.Response) -> Any:
    """Hold an answer against the example; WINBACK_GOLDEN=write accepts it."""
    assert answer.is_success, answer.text
    path = FOLDER / f"{name}.json"
    if os.environ.get("WINBACK_GOLDEN") == "write":
        path.write_text(json.dumps(answer.json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    body = answer.json()
    assert body == json.loads(path.read_text(encoding="utf-8")), name
    return body
