"""Measure a model on the development pieces: text to score, text to performance, score to performance.

    python benchmarks/evaluate_dev.py MODEL_FOLDER [--data ../shared/data] [--all]

Takes the pieces of the licence classes open and permission (all with --all). A query is the piece's
metadata without title and free text, so pieces with equal metadata cannot be told apart: the best
possible MRR is printed beside the measured one, and chance as well.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clamp3_models.evaluation.retrieval import hit_rate, mean_reciprocal_rank, ranks
from clamp3_models.training.records import read_records
from clamp3_models.training.texts import facts_of, full_text
from clamp3_models.weights import load_model
from clamp3_plugin.music import Modality

PROJECT = Path(__file__).resolve().parents[1]


def report(name: str, query: np.ndarray, reference: np.ndarray, texts: Sequence[str]) -> None:
    n = len(query)
    found = ranks(query, reference, np.arange(n))
    chance = sum(1 / k for k in range(1, n + 1)) / n
    ceiling = np.mean([sum(1 / k for k in range(1, c + 1)) / c for c in _counts(texts)])
    best = f", best possible {ceiling:.3f}" if texts else ""
    print(
        f"{name:24} n {n:5}  MRR {mean_reciprocal_rank(found):.3f} (chance {chance:.3f}{best})"
        f"  Hit@1 {hit_rate(found, 1):.3f}  Hit@10 {hit_rate(found, 10):.3f}"
        f"  Hit@100 {hit_rate(found, 100):.3f}  median rank {int(np.median(found))}"
    )


def _counts(texts: Sequence[str]) -> list[int]:
    """For each text, how many pieces share it."""
    count = Counter(texts)
    return [count[text] for text in texts] or [1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, default=PROJECT.parent / "shared" / "data")
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    encoder = load_model(options.model)
    dev = options.data / "dev"
    records = [
        record
        for record in read_records([dev / "dev.jsonl.zst"], [dev / "midi_from_abc.parquet"])
        if options.all or record.fields["licence_class"] in {"open", "permission"}
    ]
    texts, scores, performances, both = [], [], [], []
    for record in records:
        text = full_text(facts_of(record.fields)).text
        contents = {content.modality: content.whole() for content in record.contents()}
        score, performance = contents.get(Modality.SCORE), contents.get(Modality.PERFORMANCE)
        if score:
            texts.append(text)
            scores.append(score)
        if performance:
            performances.append((text, performance))
        if score and performance:
            both.append((len(scores) - 1, len(performances) - 1))
    score_vectors = encoder.encode_score(scores)
    report("text -> score", encoder.encode_text(texts), score_vectors, texts)
    said = [text for text, _ in performances]
    performance_vectors = encoder.encode_performance([mtf for _, mtf in performances])
    report("text -> performance", encoder.encode_text(said), performance_vectors, said)
    of_scores, of_performances = (list(rows) for rows in zip(*both, strict=True))
    report(
        "score -> performance", score_vectors[of_scores], performance_vectors[of_performances], ()
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
