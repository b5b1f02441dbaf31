"""The key of a piece that names none is estimated, says so, and is left alone where little speaks."""

import time

import pytest

from clamp3_plugin.readers.abc import read_abc
from clamp3_plugin.readers.key_estimate import estimate_key, estimated_key_of_notes
from clamp3_plugin.readers.musicxml_score import read_musicxml
from clamp3_plugin.readers.performance import read_midi
from tests.core.readers.midi_bytes import meta, midi, note

MAJOR = (0, 4, 7, 0, 2, 4, 5, 7, 9, 7, 5, 4, 2, 7, 11, 0)
MINOR = (0, 3, 7, 0, 2, 3, 5, 7, 8, 7, 5, 3, 2, 7, 11, 0)
MAJOR_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MINOR_NAMES = ("Cm", "C#m", "Dm", "D#m", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm")
STEPS = ("C", "C", "D", "E", "E", "F", "F", "G", "A", "A", "B", "B")
ALTERS = (0, 1, 0, -1, 0, 0, 1, 0, -1, 0, -1, 0)


@pytest.mark.parametrize("tonic", range(12))
def test_all_keys_are_known_by_their_melodies(tonic):
    def key(melody):
        return estimated_key_of_notes((60 + tonic + step, 1.0) for step in melody)

    assert (key(MAJOR), key(MINOR)) == (MAJOR_NAMES[tonic], MINOR_NAMES[tonic])


def test_a_signature_leaves_two_keys():
    in_c_minor = [float(MINOR.count(n)) for n in range(12)]

    assert estimate_key(in_c_minor) == "Cm"
    assert estimate_key(in_c_minor, fifths=-3) == "Cm"
    assert estimate_key(in_c_minor, fifths=-2) in {"Bb", "Gm"}
    assert estimate_key([1.0] * 12, fifths=0) == ""


@pytest.mark.parametrize("notes", [MAJOR[:15], (0, 4, 7) * 20, (), (0,) * 99])
def test_of_few_notes_nothing_is_guessed(notes):
    assert estimated_key_of_notes((60 + step, 1.0) for step in notes) == ""


def score(key: str, melody=MAJOR, tonic=0, transpose=""):
    """Write a melody in MusicXML."""
    notes = "".join(
        f"<note><pitch><step>{STEPS[n]}</step><alter>{ALTERS[n]}</alter><octave>4</octave></pitch>"
        "<duration>1</duration></note>"
        for n in ((tonic + step) % 12 for step in melody)
    )
    return (
        f'<score-partwise><part id="P1"><measure><attributes><divisions>1</divisions>{key}'
        f"{transpose}<clef><sign>G</sign><line>2</line></clef></attributes>{notes}</measure></part>"
        "</score-partwise>"
    ).encode()


def key_of(data):
    """Read the key of a score, and whether it is estimated."""
    metadata = read_musicxml(data)[0].metadata
    return metadata.key, metadata.key_is_estimated


def signature(fifths, mode=""):
    return f"<key><fifths>{fifths}</fifths>{mode and f'<mode>{mode}</mode>'}</key>"


def test_a_key_that_musicxml_names_is_taken():
    assert key_of(score(signature(0, "minor"))) == ("Am", False)


@pytest.mark.parametrize(
    ("key", "melody", "tonic", "expected"),
    [
        pytest.param(signature(1), MAJOR, 7, "G", id="signature, major"),
        pytest.param(signature(-3), MINOR, 0, "Cm", id="signature, minor"),
        pytest.param("", MAJOR, 2, "D", id="no signature, major"),
        pytest.param("", MINOR, 9, "Am", id="no signature, minor"),
    ],
)
def test_a_key_that_musicxml_does_not_name_is_estimated(key, melody, tonic, expected):
    assert key_of(score(key, melody, tonic)) == (expected, True)


def test_a_transposing_instrument_counts_as_it_sounds():
    clarinet = "<transpose><chromatic>-2</chromatic></transpose>"

    assert key_of(score("", MAJOR, 2, clarinet)) == ("C", True)


def test_abc_names_its_key_or_says_none():
    melody = "CEGC DEFG|AGFE DGBC|]\n"
    named = read_abc(f"X:1\nM:4/4\nL:1/8\nK:Am\n{melody}".encode())[0].metadata
    none = read_abc(f"X:1\nM:4/4\nL:1/8\nK:none\n{melody}".encode())[0].metadata

    assert (named.key, named.key_is_estimated) == ("Am", False)
    assert (none.key, none.key_is_estimated) == ("C", True)


def melody_in_midi(*before, melody=MAJOR, channel=0, also=()):
    notes = [event for step in melody for event in note(60 + step, 240, channel)]
    return read_midi(midi([*before, *notes], *also))[0].metadata


def test_a_key_that_midi_names_is_taken():
    told = melody_in_midi((0, meta(0x59, b"\x00\x01")))

    assert (told.key, told.key_is_estimated) == ("Am", False)


def test_a_key_that_midi_does_not_name_is_estimated():
    told = melody_in_midi(melody=MINOR)

    assert (told.key, told.key_is_estimated) == ("Cm", True)


def test_drums_have_no_key():
    assert melody_in_midi(channel=9).key == ""


def test_a_note_that_nothing_ends_does_not_decide():
    endless = [(0, bytes([0x91, 66, 80])), (480 * 400, b"\xf8")]

    assert melody_in_midi(melody=MAJOR * 4, also=[endless]).key == "C"


def test_an_estimate_takes_time_by_the_notes():
    def seconds(count):
        begin = time.perf_counter()
        estimated_key_of_notes([(60 + MAJOR[i % 16], 1.0) for i in range(count)])
        return time.perf_counter() - begin

    assert seconds(200_000) < 2
