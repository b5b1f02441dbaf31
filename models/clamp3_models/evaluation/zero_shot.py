"""Zero-shot classification: the label whose text lies nearest to a piece.

Conventions: a piece may state several genres. It is filed under the first of them that counts; in a
second measurement it belongs to every one, and an answer is right when it names any. *Macro* averages over classes, so a small class counts as much as a large
one; a class needs ``FEWEST`` pieces to count. Collections confound labels (all of one may be jigs),
so beside the most frequent class there is a baseline that is told the collection of every piece.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clamp3_models.evaluation import intervals
from clamp3_models.evaluation.pieces import Piece
from clamp3_models.evaluation.report import Figure, Row
from clamp3_models.training.texts import labels
from clamp3_plugin.encoding import Embeddings, normalize

FEWEST = 5


@dataclass(frozen=True, slots=True)
class Category:
    """What is classified."""

    name: str
    field: str
    """Of a record, that states it."""
    any_counts: bool = False
    """A piece belongs to every class it states, not only to the first."""


CATEGORIES = (
    Category("genre", "genres"),
    Category("dance", "dance_type"),
    Category("region", "region"),
    Category("any genre", "genres", any_counts=True),
)


@dataclass(frozen=True, slots=True)
class Truth:
    """Which pieces belong to which class."""

    classes: tuple[str, ...]
    """Tags of the vocabulary."""
    rows: NDArray[np.int64]
    """Rows of the pieces given that belong to a class, shape ``(n,)``."""
    members: NDArray[np.bool_]
    """Shape ``(n, len(classes))``."""

    @property
    def texts(self) -> list[str]:
        """English labels of the classes."""
        return [labels()[tag]["en"] for tag in self.classes]


def truth_of(pieces: Sequence[Piece], category: Category) -> Truth | None:
    """Take the classes that the vocabulary knows; None where there are not two of them."""
    stated = [
        [fact.concept for fact in piece.facts if fact.field == category.field and fact.concept]
        for piece in pieces
    ]
    sizes = Counter(tag for tags in stated for tag in dict.fromkeys(tags))
    large = {tag for tag, size in sizes.items() if size >= FEWEST}
    kept = [[tag for tag in tags if tag in large] for tags in stated]
    if not category.any_counts:
        kept = [tags[:1] for tags in kept]
    classes = sorted({tag for tags in kept for tag in tags})
    if len(classes) < 2:
        return None
    table = np.array([[tag in tags for tag in classes] for tags in kept], bool)
    (rows,) = np.nonzero(table.any(1))
    return Truth(tuple(classes), rows, table[rows])


def zero_shot_row(
    label: str, truth: Truth, music: Embeddings, texts: Embeddings, sources: Sequence[str]
) -> Row:
    """Classify pieces and set the result beside what needs no ear.

    Parameters
    ----------
    label
        Of the row.
    truth
        Classes of ``n`` pieces.
    music
        The pieces, shape ``(n, D)``.
    texts
        Labels of the classes, shape ``(len(truth.classes), D)``.
    sources
        Collection of each piece, ``n`` of them.
    """
    cosines = normalize(music) @ normalize(texts).T
    likeliest = np.full(len(music), truth.members.sum(0).argmax())
    by_source = _by_source(truth.members, np.array(sources))
    right = {
        "accuracy": cosines.argmax(1),
        "less the mean": (cosines - cosines.mean(0)).argmax(1),
        "most frequent": likeliest,
        "by collection": by_source,
    }
    figures: dict[str, Figure] = {"pieces": len(music), "classes": len(truth.classes)}
    for name, answers in right.items():
        hits = truth.members[np.arange(len(music)), answers]
        figures[f"macro {name}"] = intervals.macro_mean(hits, truth.members)
    hits = truth.members[np.arange(len(music)), right["accuracy"]]
    figures["plain accuracy"] = intervals.mean(hits)
    return Row(label, figures)


def _by_source(members: NDArray[np.bool_], sources: NDArray[np.str_]) -> NDArray[np.int64]:
    """Answer with the class that is most frequent in the collection of each piece."""
    answers = np.zeros(len(sources), np.int64)
    for source in np.unique(sources):
        of_source = sources == source
        answers[of_source] = members[of_source].sum(0).argmax()
    return answers
