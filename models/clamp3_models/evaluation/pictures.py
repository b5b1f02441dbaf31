"""Pictures of a report: languages as bars, similarities as histograms, the space as a map.

Needs the extra ``eval`` (matplotlib, scikit-learn); a UMAP map is drawn where umap-learn is installed.
What cannot be drawn is named in the report.

References
----------
van der Maaten & Hinton, "Visualizing Data using t-SNE", JMLR 2008.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clamp3_models.evaluation.development import groups_of
from clamp3_models.evaluation.intervals import Estimate
from clamp3_models.evaluation.report import Report, Table
from clamp3_models.evaluation.retrieval import pairwise_similarity
from clamp3_models.evaluation.space import Embedded, Form, Members, Space
from clamp3_models.training.texts import labels
from clamp3_plugin.encoding import normalize

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_POINTS = 400
"""Pieces on a map; more hide each other, and t-SNE takes long."""
_MOST_GENRES = 9
_FEWEST_POINTS = 10
_SEED = 0
Points = NDArray[np.float32]
"""float32, shape ``(n, 2)``."""


def draw(report: Report, space: Space, folder: Path) -> Report:
    """Draw what there is data for into a folder, and name the files in the report.

    Parameters
    ----------
    report
        What ``development.evaluate`` gave.
    space
        The same run's embeddings; nothing is embedded anew that is there.
    folder
        Made where it is not there.
    """
    lacking = [name for name in ("matplotlib", "sklearn") if find_spec(name) is None]
    if lacking:
        why = f"pictures: {' and '.join(lacking)} not installed (pip install 'clamp3-plugin[eval]')"
        return replace(report, missing=(*report.missing, why))
    folder.mkdir(parents=True, exist_ok=True)
    drawn: list[str] = []
    missing: list[str] = []
    for name, paint in _pictures(report, space, missing):
        _save(folder / name, paint)
        drawn.append(name)
    return replace(report, pictures=tuple(drawn), missing=(*report.missing, *missing))


Paint = Callable[["Axes"], None]


def _pictures(report: Report, space: Space, missing: list[str]) -> Iterator[tuple[str, Paint]]:
    tables = [table for table in report.tables if table.name.startswith("languages_")]
    if tables:
        yield "languages.png", lambda axes: _languages(axes, tables)
    main = groups_of(space.pieces).main
    scores = space.music(Form.SCORE, main)
    texts = space.queries(scores.members, lambda piece: piece.text)
    if len(texts.members) < _FEWEST_POINTS:
        missing.append(f"pictures of the space: fewer than {_FEWEST_POINTS} scores with a text")
        return
    performances = space.music(Form.PERFORMANCE, main)
    yield "similarities.png", lambda axes: _similarities(axes, texts, scores, performances)
    yield from _maps("tsne", tsne, space, (texts, scores, performances))
    if find_spec("umap") is None:
        missing.append("UMAP maps: umap-learn is not installed")
    else:
        yield from _maps("umap", umap, space, (texts, scores, performances))


def _save(path: Path, paint: Paint) -> None:
    from matplotlib.figure import Figure  # noqa: PLC0415 - in the extra `eval`

    figure = Figure(figsize=(9, 6), layout="constrained")
    paint(figure.add_subplot())
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _languages(axes: "Axes", tables: Sequence[Table]) -> None:
    width = 0.8 / len(tables)
    for i, table in enumerate(tables):
        shown = [(row.label, row.figures["MRR"]) for row in table.rows]
        known = [(label, mrr) for label, mrr in shown if isinstance(mrr, Estimate)]
        values = np.array([mrr.value for _, mrr in known])
        spans = np.array([[mrr.value - mrr.low, mrr.high - mrr.value] for _, mrr in known]).T
        places = np.arange(len(known)) + (i - (len(tables) - 1) / 2) * width
        name = table.title.rpartition(": ")[2]
        axes.bar(places, values, width, yerr=np.maximum(spans, 0), label=name, capsize=2)
        axes.set_xticks(np.arange(len(known)), [label for label, _ in known])
    axes.set_ylabel("MRR, with 95 % intervals")
    axes.set_title("Text to score by the language of the query")
    axes.legend()


def _similarities(axes: "Axes", texts: Embedded, scores: Embedded, performances: Embedded) -> None:
    """Set what belongs together beside what does not: each query with the next piece's music."""
    for name, queries, music in (
        ("text and score", texts, scores),
        ("performance and score", performances, scores),
    ):
        asked, found = queries.among(music.members), music.among(queries.members)
        if not len(asked.members):
            continue
        own = pairwise_similarity(asked.vectors, found.vectors)
        other = pairwise_similarity(asked.vectors, np.roll(found.vectors, 1, axis=0))
        edges = np.linspace(min(other.min(), own.min()), 1, 60)
        (bars,) = axes.step(edges[:-1], np.histogram(own, edges)[0], label=f"{name}, same piece")
        axes.step(
            edges[:-1], np.histogram(other, edges)[0], label=f"{name}, another piece",
            color=bars.get_color(), linestyle=":",
        )  # fmt: skip
    axes.set_xlabel("cosine")
    axes.set_ylabel("pairs")
    axes.set_title("Similarity of what belongs together, and of what does not")
    axes.legend()


