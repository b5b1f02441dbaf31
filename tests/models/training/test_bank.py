import json

import numpy as np
import pytest

from clamp3_models.training.bank import Bank, BankSettings, make_music, make_texts, text_features
from clamp3_models.training.batches import Sampler
from clamp3_models.training.records import balanced, read_records
from clamp3_plugin.errors import BrokenFileError, MissingFileError

ABC = "X:1\nT:t\nL:1/8\nM:4/4\nK:G\nV:1 treble\nV:1\n" + " G2 A2 B2 c2 |" * 24 + "\n"
SETTINGS = BankSettings(excerpts=3, max_patches=20)


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
    assert all(len(piece.scores) == 3 for piece in bank.pieces)
    assert all(2 <= len(bank.excerpt(row)) <= 20 for row in bank.pieces[0].scores)
    assert bank.pieces[0].facts == {"jig", "key=c major"}
    assert bank.texts[bank.pieces[0].texts[0]] == "C major\njig"


def test_the_same_records_make_the_same_bank(records, tmp_path):
    make(records, tmp_path / "one")
    make(records, tmp_path / "two")

    for name in ("texts.json", "music.json", "patches.npy", "ends.npy"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_batch_depends_on_its_step_alone_and_knows_what_matches(records, tmp_path):
    bank = make(records, tmp_path / "bank")
    sampler = Sampler(bank, batch_size=4, balance=0.5, max_patches=12, seed=1)

    one, again, other = sampler.batch(3), sampler.batch(3), sampler.batch(4)

    assert one.texts.equal(again.texts)
    assert one.first.patches.equal(again.first.patches)
    assert not (one.texts.equal(other.texts) and one.first.patches.equal(other.first.patches))
    assert one.text_matches.diagonal().eq(1).all()
    assert one.piece_matches.equal(one.piece_matches.t())
    assert list(one.first.lengths) == sorted(one.first.lengths)
    assert max(one.first.lengths) <= 12


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
