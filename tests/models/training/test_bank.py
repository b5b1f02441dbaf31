import json

import numpy as np
import pytest

from clamp3_models.training.bank import Bank, BankSettings, make_music, make_texts, text_features
from clamp3_models.training.records import balanced, read_records
from clamp3_plugin.errors import BrokenFileError, MissingFileError

ABC = "X:1\nT:t\nL:1/8\nM:4/4\nK:G\nV:1 treble\nV:1\n" + " G2 A2 B2 c2 |" * 24 + "\n"
SETTINGS = BankSettings(max_patches=20, passages=2, passage_patches=12)


def record(number, **fields):
    return {"id": f"piece/{number}", "src": "a" if number % 2 else "b", "abc": ABC, **fields}


@pytest.fixture
def records(tmp_path):
    rows = [
        record(i, dance_type=("jig", "reel")[i % 2], key=f"{'CDEFGA'[i]} major") for i in range(6)
    ]
    rows += [record(9), {"id": "piece/10", "dance_type": "jig"}]  # nothing said; nothing heard
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return list(read_records([path]))


def make(records, folder):
    make_texts(records, folder, SETTINGS)
    make_music(records, folder, SETTINGS, processes=1)
    return Bank(folder)


def test_a_bank_has_what_is_both_described_and_heard(records, tmp_path):
    bank = make(records, tmp_path / "bank")

    assert [piece.id for piece in bank.pieces] == [f"piece/{i}" for i in range(6)]
    piece = bank.pieces[0]
    assert (len(piece.score.whole), len(piece.score.passages)) == (3, 2)
    assert piece.performance.whole == ()
    assert all(2 <= len(bank.music(row)) <= 20 for row in piece.score.whole)
    assert all(2 <= len(bank.music(row)) <= 12 for row in piece.score.passages)
    assert piece.facts == {"jig", "key=c major"}
    assert bank.texts[piece.texts[0]] == "C major\njig"
    assert bank.key_facts == {f"key={key} major" for key in "cdefga"}


def test_copies_of_a_piece_are_in_other_keys(records, tmp_path):
    bank = make(records, tmp_path / "bank")

    keys = {bank.music(row)[2, 1:6].tobytes() for row in bank.pieces[0].score.whole}

    assert len(keys) == 3


def test_the_same_records_make_the_same_bank(records, tmp_path):
    make(records, tmp_path / "one")
    make(records, tmp_path / "two")

    for name in ("texts.json", "music.json", "patches.npy", "ends.npy"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_no_source_has_more_records_than_allowed(records):
    kept = balanced(records, 2)

    assert sorted(r.source for r in kept) == ["", "a", "a", "b", "b"]
    assert balanced(records, 2) == kept


def test_features_are_in_the_order_of_the_texts_and_made_once(tmp_path):
    texts = ["ccc", "a", "bb"]
    calls = []

    def encode(some):
        calls.append(list(some))
        return np.array([[len(text)] for text in some], np.float32)

    first = text_features(texts, encode, tmp_path / "features")
    second = text_features(texts, encode, tmp_path / "features")

    assert first.tolist() == second.tolist() == [[3.0], [1.0], [2.0]]
    assert calls == [["a", "bb", "ccc"]]


def test_a_line_that_is_no_record_is_named(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text('{"id": "one"}\n{"title": "nameless"}\n')

    with pytest.raises(BrokenFileError, match="line 2"):
        list(read_records([path]))
    with pytest.raises(MissingFileError, match="absent"):
        list(read_records([tmp_path / "absent.jsonl"]))
