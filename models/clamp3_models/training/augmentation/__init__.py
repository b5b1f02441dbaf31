"""Music told otherwise, text to text: another key, octave, tempo or sound; or without its headers.

Every function takes and gives what the encoder reads: interleaved ABC, or MTF. What cannot be told so
raises ``ValueError``; the caller then keeps the piece as it is, or draws another change.
"""

from clamp3_models.training.augmentation.both import change_tempo, remove_headers, shift_octave
from clamp3_models.training.augmentation.performance import (
    change_instruments,
    transpose_performance,
)
from clamp3_models.training.augmentation.score import transpose_score

__all__ = [
    "change_instruments",
    "change_tempo",
    "remove_headers",
    "shift_octave",
    "transpose_performance",
    "transpose_score",
]
