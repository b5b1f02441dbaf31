import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clamp3_plugin.errors import BrokenFileError, TooLargeError
from clamp3_plugin.readers.midi import MAX_EVENTS, parse_midi
from clamp3_plugin.readers.mtf import MAX_CHARACTERS, parse_mtf, to_mtf
from tests.core.readers.midi_bytes import END, meta, midi, note

OURS = """
v01_type0_melody v02_type1_tempo_map_pedal_bend v03_text_meta_with_time v04_sysex_seqspecific
v05_running_status_drums v06_unknown_meta_delta v07_smpte_division v08_all_channels_programs
v09_long_over_512_patches
"""


def expected(folder, name, *, m3_compatible):
    full = folder / f"mtf_full/{name}.mtf"
    path = full if full.exists() and not m3_compatible else folder / f"mtf_m3/{name}.mtf"
    return path.read_bytes()


@pytest.mark.parametrize("m3_compatible", [True, False], ids=["m3", "full"])
@pytest.mark.parametrize("name", OURS.split())
def test_mtf_is_that_of_the_reference(golden, name, m3_compatible):
    file = parse_midi((golden / f"midi/in/{name}.mid").read_bytes())

    mtf = to_mtf(file, m3_compatible=m3_compatible)

    assert mtf.encode() == expected(golden / "midi", name, m3_compatible=m3_compatible)


@pytest.mark.parametrize("m3_compatible", [True, False], ids=["m3", "full"])
def test_mtf_of_every_shared_file_is_that_of_the_reference(shared, m3_compatible):
    folder = shared / "golden/midi"
    dropped = json.loads((folder / "failures.json").read_text())["dropped"]
    converted = [path for path in sorted(folder.glob("in/*.mid")) if path.name not in dropped]

    assert len(converted) >= 11
    for path in converted:
        mtf = to_mtf(parse_midi(path.read_bytes()), m3_compatible=m3_compatible)
        assert mtf.encode() == expected(folder, path.stem, m3_compatible=m3_compatible), path.name


@pytest.mark.parametrize("m3_compatible", [True, False], ids=["m3", "full"])
@pytest.mark.parametrize("name", OURS.split())
def test_mtf_is_read_back_as_it_was(golden, name, m3_compatible):
    mtf = expected(golden / "midi", name, m3_compatible=m3_compatible).decode()

    assert to_mtf(parse_mtf(mtf), m3_compatible=False) == mtf


def test_a_text_that_is_left_out_takes_its_time_along():
    file = parse_midi(midi([(10, meta(0x05, b"la")), (5, b"\x90\x3c\x40")]))

    assert to_mtf(file).splitlines()[1] == "note_on 5 0 60 64"
    assert to_mtf(file, m3_compatible=False).splitlines()[1:3] == [
        "lyrics la 10",
        "note_on 5 0 60 64",
    ]


def test_the_time_of_removed_ends_of_tracks_goes_to_the_message_after():
    file = parse_midi(midi([(50, END[1])], [(80, b"\xc0\x01"), (20, END[1])]))

    assert to_mtf(file).splitlines()[1:] == ["program_change 80 0 1", "end_of_track 20"]


def test_messages_of_one_tick_come_in_the_order_of_the_tracks():
    file = parse_midi(midi([(5, b"\xc1\x01")], [(0, b"\xc2\x01"), (5, b"\xc3\x01")]))

    channels = [line.split()[2] for line in to_mtf(file).splitlines()[1:-1]]

    assert channels == ["2", "1", "3"]


def test_a_file_without_tracks_has_an_end():
    assert to_mtf(parse_midi(midi())) == "ticks_per_beat 480\nend_of_track 0"


@given(st.binary(max_size=20))
def test_any_text_is_read_back_as_it_was(text):
    file = parse_midi(midi([(3, meta(0x01, text)), *note(60, 10)]))

    assert parse_mtf(to_mtf(file, m3_compatible=False)).tracks[0][0] == file.tracks[0][0]


def test_lines_may_end_with_carriage_returns():
    assert parse_mtf("ticks_per_beat 96\r\nnote_on 3 0 60 64\r\n").tracks[0][0].tick == 3


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("note_on 0 0 60", "2 numbers instead of 3"),
        ("note_on 0 16 60 64", "out of range"),
        ("note_on 0 0 128 64", "out of range"),
        ("note_on -1 0 60 64", "runs backwards by 1"),
        ("pitchwheel 0 0 9000", "out of range"),
        ("note_on 0 0 sixty 64", "invalid literal"),
        ("key_signature H 0", "no key 'H'"),
        ("smpte_offset 23 0 0 0 0 0 0", "not in"),
        ("dance 3 4 0", "unknown kind"),
        ("X:1", "no message: 'X:1'"),
    ],
)
def test_a_line_that_is_no_message_is_named(line, reason):
    with pytest.raises(BrokenFileError, match=reason) as caught:
        parse_mtf(f"ticks_per_beat 96\nprogram_change 0 0 1\n{line}")

    assert caught.value.message.startswith("Line 3 of the MTF")


def test_a_text_that_is_no_mtf_is_refused():
    with pytest.raises(BrokenFileError, match="first line is 'X:1'"):
        parse_mtf("X:1\nK:G\n")


def test_mtf_has_the_limits_of_midi():
    with pytest.raises(TooLargeError, match="characters"):
        parse_mtf(" " * (MAX_CHARACTERS + 1))
    with pytest.raises(TooLargeError, match="events"):
        parse_mtf("ticks_per_beat 96" + "\nclock 0" * (MAX_EVENTS + 1))
    with pytest.raises(TooLargeError, match="tick"):
        parse_mtf("ticks_per_beat 96\nclock 999999999")
    with pytest.raises(BrokenFileError, match="no time passes"):
        parse_mtf("ticks_per_beat 0")
