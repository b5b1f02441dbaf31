"""Compare our towers at published size with the reference's way of running them: speed and numbers.

    python benchmarks/encoders.py [--pieces 48] [--threads 2] [--json FILE]

*Reference* is what ``code/extract_clamp3.py`` does: one piece after another, each segment padded to 512
patches or 128 audio steps with a mask, one-hot patches through a linear layer, and
``transformers.BertModel`` with the eager attention that the pinned transformers 4.40 had (``--attention
sdpa``: that of newer ones). *Ours* is ``Clamp3Encoder`` on lists of pieces, in each precision that this
processor computes in. All have the same generated weights and go from ABC, MTF or features to pooled
embeddings. They run by turns, a chunk of pieces each, so that whatever else the machine does meets all
alike; seconds of the processor are told beside those of the clock.

Pieces are every n-th of the development set by length, so that lengths are spread as in the whole.
Audio features are noise, as many as the MIDI files last. Fails where fp32 differs from the reference by
more than 1e-4 or another precision falls below a cosine of 0.998.
"""

import argparse
import copy
import io
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import zstandard
from golden_full import weights
from numpy.typing import NDArray
from pyarrow import parquet
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from clamp3_models.clamp3 import PATCH_VOCABULARY, Clamp3, Clamp3Config
from clamp3_models.device import NAMES
from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.packed_linear import can_pack
from clamp3_models.patches import patchify
from clamp3_models.segments import segments_of
from clamp3_models.transformer import Transformer, TransformerConfig
from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.readers.interleave import interleave
from clamp3_plugin.readers.performance import read_midi

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "dev"
TOLERANCE, COSINE = 1e-4, 0.998
PRECISIONS = (torch.float32, torch.bfloat16, torch.int8)
WINDOW_S = 5.0  # of an audio feature

Array = NDArray[np.float32]
Encode = Callable[[list[Any]], Array]


