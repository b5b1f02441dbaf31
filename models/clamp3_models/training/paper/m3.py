"""M3: read a piece with some of its patches spoilt, and write them as they were.

Of every piece 45 % of the patches are selected, the special first and last one among the candidates.
The encoder reads the piece with the selected ones masked, shuffled or as they are; from what it makes
of each selected place the decoder writes that patch. Keys are those of the official checkpoint.

References
----------
Wu et al., "CLaMP 2", arXiv 2410.13267; numbers as in github.com/sanderwood/clamp3 ``train_m3.py``.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from clamp3_models.clamp3 import SymbolicEncoder
from clamp3_models.patches import EOS, MASK, Patches
from clamp3_models.training.paper.m3_decoder import DecoderConfig, PatchDecoder, count_targets
from clamp3_models.transformer import TransformerConfig

SELECTED_SHARE = 0.45

Mode = Literal["mask", "shuffle", "original"]
_SHARES: dict[Mode, float] = {"mask": 0.8, "shuffle": 0.1, "original": 0.1}


@dataclass(frozen=True, slots=True, eq=False)
class SpoiltPiece:
    """A piece as the encoder reads it, and what it hides."""

    seen: Patches
    """uint8, shape ``(n, 64)``."""
    original: Patches
    """uint8, shape ``(n, 64)``."""
    selected: NDArray[np.int64]
    """Rows to be written, rising, shape ``(k,)``."""


@dataclass(frozen=True, slots=True, eq=False)
class SpoiltBatch:
    """Pieces, packed."""

    seen: Tensor
    """uint8, shape ``(N, 64)``."""
    lengths: tuple[int, ...]
    rows: Tensor
    """int64, shape ``(P,)``: selected rows among the ``N``."""
    wanted: Tensor
    """uint8, shape ``(P, 64)``: what the decoder should write there."""

    @property
    def targets(self) -> int:
        """Number of characters to be predicted."""
        return count_targets(self.wanted)

    def to(self, device: torch.device) -> "SpoiltBatch":
        """Move the tensors to a device."""
        return SpoiltBatch(
            self.seen.to(device), self.lengths, self.rows.to(device), self.wanted.to(device)
        )


class M3(nn.Module):
    """Encoder of patches and decoder of their characters."""

    def __init__(self, encoder: TransformerConfig, decoder: DecoderConfig) -> None:
        super().__init__()
        self.encoder = SymbolicEncoder(encoder)
        self.decoder = PatchDecoder(decoder)

    def forward(self, batch: SpoiltBatch) -> Tensor:
        """Sum the cross-entropies of all characters of the selected patches; a scalar.

        Divided by ``batch.targets`` it is the reference's loss.
        """
        hidden = self.encoder(batch.seen, batch.lengths)
        loss: Tensor = self.decoder(hidden[batch.rows], batch.wanted)
        return loss


def spoil(patches: Patches, choose: random.Random, mode: Mode | None = None) -> SpoiltPiece:
    """Select patches of a piece and spoil them.

    Parameters
    ----------
    patches : Patches
        uint8, shape ``(n, 64)``.
    choose : random.Random
        Source of randomness.
    mode : Mode, optional
        What becomes of the selected ones; by default it is drawn: masked in 8 pieces of 10, shuffled
        in one and left as they are in one.
    """
    n = len(patches)
    rows = sorted(choose.sample(range(n), math.ceil(SELECTED_SHARE * n)))
    drawn = mode or choose.choices(list(_SHARES), list(_SHARES.values()))[0]
    seen = patches.copy()
    for row in rows:
        if drawn == "mask":
            seen[row] = MASK
        elif drawn == "shuffle":
            _shuffle(seen[row], choose)
    return SpoiltPiece(seen, patches, np.array(rows, np.int64))


def _shuffle(patch: NDArray[np.uint8], choose: random.Random) -> None:
    """Permute what stands between bos and eos; all behind bos where there is not exactly one eos."""
    ends = np.flatnonzero(patch == EOS)
    end = int(ends[0]) if len(ends) == 1 else len(patch)
    inside = patch[1:end].tolist()
    choose.shuffle(inside)
    patch[1:end] = inside


def pack_pieces(pieces: Sequence[SpoiltPiece]) -> SpoiltBatch:
    """Put pieces of any lengths one behind the other, by length."""
    ordered = sorted(pieces, key=lambda piece: len(piece.seen))
    lengths = [len(piece.seen) for piece in ordered]
    starts = np.cumsum([0, *lengths[:-1]])
    rows = [piece.selected + start for piece, start in zip(ordered, starts, strict=True)]
    return SpoiltBatch(
        torch.from_numpy(np.concatenate([piece.seen for piece in ordered])),
        tuple(lengths),
        torch.from_numpy(np.concatenate(rows)),
        torch.from_numpy(np.concatenate([piece.original[piece.selected] for piece in ordered])),
    )
