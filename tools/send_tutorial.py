"""Send the tutorial that fits the feature that fell, in the contact's language where there is one."""

from collections.abc import Sequence
from typing import Any, ClassVar

from prompts.message import message_language
from tools.catalogue import FALLBACK, Id, Language, Tutorial
from tools.reason import all_fallen, reason_values
from tools.tool import Arguments, Attachment, Option, Situation, arguments_as
from winback.errors import InputError
from winback.store.types import EMAIL, IN_APP

SAME_TOPIC, TOUR = 0.3, 0.2
"""How well a tutorial fits that is not about what fell, but about the same topic, or about everything."""


class SendTutorialArguments(Arguments):
    tutorial: Id
    language: Language


class SendTutorial:
    """Fit falls with the feature's part in the drop, for a foreign language, and for the level that is not theirs.

    Who said nothing of their level gets what is for beginners first.
    """

    name: ClassVar[str] = "send_tutorial"
    arguments: ClassVar[type[Arguments]] = SendTutorialArguments
    template: ClassVar[str] = "send_tutorial"
    editable: ClassVar[tuple[str, ...]] = ("tutorial", "language", "slots.subject", "slots.note")
    media: ClassVar[tuple[str, ...]] = (EMAIL, IN_APP)

    def options(self, situation: Situation) -> Sequence[Option]:
        """One per tutorial that fits and was not had, best first."""
        found = [
            self._option(tutorial, _language(tutorial, situation), situation)
            for tutorial in situation.catalogue.tutorials
            if tutorial.id not in situation.had and _feature_fit(tutorial, situation) > 0
        ]
        return sorted(found, key=lambda option: (-option.fit, option.catalogue_id))

    def resolve(self, arguments: Arguments, situation: Situation) -> Option:
        chosen = arguments_as(SendTutorialArguments, arguments)
        tutorial = situation.catalogue.tutorial(chosen.tutorial)
        if tutorial is None:
            raise InputError(f"no tutorial {chosen.tutorial!r} in the catalogue", fix="choose another")
        if chosen.language not in tutorial.languages:
            has = ", ".join(sorted(tutorial.languages))
            raise InputError(f"tutorial {tutorial.id!r} is not in {chosen.language!r}", fix=f"choose one of {has}")
        if tutorial.id in situation.had:
            raise InputError(f"tutorial {tutorial.id!r} was sent to them before", fix="choose another")
        return self._option(tutorial, chosen.language, situation)

    def template_values(self, option: Option, situation: Situation) -> dict[str, Any]:
        tutorial, language = self._chosen(option, situation)
        wanted = message_language(self.template, situation.person.language)
        return {
            **reason_values(situation),
            "title": tutorial.languages[language].title,
            "link": tutorial.languages[language].link,
            "minutes": tutorial.minutes,
            "format": tutorial.format,
            "in_english": language == FALLBACK != wanted,
        }

    def attachments(
        self,
        option: Option,  # noqa: ARG002 - a tutorial is its link
        situation: Situation,  # noqa: ARG002
        key: str,  # noqa: ARG002
    ) -> tuple[Attachment, ...]:
        return ()

    def _chosen(self, option: Option, situation: Situation) -> tuple[Tutorial, Language]:
        arguments = arguments_as(SendTutorialArguments, option.arguments)
        tutorial = situation.catalogue.tutorial(arguments.tutorial)
        if tutorial is None:
            raise InputError(f"no tutorial {arguments.tutorial!r} in the catalogue", fix="choose another")
        return tutorial, arguments.language

    def _option(self, tutorial: Tutorial, language: Language, situation: Situation) -> Option:
        foreign = language != situation.person.language
        about = tutorial.feature or "the whole product"
        label = (
            f"{tutorial.languages[language].title} ({about}, {tutorial.level}, {tutorial.minutes} min "
            f"{tutorial.format}, {language}{', not in their language' if foreign else ''})"
        )
        fit = _feature_fit(tutorial, situation)
        fit *= _level_fit(tutorial, situation)
        fit *= 0.9 if foreign else 1.0
        return Option(
            tool=self.name,
            arguments=SendTutorialArguments(tutorial=tutorial.id, language=language),
            catalogue_id=tutorial.id,
            label=label,
            hint=label,
            fit=round(fit, 4),
        )


def _language(tutorial: Tutorial, situation: Situation) -> Language:
    wanted = situation.person.language
    return wanted if wanted in tutorial.languages else FALLBACK


def _level_fit(tutorial: Tutorial, situation: Situation) -> float:
    """What they say of themselves counts for more than what we assume of everybody."""
    if situation.person.level is None:
        return 0.8 if tutorial.level == "advanced" else 1.0
    return 1.0 if tutorial.level == situation.person.level else 0.4


def _feature_fit(tutorial: Tutorial, situation: Situation) -> float:
    """1 for the feature that fell most, less for the next ones, little for the same topic or a tour; else 0."""
    fell = [driver.feature for driver in all_fallen(situation.drop)]
    if tutorial.feature in fell:
        return 1 / (1 + fell.index(tutorial.feature))
    topics = {one.topic for one in situation.catalogue.tutorials if one.feature in fell and one.topic}
    if tutorial.topic in topics:
        return SAME_TOPIC
    return TOUR if tutorial.feature is None else 0.0
