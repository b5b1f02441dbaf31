"""mini's front end: samples in, a row for the audio tower every second out.

A network that hears notes (``note_network``) and mel levels make frames; a small network that was trained
with the tower makes rows of them. Both lie in one file of the model folder.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from clamp3_models.audio.frames import SAMPLE_RATE, FrameExtractor
from clamp3_models.audio.note_network import NoteNetwork
from clamp3_models.audio.row_network import RowNetwork, whole_seconds
from clamp3_models.blank import blank
from clamp3_models.folder import FRONT_END_FILE
from clamp3_models.front_ends import MINI_NOTES, ROW_S
from clamp3_models.weights import check_state_dict, read_state_dict
from clamp3_plugin.errors import BrokenFileError, EmptyContentError

Samples = NDArray[np.float32]
Rows = NDArray[np.float32]
"""float32, shape ``(T, hidden)``."""


class Networks(nn.Module):
    """What the file of a front end holds.

    Parameters
    ----------
    hidden : int
        Width of the audio tower.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.notes = NoteNetwork()
        self.rows = RowNetwork(hidden)


class MiniFrontEnd:
    """Computes rows on the processor, in float32."""

    def __init__(self, networks: Networks) -> None:
        networks = networks.eval().requires_grad_(requires_grad=False)
        self._extract = FrameExtractor(networks.notes)
        self._rows = networks.rows

    @property
    def frame_s(self) -> float:
        """Seconds that a row stands for."""
        return ROW_S[MINI_NOTES]

    def features(self, samples: Samples) -> Rows:
        """Compute the rows of a recording, mono, 24 kHz.

        Raises
        ------
        EmptyContentError
            The recording is shorter than a tenth of a second.
        BrokenFileError
            It holds a sample that is no number.
        """
        return np.concatenate(list(self.stream(samples)))

    def stream(self, samples: Samples) -> Iterator[Rows]:
        """Compute them a stretch at a time; the ends of a stretch are heard as if silence followed."""
        if samples.ndim != 1 or samples.dtype != np.float32:
            raise ValueError(f"samples must be float32 (n,), not {samples.dtype} {samples.shape}")
        if not np.isfinite(samples).all():
            raise BrokenFileError("The recording holds samples that are no numbers.")
        empty = True
        for frames in self._extract.stream(samples):
            empty = False
            with torch.inference_mode():
                rows: Tensor = self._rows(whole_seconds(torch.from_numpy(frames))[None])[0]
            yield rows.numpy()
        if empty:
            raise EmptyContentError(
                f"The recording is {len(samples) / SAMPLE_RATE:.2f} s long.",
                "Give a longer stretch of it.",
            )


def load_front_end(folder: Path) -> MiniFrontEnd:
    """Load the front end of a model folder.

    Raises
    ------
    NoModelError
        Its file is missing or damaged.
    """
    path = folder / FRONT_END_FILE
    state = read_state_dict(path)
    hidden = len(state.get("rows.third.bias", ()))
    with blank():
        networks = Networks(hidden or 1)
    check_state_dict(state, networks, path)
    networks.load_state_dict(state, assign=True)
    return MiniFrontEnd(networks)
