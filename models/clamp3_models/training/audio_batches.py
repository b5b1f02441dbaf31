"""Batches of recordings: two stretches of each, made a little different, and what they are told from."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clamp3_models.audio.frames import BANDS, FRAME_RATE, MEL, WIDTH
from clamp3_models.training.audio_bank import WINDOW_S, Recorded
from clamp3_models.training.audio_targets import INSTRUMENTS, Known, Said, Targets


@dataclass(frozen=True, slots=True)
class AudioBatchSettings:
    """How batches are drawn."""

    recordings: int = 64
    other_windows: int = 4000
    other_scores: int = 1500
    other_texts: int = 1500
    balance: float = 0.3
    """0 draws every recording alike, 1 every collection alike."""
    full_texts: float = 0.4
    lengths: tuple[int, ...] = (6, 10, 10, 16)
    """Seconds that are heard; drawn for each batch."""
    jitter_s: float = 1.5
    """That a stretch may begin before or after its window."""
    gain: float = 0.2
    """Most that the mel levels of a stretch are moved, in units of frames (0.2: 12 dB)."""
    tilt: float = 0.12
    """The same for the highest against the lowest band."""
    dropped_bands: float = 0.3
    """Share of stretches from which some bands are taken away."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Right answers for ``B`` recordings, and wrong ones."""

    asked: Tensor
    """int64 ``(b,)``: which recordings of the batch ask."""
    answers: Tensor
    """int64 ``(b + C,)``: rows; those of the recordings first."""
    unfit: Tensor
    """bool ``(b, b + C)``: answers that are neither right nor wrong."""


@dataclass(frozen=True, slots=True)
class AudioBatch:
    """``B`` recordings."""

    first: Tensor
    """float32 ``(B, T, WIDTH)``."""
    second: Tensor
    first_windows: Choice
    second_windows: Choice
    scores: Choice
    texts: Choice
    instruments: Tensor
    """float32 ``(B, len(INSTRUMENTS))``: shares that sum to 1 where anything is known."""
    language: int
    closed: bool
    """Whether a stretch has the zero rows of a beginning and an end."""


