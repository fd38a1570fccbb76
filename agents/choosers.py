"""Which way of choosing fits which model."""

from agents.model import OpenModel
from agents.one_word import OneWordChooser
from agents.picked import Chooser
from agents.structured import StructuredChooser
from agents.typed_ask import TypedAsk


def chooser_for(model: OpenModel) -> Chooser:
    """One word for the embedded model, a typed answer for any other.

    Raises:
        SetupError: this is the embedded model, and it cannot be started.
    """
    chat = model.connection.chat
    return OneWordChooser(chat) if model.embedded else StructuredChooser(TypedAsk(chat, model.structured))
