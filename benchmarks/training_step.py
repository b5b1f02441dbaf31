"""One training step of each of the paper's stages at full size, from a random start: time and memory.

    python benchmarks/training_step.py [--batch 2] [--threads 2] [--bf16]

Every example is as long as a tower reads: 512 patches, 128 tokens, 128 frames. Each stage has a process of its
own, whose peak memory is told by the system; processor time is told beside the time on the clock,
which other programs prolong.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from clamp3_models.clamp3 import Clamp3, Clamp3Config
from clamp3_models.training.paper.contrastive import ContrastiveTask, MusicSide, Pair
from clamp3_models.training.paper.engine import Data, E, Place, Task, Trainer, TrainSettings
from clamp3_models.training.paper.m3 import M3, SpoiltPiece, spoil
from clamp3_models.training.paper.m3_decoder import DecoderConfig
from clamp3_models.training.paper.m3_task import M3Task
from clamp3_models.training.paper.ranks import Ranks
from clamp3_models.training.paper.start import initialize

CONFIG = Clamp3Config.official("full")
STAGES = ("m3", "symbolic", "audio")


@dataclass(frozen=True)
class Longest:
    """Examples as long as they can be."""

    stage: str
    size: int

    def __len__(self) -> int:
        return self.size

    def draw(self, row: int, choose: random.Random) -> Pair | SpoiltPiece:
        """Make one, for any stage."""
        numbers = np.random.default_rng(row)
        patches = np.zeros((512, 64), np.uint8)
        patches[:, 0] = 1
        for patch, length in zip(patches, numbers.integers(8, 40, 512), strict=True):
            patch[1 : 1 + length] = numbers.integers(32, 127, length)
            patch[1 + length] = 2
        if self.stage == "m3":
            return spoil(patches, choose)
        ids = [0, *numbers.integers(4, 250_000, 126).tolist(), 2]
        frames = numbers.standard_normal((128, 768), np.float32)
        return Pair(ids, patches if self.stage == "symbolic" else frames)

    evaluation = draw


def measure(stage: str, batch: int, *, bf16: bool) -> dict[str, float]:
    examples: Longest = Longest(stage, batch)
    settings = TrainSettings(epochs=1, batch_size=batch, bf16=bf16)
    cpu = torch.device("cpu")
    if stage == "m3":
        model = M3(CONFIG.symbolic, DecoderConfig(768))
        task = M3Task(model, Ranks(), cpu, bf16=bf16)
    else:
        model = Clamp3(CONFIG)
        task = ContrastiveTask(model, MusicSide(stage), bf16=bf16)
    initialize(model, 42)
    batch_of_it = [examples.draw(row, random.Random(row)) for row in range(batch)]  # noqa: S311
    return _timed(task, examples, batch_of_it, settings, stage)


def _timed(
    task: Task[E], examples: Longest, batch: list[E], settings: TrainSettings, stage: str
) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            task,
            Data(examples, examples),
            modality=stage,
            begun_from="",
            settings=settings,
            place=Place(Path(folder)),
        )
        clock, processor = time.perf_counter(), time.process_time()
        loss = trainer.step(batch, 0)
        seconds = time.perf_counter() - clock
        busy = time.process_time() - processor
    learning = sum(p.numel() for p in task.model.parameters() if p.grad is not None)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"loss": loss, "seconds": seconds, "cpu": busy, "GiB": peak, "learning": learning}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--stage", choices=STAGES, help="measure only this one, in this process")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.stage:
        print(json.dumps(measure(options.stage, options.batch, bf16=options.bf16)))
        return
    print(
        "| stage | batch | parameters that learn | loss | seconds | processor seconds | peak GiB |"
    )
    print("|---|---|---|---|---|---|---|")
    for stage in STAGES:
        command = [sys.executable, __file__, *sys.argv[1:], "--stage", stage]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        got = json.loads(done.stdout)
        print(
            f"| {stage} | {options.batch} | {got['learning']:,.0f} | {got['loss']:.3f} |"
            f" {got['seconds']:.1f} | {got['cpu']:.1f} | {got['GiB']:.1f} |"
        )


if __name__ == "__main__":
    main()