def _maps(
    name: str, project: Callable[[Points], Points], space: Space, kinds: Sequence[Embedded]
) -> Iterator[tuple[str, Paint]]:
    """Draw all modalities in one map, and the scores alone by genre."""
    texts, scores, performances = kinds
    chosen = _some(scores.members)
    shown = [kind.among(chosen) for kind in (texts, scores, performances)]
    points = project(np.concatenate([normalize(kind.vectors) for kind in shown]))
    parts = np.split(points, np.cumsum([len(kind.members) for kind in shown])[:-1])
    by_modality = dict(zip(("text", "score", "performance"), parts, strict=True))
    title = f"{name}: the same pieces in every modality"
    yield f"{name}_modality.png", lambda axes: _scatter(axes, by_modality, title)
    genres = _by_genre(space, shown[1].members, parts[1])
    if genres:
        about = f"{name}: scores by the first genre that is stated"
        yield f"{name}_genre.png", lambda axes: _scatter(axes, genres, about)


def _some(members: Members) -> Members:
    if len(members) <= _MOST_POINTS:
        return members
    chosen = np.random.default_rng(_SEED).choice(members, _MOST_POINTS, replace=False)
    return np.sort(chosen)


def _by_genre(space: Space, members: Members, points: Points) -> dict[str, Points]:
    stated = [
        next((f.concept for f in space.pieces[i].facts if f.field == "genres" and f.concept), "")
        for i in members.tolist()
    ]
    common = [tag for tag, _ in Counter(tag for tag in stated if tag).most_common(_MOST_GENRES)]
    tags = np.array(stated, str)
    return {labels()[tag]["en"]: points[tags == tag] for tag in common}


def _scatter(axes: "Axes", groups: dict[str, Points], title: str) -> None:
    for i, (name, points) in enumerate(groups.items()):
        axes.scatter(points[:, 0], points[:, 1], s=12, alpha=0.7, label=name, color=f"C{i}")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title)
    axes.legend(markerscale=2)


def tsne(vectors: Points) -> Points:
    """Lay unit vectors, shape ``(n, D)``, out in the plane so that neighbours stay neighbours."""
    from sklearn.manifold import TSNE  # noqa: PLC0415 - in the extra `eval`

    perplexity = min(30.0, (len(vectors) - 1) / 3)
    made = TSNE(2, perplexity=perplexity, metric="cosine", init="random", random_state=_SEED)
    return np.asarray(made.fit_transform(vectors), np.float32)


def umap(vectors: Points) -> Points:
    """Do the same by UMAP, where umap-learn is installed."""
    from umap import UMAP  # noqa: PLC0415 - optional

    made = UMAP(n_components=2, metric="cosine", random_state=_SEED)
    return np.asarray(made.fit_transform(vectors), np.float32)
