"""The processes that train one model together, as ``torchrun`` starts them; alone it is one of one.

Conventions: every process computes the gradients that its own examples contribute to the loss of all
examples; ``sum_gradients`` adds them up, after which every process takes the same step.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

_BUCKET = 1 << 25
"""Numbers that are summed over the processes at once: 128 MiB."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """Which of how many processes this one is."""

    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        """Tell the process that writes and reports."""
        return self.rank == 0

    def gather(self, rows: Tensor) -> Tensor:
        """Collect the rows ``(B, D)`` of all processes, in their order: ``(world * B, D)``.

        No gradient flows back; a caller takes that of its own rows, ``own(gradient)``, from a loss
        over all of them, which is what gathering with gradients amounts to.
        """
        if self.world == 1:
            return rows.detach()
        parts = [torch.empty_like(rows) for _ in range(self.world)]
        dist.all_gather(parts, rows.detach().contiguous())
        return torch.cat(parts)

    def own(self, rows: Tensor) -> Tensor:
        """Take this process's part of rows that were gathered."""
        return rows.chunk(self.world)[self.rank]

    def sum(self, value: float, device: torch.device) -> float:
        """Add up a number over the processes."""
        if self.world == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=device)
        dist.all_reduce(total)
        return total.item()

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Add up gradients over the processes, many parameters at a time."""
        if self.world == 1:
            return
        for bucket in _buckets([p.grad for p in parameters if p.grad is not None]):
            flat = torch.cat([gradient.reshape(-1) for gradient in bucket])
            dist.all_reduce(flat)
            sums = torch.split(flat, [gradient.numel() for gradient in bucket])
            for gradient, total in zip(bucket, sums, strict=True):
                gradient.copy_(total.view_as(gradient))

    def wait(self) -> None:
        """Wait until every process is here."""
        if self.world > 1:
            dist.barrier()


@contextmanager
def joined(device: str) -> Iterator[tuple[Ranks, torch.device]]:
    """Join the processes that ``torchrun`` started, if it did; on GPUs each takes one of its own."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Ranks(), torch.device(device)
        return
    uses_gpu = device.startswith("cuda")
    mine = torch.device(f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if uses_gpu else device)
    if uses_gpu:
        torch.cuda.set_device(mine)
    dist.init_process_group("nccl" if uses_gpu else "gloo")
    try:
        yield Ranks(dist.get_rank(), world), mine
    finally:
        dist.destroy_process_group()


def _buckets(gradients: Iterable[Tensor]) -> Iterator[list[Tensor]]:
    bucket: list[Tensor] = []
    for gradient in gradients:
        bucket.append(gradient)
        if sum(part.numel() for part in bucket) >= _BUCKET:
            yield bucket
            bucket = []
    if bucket:
        yield bucket