@dataclass(slots=True)
class Side:
    """One way to encode, and what it took so far."""

    encode: Encode
    wall_s: float = 0.0
    cpu_s: float = 0.0
    rows: list[Array] = field(default_factory=list)

    def run(self, pieces: list[Any]) -> None:
        """Encode pieces, keep what comes out and count the seconds."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.rows.append(self.encode(pieces))
        self.wall_s += time.perf_counter() - wall
        self.cpu_s += time.process_time() - cpu

    def figures(self, count: int, reference: "Side") -> dict[str, float]:
        """Tell what came of it, beside the reference."""
        ours, theirs = np.concatenate(self.rows), np.concatenate(reference.rows)
        norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
        return {
            "pieces_per_s": count / self.wall_s,
            "pieces_per_cpu_s": count / self.cpu_s,
            "ratio": reference.wall_s / self.wall_s,
            "cpu_ratio": reference.cpu_s / self.cpu_s,
            "largest_difference": float(np.abs(ours - theirs).max()),
            "least_cosine": float(((ours * theirs).sum(1) / norms).min()),
        }


class Reference:
    """A tower as the reference runs it, with the weights of one of ours that is not packed yet."""

    def __init__(
        self, tower: Transformer, project: nn.Linear, embed: nn.Linear | None, attention: str
    ) -> None:
        sizes = tower.config
        config = BertConfig(
            vocab_size=sizes.vocab_size,
            hidden_size=sizes.hidden_size,
            num_hidden_layers=sizes.num_layers,
            num_attention_heads=sizes.num_heads,
            intermediate_size=sizes.intermediate_size,
            max_position_embeddings=sizes.max_positions,
            attn_implementation=attention,
        )
        self.bert = BertModel(config).eval()
        self.bert.load_state_dict(tower.state_dict())
        self.length = sizes.max_positions
        self.embed, self.project = embed, project

    @torch.inference_mode()
    def encode(self, pieces: Sequence[Tensor]) -> Array:
        """Encode pieces, positions each, one after another."""
        return np.concatenate([self._piece(piece) for piece in pieces])

    def _piece(self, positions: Tensor) -> Array:
        segments = list(segments_of(0, len(positions), self.length))
        parts = [self._segment(positions[s.start : s.start + s.length]) for s in segments]
        shares = torch.tensor([s.weight for s in segments])[:, None] / len(positions)
        pooled: Array = (torch.cat(parts) * shares).sum(0, keepdim=True).numpy()
        return pooled

    def _segment(self, positions: Tensor) -> Tensor:
        padding = self.length - len(positions)
        mask = torch.cat([torch.ones(len(positions)), torch.zeros(padding)])[None]
        padded = nn.functional.pad(positions, (0, 0, 0, padding))
        if self.embed is not None:
            one_hot = nn.functional.one_hot(padded.long(), PATCH_VOCABULARY).float().flatten(1)
            padded = self.embed(one_hot)
        hidden = self.bert(inputs_embeds=padded[None], attention_mask=mask).last_hidden_state
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        projected: Tensor = self.project(mean)
        return projected


def build() -> Clamp3:
    """Build a model with two published towers, and a text tower that takes no room."""
    none = TransformerConfig(8, 1, 1, 8, 3, 3, 1, 1e-5)
    official = Clamp3Config.official("generated")
    config = Clamp3Config("generated", official.dim, none, official.symbolic, official.audio)
    with torch.device("meta"):
        model = Clamp3(config)
    shapes = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    state = {key: torch.from_numpy(weights(key, shape)) for key, shape in shapes.items()}
    model.load_state_dict(state, assign=True)
    return model.eval()


def no_tokenizer(text: str) -> list[int]:
    raise NotImplementedError(text)


def read_scores(folder: Path, count: int) -> list[str]:
    """Read scores of the development set, interleaved."""
    with (folder / "dev.jsonl.zst").open("rb") as file:
        stream = zstandard.ZstdDecompressor().stream_reader(file)
        records = map(json.loads, io.TextIOWrapper(stream, "utf-8"))
        written = [record["abc"] for record in records if record["abc"]]
    return [interleave(abc).text for abc in spread(written, count)]


def read_performances(folder: Path, count: int) -> tuple[list[str], list[Array]]:
    """Read its MIDI files as MTF, and draw audio features as long as each of them lasts."""
    texts, features = [], []
    generator = np.random.Generator(np.random.PCG64(0))
    files = parquet.read_table(folder / "midi_from_abc.parquet")["midi"].to_pylist()
    for data in spread(files, count):
        try:
            (piece,) = read_midi(data)
        except Clamp3Error:
            continue  # three of 1,390 are cut short or have no notes
        texts.append(piece.text)
        windows = max(1, round(piece.duration / WINDOW_S))
        features.append(generator.standard_normal((windows, 768), np.float32) * np.float32(0.7))
    return texts, features


def spread(files: Sequence[Any], count: int) -> list[Any]:
    """Take every n-th file by length, in an order that mixes lengths."""
    order = sorted(range(len(files)), key=lambda i: len(files[i]))
    step = max(1, len(order) // count)
    chosen = order[step // 2 :: step][:count]
    return [files[i] for i in np.random.default_rng(0).permutation(chosen)]


def compare(sides: dict[str, Side], pieces: list[Any], chunk: int) -> dict[str, dict[str, float]]:
    """Run all sides by turns; what came of each."""
    names = list(sides)
    for side in sides.values():
        side.encode(pieces[:1])  # the first call packs weights and picks kernels
    for i, start in enumerate(range(0, len(pieces), chunk)):
        shift = i % len(names)
        for name in names[shift:] + names[:shift]:
            sides[name].run(pieces[start : start + chunk])
    reference = sides["reference"]
    return {name: side.figures(len(pieces), reference) for name, side in sides.items()}


def matrix_rates(encoders: dict[str, Clamp3Encoder], repeat: int = 3) -> dict[str, float]:
    """GFLOP per second of a large product by torch, and of whole segments of 512, by turns."""
    n, length = 4096, 512
    a, b = torch.randn(n, n), torch.randn(n, n)
    sizes = next(iter(encoders.values())).config.symbolic
    hidden, inner = sizes.hidden_size, sizes.intermediate_size
    a_position = 2 * (4 * hidden**2 + 2 * hidden * inner) + 4 * length * hidden
    segment = sizes.num_layers * length * a_position
    text = "K:C\n" + "[V:1]C2 D2|\n" * (length - 3)
    works: dict[str, tuple[Callable[[], object], int]] = {"product": (lambda: a @ b, 2 * n**3)}
    for name, encoder in encoders.items():
        works[name] = (lambda encoder=encoder: encoder.encode_score([text] * 4), 4 * segment)
    rates: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeat):
        for name, (work, flop) in works.items():
            start = time.perf_counter()
            work()
            rates[name].append(flop / (time.perf_counter() - start) / 1e9)
    return {name: float(np.median(found)) for name, found in rates.items()}


def print_tower(tower: str, ways: dict[str, dict[str, float]]) -> None:
    for way, f in ways.items():
        print(
            f"| {tower} | {way} | {f['pieces_per_s']:.2f} | {f['pieces_per_cpu_s']:.2f}"
            f" | {f['ratio']:.2f} | {f['cpu_ratio']:.2f} | {f['largest_difference']:.1e}"
            f" | {f['least_cosine']:.5f} |",
            flush=True,
        )


def print_rates(rates: dict[str, float]) -> None:
    print("| what | GFLOP/s | of the product |\n|---|---|---|")
    for name, rate in rates.items():
        what = "product of 4096, fp32" if name == "product" else f"segments of 512, {name}"
        print(f"| {what} | {rate:.0f} | {rate / rates['product']:.0%} |")
    print(flush=True)


def passed(report: dict[str, Any]) -> bool:
    """Tell whether the numbers are the reference's, as far as each precision goes."""
    return all(
        ways["fp32"]["largest_difference"] <= TOLERANCE
        and all(f["least_cosine"] >= COSINE for f in ways.values())
        for ways in report["towers"].values()
    )


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Compare the rate with that of a product, then all three towers; tells on the way."""
    torch.set_num_threads(options.threads)
    model = build()
    patch, audio = model.symbolic_model, model.audio_model
    symbolic = Reference(
        patch.base, model.symbolic_proj, patch.patch_embedding, options.attention
    ).encode
    heard = Reference(audio, model.audio_proj, None, options.attention).encode
    encoders = {
        NAMES[dtype]: Clamp3Encoder(
            copy.deepcopy(model), no_tokenizer, weights_sha256="", dtype=dtype
        )
        for dtype in PRECISIONS
        if can_pack(dtype)
    }
    print(f"{options.threads} threads, torch {torch.__version__}, {options.pieces} pieces a tower")
    rates = matrix_rates(encoders)
    print_rates(rates)
    scores = read_scores(DATA, options.pieces)
    performances, features = read_performances(DATA, options.pieces)
    ways: dict[str, tuple[list[Any], Encode, str]] = {
        "score": (scores, lambda x: symbolic(_patches(x)), "encode_score"),
        "performance": (performances, lambda x: symbolic(_patches(x)), "encode_performance"),
        "audio": (features, lambda x: heard([_framed(y) for y in x]), "encode_audio"),
    }
    towers = {}
    print("| tower | way | pieces/s | pieces/CPU s | ratio | by CPU s | difference | cosine |")
    print("|---|---|---|---|---|---|---|---|")
    for name, (pieces, reference, method) in ways.items():
        sides = {"reference": Side(reference)}
        sides |= {way: Side(getattr(e, method)) for way, e in encoders.items()}
        towers[name] = compare(sides, pieces, options.chunk)
        print_tower(name, towers[name])
    return {
        "threads": options.threads,
        "torch": torch.__version__,
        "attention": options.attention,
        "pieces": options.pieces,
        "towers": towers,
        "gflop_per_s": rates,
    }


def _patches(pieces: list[str]) -> list[Tensor]:
    return [torch.from_numpy(patchify(piece)) for piece in pieces]


def _framed(features: Array) -> Tensor:
    return nn.functional.pad(torch.from_numpy(features), (0, 0, 1, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--pieces", type=int, default=48, help="of each tower")
    parser.add_argument("--chunk", type=int, default=24, help="pieces of one turn")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--attention", choices=("eager", "sdpa"), default="eager")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report = measure(options)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    sys.exit(0 if passed(report) else 1)


if __name__ == "__main__":
    main()
