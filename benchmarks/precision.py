"""What fewer bits cost in finding: mini in each precision on the development set.

    python benchmarks/precision.py [--every 2] [DATA]

Encodes every n-th piece of DATA (``../shared/data/dev``) as text, score and performance and ranks
all of one kind for each of another; prints the mean reciprocal rank (MRR) of each precision that the
processor has, and its loss beside float32. Fails where int8 loses more than 1 % of it. mini is the one
model with trained weights that comes with the package; texts are never computed in int8.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from clamp3_models import load_model
from clamp3_models.device import NAMES
from clamp3_models.evaluation.pieces import read_pieces, records_in
from clamp3_models.evaluation.retrieval import mean_reciprocal_rank, ranks
from clamp3_models.packed_linear import can_pack
from clamp3_plugin.encoding import Embeddings, normalize

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "dev"
LOSS = 0.01
WAYS = (("text", "score"), ("text", "performance"), ("performance", "score"))


def encoded(precision: str, contents: dict[str, list[str]]) -> dict[str, Embeddings]:
    encoder = load_model("mini", device="cpu", precision=precision)
    return {
        "text": normalize(encoder.encode_text(contents["text"])),
        "score": normalize(encoder.encode_score(contents["score"])),
        "performance": normalize(encoder.encode_performance(contents["performance"])),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("data", nargs="?", type=Path, default=DATA)
    parser.add_argument("--every", type=int, default=2)
    options = parser.parse_args()
    read = read_pieces(records_in(options.data)).members
    pieces = [p for p in read if p.score and p.performance and p.text][:: options.every]
    contents = {
        "text": [piece.text for piece in pieces],
        "score": [piece.score for piece in pieces],
        "performance": [piece.performance for piece in pieces],
    }
    own = np.arange(len(pieces))
    print(f"{len(pieces)} pieces, torch {torch.__version__}")
    print(
        "| precision | from | to | MRR | loss | least cosine to fp32 |\n|---|---|---|---|---|---|"
    )
    exact: dict[str, Embeddings] = {}
    before: dict[tuple[str, str], float] = {}
    worst = 0.0
    for dtype in (torch.float32, torch.bfloat16, torch.int8):
        if not can_pack(dtype):
            continue
        vectors = encoded(NAMES[dtype], contents)
        exact = exact or vectors
        for way in WAYS:
            mrr = mean_reciprocal_rank(ranks(vectors[way[0]], vectors[way[1]], own))
            loss = 1 - mrr / before.setdefault(way, mrr)
            cosine = min(float((vectors[kind] * exact[kind]).sum(1).min()) for kind in way)
            print(
                f"| {NAMES[dtype]} | {way[0]} | {way[1]} | {mrr:.4f} | {loss:+.2%} | {cosine:.5f} |",
                flush=True,
            )
            worst = max(worst, loss if dtype is torch.int8 else 0.0)
    return int(worst > LOSS)


if __name__ == "__main__":
    sys.exit(main())
