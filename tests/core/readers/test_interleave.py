"""Standard ABC → interleaved ABC, against the reference's own output and under attack."""

import time
from contextlib import suppress
from pathlib import Path

import pytest

from clamp3_plugin.errors import BrokenFileError, EmptyContentError
from clamp3_plugin.readers.interleave import interleave

GOLDEN = Path(__file__).parents[2] / "golden" / "xml"
HEADER = "X:1\nL:1/8\nM:4/4\nK:C\n"
TWO_VOICES = HEADER + "V:1 treble\nV:2 bass\n"


def bars_of(abc):
    return [bar.line for bar in interleave(abc).bars]


@pytest.mark.parametrize("name", sorted(path.name for path in (GOLDEN / "int").glob("*.abc")))
def test_it_writes_what_the_reference_writes(name):
    standard = (GOLDEN / "std" / name).read_text(encoding="utf-8")

    interleaved = interleave(standard)

    assert interleaved.text == (GOLDEN / "int" / name).read_text(encoding="utf-8")


def test_it_writes_what_the_reference_writes_for_lilyponds_test_suite(shared):
    folder = shared / "golden" / "xml"
    expected = {path.name: path.read_text(encoding="utf-8") for path in (folder / "int").iterdir()}

    written = {
        name: interleave((folder / "std" / name).read_text(encoding="utf-8")).text
        for name in expected
    }

    assert written == expected
    assert any(name.startswith("lily_") for name in expected)


def test_a_voice_with_fewer_bars_is_padded_instead_of_dropping_the_piece():
    abc = TWO_VOICES + "V:1\n C8 | D8 | E8 |]\nV:2\n C,8 |\n"

    assert bars_of(abc) == ["[V:1]C8|[V:2]C,8|", "[V:1]D8|[V:2]x|", "[V:1]E8|][V:2]x|]"]


def test_the_unequal_voices_that_the_reference_drops_are_kept():
    abc = (GOLDEN / "std" / "x07_unequal_bars_dropped.abc").read_text(encoding="utf-8")

    assert [bar.index for bar in interleave(abc).bars] == [1, 2, 3, 4]


def test_bars_keep_the_number_that_they_had_before_empty_ones_were_stripped():
    abc = (GOLDEN / "std" / "x05_empty_bars_stripped.abc").read_text(encoding="utf-8")

    interleaved = interleave(abc)

    assert [bar.index for bar in interleaved.bars] == [3, 4, 5, 6, 7]
    assert interleaved.bar_count == 9


def test_numbers_of_endings_go_to_the_barline_before():
    abc = HEADER + "V:1 treble\nV:1\n |: C8 |1 D8 :|2 E8 |]\n"

    assert bars_of(abc) == ["[V:1]|:C8|1", "[V:1]D8:|2", "[V:1]E8|]"]


def test_fields_before_the_first_barline_stand_before_it():
    abc = HEADER + "V:1 treble\nV:1\n [K:D] |: C8 | D8 :|\n"

    assert bars_of(abc)[0] == "[V:1][K:D]|:C8|"


def test_barlines_without_music_between_them_are_joined():
    abc = HEADER + "V:1 treble\nV:1\n C8 :| |: D8 | | E8 |]\n"

    assert bars_of(abc) == ["[V:1]C8::", "[V:1]D8|", "[V:1]E8|]"]


def test_words_and_titles_are_dropped():
    abc = HEADER + "T:Air\nV:1 treble\nV:1\n C8 |\nw: la\n D8 |]\nW: more\n"

    text = interleave(abc).text

    assert "T:" not in text
    assert "la" not in text
    assert "more" not in text


@pytest.mark.parametrize(
    "music", ["z8 | x8 |]", '"^allegro" z8 |]', "!fermata!z8 |"], ids=["rests", "words", "fermata"]
)
def test_a_piece_without_a_note_is_empty(music):
    with pytest.raises(EmptyContentError, match="no note"):
        interleave(HEADER + f"V:1 treble\nV:1\n {music}\n")


def test_a_file_without_voices_is_refused():
    with pytest.raises(BrokenFileError, match="V:1"):
        interleave("X:1\nK:C\nCDEF|\n")


def test_a_first_voice_of_another_name_is_found():
    assert bars_of("X:1\nK:C\nV:T\n C8 |\nV:B\n C,8 |\n") == ["[V:T]C8|[V:B]C,8|"]


@pytest.mark.parametrize(
    "music",
    [
        "[" * 200_000,
        "[K:" * 100_000,
        "C |" * 200_000,
        '"^' * 300_000,
        "!" * 300_000 + " C |",
        '"^a|' * 100_000,
        "C" * 1_000_000 + "|",
        ":|" * 300_000,
    ],
    ids=[
        "brackets",
        "fields",
        "bars",
        "quotes",
        "bangs",
        "barline quotes",
        "long line",
        "barlines",
    ],
)
def test_it_takes_linear_time(music):
    began = time.perf_counter()

    with suppress(EmptyContentError):
        interleave(HEADER + "V:1 treble\nV:1\n" + music + " C |\n")

    assert time.perf_counter() - began < 8
