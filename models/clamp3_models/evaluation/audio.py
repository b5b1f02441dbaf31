"""How well recordings are found: by and for scores, by words, and the place that a clip was cut from.

Conventions: music is rendered with a soundfont that training never heard; a *library* is a list of
recordings, each with an embedding of the whole and of its windows of ten seconds, unit rows. All
embeddings are of one model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clamp3_models.audio.frames import SAMPLE_RATE
from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.evaluation.intervals import Estimate, macro_mean, mean
from clamp3_models.evaluation.retrieval import ranks
from clamp3_plugin.encoding import Embeddings, normalize
from clamp3_plugin.readers.windows import windows

CLIP_S = 10.0
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A recording as the library keeps it."""

    whole: NDArray[np.float32]
    """Shape ``(D,)``."""
    windows: Embeddings
    """Empty for a recording of twelve seconds or less."""
    starts: tuple[float, ...]
    """Second of each window."""


def hear(encoder: Clamp3Encoder, samples: Samples) -> Heard:
    """Embed a recording: its windows, and the whole as their mean."""
    rows = encoder.audio_features(samples)
    passages = windows(len(samples) / SAMPLE_RATE)
    if not passages:
        (whole,) = normalize(encoder.encode_audio([rows]))
        return Heard(whole, np.zeros((0, encoder.dim), np.float32), ())
    spans = [(passage.start or 0.0, passage.end or 0.0) for passage in passages]
    frame_s = encoder.frame_s
    cut = [rows[round(start / frame_s) : max(1, round(end / frame_s))] for start, end in spans]
    kept = [part if len(part) else rows[-1:] for part in cut]
    embedded = normalize(encoder.encode_audio(kept))
    (whole,) = normalize(embedded.mean(0, keepdims=True))
    return Heard(whole, embedded, tuple(start for start, _ in spans))


def same_piece(left: Embeddings, right: Embeddings) -> dict[str, Estimate]:
    """Rank the row that belongs to each row, among all: MRR and hits, and the other way round.

    Examples
    --------
    >>> same_piece(np.eye(3), np.eye(3))["MRR"].value
    1.0
    """
    own = np.arange(len(left))
    there, back = ranks(left, right, own), ranks(right, left, own)
    return {
        "MRR": mean(1 / there),
        "Hit@10": mean(there <= 10),
        "MRR back": mean(1 / back),
        "Hit@10 back": mean(back <= 10),
    }


def accuracy_over_chance(
    music: Embeddings, texts: Embeddings, members: NDArray[np.bool_]
) -> tuple[Estimate, float]:
    """Classify recordings by the nearest text.

    Parameters
    ----------
    music : ndarray
        Recordings, shape ``(n, D)``.
    texts : ndarray
        One for each class, shape ``(classes, D)``.
    members : ndarray
        Which recording belongs to which classes, shape ``(n, classes)``; no class is empty.

    Returns
    -------
    accuracy, chance
        Means over the classes: of their recordings, how many are put into a class of theirs, and how
        many would be if classes were drawn.

    Examples
    --------
    >>> accuracy, chance = accuracy_over_chance(np.eye(2), np.eye(2), np.eye(2, dtype=bool))
    >>> accuracy.value, chance
    (1.0, 0.5)
    """
    cosines = normalize(music) @ normalize(texts).T
    hits = members[np.arange(len(music)), cosines.argmax(1)]
    by_chance = [members[column].mean(1).mean() for column in members.T]
    return macro_mean(hits, members), float(np.mean(by_chance))


def clip_starts(lengths_s: Sequence[float], clips: int, seed: int = 0) -> list[tuple[int, float]]:
    """Choose where clips are cut: which recording, and from which second."""
    rng = np.random.default_rng(seed)
    long_enough = [i for i, length in enumerate(lengths_s) if length > CLIP_S]
    chosen = rng.choice(long_enough, clips)
    return [(int(i), float(rng.uniform(0, lengths_s[i] - CLIP_S))) for i in chosen]
