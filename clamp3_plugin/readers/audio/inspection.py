"""What is looked at while a recording is decoded: its limits, its level, and its fingerprint."""

import hashlib
from math import gcd

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.errors import (
    BrokenFileError,
    EmptyContentError,
    TooLargeError,
    UnsupportedFormatError,
)
from clamp3_plugin.readers.audio import limits
from clamp3_plugin.readers.audio.resampling import Samples
from clamp3_plugin.readers.audio.sources import Block, Source

Channels = NDArray[np.float32]
"""float32, shape ``(channels, frames)``."""

_CUT_OFF = "The file is cut off; export or download it again."


def check_announced(source: Source) -> None:
    """Refuse by what a file says of itself, before a sample of it is decoded.

    Raises
    ------
    InputRefusedError
        It has no samples, or its rate, channels or length are over a limit.
    """
    rate, channels = source.rate, source.channels
    if not limits.MIN_RATE <= rate <= limits.MAX_RATE:
        raise UnsupportedFormatError(
            f"Its sample rate is {rate:,} Hz; {limits.MIN_RATE:,} to {limits.MAX_RATE:,} are read.",
            "Export it with 44,100 or 48,000 Hz.",
        )
    if rate // gcd(rate, limits.RATE) > limits.MAX_PHASE_STEP:
        raise UnsupportedFormatError(
            f"Its sample rate of {rate:,} Hz has too little in common with {limits.RATE:,} Hz.",
            "Export it with 44,100 or 48,000 Hz.",
        )
    if channels > limits.MAX_CHANNELS:
        raise TooLargeError(
            f"It has {channels:,} channels, the limit is {limits.MAX_CHANNELS}.",
            "Mix it to stereo.",
        )
    if source.frames == 0:
        raise EmptyContentError("There are no samples in it.", "Was the export interrupted?")
    if source.frames is not None:
        check_length(source.frames / rate)


def check_length(seconds: float) -> None:
    """Refuse what is too long.

    Raises
    ------
    TooLargeError
        It is over ``MAX_SECONDS``.
    """
    if seconds > limits.MAX_SECONDS:
        raise TooLargeError(
            f"It lasts {seconds / 3600:,.1f} hours, the limit is {limits.MAX_SECONDS // 3600}.",
            "Split it into its pieces.",
        )


class Inspection:
    """Looks at every block of a recording as it passes, and tells at the end what it was.

    The fingerprint is of the samples at the file's own rate, mixed to one channel: tags and pictures
    have no part in it, and neither has the resampler.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._frames = 0
        self._clipped = 0
        self._channels = _Swing()
        self._mono = _Swing()
        self._hash = hashlib.sha256(f"{source.rate} ".encode())

    def mix(self, block: Block) -> Samples:
        """Look at a block and mix its channels to one, by their mean.

        Raises
        ------
        InputRefusedError
            A sample is no number or far beyond full scale, or it is too long by now.
        """
        channels = np.ascontiguousarray(block.T)  # NumPy is ten times as fast along long rows
        self._check_levels(channels)
        self._frames += len(block)
        check_length(self._frames / self._source.rate)
        mono: Samples = channels[0] if len(channels) == 1 else channels.mean(axis=0)
        self._mono.add(mono[None])
        self._hash.update(mono.astype("<f4", copy=False).data)
        return mono

    def check(self) -> None:
        """Refuse what turned out to be no recording of music.

        Raises
        ------
        InputRefusedError
            It is cut off, shorter than ``MIN_SECONDS``, or silent.
        """
        rate, announced = self._source.rate, self._source.frames or 0
        seconds = self._frames / rate
        if self._frames < 0.999 * announced - 0.1 * rate:
            raise BrokenFileError(
                f"It ends after {seconds:.1f} s of the {announced / rate:.1f} s that it announces.",
                _CUT_OFF,
            )
        if seconds < limits.MIN_SECONDS:
            raise EmptyContentError(
                f"It lasts {seconds:.3f} s; at least {limits.MIN_SECONDS:g} s are needed.",
                "Export a longer clip.",
            )
        if self._mono.is_silent:
            if not self._channels.is_silent:
                raise EmptyContentError(
                    "Its channels cancel each other out when they are mixed to one.",
                    "Reverse the phase of one channel.",
                )
            raise EmptyContentError("It is silent.", "Was it exported with its tracks muted?")

    @property
    def digest(self) -> str:
        """SHA-256 of rate and samples so far."""
        return self._hash.hexdigest()

    @property
    def clipped(self) -> float:
        """Share of samples at full scale or over it."""
        return self._clipped / max(1, self._frames * self._source.channels)

    def _check_levels(self, channels: Channels) -> None:
        loudest = self._channels.add(channels)
        if not np.isfinite(loudest):
            self._refuse_at(~np.isfinite(channels), "is no number (NaN or infinity)")
        if loudest > limits.MAX_LEVEL:
            self._refuse_at(
                np.abs(channels) > limits.MAX_LEVEL,
                f"is over {limits.MAX_LEVEL:g} times full scale (the highest is {loudest:,.1f})",
            )
        if loudest >= limits.FULL_SCALE:
            self._clipped += int(np.count_nonzero(np.abs(channels) >= limits.FULL_SCALE))

    def _refuse_at(self, bad: NDArray[np.bool_], what: str) -> None:
        seconds = (self._frames + int(bad.any(axis=0).argmax())) / self._source.rate
        raise BrokenFileError(
            f"A sample {what}, first at {seconds:.3f} s.", "Export it again, as 24-bit WAV or FLAC."
        )


class _Swing:
    """The lowest and the highest sample of each channel so far."""

    def __init__(self) -> None:
        self._lowest: Channels | float = np.inf
        self._highest: Channels | float = -np.inf

    def add(self, channels: Channels) -> float:
        """Look at a block, and give its highest level, which is no number if a sample is none."""
        lowest, highest = channels.min(axis=1), channels.max(axis=1)
        self._lowest = np.minimum(self._lowest, lowest)
        self._highest = np.maximum(self._highest, highest)
        return float(np.maximum(-lowest, highest).max())

    @property
    def is_silent(self) -> bool:
        """Whether no channel swings by more than ``SILENCE``, whatever its offset."""
        return bool(np.all(self._highest - self._lowest < 2 * limits.SILENCE))
