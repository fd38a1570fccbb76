"""The names that a policy may speak of."""

from policies.facts import RETENTION
from policies.load import Known
from tools.catalogue import Catalogue, ids_among
from tools.registry import Registry
from winback.store.types import MEDIA


def known_names(registry: Registry, catalogue: Catalogue) -> Known:
    """Tools and their arguments, catalogue entries, media, purposes."""
    return Known(
        tools=registry.tool_names(),
        catalogue_ids=catalogue.ids(),
        channels=frozenset(MEDIA),
        arguments={tool.name: frozenset(tool.arguments.model_fields) for tool in registry},
        catalogue_arguments={tool.name: ids_among(tool.arguments) for tool in registry},
        purposes=frozenset({RETENTION}),
    )
