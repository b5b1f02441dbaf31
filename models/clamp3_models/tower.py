"""Run one tower over whole inputs: cut into segments, run packed, pooled or kept position by position.

Conventions: as in ``encoder``: full segments, then the **last** ``length`` positions; the global
embedding is the mean of the projected segment means, weighted by how many *new* positions each
segment brings. Segments are sorted by length, so that equal ones are attended to together.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from clamp3_models.clamp3 import mean_pool
from clamp3_models.segments import Segment, passes, segments_of
from clamp3_plugin.encoding import Embeddings

Frames = NDArray[np.float32]
"""float32, shape ``(T, hidden)``: the positions of one input before pooling and projection."""


@dataclass(frozen=True, slots=True)
class Tower:
    """How one modality runs."""

    hidden: Callable[[Tensor, Sequence[int]], Tensor]
    """The forward pass, packed ``(N, …)`` to ``(N, H)``."""
    project: nn.Linear
    length: int
    """Positions of a segment."""
    device: torch.device
    at_once: int
    """Packed positions of one forward pass."""

    def pooled(self, inputs: Sequence[Tensor]) -> Embeddings:
        """Give global embeddings, float32 ``(len(inputs), dim)``."""
        totals = torch.zeros(len(inputs), self.project.out_features, device=self.device)
        for batch, hidden in self._run(inputs):
            means = mean_pool(hidden, [s.length for s in batch])
            projected = self.project(means.to(self._dtype)).float()
            weights = [s.weight / len(inputs[s.owner]) for s in batch]
            owners = torch.tensor([s.owner for s in batch], device=self.device)
            weighted = projected * torch.tensor(weights, device=self.device)[:, None]
            totals.index_add_(0, owners, weighted)
        return np.asarray(totals.cpu().numpy())

    def frames(self, inputs: Sequence[Tensor]) -> list[Frames]:
        """Give the positions of every input, each of them once."""
        H = self.project.in_features
        frames = [np.zeros((len(x), H), np.float32) for x in inputs]
        for batch, hidden in self._run(inputs):
            rows = hidden.float().cpu().numpy()
            ends = np.cumsum([s.length for s in batch])
            for segment, end in zip(batch, ends, strict=True):
                last, new = segment.start + segment.length, segment.weight
                frames[segment.owner][last - new : last] = rows[end - new : end]
        return frames

    @property
    def _dtype(self) -> torch.dtype:
        return self.project.weight.dtype

    def _run(self, inputs: Sequence[Tensor]) -> Iterator[tuple[list[Segment], Tensor]]:
        """Run the segments of all inputs, shortest first, as many at a time as fit."""
        lengths = enumerate(map(len, inputs))
        segments = [s for i, n in lengths for s in segments_of(i, n, self.length)]
        segments.sort(key=lambda segment: segment.length)
        for batch in passes(segments, self.at_once):
            packed = torch.cat([inputs[s.owner][s.start : s.start + s.length] for s in batch])
            if packed.is_floating_point():
                packed = packed.to(self._dtype)
            yield batch, self.hidden(packed.to(self.device), [s.length for s in batch])
