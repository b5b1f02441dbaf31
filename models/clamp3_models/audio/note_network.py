"""Basic Pitch as a torch module: which notes sound and begin, eighty-six times a second.

A network of 57,000 weights that Spotify trained on recordings of many instruments and published under
the Apache licence 2.0. The architecture is theirs, the code here ours; the weights are read from the
ONNX file of their package (``tools`` in the decision record say how) and lie beside this file.

Conventions: samples are mono float32 at 22,050 Hz; ``B`` windows of ``WINDOW`` samples, ``FRAMES``
frames each, frame ``i`` at sample ``256 * i``; 264 thirds of a semitone or 88 keys of a piano, from A0.

References
----------
Bittner et al., "A Lightweight Instrument-Agnostic Model for Polyphonic Note Transcription and
Multipitch Estimation", ICASSP 2022.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

SAMPLE_RATE = 22_050
HOP = 256
WINDOW = 43_844
"""Samples that the network reads at once, a little under two seconds."""
FRAMES = 172
KEYS = 88

_OCTAVES = 9
_BINS_PER_OCTAVE = 36
_BINS = 309  # of the spectrum
_CONTOUR = 264
_HARMONICS = (-36, 0, 36, 57, 72, 84, 93, 101)  # bins from a tone to its subharmonic and overtones
_TINY = 1e-10
_BLOCK = 64  # outputs of the low-pass filter that are one matrix product

_ONNX_NAMES = {  # how the names of constants end in nmp.onnx
    "low_pass": "const_fold_opt__734",
    "cosine": "const_fold_opt__655",
    "sine": "const_fold_opt__664",
    "lengths": "cq_t2010v2_1/Sqrt",
    "gain": "batch_normalization/FusedBatchNormV3",
    "offset": "batch_normalization/FusedBatchNormV31",
    "contour_in.weight": "const_fold_opt__727",
    "contour_in.bias": "conv2d_1/Conv2D",
    "contour_out.weight": "const_fold_opt__710",
    "contour_out.bias": "contours-reduced/BiasAdd/ReadVariableOp",
    "note_in.weight": "const_fold_opt__738",
    "note_in.bias": "conv2d_2/BiasAdd/ReadVariableOp",
    "note_out.weight": "const_fold_opt__702",
    "note_out.bias": "conv2d_3/BiasAdd/ReadVariableOp",
    "onset_in.weight": "const_fold_opt__707",
    "onset_in.bias": "conv2d_4/Conv2D",
    "onset_out.weight": "const_fold_opt__680",
    "onset_out.bias": "conv2d_5/BiasAdd/ReadVariableOp",
}


class NoteNetwork(nn.Module):
    """A constant-Q spectrum, its harmonics as channels, and three small heads of convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.low_pass = nn.Parameter(torch.zeros(1, 1, HOP))
        self.cosine = nn.Parameter(torch.zeros(_BINS_PER_OCTAVE, 1, HOP))
        self.sine = nn.Parameter(torch.zeros(_BINS_PER_OCTAVE, 1, HOP))
        self.lengths = nn.Parameter(torch.zeros(_BINS, 1))
        self.gain = nn.Parameter(torch.ones(1))
        self.offset = nn.Parameter(torch.zeros(1))
        self.contour_in = nn.Conv2d(8, 8, (3, 39), padding=(1, 19))
        self.contour_out = nn.Conv2d(8, 1, 5, padding=2)
        self.note_in = nn.Conv2d(1, 32, 7, stride=(1, 3), padding=(3, 2))
        self.note_out = nn.Conv2d(32, 1, (7, 3), padding=(3, 1))
        self.onset_in = nn.Conv2d(8, 32, 5, stride=(1, 3), padding=(2, 1))
        self.onset_out = nn.Conv2d(33, 1, 3, padding=1)

    def forward(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Tell notes and onsets.

        Parameters
        ----------
        windows : Tensor
            float32, shape ``(B, WINDOW)``.

        Returns
        -------
        notes, onsets : Tensor
            Probabilities that a key sounds, and that it begins, shape ``(B, FRAMES, KEYS)``.
        """
        harmonics = self._harmonics(self.spectrum(windows))
        contour = torch.sigmoid(self.contour_out(torch.relu(self.contour_in(harmonics))))
        notes = torch.sigmoid(_single(self.note_out, torch.relu(self.note_in(contour))))
        attacks = torch.relu(self.onset_in(harmonics))
        onsets = torch.sigmoid(_single(self.onset_out, torch.cat([notes, attacks], 1)))
        return notes[:, 0], onsets[:, 0]

    def spectrum(self, windows: Tensor) -> Tensor:
        """Constant-Q power in decibels, from 0 to 1 within each window: ``(B, FRAMES, 309)``."""
        wave = windows
        kernels = torch.cat([self.cosine, self.sine])[:, 0].t()
        octaves: list[Tensor] = []
        for octave in range(_OCTAVES):
            if octave:
                wave = self._halved(wave)
            padded = F.pad(wave[:, None], (HOP // 2, HOP // 2), mode="reflect")[:, 0]
            parts = padded.unfold(1, HOP, HOP >> octave) @ kernels
            squares = parts.square()
            octaves.insert(0, squares[..., :_BINS_PER_OCTAVE] + squares[..., _BINS_PER_OCTAVE:])
        power = torch.cat(octaves, 2)[..., -_BINS:] * self.lengths.square()[:, 0]
        level = 10 * torch.log10(power + _TINY)
        level = level - level.amin((1, 2), keepdim=True)
        highest = level.amax((1, 2), keepdim=True)
        return level / torch.where(highest > 0, highest, 1)

    def _halved(self, wave: Tensor) -> Tensor:
        """Halve the rate of waves, ``(B, n)``: a low-pass filter, ``_BLOCK`` outputs at a time."""
        n = (wave.shape[1] - 2) // 2 + 1
        blocks = -(-n // _BLOCK)
        needed = 2 * blocks * _BLOCK + HOP - 2
        padded = F.pad(wave, (HOP // 2 - 1, needed - wave.shape[1] - HOP // 2 + 1))
        frames = padded.unfold(1, HOP + 2 * _BLOCK - 2, 2 * _BLOCK)
        return (frames @ _banded(self.low_pass[0, 0])).flatten(1)[:, :n]

    def _harmonics(self, spectrum: Tensor) -> Tensor:
        """Put what sounds at a tone's overtones beside it: ``(B, 8, FRAMES, 264)``."""
        levels = spectrum * self.gain + self.offset
        shifted = [
            F.pad(levels, (max(0, -bins), max(0, bins)))[..., max(0, bins) :][..., :_CONTOUR]
            for bins in _HARMONICS
        ]
        return torch.stack(shifted, 1)


def _banded(taps: Tensor) -> Tensor:
    """Put a filter into a matrix ``(HOP + 2 * _BLOCK - 2, _BLOCK)``, in each column two rows further down."""
    height = HOP + 2 * _BLOCK - 2
    repeated = F.pad(taps, (0, 2 * _BLOCK)).repeat(_BLOCK)  # by two longer than a column
    return repeated[: _BLOCK * height].view(_BLOCK, height).t()


def _single(convolution: nn.Conv2d, x: Tensor) -> Tensor:
    """Convolve to one channel: all taps in one product, then folded, in half of torch's own time."""
    B, C, T, K = x.shape
    height, width = convolution.weight.shape[2:]
    products = convolution.weight.reshape(C, -1).flip(1).t() @ x.reshape(B, C, T * K)
    padding = (height // 2, width // 2)
    bias = convolution.bias if convolution.bias is not None else 0
    return F.fold(products, (T, K), (height, width), padding=padding) + bias


def state_from_onnx(constants: Mapping[str, NDArray[np.float32]]) -> dict[str, Tensor]:
    """Find the weights among the constants of ``nmp.onnx`` of basic-pitch 0.4.0."""
    state = {}
    for name, like in NoteNetwork().state_dict().items():
        (array,) = (array for key, array in constants.items() if key.endswith(_ONNX_NAMES[name]))
        state[name] = torch.from_numpy(np.array(array)).reshape(like.shape)
    return state
