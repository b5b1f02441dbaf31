"""Humdrum **kern: read as it is written, refused where it is none or could not be read in time."""

from contextlib import suppress

import pytest

from clamp3_plugin.errors import BrokenFileError, InputRefusedError, TooLargeError
from clamp3_plugin.music import Passage
from clamp3_plugin.readers.music21_scores.humdrum import (
    MAX_LINES,
    MAX_SPINES,
    Facts,
    check_humdrum,
    read_humdrum,
)
from clamp3_plugin.readers.registry import read


def kern(*lines):
    return "\n".join(["**kern", *lines, "*-", ""])


@pytest.fixture(scope="module")
def duet(golden):
    (piece,) = read(golden / "humdrum" / "duet.krn")
    return piece


def test_a_score_becomes_the_text_that_the_encoder_reads(duet, golden):
    assert duet.whole() == (golden / "humdrum" / "duet_1.abc").read_text(encoding="utf-8")


def test_the_records_name_the_work_in_its_own_language(duet):
    assert duet.metadata.title == "Duet pro Řehoře"
    assert duet.metadata.composer == "Someone, Ada"
    assert duet.metadata.lyricist == "Poet, Pia"
    assert "T:Duet pro Řehoře\nT:Andante\nC:Someone, Ada\nZ:Poet, Pia\n" in duet.standard_abc


def test_the_interpretations_say_key_metre_tempo_and_instruments(duet):
    known = duet.metadata

    assert (known.key, known.meter, known.tempo) == ("Em", "3/4", 90)
    assert known.instruments == ("Flute", "Bass")


def test_bars_are_numbered_as_printed_though_the_excerpt_begins_with_the_fifth(duet):
    assert [bar.number for bar in duet.bars] == ["5", "6", "7", "8"]


def test_bars_are_cut(duet):
    assert duet.excerpt(Passage(2, 2)).endswith("[V:1]d4 z2|[V:2]A2 B2 z2|[V:3][D,F,]4 z2|\n")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_names_are_read_in_either_encoding(encoding):
    text = "!!!OTL: Frühling\n!!!COM: Müller, Jürgen & S&ouml;hne <x>\n" + kern("4c", "4d")

    (score,) = read_humdrum(text.encode(encoding))

    assert score.metadata.title == "Frühling"
    assert score.metadata.composer == "Müller, Jürgen & Söhne <x>"


def test_no_name_is_invented():
    (score,) = read_humdrum(kern("4c", "4d").encode())

    assert score.metadata.title == ""
    assert score.metadata.composer == ""
    assert "usic21" not in score.standard_abc


@pytest.mark.parametrize(
    ("interpretation", "name", "fifths"),
    [
        ("*C:", "C", 0),
        ("*a:", "Am", 0),
        ("*B-:", "Bb", -2),
        ("*f#:", "F#m", 3),
        ("*e-:", "Ebm", -6),
    ],
)
def test_keys_have_their_name_and_signature(interpretation, name, fifths):
    (key,) = Facts.of(kern(interpretation, "4c")).keys

    assert (key.name, key.fifths) == (name, fifths)


def test_a_signature_of_two_keys_of_the_piece_gets_no_mode():
    text = kern("*k[f#]", "*G:", "*M2/4", "=1", "2g", "*e:", "=2", "2e")

    (score,) = read_humdrum(text.encode())

    assert "K:G\n" in score.standard_abc
    assert score.metadata.key == "G"


@pytest.mark.parametrize("text", ["4c\n", "X:1\nK:C\nc\n", "\n", "**dynam\nf\n*-\n"])
def test_what_has_no_notes_in_humdrum_is_refused(text):
    with pytest.raises(BrokenFileError):
        check_humdrum(text)


@pytest.mark.parametrize(
    "text",
    [
        kern("4c\n" * MAX_LINES),
        kern("4" + "c" * 8),
        kern("4r " + "4" + "C" * 9),
        kern("12345c"),
        kern("(12345c"),
        kern("4.....c"),
        kern("1%99999c"),
        kern("*M1000000000/4", "4c"),
        kern("*M257/4", "4c"),
        "\t".join(["**kern"] * (MAX_SPINES + 1)) + "\n",
        kern("4c" + " 4c" * 2**15),
    ],
    ids=str.__len__,
)
def test_what_no_score_needs_is_refused_before_music21_sees_it(text):
    with pytest.raises(TooLargeError):
        check_humdrum(text)


@pytest.mark.parametrize("token", ["2.GG", "[8a#L", "4dd-;", "0r", "3%2c", "00CC", "16ccccc", "."])
def test_real_notes_pass_the_check(token):
    check_humdrum(kern(token))


def test_text_beside_the_notes_may_be_anything():
    check_humdrum("**kern\t**text\n4c\t.....1685-1750 (1234)\n=12345\t=12345\n*-\t*-\n")


@pytest.mark.parametrize("body", ["4c\t4d", "1%0c", "*^", "*v", "\x0c", "4", "[[[[", "4c\n*-\n4d"])
def test_broken_files_are_refused_or_read(body):
    with suppress(InputRefusedError):
        assert read_humdrum(kern(body).encode())
