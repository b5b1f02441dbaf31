"""What a hand played reads as what was meant."""

import random

import pytest

from clamp3_plugin.daemon.hearing.tones import Tone, midi_file
from clamp3_plugin.errors import BrokenFileError, EmptyContentError, UnsupportedFormatError
from clamp3_plugin.readers.registry import FORMATS, read_bytes

QUARTER = 0.5  # seconds, at 120
MELODY = (60, 62, 64, 65, 67, 65, 64, 60)


def read(tones: list[Tone]) -> list[tuple[float, float, int]]:
    """Starts and lengths in quarter notes, and pitches."""
    (take,) = read_bytes(midi_file(tones), "x.take")
    return [
        (start / QUARTER, length / QUARTER, pitch)
        for start, length, pitch, _, _ in take.notes()  # type: ignore[attr-defined]
    ]


def played(seed: int) -> list[Tone]:
    """The melody in eighths as a hand plays it, a second after the beginning."""
    hand = random.Random(seed)  # noqa: S311 - nothing secret
    return [
        Tone(
            1 + 0.25 * i + hand.uniform(-0.025, 0.025) * (i > 0),
            0.25 * hand.uniform(0.7, 1.1),
            pitch,
            hand.randint(50, 110),
        )
        for i, pitch in enumerate(MELODY)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_a_melody_is_written_as_it_was_meant(seed):
    notes = read(played(seed))

    assert [(start, pitch) for start, _, pitch in notes] == [
        (i / 2, pitch) for i, pitch in enumerate(MELODY)
    ]
    assert [length for _, length, _ in notes[:-1]] == [0.5] * (len(MELODY) - 1)


def test_what_is_written_is_read_as_from_a_file_of_a_collection():
    (take,) = read_bytes(midi_file(played(1)), "x.take")

    lines = take.whole().splitlines()  # type: ignore[attr-defined]
    assert lines[:4] == [
        "ticks_per_beat 480", "set_tempo 500000 0", "time_signature 4 4 24 8 0",
        "program_change 0 0 0",
    ]  # fmt: skip
    assert lines[4:6] == ["note_on 0 0 60 80", "note_off 240 0 60 0"]


def test_a_rest_stays_and_a_chord_that_is_held_under_a_melody_too():
    chord = [Tone(0, 1.98, 48), Tone(0.01, 1.9, 52)]
    melody = [Tone(0, 0.2, 60), Tone(1, 0.9, 62), Tone(2, 0.4, 64)]

    assert sorted(read([*chord, *melody])) == [
        (0, 0.375, 60), (0, 4, 48), (0, 4, 52), (2, 2, 62), (4, 0.75, 64),
    ]  # fmt: skip


def test_a_note_is_never_without_length():
    assert read([Tone(0, 0.001, 60), Tone(0, 0.001, 60)])[0][1] > 0


def test_a_take_is_asked_with_and_no_file_of_a_library():
    assert ".take" not in FORMATS

    with pytest.raises(EmptyContentError):
        read_bytes(midi_file([]), "x.take")
    with pytest.raises(BrokenFileError, match="no MIDI"):
        read_bytes(b"X:1\nK:C\nC|\n", "x.take")
    with pytest.raises(UnsupportedFormatError):
        read_bytes(midi_file([]), "x.played")
