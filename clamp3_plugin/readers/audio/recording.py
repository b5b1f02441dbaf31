"""A recording: an audio file as the samples that an encoder hears.

Conventions: samples are float32, 24 kHz, one channel; times are seconds from the start.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil, floor

import numpy as np

from clamp3_plugin.encoding import Ear, Frames, Samples
from clamp3_plugin.errors import UsageError
from clamp3_plugin.music import Metadata, Modality, Passage
from clamp3_plugin.readers.audio.estimates import with_estimates
from clamp3_plugin.readers.audio.fingerprint import fingerprints
from clamp3_plugin.readers.audio.limits import MIN_SECONDS, RATE, SILENCE
from clamp3_plugin.readers.content import Stretches
from clamp3_plugin.readers.windows import windows


@dataclass(frozen=True, eq=False)  # without slots: what is estimated once is kept
class Recording:
    """One piece of recorded music; satisfies ``Content``."""

    samples: Samples = field(repr=False)
    """The whole piece, read-only."""
    tags: Metadata
    """What the file says of itself, and its length."""
    digest: str
    """SHA-256 of the decoded audio: the same for a file that was only tagged anew."""
    clipped: float = 0.0
    """Share of the file's samples at full scale or over it."""

    @property
    def modality(self) -> Modality:
        """AUDIO."""
        return Modality.AUDIO

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / RATE

    @cached_property
    def metadata(self) -> Metadata:
        """The tags, with key and tempo estimated where they name none."""
        return with_estimates(self.tags, self.samples)

    def whole(self) -> Samples:
        """Give all samples."""
        return self.samples

    def passages(self) -> list[Passage]:
        """Windows of 10 s, every 5 s, as those of a performance, without the silent ones.

        The last one ends with the piece.
        """
        found = windows(self.duration)
        return [window for window in found if _is_heard(self._stretch(window))]

    def excerpt(self, passage: Passage) -> Samples:
        """Give the samples of a part.

        Raises
        ------
        UsageError
            The passage lies outside the piece, is too short or silent, or is given in bars.
        """
        if passage.start is None:
            raise UsageError(
                f"Bars {passage.first_bar}-{passage.last_bar} were asked for; a recording has none.",
                "Give the passage in seconds.",
            )
        part = self._stretch(passage)
        end = "" if passage.end is None else f"{passage.end:g}"
        asked = f"Seconds {passage.start:g}-{end} were asked for"
        if passage.start >= self.duration:
            raise UsageError(f"{asked}; the recording has {self.duration:.1f} s.")
        if len(part) < MIN_SECONDS * RATE:
            raise UsageError(
                f"{asked}, which is {len(part) / RATE:.2f} s of sound; at least {MIN_SECONDS:g} s"
                " are needed.",
                "Ask for a longer passage.",
            )
        if not _is_heard(part):
            raise UsageError(f"{asked}; the recording is silent there.", "Ask for another passage.")
        return part

    def of_staves(self, first: int, last: int) -> "Recording":
        """Refuse to take staves, of which there are none."""
        raise UsageError(
            f"Staves {first}-{last} were asked for; a recording has no staves.", "Ask for seconds."
        )

    def indexed(self, ear: Ear) -> Stretches:
        """Give its windows, whose mean is the whole; a short one is its own only window.

        It is listened to once, as a whole: two windows share the features of where they overlap.
        """
        features = np.concatenate(list(ear.listen(self.samples)))
        passages = tuple(self.passages())
        known_by = fingerprints(self.samples)
        if not passages:
            return Stretches(features, seconds=self.duration, fingerprints=known_by)
        heard = tuple(_rows(features, window, ear.frame_s) for window in passages)
        return Stretches(None, passages, heard, self.duration, known_by)

    def asked(self, ear: Ear, passage: Passage | None) -> Stretches:
        """Give the windows of the whole or of a part, counted from its own start."""
        if passage is None:
            return self.indexed(ear)
        return replace(self, samples=self.excerpt(passage)).indexed(ear)

    def _stretch(self, passage: Passage) -> Samples:
        end = None if passage.end is None else round(passage.end * RATE)
        return self.samples[round((passage.start or 0) * RATE) : end]


def _rows(features: Frames, window: Passage, frame_s: float) -> Frames:
    """Take the rows that a window touches; at its end a front end may have left one out."""
    first = min(floor((window.start or 0) / frame_s + 1e-6), len(features) - 1)
    end = ceil((window.end or 0) / frame_s - 1e-6)
    return features[first : max(end, first + 1)]


def _is_heard(samples: Samples) -> bool:
    """Tell whether a stretch swings by more than ``SILENCE``, whatever its offset."""
    return len(samples) > 0 and bool(np.ptp(samples) >= 2 * SILENCE)
