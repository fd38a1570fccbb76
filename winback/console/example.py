"""True examples for the API's document: answers of a real server, as a test recorded them."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("examples")


def example(name: str, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """For `responses` of a route: what it answered."""
    body = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return {status: {"content": {"application/json": {"example": body}}}}
