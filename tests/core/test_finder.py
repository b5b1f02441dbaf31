from pathlib import Path

import numpy as np
import pytest

from clamp3_plugin.errors import (
    BrokenFileError,
    EncoderMismatchError,
    MissingFileError,
    UsageError,
)
from clamp3_plugin.finder import Finder
from clamp3_plugin.indexing.indexer import Indexer
from clamp3_plugin.library.library import Library
from clamp3_plugin.music import Modality, Passage
from clamp3_plugin.query import Filter, Query, Source
from clamp3_plugin.readers import registry
from clamp3_plugin.tags import Tagger, Vocabulary
from tests.fakes import FakeFormats, HashEncoder

WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india"]


def bars(*words: str, each: int = 4) -> str:
    return "".join(f"{word} {word} {word}\n" for word in words for _ in range(each))


class Desk:
    """A library of plain files with a finder for it."""

    def __init__(self, folder: Path, formats=None):
        self.music = folder / "music"
        self.music.mkdir()
        self.encoder = HashEncoder(dim=128, space="hash-128")
        self.formats = formats or FakeFormats()
        self.library = Library.open(folder / "library", "hash-128", 128)
        tagger = Tagger(self.encoder, Vocabulary.load())
        self.finder = Finder(self.encoder, self.library, self.formats, tagger)

    def index(self, **texts: str) -> None:
        for name, text in texts.items():
            (self.music / name.replace("_", ".")).write_text(text)
        Indexer(self.library, self.encoder, self.formats).run([self.music])

    def find(self, *plus: Source, minus: tuple[Source, ...] = (), **options) -> list[str]:
        answer = self.finder.find(Query(plus, minus, **options))
        return [Path(hit.piece.path).stem for hit in answer.hits]

    def piece(self, stem: str) -> str:
        return next(p.id for p in self.library.pieces() if Path(p.path).stem == stem)


@pytest.fixture
def desk(tmp_path: Path):
    desk = Desk(tmp_path)
    yield desk
    desk.library.close()


def test_a_text_finds_the_piece_and_the_passage_that_fit(desk):
    desk.index(one_score=bars("alpha", "bravo", "charlie", "delta"), two_score=bars("echo"))

    answer = desk.finder.find(Query((Source(text=bars("charlie", "delta")),)))

    best = answer.hits[0]
    assert Path(best.piece.path).name == "one.score"
    assert best.passage == Passage(9, 16, 8.0, 16.0)
    assert best.score > 0.99
    assert answer.reason is None
    assert answer.space == "hash-128"


def test_a_file_finds_itself_first_whether_or_not_its_name_is_known(desk):
    text = bars("golf", "hotel")
    desk.index(one_score=bars("alpha"), two_score=text)

    assert desk.find(Source(data=text.encode(), name="elsewhere.score"))[0] == "two"


def test_a_piece_that_is_asked_with_is_not_its_own_answer(desk):
    desk.index(
        one_score=bars("alpha", "bravo"), two_score=bars("alpha", "golf"), far_score=bars("hotel")
    )

    assert desk.find(Source(piece_id=desk.piece("one")))[0] == "two"
    assert "one" not in desk.find(Source(piece_id=desk.piece("one")), n=200)


@pytest.mark.parametrize("passage", [Passage(9, 16), Passage(10, 15)], ids=["indexed", "other"])
@pytest.mark.parametrize("by", ["id", "file"])
def test_a_passage_finds_its_like_but_not_itself(desk, by, passage):
    text = bars("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india")
    desk.index(one_score=text, two_score=bars("india", "charlie", "delta", "golf"))
    source = Source(piece_id=desk.piece("one"), passage=passage)
    if by == "file":
        source = Source(data=text.encode(), name="one.score", passage=passage)

    hits = desk.finder.find(Query((source,))).hits

    assert Path(hits[0].piece.path).stem == "two"
    assert hits[0].passage == Passage(5, 12, 4.0, 12.0)
    own = [hit.passage for hit in hits if Path(hit.piece.path).stem == "one"]
    assert all(found and found.first_bar and found.first_bar > 17 for found in own)


def test_plus_and_minus_move_the_question(desk):
    desk.index(
        ab_score=bars("alpha", "bravo"), ac_score=bars("alpha", "charlie"), b_score=bars("bravo")
    )
    alpha, bravo = Source(text=bars("alpha")), Source(text=bars("bravo"))

    assert desk.find(alpha, bravo)[0] == "ab"
    assert desk.find(alpha, minus=(bravo,))[0] == "ac"
    assert desk.find(alpha, minus=(bravo,))[-1] == "b"
    with pytest.raises(UsageError, match="cancel each other out"):
        desk.find(alpha, minus=(alpha,))


