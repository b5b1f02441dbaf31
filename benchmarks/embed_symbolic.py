"""Compare our symbolic encoder with the reference's way of running it: speed and numbers, on CPU.

    nice python benchmarks/embed_symbolic.py [--pieces 128] [--threads 2]

*Ours* is ``Clamp3Encoder.encode_score`` on lists of pieces: packed, sorted, no padding. *Reference* is
what ``code/extract_clamp3.py`` does: one-hot patches through a linear layer, batch 1, padded to 512
with a mask, ``transformers.BertModel``. Both are the published 12 layers with the same random weights
and take interleaved ABC to pooled embeddings. They run by turns, a chunk of pieces each, so that
whatever else the machine does meets both alike; CPU seconds are printed beside the clock's because
they depend less on it.

Fails where the speed is under 4 times the reference's or a number differs by more than 1e-4.
"""

import argparse
import copy
import io
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import zstandard
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from clamp3_models.clamp3 import PATCH_VOCABULARY, Clamp3, Clamp3Config
from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.patches import PATCH_LENGTH, patchify
from clamp3_models.transformer import TransformerConfig
from clamp3_plugin.readers.interleave import interleave

DEV = Path(__file__).resolve().parents[2] / "shared" / "data" / "dev" / "dev.jsonl.zst"
SPEEDUP, TOLERANCE = 4.0, 1e-4

Embeddings = NDArray[np.float32]


@dataclass(slots=True)
class Side:
    """One way to encode, and what it took so far."""

    encode: Callable[[list[str]], Embeddings]
    wall_s: float = 0.0
    cpu_s: float = 0.0

    def run(self, pieces: list[str]) -> Embeddings:
        """Encode pieces and count the seconds."""
        wall, cpu = time.perf_counter(), time.process_time()
        embeddings = self.encode(pieces)
        self.wall_s += time.perf_counter() - wall
        self.cpu_s += time.process_time() - cpu
        return embeddings


class Reference:
    """The symbolic encoder as the reference runs it, with the weights of one of ours."""

    def __init__(self, model: Clamp3) -> None:
        sizes = model.config.symbolic
        config = BertConfig(
            vocab_size=sizes.vocab_size,
            hidden_size=sizes.hidden_size,
            num_hidden_layers=sizes.num_layers,
            num_attention_heads=sizes.num_heads,
            intermediate_size=sizes.intermediate_size,
            max_position_embeddings=sizes.max_positions,
        )
        self.base = BertModel(config)
        self.base.train(mode=False)
        self.base.load_state_dict(model.symbolic_model.base.state_dict())
        # its own copy: our encoder lays this matrix out otherwise in memory
        self.patch_embedding = copy.deepcopy(model.symbolic_model.patch_embedding)
        self.project = model.symbolic_proj

    @torch.inference_mode()
    def encode(self, pieces: list[str]) -> Embeddings:
        """Encode pieces one after another."""
        return np.concatenate([self._piece(patchify(piece)) for piece in pieces])

    def _piece(self, patches: NDArray[np.uint8]) -> Embeddings:
        n = len(patches)
        full, rest = divmod(n, PATCH_LENGTH)
        parts = [patches[i * PATCH_LENGTH : (i + 1) * PATCH_LENGTH] for i in range(full)]
        weights = [PATCH_LENGTH] * full
        if rest:
            parts.append(patches[-PATCH_LENGTH:])
            weights.append(rest)
        pooled = torch.cat([self._segment(torch.from_numpy(part)) for part in parts])
        shares = torch.tensor(weights)[:, None] / n
        embedding: Embeddings = (pooled * shares).sum(0, keepdim=True).numpy()
        return embedding

    def _segment(self, patches: Tensor) -> Tensor:
        padding = PATCH_LENGTH - len(patches)
        mask = torch.cat([torch.ones(len(patches)), torch.zeros(padding)])[None]
        padded = nn.functional.pad(patches.long(), (0, 0, 0, padding))
        one_hot = nn.functional.one_hot(padded, PATCH_VOCABULARY).float().flatten(1)
        inputs = self.patch_embedding(one_hot)[None]
        hidden = self.base(inputs_embeds=inputs, attention_mask=mask).last_hidden_state
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        projected: Tensor = self.project(mean)
        return projected


