"""``clamp3 eval``: how well saved embeddings find what belongs to them.

Answers stand on standard output; files that could not be paired are named on standard error. With
``--json`` every line is one object and the last one is ``{"summary": …}``.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clamp3_cli import evaluate_models
from clamp3_cli.evaluate_report import report

if TYPE_CHECKING:  # importing it takes numpy along, which every start of clamp3 would wait for
    from clamp3_models.evaluation.features import Features, Pairing

_HITS = (1, 10, 100)
_folder = click.Path(file_okay=False, path_type=Path)
_json_lines = click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")


@click.group("eval")
def evaluate() -> None:
    """Measure a model, or embeddings that are saved as .npy files (see clamp3 embed).

    In folders of .npy files a query belongs to the reference whose path is the same below its
    folder, up to the first dot of the file name: QUERY_DIR/en/song.1.npy to REF_DIR/en/song.npy.
    """


for _command in (
    report,
    evaluate_models.cross_modal,
    evaluate_models.multilingual,
    evaluate_models.probe,
    evaluate_models.tags,
    evaluate_models.import_dataset,
):
    evaluate.add_command(_command)


@evaluate.command()
@click.argument("query_dir", type=_folder)
@click.argument("ref_dir", type=_folder)
@_json_lines
def retrieval(query_dir: Path, ref_dir: Path, as_json: bool) -> None:
    """Rank references for every query: MRR and Hit@k."""
    from clamp3_models.evaluation import features  # noqa: PLC0415 - brings numpy along
    from clamp3_models.evaluation import retrieval as metrics  # noqa: PLC0415 - the same

    queries, references = features.read_features(query_dir), features.read_features(ref_dir)
    pairing = features.pair(queries, references)
    ranks = metrics.ranks(
        queries.embeddings[pairing.query_index],
        references.embeddings[pairing.reference_index],
        pairing.target_index,
    )
    summary = {
        **_counts(pairing),
        "mrr": metrics.mean_reciprocal_rank(ranks),
        **{f"hit@{k}": metrics.hit_rate(ranks, k) for k in _HITS},
    }
    lines = _pair_lines(queries, references, pairing, "rank", ranks.tolist())
    _answer(sorted(lines, key=lambda line: line["rank"]), pairing, summary, as_json=as_json)


@evaluate.command()
@click.argument("query_dir", type=_folder)
@click.argument("ref_dir", type=_folder)
@click.option("--group", is_flag=True, help="Compare the means of the two folders instead.")
@_json_lines
def similarity(query_dir: Path, ref_dir: Path, group: bool, as_json: bool) -> None:
    """Compare queries with their references: mean cosine."""
    from clamp3_models.evaluation import features  # noqa: PLC0415 - brings numpy along
    from clamp3_models.evaluation import retrieval as metrics  # noqa: PLC0415 - the same

    queries, references = features.read_features(query_dir), features.read_features(ref_dir)
    if group:
        features.same_length(queries, references)
        cosine = metrics.group_similarity(queries.embeddings, references.embeddings)
        counts = {"queries": len(queries.paths), "references": len(references.paths)}
        _print_summary({**counts, "group_similarity": cosine}, as_json=as_json)
        return
    pairing = features.pair(queries, references)
    cosines = metrics.pairwise_similarity(
        queries.embeddings[pairing.query_index],
        references.embeddings[pairing.reference_index[pairing.target_index]],
    )
    summary = {**_counts(pairing), "pairwise_similarity": float(cosines.mean(dtype="float64"))}
    lines = _pair_lines(queries, references, pairing, "similarity", cosines.tolist())
    lines.sort(key=lambda line: line["similarity"], reverse=True)
    _answer(lines, pairing, summary, as_json=as_json)


@evaluate.command()
@click.argument("query", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("ref_dir", type=_folder)
@click.option("--top-k", type=click.IntRange(min=1), default=10, show_default=True)
@_json_lines
def search(query: Path, ref_dir: Path, top_k: int, as_json: bool) -> None:
    """List the references nearest to one query."""
    from clamp3_models.evaluation import features  # noqa: PLC0415 - brings numpy along
    from clamp3_models.evaluation import retrieval as metrics  # noqa: PLC0415 - the same

    question = features.read_query(query)
    references = features.read_features(ref_dir)
    features.same_length(question, references)
    nearest, cosines = metrics.nearest(question.embeddings[0], references.embeddings, top_k)
    for rank, (row, cosine) in enumerate(
        zip(nearest.tolist(), cosines.tolist(), strict=True), start=1
    ):
        key, path = references.keys[row], str(references.paths[row])
        line = {"rank": rank, "key": key, "reference": path, "similarity": cosine}
        shown = f"{rank:>4}  {cosine:7.4f}  {click.format_filename(key)}"
        click.echo(json.dumps(line) if as_json else shown)
    _print_summary({"references": len(references.paths)}, as_json=as_json)


def _counts(pairing: "Pairing") -> dict[str, int]:
    return {
        "queries": len(pairing.query_index),
        "references": len(pairing.reference_index),
        "keys": pairing.keys,
        "unmatched_queries": sum(map(len, pairing.unmatched_queries)),
        "unmatched_references": len(pairing.unmatched_references),
    }


def _pair_lines(
    queries: "Features",
    references: "Features",
    pairing: "Pairing",
    name: str,
    values: Iterable[float],
) -> list[dict[str, str | float]]:
    targets = pairing.reference_index[pairing.target_index]
    return [
        {"query": str(queries.paths[q]), "reference": str(references.paths[r]), name: value}
        for q, r, value in zip(pairing.query_index, targets, values, strict=True)
    ]


def _answer(
    lines: Iterable[Mapping[str, str | float]],
    pairing: "Pairing",
    summary: Mapping[str, object],
    *,
    as_json: bool,
) -> None:
    """Print every pair (JSON only), what has no partner, and the summary."""
    if as_json:
        for line in lines:
            click.echo(json.dumps(line))
    for side, groups in (
        ("query", pairing.unmatched_queries),
        ("reference", [(path,) for path in pairing.unmatched_references]),
    ):
        for paths in groups:
            if as_json:
                click.echo(json.dumps({f"unmatched_{side}": [str(path) for path in paths]}))
            else:
                names = ", ".join(click.format_filename(path) for path in paths)
                click.echo(f"unmatched {side}: {names}", err=True)
    _print_summary(summary, as_json=as_json)


def _print_summary(summary: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"summary": summary}))
        return
    width = max(map(len, summary))
    for name, value in summary.items():
        shown = f"{value:.4f}" if isinstance(value, float) else str(value)
        click.echo(f"{name.replace('_', ' '):{width}}  {shown}")
