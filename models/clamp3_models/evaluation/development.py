"""Every figure that says how good a model of scores and performances is, from records alone.

The query text of a piece is its true metadata without the title (``training.texts.full_text``). A
piece is searched for among all pieces of its group: those whose licence class the shipped weights may
learn from, or all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from clamp3_models.evaluation.languages import LANGUAGES, language_tables
from clamp3_models.evaluation.pieces import SHIPPED_CLASSES, Piece, Pieces
from clamp3_models.evaluation.report import Report, Row, Table, retrieval_row, rows
from clamp3_models.evaluation.space import Form, Members, Space, Stage, search
from clamp3_models.evaluation.translations import TableOfConcepts
from clamp3_models.evaluation.zero_shot import CATEGORIES, truth_of, zero_shot_row
from clamp3_plugin.encoding import Encoder

SAMPLE = 300
_LEAST_OF_SOURCE = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    sample: int | None = SAMPLE
    """Queries in other languages and of changed performances; None asks all."""
    languages: tuple[str, ...] = LANGUAGES
    table: TableOfConcepts | None = None
    """Translations from other hands, beside the shipped vocabulary."""
    seed: int = 0


def evaluate(
    encoder: Encoder, pieces: Pieces, plan: Plan | None = None, stage: Stage | None = None
) -> tuple[Space, Report]:
    """Measure a model; the space holds the embeddings for what is drawn of it.

    Parameters
    ----------
    encoder
        What ``clamp3_models.load_model`` gives.
    pieces
        What ``pieces.read_pieces`` gives.
    plan
        How much to measure.
    stage
        Is told what is being embedded.
    """
    space = Space(encoder, pieces.members, stage or _silent)
    return space, measure(space, plan or Plan(), pieces.unread)


def measure(space: Space, plan: Plan, unread: Sequence[str] = ()) -> Report:
    """Measure what a space holds; embeddings it has already are not computed again."""
    groups = groups_of(space.pieces)
    parts = (
        _text_to_score(space, groups),
        _by_source(space, groups),
        _text_to_performance(space, groups, plan),
        _score_and_performance(space, groups, plan),
        _passages(space, groups),
        *language_tables(
            space, groups.main, _sample(groups.main, plan), plan.languages, plan.table
        ),
        _zero_shot(space, groups),
    )
    empty = [f"{table.title}: no piece has what it needs" for table in parts if not table.rows]
    return Report(
        model=space.encoder.space,
        data=_counts(space.pieces),
        tables=tuple(table for table in parts if table.rows),
        missing=(*empty, *unread),
    )


@dataclass(frozen=True, slots=True)
class Groups:
    """Which pieces are searched together."""

    main: Members
    """Those that the shipped weights may learn from; all where no piece says its class."""
    all: Members
    by_class: dict[str, Members]
    name: str
    """Of the main group."""


def groups_of(pieces: Sequence[Piece]) -> Groups:
    """Group pieces by licence class."""
    everything = np.arange(len(pieces))
    classes = np.array([piece.licence_class for piece in pieces], str)
    by_class = {name: everything[classes == name] for name in np.unique(classes) if name}
    main = everything[np.isin(classes, sorted(SHIPPED_CLASSES))]
    if not len(main):
        return Groups(everything, everything, {}, "all")
    return Groups(main, everything, by_class, "open and permission")


def _silent(name: str, done: int, total: int) -> None:
    """Say nothing."""


def _text(piece: Piece) -> str:
    return piece.text


def _sample(members: Members, plan: Plan) -> Members:
    if plan.sample is None or plan.sample >= len(members):
        return members
    chosen = np.random.default_rng(plan.seed).choice(members, plan.sample, replace=False)
    return np.sort(chosen)


def _counts(pieces: Sequence[Piece]) -> dict[str, int]:
    shipped = [piece for piece in pieces if piece.licence_class in SHIPPED_CLASSES]
    return {
        "pieces": len(pieces),
        "scores": sum(bool(piece.score) for piece in pieces),
        "scores of the classes open and permission": sum(bool(piece.score) for piece in shipped),
        "performances made from a score": sum(bool(piece.performance) for piece in pieces),
        "other MIDI files": sum(bool(piece.recording) for piece in pieces),
        "pieces with a passage to search for": sum(bool(piece.passage) for piece in pieces),
    }


def _text_to_score(space: Space, groups: Groups) -> Table:
    def measured(form: Form, note: str) -> Iterator[Row | None]:
        music = space.music(form, groups.all)
        texts = space.queries(music.members, _text)
        main = search(texts.among(groups.main), music.among(groups.main))
        yield retrieval_row(f"{groups.name}{note}", main)
        if groups.by_class:
            found = search(texts, music)
            yield retrieval_row(f"all{note}", found)
            for name, members in groups.by_class.items():
                yield retrieval_row(f"all{note}: {name}", found.among(members))

    return Table(
        "text_to_score",
        "Text to score",
        "True metadata without the title, to the score. Ranks of `all: …` are among all scores."
        " *Without headers*: the lines of key, metre, tempo and unit length are removed from every"
        " score. *Best possible*: pieces with the same text share the first ranks.",
        rows(
            *measured(Form.SCORE, ""),
            *measured(Form.SCORE_BLIND, ", without headers"),
            _ceiling(space, groups),
        ),
    )


def _ceiling(space: Space, groups: Groups) -> Row | None:
    """Give what a model without fault would reach: a text cannot tell its pieces apart."""
    texts = [space.pieces[i].text for i in groups.main.tolist() if space.pieces[i].score]
    if not texts:
        return None
    seen: dict[str, int] = {}
    ranks = np.array([seen.setdefault(text, 0) for text in texts])
    for i, text in enumerate(texts):
        seen[text] += 1
        ranks[i] = seen[text]
    figures = {"queries": len(texts), "references": len(texts), "MRR": float(np.mean(1 / ranks))}
    return Row(f"{groups.name}, best possible", figures)


def _by_source(space: Space, groups: Groups) -> Table:
    music = space.music(Form.SCORE, groups.all)
    found = search(space.queries(music.members, _text), music)
    sources = np.array([piece.source for piece in space.pieces], str)
    named = [
        retrieval_row(name, found.among(groups.all[sources == name]))
        for name in np.unique(sources[found.members])
        if name and (sources[found.members] == name).sum() >= _LEAST_OF_SOURCE
    ]
    return Table(
        "text_to_score_by_source",
        "Text to score, by collection",
        f"Ranks among all scores; collections of at least {_LEAST_OF_SOURCE} pieces.",
        rows(*named),
    )


def _text_to_performance(space: Space, groups: Groups, plan: Plan) -> Table:
    def measured(form: Form, members: Members, label: str) -> Row | None:
        music = space.music(form, members)
        return retrieval_row(label, search(space.queries(music.members, _text), music))

    everywhere = groups.by_class and plan.sample is None
    return Table(
        "text_to_performance",
        "Text to performance",
        "True metadata without the title, to a MIDI file made from the score; *recordings* are MIDI"
        " files that somebody made or played. *Without signatures*: tempo, metre and key are removed.",
        rows(
            measured(Form.PERFORMANCE, groups.main, groups.name),
            measured(Form.PERFORMANCE, groups.all, "all") if everywhere else None,
            measured(Form.PERFORMANCE_BLIND, groups.main, f"{groups.name}, without signatures")
            if plan.sample is None
            else None,
            measured(Form.RECORDING, groups.main, f"recordings, {groups.name}"),
            measured(Form.RECORDING, groups.all, "recordings, all") if everywhere else None,
        ),
    )


def _score_and_performance(space: Space, groups: Groups, plan: Plan) -> Table:
    scores = space.music(Form.SCORE, groups.main)
    performances = space.music(Form.PERFORMANCE, groups.main)
    found = [
        retrieval_row("score to performance", search(scores, performances)),
        retrieval_row("performance to score", search(performances, scores)),
    ]
    both = scores.among(performances.members).members
    for form in (Form.TRANSPOSED, Form.FASTER, Form.PERFORMANCE_BLIND):
        changed = space.music(form, _sample(both, plan))
        name = f"{_CHANGES[form]} performance"
        found.append(retrieval_row(f"{name} to score", search(changed, scores)))
        if plan.sample is None:
            found.append(retrieval_row(f"score to {name}", search(scores, changed)))
    return Table(
        "score_and_performance",
        "Score and performance of the same piece",
        f"Pieces of the group *{groups.name}*; the performance is a MIDI file made from the score.",
        rows(*found),
    )


_CHANGES = {
    Form.TRANSPOSED: "transposed (+3 semitones)",
    Form.FASTER: "faster (x 1.25)",
    Form.PERFORMANCE_BLIND: "signature-less",
}


def _passages(space: Space, groups: Groups) -> Table:
    rest = space.music(Form.REST, groups.main)
    found = search(space.music(Form.PASSAGE, groups.main), rest)
    return Table(
        "passages",
        "Passage to its own piece",
        "One passage of 8 bars of every piece that has two or more, to the piece without these bars,"
        " among all pieces of the group.",
        rows(retrieval_row(groups.name, found)),
    )


def _zero_shot(space: Space, groups: Groups) -> Table:
    found: list[Row] = []
    for category in CATEGORIES:
        for form, note in ((Form.SCORE, ""), (Form.SCORE_BLIND, ", without headers")):
            music = space.music(form, groups.main)
            pieces = [space.pieces[i] for i in music.members.tolist()]
            truth = truth_of(pieces, category)
            if truth is None:
                continue
            sources = [pieces[i].source for i in truth.rows.tolist()]
            texts = space.texts(truth.texts)
            found.append(
                zero_shot_row(
                    category.name + note, truth, music.vectors[truth.rows], texts, sources
                )
            )
    return Table(
        "zero_shot",
        "Zero-shot classification of scores",
        "The class whose English name lies nearest. A piece is filed under the first genre it states;"
        " for *any genre* each that it states is right. *Macro* averages over classes. *Less the mean*:"
        " what a class scores on average is taken off first. *Most frequent* always answers the"
        " largest class; *by collection* knows the collection of each piece and answers its largest"
        " class: what lies between them may be learned from a collection's habits of notation.",
        tuple(found),
    )
