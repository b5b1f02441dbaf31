"""From ten frames a second to one row: the part of the front end that is trained with the tower."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clamp3_models.audio.frames import FRAME_RATE, WIDTH


class RowNetwork(nn.Module):
    """Three convolutions over time; a row sees its own second and 0.5 s on both sides.

    Parameters
    ----------
    hidden : int
        Length of a row, the width of the audio tower.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(WIDTH, hidden, 5, padding=2)
        self.second = nn.Conv1d(hidden, hidden, 4, stride=2, padding=1)
        self.third = nn.Conv1d(hidden, hidden, FRAME_RATE // 2, stride=FRAME_RATE // 2)

    def forward(self, frames: Tensor) -> Tensor:
        """Make rows, ``(B, 10 * T, WIDTH)`` to ``(B, T, hidden)``."""
        hidden = F.gelu(self.first(frames.transpose(1, 2)))
        hidden = F.gelu(self.second(hidden))
        rows: Tensor = self.third(hidden)
        return rows.transpose(1, 2)


def whole_seconds(frames: Tensor) -> Tensor:
    """Bring frames ``(T, WIDTH)`` to whole seconds: half a second and more is filled up with silence.

    A recording of less than a second is one row.
    """
    seconds = max(1, (len(frames) + FRAME_RATE // 2) // FRAME_RATE)
    wanted = seconds * FRAME_RATE
    return torch.cat([frames[:wanted], frames.new_zeros(max(0, wanted - len(frames)), WIDTH)])
