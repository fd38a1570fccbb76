"""An export as one JSON document, written piece by piece: usage may be large."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

from workers.privacy.export import Section

TOLD_EVERY = 100_000


def document(
    head: Mapping[str, str],
    found: Iterable[Section],
    *,
    escaped: bool = False,
    tell: Callable[[str], None] = lambda _words: None,
) -> Iterator[str]:
    """The document's pieces. `escaped`: ASCII alone, for where a stranger's words could be obeyed."""
    yield json.dumps(head, ensure_ascii=escaped, indent=1).removesuffix("\n}")
    for section in found:
        yield f',\n "{section.name}": {{\n  "what": {json.dumps(section.what)},\n  "rows": ['
        number = 0
        for number, row in enumerate(section.rows, start=1):
            yield ("" if number == 1 else ",") + "\n   " + json.dumps(row, ensure_ascii=escaped, default=str)
            if number % TOLD_EVERY == 0:
                tell(f"{section.name}: {number:,} rows so far")
        yield "\n  ]\n }" if number else "]\n }"
        tell(f"{section.name}: {number:,}")
    yield "\n}\n"