def test_an_empty_library_says_so_before_anything_is_encoded(desk):
    answer = desk.finder.find(Query((Source(text="alpha"),)))

    assert (answer.hits, answer.reason) == ((), "library_empty")
    assert desk.encoder.encoded == 0


def test_a_filter_that_lets_nothing_through_says_so(desk):
    desk.index(one_score=bars("alpha"))

    answer = desk.finder.find(Query((Source(text="alpha"),), where=Filter(key="Q#")))

    assert (answer.hits, answer.reason) == ((), "filtered_out")


def test_a_library_of_another_model_is_named(desk, tmp_path):
    desk.index(one_score=bars("alpha"))
    desk.library.close()
    other = HashEncoder(dim=128, space="full")
    with Library.open(desk.library.folder, "full", 128) as library:
        finder = Finder(other, library, desk.formats, Tagger(other, Vocabulary.load()))

        with pytest.raises(EncoderMismatchError, match="nothing for full, but for: hash-128"):
            finder.find(Query((Source(text="alpha"),)))


def test_both_modalities_are_found_and_can_be_told_apart(desk):
    desk.index(one_score=bars("alpha"), one_play=bars("alpha", "bravo"))
    source = Source(text=bars("alpha"))

    only = Filter(modalities=(Modality.PERFORMANCE,))
    hits = desk.finder.find(Query((source,), where=only)).hits

    assert len(desk.find(source)) == 2
    assert [hit.piece.modality for hit in hits] == [Modality.PERFORMANCE]


@pytest.mark.parametrize(
    ("source", "error", "match"),
    [
        (Source(piece_id="nobody"), MissingFileError, "no piece with the id 'nobody'"),
        (Source(data=b"BROKEN", name="x.score"), BrokenFileError, "x.score is broken"),
        (Source(text="alpha", passage=Passage(1, 2)), UsageError, "A text has no bars"),
        (
            Source(data=b"alpha\n", name="x.score", passage=Passage(1, 99)),
            UsageError,
            "1 bars, not 99",
        ),
    ],
    ids=["unknown piece", "broken file", "bars of a text", "bars outside"],
)
def test_what_cannot_be_asked_is_refused(desk, source, error, match):
    desk.index(one_score=bars("alpha"))

    with pytest.raises(error, match=match):
        desk.find(source)


def test_a_passage_of_a_piece_whose_file_is_gone_is_refused(desk):
    desk.index(one_score=bars("alpha", "bravo", "charlie"))
    identity = desk.piece("one")
    (desk.music / "one.score").unlink()

    with pytest.raises(MissingFileError, match=r"one\.score cannot be read"):
        desk.find(Source(piece_id=identity, passage=Passage(2, 3)))


def test_tags_are_given_for_texts_files_and_passages(desk):
    text = bars("waltz", "alpha", "bravo", "charlie")
    desk.index(one_score=text)
    identity = desk.piece("one")

    for source in (
        Source(text="waltz"),
        Source(data=b"waltz\n", name="x.score"),
        Source(piece_id=identity, passage=Passage(1, 4)),
    ):
        hits = desk.finder.tag(source, ["en", "ko"], 3)
        assert "waltz" in [hit.tag for hit in hits]
        assert set(hits[0].labels) == {"en", "ko"}


def test_abc_and_midi_are_indexed_and_found_by_the_real_readers(tmp_path):
    desk = Desk(tmp_path, formats=registry)
    tunes = {
        "jig": "X:1\nT:The Jig\nM:6/8\nL:1/8\nK:G\n" + "GBd gdB|c2A AGF|" * 8,
        "reel": "X:1\nT:The Reel\nM:4/4\nL:1/8\nK:D\n" + "d2fd Adfd|e2ge Aege|" * 8,
    }
    desk.index(**{f"{name}_abc": text for name, text in tunes.items()})
    source = Source(data=tunes["reel"].encode(), name="question.abc", passage=Passage(1, 4))

    hits = desk.finder.find(Query((source,), where=Filter(meter="6/8"))).hits

    assert {p.metadata.title for p in desk.library.pieces()} == {"The Jig", "The Reel"}
    assert [hit.piece.metadata.key for hit in hits] == ["G"]
    assert np.isfinite(hits[0].score)
    assert desk.find(Source(data=tunes["jig"].encode(), name="jig.abc"))[0] == "jig"
    desk.library.close()
