"""How often zero-shot tags are right: the tags that the product would give, against what is stated.

A piece states few of the things that are true of it, so a tag that it does not state is not wrong for
sure. Therefore tags are judged within a category of which the piece states something: the question is
whether one of the first ``k`` tags of the category is among those stated.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from clamp3_models.evaluation import intervals
from clamp3_models.evaluation.development import groups_of
from clamp3_models.evaluation.pieces import Piece
from clamp3_models.evaluation.report import Figure, Row, Table
from clamp3_models.evaluation.space import Form, Space
from clamp3_plugin.encoding import normalize
from clamp3_plugin.tags import Tagger, Vocabulary

AT = (1, 3, 5)
_FEWEST = 5


def tags_table(space: Space, form: Form = Form.SCORE) -> Table:
    """Judge the tags of all pieces of the main group.

    Parameters
    ----------
    space
        Of the pieces.
    form
        Scores or performances.
    """
    vocabulary = Vocabulary.load()
    music = space.music(form, groups_of(space.pieces).main)
    pieces = [space.pieces[i] for i in music.members.tolist()]
    prototypes = Tagger(space.encoder, vocabulary).prototypes(["en"])
    rows: list[Row] = []
    if pieces:
        cosines = normalize(music.vectors) @ prototypes.T
        rows += _rows(pieces, vocabulary, cosines - cosines.mean(0))
    return Table(
        f"tags_of_{form.value}",
        f"Tags of {form.value}",
        "Whether one of the first tags of a category is among those the piece states, for pieces"
        " that state one; every tag less what it scores on average. *Most stated* always gives the"
        " tags that are stated most often.",
        tuple(rows),
    )


def _rows(
    pieces: Sequence[Piece], vocabulary: Vocabulary, scores: NDArray[np.float32]
) -> Iterator[Row]:
    stated = [{fact.concept for fact in piece.facts if fact.concept} for piece in pieces]
    for category in dict.fromkeys(concept.category for concept in vocabulary.concepts):
        columns = [i for i, c in enumerate(vocabulary.concepts) if c.category == category]
        truth = np.array(
            [[vocabulary.concepts[i].tag in tags for i in columns] for tags in stated], bool
        )
        asked = truth.any(1)
        if asked.sum() < _FEWEST:
            continue
        truth = truth[asked]
        order = np.argsort(-scores[asked][:, columns], axis=1, kind="stable")
        common = np.argsort(-truth.sum(0), kind="stable")
        figures: dict[str, Figure] = {"pieces": len(truth), "tags": len(columns)}
        for k in AT:
            found = np.take_along_axis(truth, order[:, :k], axis=1).any(1)
            figures[f"right at {k}"] = intervals.mean(np.asarray(found))
        for k in AT:
            figures[f"most stated at {k}"] = float(truth[:, common[:k]].any(1).mean())
        yield Row(category, figures)
