"""How often a tag is right: a curve per concept, learnt from pieces whose metadata say what they are.

A curve leads from a cosine to the share of pieces, among those with so high a cosine whose metadata
state something in the category, that state this concept. It holds for the prototypes that it was
learnt with, which therefore stand beside it, and for a modality: scores and performances lie at
different distances from words. ``clamp3 train calibrate`` writes it into a model folder.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.encoding import Embeddings, Encoder
from clamp3_plugin.errors import NoModelError
from clamp3_plugin.music import Modality
from clamp3_plugin.tags.vocabulary import Vocabulary

CALIBRATION_FILE = "tags.json"
_FORMAT = 1
_MODALITIES = (Modality.SCORE, Modality.PERFORMANCE)


@dataclass(frozen=True, slots=True)
class Curve:
    """How likely a concept is at some cosine: a logistic function of the cosine's place.

    The place is the cosine less its mean over other music, in standard deviations.
    """

    mean: float
    deviation: float
    slope: float
    """Not negative: a nearer tag is never a less likely one."""
    intercept: float
    examples: int
    """Pieces it was learnt from that state the concept."""

    @property
    def ceiling(self) -> float:
        """The most that so many examples can support, by the rule of succession."""
        return (self.examples + 1) / (self.examples + 2)


class Curves:
    """The curves of every concept, for one modality."""

    def __init__(self, curves: tuple[Curve, ...]) -> None:
        self.curves = curves
        self._mean = np.array([curve.mean for curve in curves])
        self._deviation = np.array([curve.deviation for curve in curves])
        self._slope = np.array([curve.slope for curve in curves])
        self._intercept = np.array([curve.intercept for curve in curves])
        self._ceiling = np.array([curve.ceiling for curve in curves])

    def likelihood(self, cosines: NDArray[np.float32]) -> NDArray[np.float64]:
        """Say how likely each concept is at its cosine, shape ``(concepts,)``.

        Of a concept without examples it is only a guess by what holds for its category: good for an
        order, not for a claim.
        """
        places = (cosines - self._mean) / self._deviation
        logits = np.clip(self._slope * places + self._intercept, -30.0, 30.0)
        likelihood: NDArray[np.float64] = np.minimum(1.0 / (1.0 + np.exp(-logits)), self._ceiling)
        return likelihood

    def claims(self, concept: int) -> bool:
        """Whether the likelihood of a concept rests on examples of it."""
        return self.curves[concept].examples > 0


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What is known of the tags of one model and one vocabulary."""

    weights: str
    """SHA-256 of the weights it was made with."""
    vocabulary: str
    """Digest."""
    prototypes: Embeddings
    """float32, shape ``(concepts, dim)``, unit rows."""
    curves: Mapping[Modality, Curves]
    origin: str = ""
    """What it was learnt from, for people."""

    def fits(self, encoder: Encoder) -> bool:
        """Whether it was made with these weights, in whatever precision and under whatever name."""
        same = self.weights[:12] in encoder.space.split("-")
        return same and self.prototypes.shape[1] == encoder.dim

    def to_json(self, vocabulary: Vocabulary) -> str:
        """Write it as JSON, one concept a line."""
        head = {
            "format": _FORMAT,
            "weights": self.weights,
            "vocabulary": self.vocabulary,
            "origin": self.origin,
        }
        lines = [
            f"{json.dumps(concept.tag)}: {json.dumps(self._concept(i))}"
            for i, concept in enumerate(vocabulary.concepts)
        ]
        inner = ",\n".join(lines)
        return f'{json.dumps(head)[:-1]}, "concepts": {{\n{inner}\n}}}}\n'

    def _concept(self, index: int) -> dict[str, Any]:
        curves = {
            str(modality): _curve_to_json(curves.curves[index])
            for modality, curves in self.curves.items()
        }
        vector = self.prototypes[index].astype("<f2").tobytes()
        return {**curves, "prototype": base64.b64encode(vector).decode("ascii")}

    @classmethod
    def from_json(cls, text: str, vocabulary: Vocabulary) -> "Calibration | None":
        """Read it; None where it is of another vocabulary or a format not yet known.

        Raises
        ------
        ValueError, TypeError, KeyError, AttributeError
            It is damaged.
        """
        table = json.loads(text)
        if table["format"] != _FORMAT or table["vocabulary"] != vocabulary.digest:
            return None
        rows = [table["concepts"][concept.tag] for concept in vocabulary.concepts]
        curves = {
            modality: Curves(tuple(_curve_from_json(row[modality]) for row in rows))
            for modality in _MODALITIES
            if modality in rows[0]
        }
        vectors = np.stack([_vector(row["prototype"]) for row in rows])
        return cls(table["weights"], table["vocabulary"], vectors, curves, table["origin"])


def load_calibration(folder: Path, encoder: Encoder, vocabulary: Vocabulary) -> Calibration | None:
    """Read the calibration of a model folder; None where there is none, or one of other weights.

    Raises
    ------
    NoModelError
        It is damaged.
    """
    path = folder / CALIBRATION_FILE
    try:
        made = Calibration.from_json(path.read_text("utf-8"), vocabulary)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise NoModelError(
            f"{path} is damaged: {error!r}.",
            "Import or pull the model again, or write it anew: clamp3 train calibrate.",
        ) from error
    return made if made and made.fits(encoder) else None


def _vector(encoded: str) -> Embeddings:
    try:
        vector = np.frombuffer(base64.b64decode(encoded, validate=True), "<f2").astype(np.float32)
    except binascii.Error as error:
        raise ValueError("a prototype is no base64") from error
    norm = float(np.linalg.norm(vector))
    if not 0.5 < norm < 2.0:
        raise ValueError(f"a prototype has the length {norm:g}")
    return np.asarray(vector / norm, np.float32)


def _curve_to_json(curve: Curve) -> dict[str, float]:
    numbers = {name: getattr(curve, name) for name in ("mean", "deviation", "slope", "intercept")}
    rounded = {name: float(f"{value:.6g}") for name, value in numbers.items()}
    return {**rounded, "examples": curve.examples}


def _curve_from_json(row: Mapping[str, Any]) -> Curve:
    mean, deviation, slope, intercept = (
        float(row[name]) for name in ("mean", "deviation", "slope", "intercept")
    )
    examples = int(row["examples"])
    if not (
        np.isfinite([mean, intercept]).all() and 0 < deviation < np.inf and 0 <= slope < np.inf
    ):
        raise ValueError(f"a curve is none: {dict(row)!r}")
    if examples < 0:
        raise ValueError(f"a curve has {examples} examples")
    return Curve(mean, deviation, slope, intercept, examples)
