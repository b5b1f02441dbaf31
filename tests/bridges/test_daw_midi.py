"""MIDI files as DAWs export them, and what becomes of them."""

import pytest

from clamp3_bridges.daw_midi import tidy
from clamp3_plugin.errors import BrokenFileError
from clamp3_plugin.readers.midi import CHANNEL_KINDS, Event, parse_midi
from clamp3_plugin.readers.mtf import to_mtf
from clamp3_plugin.readers.registry import read_bytes
from tests.core.readers.midi_bytes import END, meta, midi
from tests.core.readers.midi_bytes import note as struck

FINE = (19_200).to_bytes(2)
PRIVATE = (0, meta(0x7F, b"\x00\x01\x02ardour"))
SUSTAIN = [(0, b"\xb0\x40\x7f"), (0, b"\xb0\x40\x00")]


def note(pitch: int, ticks: int, channel: int = 0, wait: int = 0) -> list[tuple[int, bytes]]:
    """Let it go at velocity 0, as files of a library mostly do."""
    on, (delta, off) = struck(pitch, ticks, channel, wait)
    return [on, (delta, off[:2] + b"\0")]


def mtf(data: bytes) -> str:
    return to_mtf(parse_midi(data))


def melody(quarter: int, *, between: tuple[tuple[int, bytes], ...] = ()):
    return [part for pitch in (60, 62, 64, 65, 67) for part in (*note(pitch, quarter), *between)]


def test_the_export_of_a_daw_reads_like_the_same_notes_of_a_library():
    daw = midi([*melody(19_200, between=(PRIVATE,)), END], kind=0, division=FINE)
    library = midi([(0, meta(0x51, (500_000).to_bytes(3))), *melody(480), END], kind=0)

    assert mtf(tidy(daw, 120)) == mtf(library)


@pytest.mark.parametrize("division", [24, 96, 120, 192, 384, 480, 960, 1024])
def test_a_file_like_those_of_collections_stays_as_it_is(division):
    tempo = (0, meta(0x51, (400_000).to_bytes(3)))
    data = midi([tempo, *melody(division), END], division=division.to_bytes(2))

    assert tidy(data) == data
    assert tidy(data, 90) == data


@pytest.mark.parametrize("division", [1920, 3840, 9600, 15_360, 19_200, 32_767])
def test_ticks_finer_than_those_of_collections_become_480_a_quarter(division):
    data = midi([*melody(division), END], division=division.to_bytes(2))

    assert mtf(tidy(data)) == mtf(tidy(midi([*melody(480), PRIVATE, END])))


def test_a_tempo_is_added_only_where_there_is_none():
    data = midi([*melody(480), END])

    assert "set_tempo 625000 0" in mtf(tidy(data, 96))
    assert "set_tempo" not in mtf(tidy(data))
    assert "set_tempo 16777215 0" in mtf(tidy(data, 1))


def test_a_take_that_names_no_tempo_has_the_one_that_midi_means():
    take = midi([PRIVATE, *melody(19_200), END], division=FINE)

    assert mtf(tidy(take)) == mtf(tidy(take, 120))


def test_milliseconds_that_a_hand_adds_are_rounded_away_and_triplets_stay():
    played = midi([PRIVATE, *note(60, 9_640), *note(62, 6_390, wait=350), END], division=FINE)
    written = midi([*note(60, 240), *note(62, 160), END])

    assert mtf(tidy(played, 120)) == mtf(tidy(written, 120))


def test_the_bars_of_a_count_in_are_left_out_and_the_upbeat_stays():
    waltz = (0, meta(0x58, bytes([3, 2, 24, 8])))
    late = midi([waltz, *note(60, 480, wait=2 * 3 * 480 + 960), *note(62, 480), END])
    upbeat = midi([waltz, *note(60, 480, wait=960), *note(62, 480), END])

    assert mtf(tidy(late)) == mtf(upbeat)


def test_a_count_in_stays_where_a_time_of_the_file_is_asked_for():
    data = midi([*note(60, 480, wait=4 * 480), END])

    assert tidy(data, keep_silence=True) == data


def test_a_take_that_was_recorded_begins_with_its_first_note_and_releases_are_alike():
    take = midi([PRIVATE, *struck(60, 19_200, wait=7_000), END], division=FINE)

    assert mtf(tidy(take)).split("\n")[2:4] == ["note_on 0 0 60 80", "note_off 480 0 60 0"]


def test_what_was_set_in_the_count_in_still_holds():
    program = (480, b"\xc0\x28")
    data = midi([program, *note(60, 480, wait=4 * 480), END])

    assert mtf(tidy(data)).split("\n")[1:3] == ["program_change 0 0 40", "note_on 480 0 60 80"]


def test_drums_pedals_bends_and_overlapping_notes_are_kept():
    messages = [
        PRIVATE,
        *note(38, 240, channel=9),
        *SUSTAIN,
        (0, b"\xe0\x00\x50"),
        (0, b"\x90\x3c\x50"),
        (240, b"\x90\x3c\x50"),  # struck again while it sounds
        (240, b"\x80\x3c\x00"),
        (0, b"\x90\x40\x50"),
        (240, b"\x80\x3c\x00"),
        (0, b"\x90\x40\x00"),
        (0, meta(0x59, b"\xfd\x01")),
        (0, meta(0x59, b"\x02\x00")),
        (0, meta(0x58, bytes([6, 3, 36, 8]))),
        (0, meta(0x03, b"Lead")),
        (0, b"\xd0\x10"),
        (0, b"\xa0\x3c\x10"),
        END,
    ]
    expected = [
        event
        for track in parse_midi(midi(messages)).tracks
        for event in track
        if event.kind != "sequencer_specific"
    ]

    assert [event for track in parse_midi(tidy(midi(messages))).tracks for event in track] == [
        Event(0, "set_tempo", (500_000,)),
        *expected,
    ]
    assert {"note_on", "control_change", "pitchwheel"} <= {event.kind for event in expected}
    assert set(CHANNEL_KINDS) - {event.kind for event in expected} == {"program_change"}


def test_tracks_stay_apart_and_time_goes_on_over_what_is_left_out():
    data = midi([PRIVATE, *note(60, 480), END], [(480, PRIVATE[1]), *note(64, 480, wait=480), END])

    first, second = parse_midi(tidy(data)).tracks

    assert first[1] == Event(0, "note_on", (0, 60, 80))
    assert second[0] == Event(960, "note_on", (0, 64, 80))
    assert first[2] == Event(480, "note_off", (0, 60, 0))


def test_a_loop_of_two_bars_is_a_piece():
    loop = midi(
        [*(note(60 + i % 5, 9_600)[j] for i in range(16) for j in (0, 1)), END], division=FINE
    )

    (piece,) = read_bytes(tidy(loop, 120), "loop.mid")

    assert piece.metadata.duration == pytest.approx(4.0)


def test_a_file_without_notes_and_a_broken_one_are_left_to_the_reader():
    empty = midi([END])
    assert tidy(empty) == empty
    with pytest.raises(BrokenFileError):
        tidy(b"MThd")


def test_a_file_that_counts_frames_stays_as_it_is():
    data = midi([PRIVATE, *note(60, 480), END], division=b"\xe7\x28")

    assert tidy(data, 120) == data
