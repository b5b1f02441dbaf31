import re

import pytest

from clamp3_plugin.errors import BrokenFileError, TooLargeError
from clamp3_plugin.readers import midi as limits
from clamp3_plugin.readers.midi import Event, parse_midi
from tests.core.readers.midi_bytes import END, chunk, meta, midi, note


def events_of(*messages):
    return parse_midi(midi([*messages])).tracks[0]


def test_a_running_status_repeats_the_last_one_and_velocity_0_stays_note_on():
    events = events_of((0, b"\x93\x3c\x40"), (5, b"\x3c\x00"))

    assert events == (Event(0, "note_on", (3, 60, 64)), Event(5, "note_on", (3, 60, 0)))


def test_a_meta_event_does_not_end_a_running_status():
    events = events_of((0, b"\x90\x3c\x40"), (1, meta(0x01, b"la")), (1, b"\x3c\x00"))

    assert [event.kind for event in events] == ["note_on", "text", "note_on"]


@pytest.mark.parametrize(
    ("message", "kind", "values"),
    [
        (b"\xe2\x00\x40", "pitchwheel", (2, 0)),
        (b"\xe0\x7f\x7f", "pitchwheel", (0, 8191)),
        (b"\xcf\x05", "program_change", (15, 5)),
        (b"\xd0\x07", "aftertouch", (0, 7)),
        (b"\xa1\x3c\x07", "polytouch", (1, 60, 7)),
        (b"\xf2\x01\x01", "songpos", (129,)),
        (b"\xf1\x35", "quarter_frame", (3, 5)),
        (b"\xf6", "tune_request", ()),
        (b"\xf0\x03\x01\x02\xf7", "sysex", (1, 2)),
        (b"\xf7\x01\x05", "sysex", (5,)),
        (meta(0x00, b""), "sequence_number", (0,)),
        (meta(0x21, b""), "midi_port", (0,)),
        (meta(0x51, b"\x07\xa1\x20"), "set_tempo", (500_000,)),
        (meta(0x58, b"\x06\x03\x24\x08"), "time_signature", (6, 8, 36, 8)),
        (meta(0x54, b"\x41\x02\x03\x04\x05"), "smpte_offset", (2, 1, 2, 3, 4, 5)),
        (meta(0x60, b"\x01"), "unknown_meta", (0x60, 1)),
    ],
)
def test_a_message_is_read_with_its_numbers(message, kind, values):
    assert events_of((7, message)) == (Event(7, kind, values),)


@pytest.mark.parametrize(
    ("data", "name"), [(b"\x00\x00", "C"), (b"\xfa\x01", "Ebm"), (b"\x07\x00", "C#")]
)
def test_a_key_signature_is_read_as_the_name_of_the_key(data, name):
    assert events_of((0, meta(0x59, data))) == (Event(0, "key_signature", (), name),)


@pytest.mark.parametrize(
    "senseless",
    [
        pytest.param(meta(0x59, b"\x09\x00"), id="a key of 9 sharps"),
        pytest.param(meta(0x59, b"\x00\x02"), id="a third mode"),
        pytest.param(meta(0x51, b"\x07\xa1"), id="a tempo of two bytes"),
        pytest.param(meta(0x58, b"\x04"), id="a time signature of one byte"),
        pytest.param(meta(0x54, b"\x00\x3c\x00\x00\x00"), id="minute 60"),
        pytest.param(meta(0x20, b""), id="no channel"),
        pytest.param(b"\xf7\x02\xf3\x01", id="an escape that is no 7-bit data"),
    ],
)
def test_an_event_without_sense_is_left_out_and_its_time_is_kept(senseless):
    events = events_of((10, senseless), (5, b"\xc0\x01"))

    assert events == (Event(15, "program_change", (0, 1)),)


def test_a_riff_file_is_unwrapped():
    inner = midi(note(60, 10))
    content = (
        b"RMID" + b"disp\x01\x00\x00\x00x\x00" + b"data" + len(inner).to_bytes(4, "little") + inner
    )
    riff = b"RIFF" + len(content).to_bytes(4, "little") + content

    assert parse_midi(riff) == parse_midi(inner)


def test_a_riff_file_without_midi_says_so():
    with pytest.raises(BrokenFileError, match="holds no MIDI data"):
        parse_midi(b"RIFF\x04\x00\x00\x00RMID")


def test_a_chunk_that_is_no_track_is_skipped():
    data = midi(note(60, 10))

    assert parse_midi(data[:14] + chunk(b"XFIH", b"abc") + data[14:]) == parse_midi(data)


def test_a_longer_header_is_read():
    data = midi(note(60, 10))

    assert parse_midi(chunk(b"MThd", data[8:14] + b"??") + data[14:]) == parse_midi(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "empty", id="no bytes"),
        pytest.param(b"MTh", "cut short in its header", id="half a name"),
        pytest.param(b'<?xml version="1.0"?><score/>', "no MIDI file: it begins with", id="xml"),
        pytest.param(chunk(b"MThd", b"\x00\x01"), "cut short in its header", id="short header"),
        pytest.param(midi([(0, b"\x3c\x40")]), "without a status byte", id="no status"),
        pytest.param(midi([(0, b"\x90\x3c\x80")]), "data byte 128", id="high data byte"),
        pytest.param(midi([(0, b"\xf4")]), "undefined status byte 0xF4", id="undefined status"),
        pytest.param(midi([(0, b"\x90\x3c")]), "ends inside an event", id="half an event"),
        pytest.param(midi([(0, b"\xff\x01\x20la")]), "ends inside an event", id="half a text"),
        pytest.param(midi([(1 << 28, b"\xc0\x01")]), "more than 4 bytes", id="long number"),
        pytest.param(midi(division=b"\x00\x00"), "no time passes", id="division 0"),
        pytest.param(midi(division=b"\xe7\x00"), "no time passes", id="no ticks a frame"),
    ],
)
def test_a_broken_file_is_refused_with_the_reason(data, reason):
    with pytest.raises(BrokenFileError, match=reason) as caught:
        parse_midi(data)

    assert caught.value.hint


def test_a_file_cut_anywhere_is_refused(golden):
    data = (golden / "midi/in/v02_type1_tempo_map_pedal_bend.mid").read_bytes()

    for size in range(len(data)):
        with pytest.raises(BrokenFileError):
            parse_midi(data[:size])


def test_a_file_of_too_many_bytes_is_refused():
    with pytest.raises(TooLargeError, match=re.escape("4,194,305 bytes")):
        parse_midi(bytes(limits.MAX_BYTES + 1))


def test_a_file_of_too_many_events_is_refused_though_each_track_is_short():
    clock = [(0, b"\xf8")] * (limits.MAX_EVENTS // 2)

    assert len(parse_midi(midi(clock, clock)).tracks) == 2
    with pytest.raises(TooLargeError, match="more than 200,000 events"):
        parse_midi(midi(clock, [*clock, END]))


@pytest.mark.parametrize("last", [b"\xf8", meta(0x59, b"\x09\x00")], ids=["kept", "left out"])
def test_a_file_that_runs_too_long_is_refused(last):
    with pytest.raises(TooLargeError, match="tick 134,217,729"):
        parse_midi(midi([(limits.MAX_TICK, b"\xf8"), (1, last)]))


def test_a_tempo_beyond_music_is_refused():
    with pytest.raises(TooLargeError, match="999 microseconds"):
        parse_midi(midi([(0, meta(0x51, (999).to_bytes(3)))]))
