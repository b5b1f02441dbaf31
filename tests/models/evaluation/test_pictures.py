"""Pictures are drawn of what was measured; what cannot be drawn is named."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.evaluation import pictures
from clamp3_models.evaluation.development import Plan, evaluate
from clamp3_models.evaluation.pieces import Pieces, read_pieces
from tests.models.evaluation.conftest import record

needs_eval = pytest.mark.skipif(
    find_spec("sklearn") is None or find_spec("matplotlib") is None,
    reason="needs the extra eval: matplotlib and scikit-learn",
)
PNG = b"\x89PNG\r\n"


@needs_eval
def test_every_picture_that_is_named_is_there(tiny: Clamp3Encoder, tmp_path: Path):
    pieces = read_pieces([record(i, licence_class="open") for i in range(12)])
    space, report = evaluate(tiny, pieces, Plan(languages=("fi",)))

    drawn = pictures.draw(report, space, tmp_path / "new")

    expected = {"languages.png", "similarities.png", "tsne_modality.png", "tsne_genre.png"}
    assert expected <= set(drawn.pictures)
    files = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert set(files) == set(drawn.pictures)
    assert all(content.startswith(PNG) for content in files.values())


@needs_eval
def test_too_few_pieces_are_no_map(tiny: Clamp3Encoder, tunes: Pieces, tmp_path: Path):
    space, report = evaluate(tiny, tunes, Plan(languages=()))

    drawn = pictures.draw(report, space, tmp_path)

    assert "pictures of the space: fewer than 10 scores with a text" in drawn.missing


def test_a_missing_package_is_named(
    tiny: Clamp3Encoder, tunes: Pieces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pictures, "find_spec", lambda name: None if name == "sklearn" else name)
    space, report = evaluate(tiny, tunes, Plan(languages=()))

    drawn = pictures.draw(report, space, tmp_path)

    assert drawn.pictures == ()
    assert any("sklearn not installed" in line for line in drawn.missing)


@needs_eval
def test_a_map_keeps_neighbours_together_and_is_the_same_every_time():
    draws = np.random.default_rng(0)
    centres = np.repeat(np.eye(8, dtype=np.float32)[:2], 20, axis=0)
    vectors = centres + draws.normal(0, 0.05, centres.shape).astype(np.float32)

    points = pictures.tsne(vectors)

    first, second = points[:20].mean(0), points[20:].mean(0)
    nearer = np.linalg.norm(points - first, axis=1) < np.linalg.norm(points - second, axis=1)
    assert nearer.tolist() == [True] * 20 + [False] * 20
    np.testing.assert_array_equal(points, pictures.tsne(vectors))