class AudioSampler:
    """Draw batches; the batch of a step depends on seed and step alone.

    Parameters
    ----------
    bank : sequence of Recorded
        Recordings.
    targets : Targets
        Of the same bank.
    settings : AudioBatchSettings
        What goes into a batch.
    seed : int
        Seed of everything drawn.
    """

    def __init__(
        self, bank: Sequence[Recorded], targets: Targets, settings: AudioBatchSettings, seed: int
    ) -> None:
        self._bank = bank
        self._targets = targets
        self._settings = settings
        self._seed = seed
        self._pieces = [targets.pieces[one.id] for one in bank]
        ends = np.cumsum([len(one.windows) for one in bank])
        self._first_window = ends - [len(one.windows) for one in bank]
        numbers: dict[str, int] = {}
        self._family = [numbers.setdefault(piece.family, len(numbers)) for piece in self._pieces]
        self._score_family = np.full(len(targets.scores), -1)
        for piece, family in zip(self._pieces, self._family, strict=True):
            if piece.score >= 0:
                self._score_family[piece.score] = family
        self._window_family = np.repeat(self._family, [len(one.windows) for one in bank])
        self._facts = _FactTable(targets)
        self._chances = _chances([piece.source for piece in self._pieces], settings.balance)

    def batch(self, step: int) -> AudioBatch:
        """Draw the batch of a step."""
        settings = self._settings
        rng = np.random.default_rng((self._seed, step))
        drawn = rng.choice(len(self._bank), settings.recordings, replace=False, p=self._chances)
        seconds = int(rng.choice(settings.lengths))
        pairs = [self._two_windows(row, rng) for row in drawn]
        first, second = (
            torch.from_numpy(np.stack([self._heard(row, w, seconds, rng) for row, w in side]))
            for side in (
                [(row, pair[0]) for row, pair in zip(drawn, pairs, strict=True)],
                [(row, pair[1]) for row, pair in zip(drawn, pairs, strict=True)],
            )
        )
        return AudioBatch(
            first=first,
            second=second,
            first_windows=self._windows([p[0] for p in pairs], drawn, rng),
            second_windows=self._windows([p[1] for p in pairs], drawn, rng),
            scores=self._scores(drawn, rng),
            texts=self._texts(drawn, rng),
            instruments=torch.from_numpy(np.stack([_shares(self._bank[row]) for row in drawn])),
            language=int(rng.integers(len(self._targets.instruments))),
            closed=bool(rng.random() < 0.8),
        )

    def _two_windows(self, row: int, rng: np.random.Generator) -> tuple[int, int]:
        """Choose two windows of a recording, by their number in it; the same where there is one."""
        count = len(self._bank[row].windows)
        if count == 1:
            return 0, 0
        one, other = rng.choice(count, 2, replace=False)
        return int(one), int(other)

    def _heard(
        self, row: int, window: int, seconds: int, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Cut a stretch around a window, and change its sound."""
        settings, recorded = self._settings, self._bank[row]
        length = seconds * FRAME_RATE
        middle = recorded.windows[window].first + WINDOW_S * FRAME_RATE // 2
        moved = middle - length // 2 + round(rng.uniform(-1, 1) * settings.jitter_s * FRAME_RATE)
        start = max(0, min(moved, len(recorded.frames) - length))
        frames = np.zeros((length, WIDTH), np.float32)
        cut = recorded.frames[start : start + length]
        frames[: len(cut)] = cut.astype(np.float32) / 255
        heard = frames[:, MEL] > 0
        slope = np.linspace(-0.5, 0.5, BANDS) * rng.uniform(-settings.tilt, settings.tilt)
        frames[:, MEL] += heard * (rng.uniform(-settings.gain, settings.gain) + slope)
        if rng.random() < settings.dropped_bands:
            band = rng.integers(BANDS - 8)
            frames[:, MEL][:, band : band + rng.integers(1, 9)] = 0
        return np.clip(frames, 0, 1)

    def _windows(
        self, windows: Sequence[int], drawn: NDArray[np.int64], rng: np.random.Generator
    ) -> Choice:
        own = self._first_window[drawn] + np.array(windows)
        others = _others(len(self._targets.windows), self._settings.other_windows, rng)
        answers = np.concatenate([own, others])
        same = self._window_family[own][:, None] == self._window_family[answers]
        vectors = self._targets.windows
        alike = (vectors[own] @ vectors[answers].t()).numpy() > 0.97  # a repeat sounds the same
        # of its own family only what sounds otherwise is wrong
        return _choice(np.arange(len(own)), answers, alike | (same & self._elsewhere(own, answers)))

    def _elsewhere(self, own: NDArray[np.int64], answers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which windows are of another recording than one's own."""
        place = np.searchsorted(self._first_window, [*own, *answers], side="right")
        return np.asarray(place[: len(own), None] != place[len(own) :])

    def _scores(self, drawn: NDArray[np.int64], rng: np.random.Generator) -> Choice:
        asked = np.array([i for i, row in enumerate(drawn) if self._pieces[row].score >= 0], int)
        own = np.array([self._pieces[row].score for row in drawn[asked]], int)
        others = _others(len(self._targets.scores), self._settings.other_scores, rng)
        answers = np.concatenate([own, others])
        families = np.array(self._family)[drawn[asked]]
        return _choice(asked, answers, families[:, None] == self._score_family[answers])

    def _texts(self, drawn: NDArray[np.int64], rng: np.random.Generator) -> Choice:
        said = [self._said(row, rng) for row in drawn]
        asked = np.array([i for i, one in enumerate(said) if one is not None], int)
        own = np.array([one.row for one in said if one is not None], int)
        others = _others(len(self._targets.texts), self._settings.other_texts, rng)
        answers = np.concatenate([own, others])
        true = self._facts.true_of([self._pieces[row] for row in drawn[asked]], answers)
        return _choice(asked, answers, true)

    def _said(self, row: int, rng: np.random.Generator) -> Said | None:
        """Choose a text of a piece that is true of how it was played."""
        texts = self._pieces[row].texts
        if not self._bank[row].faithful:
            texts = tuple(said for said in texts if not said.facts & _NAMES)
        if not texts:
            return None
        if rng.random() < self._settings.full_texts:
            return texts[0]
        return texts[int(rng.integers(len(texts)))]


_NAMES = frozenset(INSTRUMENTS) | {"voice", "soprano", "alto", "tenor", "bass-voice"}


class _FactTable:
    """Which texts are true of which pieces: those that state nothing that the piece has not."""

    def __init__(self, targets: Targets) -> None:
        facts = sorted({fact for piece in targets.pieces.values() for fact in piece.facts})
        self._number = {fact: i for i, fact in enumerate(facts)}
        self._stated = np.zeros((len(targets.text_facts), len(facts)), np.float32)
        for row, stated in enumerate(targets.text_facts):
            self._stated[row, [self._number[fact] for fact in stated]] = 1
        self._counts = self._stated.sum(1)

    def true_of(self, pieces: Sequence[Known], texts: NDArray[np.int64]) -> NDArray[np.bool_]:
        has = np.zeros((len(pieces), self._stated.shape[1]), np.float32)
        for row, piece in enumerate(pieces):
            has[row, [self._number[fact] for fact in piece.facts]] = 1
        return np.asarray(has @ self._stated[texts].T >= self._counts[texts])


def _choice(
    asked: NDArray[np.int64], answers: NDArray[np.int64], unfit: NDArray[np.bool_]
) -> Choice:
    unfit = unfit.copy()
    unfit[np.arange(len(asked)), np.arange(len(asked))] = False
    return Choice(torch.from_numpy(asked), torch.from_numpy(answers), torch.from_numpy(unfit))


def _others(count: int, wanted: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.choice(count, min(count, wanted), replace=False)


def _shares(recorded: Recorded) -> NDArray[np.float32]:
    heard = np.array([tag in recorded.instruments for tag in INSTRUMENTS], np.float32)
    return np.asarray(heard / max(1.0, float(heard.sum())), np.float32)


def _chances(sources: Sequence[str], balance: float) -> NDArray[np.float64]:
    sizes = Counter(sources)
    weights = np.array([sizes[source] ** -balance for source in sources])
    return np.asarray(weights / weights.sum())
