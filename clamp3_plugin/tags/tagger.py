"""Tags: the words of a vocabulary that lie nearest to a piece, a passage or a text.

A concept is put where its labels lie in the embedding space: the mean of the English one and those
of the languages asked for. Some words lie near to everything; where there is a background of other
music, what a concept scores there on average is taken off before the concepts are ranked.

A model that comes with a calibration brings the places of the concepts along, whatever the language,
and music is tagged by how likely each concept is.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clamp3_plugin.encoding import Embeddings, Encoder, encode, normalize
from clamp3_plugin.errors import UsageError
from clamp3_plugin.music import Modality
from clamp3_plugin.query import TagHit
from clamp3_plugin.tags.calibration import Calibration
from clamp3_plugin.tags.order import spread
from clamp3_plugin.tags.vocabulary import Vocabulary

MIN_BACKGROUND = 32
"""Fewer vectors say more of themselves than of music."""


class Tagger:
    """Ranks the concepts of a vocabulary for a vector."""

    def __init__(
        self,
        encoder: Encoder,
        vocabulary: Vocabulary,
        cache: Path | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        self._encoder = encoder
        self.vocabulary = vocabulary
        self._cache = cache
        self._calibration = calibration
        self._by_language: dict[str, Embeddings] = {}

    def tag(
        self,
        vector: Embeddings,
        languages: Sequence[str] = ("en",),
        n: int = 10,
        background: Embeddings | None = None,
        modality: Modality = Modality.TEXT,
    ) -> list[TagHit]:
        """Give the tags that fit a vector.

        Parameters
        ----------
        vector
            float32, shape ``(dim,)``, unit length.
        languages
            Of the labels; unknown ones are left out, English stands in for all.
        n
            How many at most.
        background
            Vectors of other music of the same modality, shape ``(m, dim)``, unit rows. A modality with
            a calibration does without.
        modality
            Of the vector.

        Returns
        -------
        list of TagHit
            Best first. ``score`` is the cosine. The order is that of the probabilities, with no
            category crowding the others out; where there are none, of the cosines less the background.
        """
        if n < 1:
            raise UsageError(f"{n} tags were asked for; at least 1 can be given.")
        languages = self.vocabulary.known(languages)
        prototypes = self.prototypes(languages)
        scores = prototypes @ vector
        curves = self._calibration.curves.get(modality) if self._calibration else None
        if curves is not None:
            likelihood = curves.likelihood(scores)
            categories = [concept.category for concept in self.vocabulary.concepts]
            return [
                self._hit(
                    i, scores[i], languages, float(likelihood[i]) if curves.claims(i) else None
                )
                for i in spread(likelihood, categories, n)
            ]
        ranked = scores
        if background is not None and len(background) >= MIN_BACKGROUND:
            ranked = scores - prototypes @ background.mean(axis=0)
        order = np.argsort(-ranked, kind="stable")[:n]
        return [self._hit(i, scores[i], languages) for i in order]

    def nearest(self, category: str, vectors: Embeddings) -> list[str]:
        """Name for each vector the concept of a category that lies nearest, beside the others' vectors.

        Parameters
        ----------
        category
            Such as ``genre``.
        vectors
            float32, shape ``(n, dim)``, unit rows.
        """
        concepts = self.vocabulary.concepts
        chosen = [i for i, concept in enumerate(concepts) if concept.category == category]
        if not len(vectors):
            return []
        scores = vectors @ self.prototypes(["en"])[chosen].T
        if len(vectors) >= MIN_BACKGROUND:
            scores = scores - scores.mean(axis=0)
        return [concepts[chosen[best]].tag for best in scores.argmax(axis=1)]

    def _hit(
        self,
        index: int,
        score: float,
        languages: Sequence[str],
        probability: float | None = None,
    ) -> TagHit:
        concept = self.vocabulary.concepts[index]
        labels = {code: concept.labels[code] for code in languages if code in concept.labels}
        labels = labels or {"en": concept.labels["en"]}
        score = max(-1.0, min(1.0, float(score)))
        return TagHit(concept.tag, concept.category, score, labels, probability)

    def prototypes(self, languages: Sequence[str]) -> Embeddings:
        """Give where each concept lies, by English and the given languages.

        With a calibration they are those it was made with, in whatever language.

        Returns
        -------
        Embeddings
            float32, shape ``(concepts, dim)``, unit rows.
        """
        if self._calibration is not None:
            return self._calibration.prototypes
        codes = dict.fromkeys(["en", *languages])
        return normalize(np.mean([self.of_language(code) for code in codes], axis=0))

    def of_language(self, language: str) -> Embeddings:
        """Give where the labels of one language lie, unit rows; encoded once and kept."""
        if language not in self._by_language:
            stored = self._load(language)
            if stored is None:
                stored = self._encode(language)
                self._store(language, stored)
            self._by_language[language] = stored
        return self._by_language[language]

    def _encode(self, language: str) -> Embeddings:
        texts = [concept.texts(language) for concept in self.vocabulary.concepts]
        flat = [text for some in texts for text in some]
        vectors = encode(self._encoder, Modality.TEXT, flat)
        ends = np.cumsum([len(some) for some in texts])
        parts = np.split(vectors, ends[:-1])
        return normalize(np.stack([part.mean(axis=0) for part in parts]))

    def _file(self, language: str) -> Path | None:
        if self._cache is None:
            return None
        what = f"{self._encoder.space}\0{self.vocabulary.digest}".encode()
        return self._cache / "tags" / f"{hashlib.sha256(what).hexdigest()[:16]}-{language}.npy"

    def _load(self, language: str) -> Embeddings | None:
        file = self._file(language)
        if file is None:
            return None
        try:
            stored = np.load(file, allow_pickle=False)
        except (OSError, ValueError, EOFError):  # absent or damaged: it is encoded again
            return None
        wanted = (len(self.vocabulary.concepts), self._encoder.dim)
        sound = stored.shape == wanted and stored.dtype == np.float32 and np.isfinite(stored).all()
        return stored if sound else None

    def _store(self, language: str, vectors: Embeddings) -> None:
        file = self._file(language)
        if file is None:
            return
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as temporary:
            np.save(temporary, vectors)
        Path(temporary.name).replace(file)
