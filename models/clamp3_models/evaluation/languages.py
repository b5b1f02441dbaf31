"""Queries in other languages: the facts of a piece, said by a table of translations.

What the table does not know stays as the source has it (names of people always do), so beside every
figure stands the share of facts that were said in the language. A second measurement asks with those
facts alone, and compares with the same facts said in English.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from clamp3_models.evaluation import intervals
from clamp3_models.evaluation.pieces import Piece
from clamp3_models.evaluation.report import Figure, Row, Table
from clamp3_models.evaluation.space import Form, Members, Space, search
from clamp3_models.evaluation.translations import (
    ShippedVocabulary,
    TableOfConcepts,
    Translations,
    sayable,
    told,
)

LANGUAGES = ("ru", "fr", "es", "ar", "zh", "fi", "el", "ta", "kk", "am")


def language_tables(
    space: Space, among: Members, asked: Members, languages: Sequence[str],
    table: TableOfConcepts | None,
) -> Iterator[Table]:  # fmt: skip
    """Measure text to score in languages, by the shipped vocabulary and by a table of other hands.

    Parameters
    ----------
    space
        Of the pieces.
    among
        Pieces that are searched.
    asked
        Pieces that are searched for, among them.
    languages
        Codes, without English, which is what they are compared with.
    table
        Translations that the model did not learn from, if there are any.
    """
    tables: list[Translations] = [ShippedVocabulary(), *([table] if table else [])]
    for translations in tables:
        found = _rows(space, among, asked, languages, translations)
        yield Table(
            f"languages_{translations.name.replace(' ', '_')}",
            f"Text to score in other languages: {translations.name}",
            f"{len(asked)} queries among {len(among)} pieces. *Said*: share of facts that the"
            " language has a word for here; the others stand as the source has them, in English"
            " mostly. *Said facts only*: the others are left out, in the language and in the English"
            " it is compared with.",
            tuple(found),
        )


def _rows(
    space: Space, among: Members, asked: Members, languages: Sequence[str], table: Translations
) -> Iterator[Row]:
    music = space.music(Form.SCORE, among)
    asked = music.among(asked).members

    def reciprocal(tell: Callable[[Piece], str], language: str) -> NDArray[np.float64]:
        queries = space.queries(asked, tell, f"texts ({language})")
        return 1 / search(queries, music).ranks

    english = reciprocal(lambda piece: told(piece.facts, "en", table), "en")
    if not len(english):
        return
    collected, ratios = [], []
    for language in ("en", *languages):

        def in_it(piece: Piece, code: str = language) -> str:
            return told(piece.facts, code, table)

        def only_said(piece: Piece, code: str = language) -> str:
            return told(sayable(piece.facts, code, table), code, table)

        def same_in_english(piece: Piece, code: str = language) -> str:
            return told(sayable(piece.facts, code, table), "en", table)

        values, said = reciprocal(in_it, language), reciprocal(only_said, language)
        plain = reciprocal(same_in_english, "en")
        figures: dict[str, Figure] = {
            "MRR": intervals.mean(values),
            "to English": intervals.ratio(values, english),
            "said": _said(space, asked, language, table),
        }
        if len(said):
            figures["said facts only: MRR"] = intervals.mean(said)
            figures["said facts only: to English"] = intervals.ratio(said, plain)
        yield Row(language, figures)
        if language != "en":
            collected.append(values)
            ratios.append(said.mean() / plain.mean() if len(said) else np.nan)
    if not collected:
        return
    mean = np.mean(collected, axis=0)
    yield Row(
        f"mean of {len(collected)}",
        {
            "MRR": intervals.mean(mean),
            "to English": intervals.ratio(mean, english),
            "said facts only: to English": _mean_of_known(ratios),
        },
    )


def _mean_of_known(ratios: Sequence[float]) -> Figure:
    """Average over the languages that have words for something; empty where none has."""
    known = [value for value in ratios if not np.isnan(value)]
    return float(np.mean(known)) if known else ""


def _said(space: Space, asked: Members, language: str, table: Translations) -> float:
    pieces = [space.pieces[i] for i in asked.tolist()]
    facts = sum(len(piece.facts) for piece in pieces)
    return sum(len(sayable(piece.facts, language, table)) for piece in pieces) / max(1, facts)
