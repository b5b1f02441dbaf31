"""From every modality to every other, and from texts in languages: tables over searches.

Works on folders of saved embeddings in the reference's layout (``features``) and on a ``Space`` of
records. Records may carry their own translations, ``{"language": "ru", "background": …}``, as M4-RAG
has them.
"""

from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path

import numpy as np

from clamp3_models.evaluation import intervals
from clamp3_models.evaluation.features import Features, pair, read_features
from clamp3_models.evaluation.pieces import FREE_TEXTS, Piece
from clamp3_models.evaluation.report import Figure, Row, Table, retrieval_row, rows
from clamp3_models.evaluation.retrieval import ranks
from clamp3_models.evaluation.space import Embedded, Form, Found, Members, Space, search

METADATA = "metadata"
"""Name of the query text that is made of all true metadata without the title."""
QUERIES = (METADATA, *FREE_TEXTS)


def texts_of(pieces: Sequence[Piece], query: str) -> dict[int, str]:
    """Take a text of every piece that has it, by index."""
    told = (p.text if query == METADATA else p.texts.get(query, "") for p in pieces)
    return {i: text for i, text in enumerate(told) if text.strip()}


def translations_of(pieces: Sequence[Piece], query: str) -> dict[str, dict[int, str]]:
    """Take the texts that records carry themselves, by language; their own are English."""
    found = {"en": texts_of(pieces, query)}
    for i, piece in enumerate(pieces):
        language, text = piece.translations.get("language", ""), piece.translations.get(query, "")
        if language and text:
            found.setdefault(language, {})[i] = text
    return found


def search_features(queries: Features, references: Features) -> Found:
    """Rank the reference of every query of two folders; members are rows of the queries."""
    pairing = pair(queries, references)
    found = ranks(
        queries.embeddings[pairing.query_index],
        references.embeddings[pairing.reference_index],
        pairing.target_index,
    )
    return Found(pairing.query_index, found, len(pairing.reference_index))


def cross_folders(folders: Sequence[Path]) -> Table:
    """Search from every folder in every other."""
    features = {folder.name: read_features(folder) for folder in folders}
    return _crossed(
        {(a, b): search_features(features[a], features[b]) for a, b in permutations(features, 2)}
    )


def cross_records(space: Space, text: Mapping[int, str]) -> Table:
    """Search from texts, scores and performances of records in each other.

    Parameters
    ----------
    space
        Of the pieces.
    text
        Query text of pieces, by index.
    """
    everything: Members = np.arange(len(space.pieces))
    known = np.array(sorted(text), np.int64)
    kinds = {
        "text": Embedded(known, space.texts([text[i] for i in known.tolist()])),
        "score": space.music(Form.SCORE, everything),
        "performance": space.music(Form.PERFORMANCE, everything),
        "recording": space.music(Form.RECORDING, everything),
    }
    there = {name: kind for name, kind in kinds.items() if len(kind.members)}
    return _crossed({(a, b): search(there[a], there[b]) for a, b in permutations(there, 2)})


def _crossed(found: Mapping[tuple[str, str], Found]) -> Table:
    return Table(
        "cross_modal",
        "From every modality to every other",
        "Each query's own piece among all of the other kind.",
        rows(*(retrieval_row(f"{a} to {b}", each) for (a, b), each in found.items())),
    )


def multilingual_folders(queries: Path, references: Path, baseline: str = "en") -> Table:
    """Search from one folder of queries a language; sub-folders are named by language."""
    music = read_features(references)
    folders = sorted(folder for folder in queries.iterdir() if folder.is_dir())
    return _by_language(
        {folder.name: search_features(read_features(folder), music) for folder in folders},
        baseline,
    )


def multilingual_records(
    space: Space, texts: Mapping[str, Mapping[int, str]], baseline: str = "en"
) -> Table:
    """Search from texts that records carry themselves, by language.

    Parameters
    ----------
    space
        Of the pieces.
    texts
        By language, then by index of the piece.
    baseline
        Language that others are compared with.
    """
    music = space.music(Form.SCORE, np.arange(len(space.pieces)))
    found = {}
    for language, of_piece in texts.items():
        members = np.array(sorted(of_piece), np.int64)
        vectors = space.texts([of_piece[i] for i in members.tolist()], f"texts ({language})")
        found[language] = search(Embedded(members, vectors), music)
    return _by_language(found, baseline)


def _by_language(found: Mapping[str, Found], baseline: str) -> Table:
    lines = []
    for language, each in found.items():
        row = retrieval_row(language, each)
        if row is None:
            continue
        figures: dict[str, Figure] = dict(row.figures)
        base = found.get(baseline)
        if base is not None and len(base.ranks):
            figures[f"MRR to {baseline}"] = float(np.mean(1 / each.ranks) / np.mean(1 / base.ranks))
        lines.append(Row(language, figures))
    others = [
        1 / each.ranks for name, each in found.items() if name != baseline and len(each.ranks)
    ]
    if others:
        value = float(np.mean([values.mean() for values in others]))
        drawn = [intervals.counts(len(v)) @ v / len(v) for v in others]
        mean = intervals.estimate(value, np.mean(drawn, axis=0))
        lines.append(Row(f"mean without {baseline}", {"MRR": mean}))
    return Table(
        "multilingual",
        "Text in languages to music",
        "Each query's own piece among all references.",
        tuple(lines),
    )
