"""What is drawn of a record: lines of its text, a form of its music, a window of that."""

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from clamp3_models.clamp3 import Clamp3Config
from clamp3_models.training.paper.contrastive import MusicSide, PairExamples
from clamp3_models.training.paper.examples import has_text, text_of, window
from clamp3_models.training.paper.music import Form, audio_forms, symbolic_forms
from clamp3_models.training.records import Record, read_records
from clamp3_plugin.errors import BrokenFileError, MissingFileError

FIELDS = {
    "id": "x1",
    "filepaths": ["a.abc"],
    "language": "en",
    "title": "The Jig",
    "genres": ["Folk", "Jig"],
    "tags": [],
    "scene": None,
    "analysis": "In G.\nFast.",
    "description": "In G.",
    "translations": {"language": "fr", "title": "La gigue", "analysis": "", "scene": "Un bal"},
}
ORIGINALS = {"The Jig", "Folk", "Jig", "In G.", "Fast."}
TRANSLATED = {"La gigue", "Un bal"}


def source(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - reproducible, not secret


def drawn(fields: dict, times: int = 2000) -> list[list[str]]:
    return [text_of(fields, source(seed)).split("</s>") for seed in range(times)]


def test_half_of_the_texts_are_translations_and_no_text_mixes_both():
    texts = drawn(FIELDS)

    translated = [set(lines) <= TRANSLATED for lines in texts]

    assert sum(translated) == pytest.approx(1000, abs=100)
    assert all(set(lines) <= ORIGINALS for lines, t in zip(texts, translated, strict=True) if not t)


def test_a_record_without_translations_always_speaks_for_itself():
    fields = {key: value for key, value in FIELDS.items() if key != "translations"}

    assert all(set(lines) <= ORIGINALS for lines in drawn(fields))


def test_every_line_is_kept_half_of_the_time_and_all_where_none_would_be():
    fields = {key: value for key, value in FIELDS.items() if key != "translations"}

    texts = drawn(fields)

    kept = Counter(line for lines in texts for line in lines)
    assert set(kept) == ORIGINALS
    for count in kept.values():  # 1/2, and all five in one text of 32
        assert count == pytest.approx(2000 * (1 / 2 + 1 / 32), abs=110)
    assert all(len(lines) == len(set(lines)) >= 1 for lines in texts)
    assert sum(len(lines) == 5 for lines in texts) == pytest.approx(2000 * 2 / 32, abs=40)


def test_lines_come_in_any_order():
    orders = Counter(
        tuple(line for line in lines if line in {"Folk", "Jig"}) for lines in drawn(FIELDS)
    )

    assert orders["Folk", "Jig"] == pytest.approx(orders["Jig", "Folk"], rel=0.35)


def test_evaluation_reads_the_analysis_or_everything_there_is():
    assert text_of(FIELDS, None) == "In G.</s>Fast."
    assert text_of({"id": "1", "title": "A", "genres": ["B"]}, None) == "A</s>B"


def test_a_record_of_names_and_files_alone_has_no_text():
    assert has_text({"id": "1", "title": "A"})
    assert not has_text({"id": "1", "filepaths": ["a.abc"], "language": "en", "abc": "X:1"})


@pytest.mark.parametrize("length", [1, 7, 10, 12])
def test_a_window_is_no_longer_than_asked_and_in_one_piece(length):
    sequence = list(range(10))

    for seed in range(50):
        part = window(sequence, length, source(seed))
        assert part == list(range(part[0], part[0] + min(10, length)))


def test_head_tail_and_middle_are_equally_frequent():
    starts = Counter(window(list(range(100)), 10, source(seed))[0] for seed in range(3000))

    assert starts[0] == pytest.approx(1000, abs=90)
    assert starts[90] == pytest.approx(1000 + 1000 / 90, abs=90)
    assert len(starts) > 80  # the middle begins anywhere


@pytest.fixture
def record(corpus: Path) -> Record:
    return next(iter(read_records([corpus / "records.jsonl"])))


def test_a_record_has_scores_and_performances_apart_from_audio(record):
    assert [form.name for form in symbolic_forms(record)] == [
        "music/tune00.abc",
        "music/tune00.mtf",
    ]
    assert [form.name for form in audio_forms(record)] == ["music/tune00.npy"]


def test_what_stands_in_the_record_is_a_form_too(golden: Path, tmp_path: Path):
    midi = (golden / "midi" / "in" / "v01_type0_melody.mid").read_bytes()
    abc = (golden / "xml" / "std" / "x01_lead_sheet.abc").read_text("utf-8")
    record = Record("1", "1", "", {"id": "1", "abc": abc}, tmp_path, midi)

    score, performance = symbolic_forms(record)

    assert score.is_score
    assert not performance.is_score
    assert score.text() == (golden / "xml" / "int" / "x01_lead_sheet.abc").read_text("utf-8")
    expected = golden / "midi" / "mtf_m3" / "v01_type0_melody.mtf"
    assert performance.text() == expected.read_text("utf-8")


def test_notation_of_any_format_is_read(golden: Path):
    record = Record("1", "1", "", {"filepaths": ["xml/in/x01_lead_sheet.musicxml"]}, golden)
    (form,) = symbolic_forms(record)

    assert form.text() == (golden / "xml" / "int" / "x01_lead_sheet.abc").read_text("utf-8")


def test_nine_scores_of_ten_lose_their_instruments(record):
    score = symbolic_forms(record)[0]

    named = sum(b"Flute" in score.patches(512, source(seed)).tobytes() for seed in range(300))

    assert named == pytest.approx(30, abs=18)
    assert b"Flute" in score.patches(512, None).tobytes()


def test_features_stand_between_zeros(record, corpus):
    stored = np.load(corpus / "music/tune00.npy")[0]

    frames = audio_forms(record)[0].frames(128, None)

    assert frames.dtype == np.float32
    np.testing.assert_array_equal(frames[1:-1], stored)
    assert not frames[[0, -1]].any()
    assert len(audio_forms(record)[0].frames(2, source(1))) == 2


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.npy", b"no array", BrokenFileError),
        ("b.npy", None, MissingFileError),
        ("c.mtf", b"\xff\xfe", BrokenFileError),
        ("d.mtf", None, MissingFileError),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, content, error):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    form = Form(Record("1", "1", "", {}, tmp_path), name)

    with pytest.raises(error, match=name):
        form.frames(10, None) if name.endswith(".npy") else form.text()


def test_features_of_another_shape_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 3, 4), np.float32))

    with pytest.raises(BrokenFileError, match=r"\(2, 3, 4\), no audio features"):
        Form(Record("1", "1", "", {}, tmp_path), "a.npy").frames(10, None)


def test_a_pair_is_cut_to_what_the_model_reads(record):
    config = Clamp3Config.official("tiny")
    examples = PairExamples(
        [(record, symbolic_forms(record))], MusicSide.SYMBOLIC, lambda text: [0] * 500, config
    )

    pair = examples.draw(0, source(1))

    assert len(pair.ids) == 128
    assert 2 <= len(pair.music) <= 512
    assert examples.evaluation(0, source(1)).music.shape == (11, 64)


def test_features_of_another_width_than_the_model_reads_are_refused(record):
    config = Clamp3Config.official("wide")
    examples = PairExamples(
        [(record, audio_forms(record))], MusicSide.AUDIO, lambda text: [0, 2], config
    )

    with pytest.raises(BrokenFileError, match="features of width 32, but the model reads 768"):
        examples.draw(0, source(1))
