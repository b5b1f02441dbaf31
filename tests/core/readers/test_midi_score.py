"""MIDI as a score: only where it is asked for, and only what our own reader takes."""

import pytest

from clamp3_plugin.errors import BrokenFileError, TooLargeError
from clamp3_plugin.music import Modality
from clamp3_plugin.readers.music21_scores.midi_score import read_midi_score
from clamp3_plugin.readers.registry import convert, read_bytes

HEADER = b"MThd\0\0\0\6\0\0\0\1\1\xe0"


def midi(*events):
    body = b"".join(events) + b"\0\xff\x2f\0"
    return HEADER + b"MTrk" + len(body).to_bytes(4, "big") + body


def note(pitch, lead=b"\0"):
    return lead + bytes([0x90, pitch, 64]) + b"\x83\x60" + bytes([0x80, pitch, 0])


TUNE = midi(b"\0\xff\x03\x04Song", *(note(pitch) for pitch in (60, 62, 64, 65)))


def test_midi_is_a_performance_unasked():
    assert read_bytes(TUNE, "a.mid")[0].modality is Modality.PERFORMANCE


def test_midi_is_a_score_where_that_is_asked_for():
    (piece,) = read_bytes(TUNE, "a.mid", as_score=True)

    assert piece.modality is Modality.SCORE
    assert convert(piece, "interleaved-abc").endswith("[V:1]C2 D2 E2 F2|]\n")
    assert piece.metadata.title == read_bytes(TUNE, "a.mid")[0].metadata.title
    assert "usic21" not in convert(piece, "abc")


def test_a_score_is_a_score_whether_asked_or_not():
    (piece,) = read_bytes(b"X:1\nK:C\nc|\n", "a.abc", as_score=True)

    assert piece.modality is Modality.SCORE


def test_what_our_own_reader_refuses_is_refused():
    with pytest.raises(BrokenFileError):
        read_midi_score(TUNE[:-3])


def test_a_note_far_away_is_refused_before_bars_are_written_up_to_it():
    with pytest.raises(TooLargeError, match="quarter notes"):
        read_midi_score(midi(note(60), note(60, b"\x88\x80\x80\0")))
