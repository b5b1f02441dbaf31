"""Tables over modalities and languages: of folders of embeddings and of records."""

from pathlib import Path

import numpy as np
import pytest

from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.evaluation.crossing import (
    cross_folders,
    cross_records,
    multilingual_folders,
    texts_of,
)
from clamp3_models.evaluation.pieces import Pieces
from clamp3_models.evaluation.space import Space
from clamp3_models.evaluation.tags import tags_table

NAMES = [f"song{i}" for i in range(6)]


def save(folder: Path, rows: np.ndarray) -> Path:
    folder.mkdir(parents=True)
    for name, row in zip(NAMES, rows, strict=True):
        np.save(folder / f"{name}.npy", row[None].astype(np.float32))
    return folder


def test_every_ordered_pair_of_folders_is_searched(tmp_path: Path):
    rows = np.eye(6)
    folders = [save(tmp_path / name, rows) for name in ("text", "score")]
    folders.append(save(tmp_path / "audio", np.roll(rows, 1, axis=0)))

    table = cross_folders(folders)

    assert len(table.rows) == 6
    assert table.row("text to score").estimate("MRR").value == 1
    assert table.row("text to audio").estimate("Hit@1").value == 0


def test_languages_are_compared_with_the_baseline(tmp_path: Path):
    rows = np.eye(6)
    save(tmp_path / "queries" / "en", rows)
    save(tmp_path / "queries" / "fi", rows - 0.9 * np.eye(6) + 0.5 * np.roll(np.eye(6), 1, axis=0))

    table = multilingual_folders(tmp_path / "queries", save(tmp_path / "music", rows))

    assert table.row("en").estimate("MRR").value == 1
    assert table.row("fi").figures["MRR to en"] == pytest.approx(0.5)
    assert table.row("mean without en").estimate("MRR").value == pytest.approx(0.5)


def test_records_are_searched_in_all_the_forms_they_have(tiny: Clamp3Encoder, tunes: Pieces):
    space = Space(tiny, tunes.members, lambda *_: None)

    table = cross_records(space, texts_of(tunes.members, "metadata"))

    assert [row.label for row in table.rows] == [
        "text to score", "text to performance", "score to text",
        "score to performance", "performance to text", "performance to score",
    ]  # fmt: skip
    assert table.row("score to performance").figures["references"] == 11


def test_tags_are_judged_in_the_categories_that_are_stated(tiny: Clamp3Encoder, tunes: Pieces):
    table = tags_table(Space(tiny, tunes.members, lambda *_: None))

    rows = {row.label: row.figures for row in table.rows}
    assert set(rows) == {"genre", "dance"}
    assert rows["dance"]["pieces"] == 8
    assert rows["dance"]["most stated at 1"] == 0.5
    assert rows["dance"]["most stated at 3"] == 1
    assert (
        table.row("dance").estimate("right at 1").value
        <= table.row("dance").estimate("right at 5").value
    )