def read_pieces(path: Path) -> list[str]:
    """Read the scores of the development set, interleaved."""
    with path.open("rb") as file:
        stream = zstandard.ZstdDecompressor().stream_reader(file)
        records = map(json.loads, io.TextIOWrapper(stream, "utf-8"))
        return [interleave(record["abc"]).text for record in records if record["abc"]]


def build() -> Clamp3:
    """Build a model with the published symbolic tower, and a text tower that takes no room."""
    torch.manual_seed(0)
    none = TransformerConfig(8, 1, 1, 8, 3, 3, 1, 1e-5)
    official = Clamp3Config.official("random")
    return Clamp3(Clamp3Config("random", official.dim, none, official.symbolic, None))


def no_tokenizer(text: str) -> list[int]:
    raise NotImplementedError(text)


def positions(lengths: NDArray[np.int64]) -> tuple[int, int]:
    """Count the positions that each way computes: ours and the reference's."""
    segments = -(-lengths // PATCH_LENGTH)
    ours = np.where(lengths <= PATCH_LENGTH, lengths, segments * PATCH_LENGTH)
    return int(ours.sum()), int(segments.sum()) * PATCH_LENGTH


def print_lengths(name: str, lengths: NDArray[np.int64]) -> None:
    shown = "  ".join(f"{p}%: {np.percentile(lengths, p):.0f}" for p in (5, 25, 50, 75, 95, 100))
    ours, reference = positions(lengths)
    print(f"{name}: {len(lengths)} pieces, patches per piece {shown}  mean: {lengths.mean():.0f}")
    print(
        f"  positions to compute: {ours} packed, {reference} padded, {reference / ours:.2f} times"
    )


def chunks(pieces: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(pieces), size):
        yield pieces[start : start + size]


def compare(ours: Side, reference: Side, pieces: list[str], chunk: int) -> float:
    """Run both sides by turns; the largest difference of any number."""
    ours.encode(pieces[:2])  # the first call of either allocates and picks kernels
    reference.encode(pieces[:1])
    worst = scale = 0.0
    for i, part in enumerate(chunks(pieces, chunk)):
        order = (ours, reference) if i % 2 else (reference, ours)
        answers = [side.run(part) for side in order]
        worst = max(worst, float(np.abs(answers[0] - answers[1]).max()))
        scale = max(scale, float(np.abs(answers[0]).max()))
    print(f"largest number {scale:.3f}, largest difference {worst:.1e} (tolerance {TOLERANCE:.0e})")
    return worst


def print_speed(ours: Side, reference: Side, count: int) -> float:
    for name, side in (("ours", ours), ("reference", reference)):
        print(
            f"{name:10} {count / side.wall_s:7.2f} pieces/s   {count / side.cpu_s:7.2f} pieces/CPU s"
            f"   ({side.wall_s:.1f} s, {side.cpu_s:.1f} CPU s)"
        )
    ratio = reference.wall_s / ours.wall_s
    print(f"ratio      {ratio:7.2f} (by CPU seconds {reference.cpu_s / ours.cpu_s:.2f})")
    return ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--pieces", type=int, default=128)
    parser.add_argument("--chunk", type=int, default=32, help="pieces of one turn")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--data", type=Path, default=DEV)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    every = read_pieces(options.data)
    pieces = random.Random(0).sample(every, min(options.pieces, len(every)))  # noqa: S311 - a sample
    for name, part in (("all", every), ("sample", pieces)):
        print_lengths(name, np.array([len(patchify(piece)) for piece in part]))
    model = build()
    reference = Side(Reference(model).encode)
    ours = Side(Clamp3Encoder(model, no_tokenizer, weights_sha256="random").encode_score)
    worst = compare(ours, reference, pieces, options.chunk)
    print(f"{options.threads} threads, torch {torch.__version__}, chunks of {options.chunk} pieces")
    ratio = print_speed(ours, reference, len(pieces))
    sys.exit(0 if ratio >= SPEEDUP and worst <= TOLERANCE else 1)


if __name__ == "__main__":
    main()
