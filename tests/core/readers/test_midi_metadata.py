import pytest

from clamp3_plugin.music import Metadata
from clamp3_plugin.readers.general_midi import INSTRUMENTS
from clamp3_plugin.readers.performance import read_midi
from tests.core.readers.midi_bytes import meta, midi, note


def name(text):
    return (0, meta(0x03, text.encode()))


def metadata(*tracks, **header):
    return read_midi(midi(*tracks, **header))[0].metadata


def test_a_file_that_says_nothing_is_not_guessed_at():
    assert metadata(note(60, 480)) == Metadata(duration=0.5)


def test_what_the_file_says_is_told():
    conductor = [
        name("Jig of Slurs"),
        (0, meta(0x02, b"Music by P. MacLeod\n1950")),
        (0, meta(0x51, (400_000).to_bytes(3))),
        (0, meta(0x58, b"\x06\x03\x24\x08")),
        (0, meta(0x59, b"\x01\x01")),
    ]

    told = metadata(conductor, [(0, b"\xc0\x28"), *note(60, 1441)])

    assert told == Metadata(
        title="Jig of Slurs",
        composer="P. MacLeod",
        key="Em",
        meter="6/8",
        tempo=150.0,
        instruments=("Violin",),
        bars=2,
        duration=1.201,
    )


@pytest.mark.parametrize(
    "part",
    ["", "Piano", "Track 1", "Right Hand", "untitled", "Acoustic Grand Piano", "Violin II", "12"],
)
def test_the_name_of_a_part_is_no_title(part):
    assert metadata([name(part), *note(60, 10)]).title == ""


def test_the_name_of_one_sounding_track_among_others_is_no_title():
    assert metadata([name("Anna"), *note(60, 10)], [name("Bertha"), *note(64, 10)]).title == ""
    assert metadata([name("Anna"), *note(60, 10)], [name("Anna"), *note(64, 10)]).title == "Anna"
    assert metadata([name("Anna")], [name("Bertha"), *note(64, 10)]).title == "Anna"


def test_a_title_is_one_line_of_text_in_utf8_or_latin1():
    latin1 = (0, meta(0x03, "Prélude".encode("latin-1")))

    assert metadata([name("  Prélude\n♯1 \0"), *note(60, 10)]).title == "Prélude ♯1"
    assert metadata([latin1, *note(60, 10)]).title == "Prélude"
    assert metadata([name("no\x1btext"), *note(60, 10)]).title == ""


@pytest.mark.parametrize(
    ("text", "composer"),
    [
        ("Composer: Clara Schumann", "Clara Schumann"),
        ("C:Trad.", "Trad."),
        ("(c) 2024 Nobody", ""),
        ("composed by", ""),
    ],
)
def test_a_composer_is_one_who_is_called_so(text, composer):
    assert metadata([(0, meta(0x01, text.encode())), *note(60, 10)]).composer == composer


def test_instruments_are_those_that_play_in_the_order_in_which_they_start():
    track = [
        (0, b"\xc0\x00"),
        (0, b"\xc1\x2a"),
        (0, b"\xc2\x49"),  # never plays
        (0, b"\xc9\x05"),  # a drum kit is no program
        *note(36, 10, channel=9),
        *note(48, 10, channel=1),
        (0, b"\xc0\x06"),
        *note(60, 10, channel=0),
        *note(60, 10, channel=5),  # no program
    ]

    assert metadata(track).instruments == ("Drums", "Cello", "Harpsichord")


def test_there_are_128_different_instruments():
    assert len(set(INSTRUMENTS)) == len(INSTRUMENTS) == 128
