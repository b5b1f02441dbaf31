"""Published benchmarks become records, from made-up samples in their layout."""

import json
from pathlib import Path

import pytest

from clamp3_models.evaluation.crossing import texts_of, translations_of
from clamp3_models.evaluation.datasets import DATASETS, write_records
from clamp3_models.evaluation.pieces import Pieces, read_pieces, records_in
from clamp3_plugin.errors import BrokenFileError
from tests.models.evaluation.conftest import midi

ABC = "X:1\nL:1/8\nM:4/4\nK:C\nV:1 treble\nV:1\nC4 E4|G8|\n"


def read(name: str, file: Path, music: Path | None, target: Path) -> Pieces:
    write_records(DATASETS[name](file, music, target), target / "records.jsonl")
    return read_pieces(records_in(target))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "records"
    folder.mkdir()
    return folder


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_wikimt_with_its_music(tmp_path: Path, target: Path):
    row = {"title": "A Song", "artist": "B", "genre": "Jazz", "description": "Slow.", "music": ABC}
    file = tmp_path / "wikimusictext.json"
    file.write_text(json.dumps([row, {**row, "music": ""}]), "utf-8")

    (piece,) = read("wikimt", file, None, target).members

    assert piece.score.endswith("[V:1]C4 E4|\n[V:1]G8|\n")
    assert piece.text == "B\nJazz"
    assert texts_of([piece], "description") == {0: "Slow."}


def test_wikimt_without_its_music_takes_files_by_title(tmp_path: Path, target: Path):
    file = lines(tmp_path / "w.jsonl", {"title": "A Song", "genre": "Folk"}, {"title": "Lost"})
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores" / "A Song.abc").write_text(ABC, "utf-8")

    pieces = read("wikimt", file, tmp_path / "scores", target)

    assert [piece.score[-9:] for piece in pieces.members] == ["[V:1]G8|\n"]
    assert pieces.unread == ()


def test_wikimt_x_keeps_texts_and_translations(tmp_path: Path, target: Path):
    row = {
        "id": 7, "title": "T", "artists": ["A"], "genre": "Pop", "background": "Old.",
        "scene": "A hall.", "translations": {"language": "fi", "background": "Vanha."},
    }  # fmt: skip
    file = lines(tmp_path / "x.jsonl", row)
    (tmp_path / "7.abc").write_text(ABC, "utf-8")
    (tmp_path / "7.mid").write_bytes(midi(1))

    (piece,) = read("wikimt-x", file, tmp_path, target).members

    assert piece.score
    assert piece.recording.startswith("ticks_per_beat 96")
    assert piece.texts == {"background": "Old.", "scene": "A hall."}
    assert translations_of([piece], "background") == {"en": {0: "Old."}, "fi": {0: "Vanha."}}


def test_midicaps_keeps_what_was_computed(tmp_path: Path, target: Path):
    location = "lmd_full/0/0a.mid"
    row = {
        "location": location, "caption": "A waltz.", "genre": ["classical"], "mood": ["calm"],
        "key": "C major", "time_signature": "3/4", "instrument_summary": ["Piano"],
    }  # fmt: skip
    file = lines(tmp_path / "train.json", row, {**row, "location": "lmd_full/lost.mid"})
    (tmp_path / location).parent.mkdir(parents=True)
    (tmp_path / location).write_bytes(midi(2))

    (piece,) = read("midicaps", file, tmp_path, target).members

    assert piece.recording
    assert piece.text.splitlines() == ["classical", "C major", "3/4", "Piano", "calm"]
    assert piece.texts["description"] == "A waltz."


def test_song_describer_gives_a_record_a_caption(tmp_path: Path, target: Path):
    file = tmp_path / "song_describer.csv"
    file.write_text(
        "caption_id,track_id,caption,is_valid_subset,familiarity,artist_id,album_id,path,duration\n"
        '1,20,"A loud, fast song",True,1,2,3,20/120.mp3,120\n'
        "2,20,Guitars,True,1,2,3,20/120.mp3,120\n"
        "3,21,Gone,True,1,2,3,21/121.mp3,120\n",
        "utf-8",
    )
    (tmp_path / "audio" / "20").mkdir(parents=True)
    (tmp_path / "audio" / "20" / "120.2min.mp3").write_bytes(b"")

    found = list(DATASETS["song-describer"](file, tmp_path / "audio", target))

    assert [row["description"] for row in found] == ["A loud, fast song", "Guitars"]
    assert {row["family"] for row in found} == {"song-describer/20"}
    assert found[0]["filepaths"] == ["../audio/20/120.2min.mp3"]


def test_a_damaged_table_is_named(tmp_path: Path, target: Path):
    (tmp_path / "broken.jsonl").write_text("{", "utf-8")

    with pytest.raises(BrokenFileError, match=r"broken\.jsonl"):
        list(DATASETS["wikimt"](tmp_path / "broken.jsonl", None, target))
    with pytest.raises(BrokenFileError, match="no object: '1'"):
        list(DATASETS["midicaps"](lines(tmp_path / "one.json", 1), None, target))
