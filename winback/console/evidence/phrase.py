"""Words of ours that a page translates, and words of others that it shows as they are, harmlessly."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.telling import Translate, retold
from prompts.message import clean
from winback.console.evidence.ours import OURS

LINE, TEXT = 200, 4000
"""Characters of a name, and of what somebody wrote, that are shown."""


@dataclass(frozen=True)
class Phrase:
    """English words with named places, and what fills them: plain text, which a page has to escape."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.said(english)

    def said(self, say: Translate) -> str:
        """The same in another language."""
        values = {name: retold(value, OURS.get(name, ()), say) for name, value in self.values.items()}
        return say(self.key).format_map(values)


def english(key: str) -> str:
    """No translation."""
    return key


def phrase(key: str, **values: object) -> Phrase:
    """Words of ours; `pybabel extract -k phrase` finds them. Values become one harmless line each."""
    return Phrase(key, {name: shown(str(value)) for name, value in values.items()})


def shown(words: str, limit: int = LINE) -> str:
    """One line of somebody else's words: nothing in it that hides or turns what stands around it."""
    # Cleaning looks at every character, and somebody may have written a million of them.
    return clean(words[: 4 * limit], limit)


def shown_text(words: str, limit: int = TEXT) -> str:
    """The same for several lines."""
    lines = (clean(line, limit) for line in words[:limit].splitlines())
    return "\n".join(lines).strip() + ("…" if len(words) > limit else "")
