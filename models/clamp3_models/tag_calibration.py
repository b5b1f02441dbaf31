"""Learn from records how often a tag is right: the curves of ``clamp3_plugin.tags.calibration``.

Conventions: a piece *knows* a category when its metadata state some concept of it. Only then is a
concept that it does not state taken for wrong; a field that is absent says nothing. The *place* of a
cosine is how many standard deviations it lies above the concept's mean over all pieces.

A concept's curve is logistic in the place. It is drawn towards the curve of its category, and that
towards the one of all: a concept with hundreds of examples goes its own way, one with three hardly
leaves its category. One with none claims nothing, and comes after those of its category that have some.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clamp3_models.evaluation.space import Stage
from clamp3_models.training.records import Record
from clamp3_models.training.texts import facts_of
from clamp3_plugin.encoding import Embeddings, Encoder, encode, normalize
from clamp3_plugin.errors import EmptyContentError
from clamp3_plugin.music import Modality
from clamp3_plugin.tags.calibration import Calibration, Curve, Curves
from clamp3_plugin.tags.tagger import Tagger
from clamp3_plugin.tags.vocabulary import Vocabulary

FEWEST = 3
"""Examples that a claim needs: two are often one tune in two settings."""
LEAST_PIECES = 20
"""With fewer of a modality nothing is learnt for it."""
_AT_ONCE = 32
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Line:
    """The logit of a curve: ``slope * place + intercept``."""

    slope: float
    intercept: float


@dataclass(frozen=True, slots=True)
class Prior:
    """Where a line is expected, and how far from there it goes by itself."""

    mean: Line
    slope_sd: float
    intercept_sd: float


_ANY = Prior(Line(1.0, -3.0), 1.0, 3.0)
_OF_CATEGORY = (0.5, 1.0)
_OF_CONCEPT = (0.4, 1.0)


def calibrate(
    encoder: Encoder,
    records: Iterable[Record],
    vocabulary: Vocabulary,
    weights: str,
    stage: Stage,
    *,
    languages: Sequence[str] = (),
) -> Calibration:
    """Embed the music of records and learn what their metadata say of it.

    Parameters
    ----------
    encoder
        With the weights.
    records
        That the model was not trained on.
    vocabulary
        Whose tags.
    weights
        SHA-256 of the weights file.
    stage
        Is told what is being embedded.
    languages
        Whose labels say where a concept lies; all of the vocabulary where none is named.

    Raises
    ------
    EmptyContentError
        There is too little music to learn from.
    """
    corpus = _read(records)
    prototypes = shared_prototypes(encoder, vocabulary, languages or vocabulary.languages, stage)
    curves, origin = {}, []
    for modality, pieces in corpus.items():
        vectors = _embedded(encoder, modality, [piece.content for piece in pieces], stage)
        stated = [piece.concepts for piece in pieces]
        curves[modality] = learn(vectors @ prototypes.T, stated, vocabulary)
        origin.append(f"{len(vectors)} {modality}s")
    return Calibration(weights, vocabulary.digest, prototypes, curves, ", ".join(origin))


@dataclass(frozen=True, slots=True)
class _Piece:
    """Music as an encoder reads it, and the concepts that its metadata state."""

    content: str
    concepts: frozenset[str]


def _read(records: Iterable[Record]) -> dict[Modality, list[_Piece]]:
    """Read the music by modality, where there is enough of it."""
    corpus: dict[Modality, list[_Piece]] = {}
    for record in records:
        concepts = frozenset(fact.concept for fact in facts_of(record.fields) if fact.concept)
        # a record may bring several pieces of a kind; its metadata speak of the first for sure
        first = {found.modality: found for found in reversed(record.contents())}
        for modality, content in first.items():
            corpus.setdefault(modality, []).append(_Piece(content.whole(), concepts))
    enough = {
        modality: corpus[modality]
        for modality in Modality
        if len(corpus.get(modality, ())) >= LEAST_PIECES
    }
    if not enough:
        found = ", ".join(f"{len(pieces)} {modality}s" for modality, pieces in corpus.items())
        raise EmptyContentError(
            f"There is too little music to learn from: {found or 'none'}.",
            f"At least {LEAST_PIECES} scores or performances are needed.",
        )
    return enough


def shared_prototypes(
    encoder: Encoder, vocabulary: Vocabulary, languages: Sequence[str], stage: Stage
) -> Embeddings:
    """Put each concept where its labels in some languages lie on average, as float16 stores it."""
    tagger, means = Tagger(encoder, vocabulary), []
    for done, language in enumerate(languages, 1):
        means.append(tagger.of_language(language))
        stage("labels", done, len(languages))
    stored = normalize(np.mean(means, axis=0)).astype(np.float16)
    return normalize(stored.astype(np.float32))


def learn(
    cosines: NDArray[np.float32], stated: Sequence[frozenset[str]], vocabulary: Vocabulary
) -> Curves:
    """Learn the curves of one modality.

    Parameters
    ----------
    cosines
        Shape ``(pieces, concepts)``.
    stated
        Tags that the metadata of each piece state.
    vocabulary
        Its concepts in the order of the columns.

    Returns
    -------
    Curves
        Of every concept.
    """
    mean = cosines.mean(0, dtype=np.float64)
    deviation = np.maximum(cosines.std(0, dtype=np.float64), 1e-4)
    places = (cosines - mean) / deviation
    categories = np.array([concept.category for concept in vocabulary.concepts])
    right = np.array([[c.tag in tags for c in vocabulary.concepts] for tags in stated], bool)
    columns = {name: np.flatnonzero(categories == name) for name in dict.fromkeys(categories)}
    samples = {
        name: (places[known][:, own], right[known][:, own])
        for name, own in columns.items()
        if (known := right[:, own].any(1)).any()
    }
    lines = _lines(samples, {name: len(own) for name, own in columns.items()})
    curves: list[Curve | None] = [None] * len(categories)
    for name, own in columns.items():
        for column, line in zip(own.tolist(), lines[name], strict=True):
            examples = int(right[:, column].sum())
            curves[column] = Curve(
                float(mean[column]), float(deviation[column]), line.slope, line.intercept,
                examples if examples >= FEWEST else 0,
            )  # fmt: skip
    return Curves(tuple(curve for curve in curves if curve))


_Sample = tuple[NDArray[np.float64], NDArray[np.bool_]]


def _lines(samples: Mapping[str, _Sample], sizes: Mapping[str, int]) -> dict[str, list[Line]]:
    """Fit all, then each category, then each concept, one drawn towards the other."""
    values = np.concatenate([np.zeros(0), *(values.ravel() for values, _ in samples.values())])
    right = np.concatenate([np.zeros(0, bool), *(right.ravel() for _, right in samples.values())])
    overall = fit(values, right, _ANY)
    lines: dict[str, list[Line]] = {}
    for name, size in sizes.items():
        if name not in samples:
            lines[name] = [overall] * size
            continue
        places, right = samples[name]
        category = fit(places.ravel(), right.ravel(), Prior(overall, *_OF_CATEGORY))
        prior = Prior(category, *_OF_CONCEPT)
        lines[name] = [fit(places[:, i], right[:, i], prior) for i in range(size)]
    return lines


def fit(places: NDArray[np.float64], right: NDArray[np.bool_], prior: Prior) -> Line:
    """Find the likeliest line: logistic regression with a normal prior, the slope not negative.

    Parameters
    ----------
    places, right
        Of each example, shape ``(n,)``.
    prior
        Alone decides where there are none.

    Examples
    --------
    >>> fit(np.zeros(0), np.zeros(0, bool), Prior(Line(1.0, -3.0), 1.0, 1.0))
    Line(slope=1.0, intercept=-3.0)
    """
    centre = np.array([prior.mean.slope, prior.mean.intercept])
    precision = 1.0 / np.square([prior.slope_sd, prior.intercept_sd])
    design = np.stack([places, np.ones_like(places)], axis=1)
    free = _descend(design, right, centre, precision)
    if free[0] >= 0.0:
        return Line(float(free[0]), float(free[1]))
    # the loss is convex, so where the best slope is negative the best allowed one is 0
    level = _descend(design[:, 1:], right, centre[1:], precision[1:])
    return Line(0.0, float(level[0]))


def _descend(
    design: NDArray[np.float64],
    right: NDArray[np.bool_],
    centre: NDArray[np.float64],
    precision: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Newton's method, each step halved until the loss falls."""

    def loss(at: NDArray[np.float64]) -> float:
        logits = design @ at
        surprise = np.logaddexp(0.0, logits) - right * logits
        return float(surprise.sum() + (precision * (at - centre) ** 2).sum() / 2)

    at, now = centre.copy(), loss(centre)
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ at, -30.0, 30.0)))
        gradient = design.T @ (chance - right) + precision * (at - centre)
        spreads = chance * (1.0 - chance)
        curvature = (design * spreads[:, None]).T @ design + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while (then := loss(at - size * step)) > now and size > 1e-6:
            size /= 2
        if now - then < 1e-10:
            break
        at, now = at - size * step, then
    return at


def _embedded(
    encoder: Encoder, modality: Modality, contents: Sequence[str], stage: Stage
) -> Embeddings:
    """Embed the shortest first: neighbours of one length are cheapest together."""
    order = sorted(range(len(contents)), key=lambda i: len(contents[i]))
    vectors = np.zeros((len(contents), encoder.dim), np.float32)
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        vectors[some] = encode(encoder, modality, [contents[i] for i in some])
        stage(f"{modality}s", start + len(some), len(order))
    return vectors
