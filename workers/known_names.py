"""The names that a policy may speak of."""

from policies.load import Known
from tools.catalogue import Catalogue
from tools.registry import Registry
from winback.store.types import MEDIA


def known_names(registry: Registry, catalogue: Catalogue) -> Known:
    """Tools and their arguments, catalogue entries, media."""
    return Known(
        tools=registry.tool_names(),
        catalogue_ids=catalogue.ids(),
        channels=frozenset(MEDIA),
        arguments={tool.name: frozenset(tool.arguments.model_fields) for tool in registry},
    )
