import pytest

from clamp3_bridges.osc.queries import TakeNote
from clamp3_bridges.osc.takes import MAX_NOTES, Take, midi_file
from clamp3_plugin.errors import EmptyContentError, TooLargeError, UsageError
from clamp3_plugin.readers.performance import read_midi


def note(pitch: int, start: float, length: float = 0.5, velocity: int = 90) -> TakeNote:
    return TakeNote(1, pitch, velocity, start, length)


def test_the_reader_reads_the_notes_that_were_played():
    notes = [note(67, 2.5), note(60, 2.0, 1.25, 100), note(64, 3.0)]

    (piece,) = read_midi(midi_file(notes))

    found = [(round(start, 3), round(length, 3), *rest) for start, length, *rest in piece.notes()]
    assert found == [(0, 1.25, 60, 100, 0), (0.5, 0.5, 67, 90, 0), (1, 0.5, 64, 90, 0)]


def test_a_repeated_note_is_let_go_before_it_is_struck_again():
    (piece,) = read_midi(midi_file([note(60, 0.0, 0.5), note(60, 0.5, 0.5)]))

    assert len(piece.notes()) == 2
    assert piece.duration == pytest.approx(1.0)


def test_a_note_of_no_length_sounds_for_a_moment():
    (piece,) = read_midi(midi_file([note(60, 0.0, 0.0)]))

    assert len(piece.notes()) == 1


def test_a_long_silence_before_the_first_note_is_left_out():
    (piece,) = read_midi(midi_file([note(60, 3600.0)]))

    assert piece.duration == pytest.approx(0.5)


def test_a_take_of_5000_notes_is_read():
    notes = [note(30 + i % 60, i * 0.1) for i in range(5000)]

    (piece,) = read_midi(midi_file(notes))

    assert len(piece.notes()) == 5000


def test_a_suggestion_is_asked_with_the_last_seconds():
    take = Take(1, 9124)
    for second in range(100):
        take.add(note(60, float(second)))

    assert [each.start for each in take.recent()] == [float(s) for s in range(87, 100)]


def test_a_key_let_go_is_no_note():
    take = Take(1, 9124)

    take.add(note(60, 0.0, velocity=0))

    assert not take.notes
    with pytest.raises(EmptyContentError):
        midi_file(take.notes)


def test_a_take_has_an_end():
    take = Take(1, 9124)
    for _ in range(MAX_NOTES):
        take.add(note(60, 0.0))

    with pytest.raises(TooLargeError):
        take.add(note(60, 0.0))
    with pytest.raises(UsageError):
        Take(1, 9124).add(note(60, 86400.0))
