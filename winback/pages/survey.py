"""One question after an act: customer satisfaction, customer effort or net promoter, as the settings say."""

from typing import Any

from sqlmodel import Session

from winback.pages.visit import Fields, Page, PageError, Reply, Visit, first, opened
from winback.pages.words import Words
from workers.answer import SCORES, Asked, answer_survey, answer_to


def show(visit: Visit) -> Reply:
    """The question, or the answer that was given."""
    return _page(visit)


def take(visit: Visit, fields: Fields) -> Reply:
    """One number. A second answer is thanked for and not counted."""
    given = first(fields, "score")
    if not given:
        return _page(visit, none=True)
    if given not in {str(one) for one in SCORES[visit.services.settings.pages.survey]}:
        raise PageError("wrong", 400)
    with opened(visit) as (session, one):
        before = answer_to(session, one.effect.id, "survey")
    answer_survey(visit.services, visit.link.key, int(given))
    return _page(visit, again=before is not None)


def _page(visit: Visit, *, again: bool = False, none: bool = False) -> Reply:
    with opened(visit) as (session, one):
        words = visit.words(one.account, one.contact)
        values = {"again": again, "none": none, **asking(session, visit, one, words)}
    return Reply("survey.html", words, values, 400 if none else 200)


def asking(session: Session, visit: Visit, one: Asked, words: Words) -> dict[str, Any]:
    """What `survey_form.html` needs, on this page and inline on others."""
    kind = visit.services.settings.pages.survey
    scale, said = SCORES[kind], answer_to(session, one.effect.id, "survey")
    return {
        "question": words(f"survey.{kind}", company=visit.company),
        "scale": scale,
        "ends_of_scale": words(
            "survey.scale",
            low=scale[0],
            low_words=words(f"survey.{kind}_low"),
            high=scale[-1],
            high_words=words(f"survey.{kind}_high"),
        ),
        "score": said.value.split()[-1] if said is not None else None,
        "survey_page": visit.beside("survey"),
    }


PAGE = Page(show, take)
