import pytest
from hypothesis import given
from hypothesis import strategies as st

from clamp3_plugin.errors import (
    BrokenFileError,
    EmptyContentError,
    InputRefusedError,
    TooLargeError,
    UsageError,
)
from clamp3_plugin.music import Modality, Passage
from clamp3_plugin.readers.content import Content
from clamp3_plugin.readers.midi import parse_midi
from clamp3_plugin.readers.mtf import parse_mtf
from clamp3_plugin.readers.performance import Performance, read_midi, read_mtf
from clamp3_plugin.readers.windows import WINDOW
from tests.core.readers.midi_bytes import END, meta, midi, note

SECOND = 960  # ticks, by the defaults of the standard and of midi_bytes


def read(*tracks, **header) -> Performance:
    [performance] = read_midi(midi(*tracks, **header))
    return performance


def lines_of(performance: Performance, passage: Passage) -> list[str]:
    return performance.excerpt(passage).split("\n")


def test_a_performance_is_content(golden):
    data = (golden / "midi/in/v01_type0_melody.mid").read_bytes()

    performance = read_midi(data)[0]
    content: Content = performance

    assert content.modality is Modality.PERFORMANCE
    assert performance.whole() == (golden / "midi/mtf_m3/v01_type0_melody.mtf").read_text()


def test_mtf_is_kept_as_it_is_and_read_in_windows_like_the_midi_file(golden):
    data = (golden / "midi/in/v09_long_over_512_patches.mid").read_bytes()
    text = (golden / "midi/mtf_m3/v09_long_over_512_patches.mtf").read_text() + "\n"

    [from_midi], [from_mtf] = read_midi(data), read_mtf(text)

    assert from_mtf.whole() == text
    assert from_mtf.metadata == from_midi.metadata
    assert from_mtf.passages() == from_midi.passages()
    assert [from_mtf.excerpt(p) for p in from_mtf.passages()] == [
        from_midi.excerpt(p) for p in from_midi.passages()
    ]


def test_the_files_that_the_reference_drops_have_a_better_answer_or_a_reason(golden):
    def read_golden(name):
        return read_midi((golden / f"midi/in/{name}.mid").read_bytes())

    assert [len(piece.notes()) for piece in read_golden("v10_type2_fails")] == [4, 4]
    assert [piece.metadata.key for piece in read_golden("v11_bad_key_signature_fails")] == [""]
    with pytest.raises(BrokenFileError, match="cut short in track 1"):
        read_golden("v12_truncated_fails")


def test_a_file_of_one_window_has_no_passages():
    assert read(note(60, 12 * SECOND)).passages() == []


def test_windows_of_10_s_start_every_5_s_and_the_last_ends_with_the_piece():
    performance = read([event for _ in range(23) for event in note(60, SECOND)])

    windows = [(passage.start, passage.end) for passage in performance.passages()]

    assert windows == [(0, 10), (5, 15), (10, 20), (15, 23)]


def test_windows_in_which_no_note_starts_are_left_out():
    performance = read([*note(60, SECOND), *note(64, SECOND, wait=20 * SECOND)])

    windows = [(passage.start, passage.end) for passage in performance.passages()]

    assert windows == [(0, 10), (15, 22)]


def test_what_holds_at_the_start_is_set_there_once():
    track = [
        (0, meta(0x51, (500_000).to_bytes(3))),
        (0, meta(0x58, b"\x03\x02\x18\x08")),
        (0, meta(0x59, b"\xff\x00")),
        (0, b"\xc0\x01"),
        (0, b"\xb0\x07\x10"),
        (0, b"\xb0\x07\x64"),
        (0, b"\xb0\x00\x02"),
        (0, b"\xe0\x00\x50"),
        (0, b"\xb0\x7b\x00"),  # "all notes off" sets nothing
        (0, b"\xc1\x02"),  # plays, but not in the passage
        *note(60, SECOND, channel=1),
        (0, b"\xb0\x40\x7f"),
        (SECOND, b"\xc0\x05"),  # set anew at the very start
        *note(62, SECOND),
    ]

    assert lines_of(read(track), Passage(start=2)) == [
        "ticks_per_beat 480",
        "set_tempo 500000 0",
        "time_signature 3 4 24 8 0",
        "key_signature F 0",
        "control_change 0 0 0 2",
        "control_change 0 0 7 100",
        "control_change 0 0 64 127",
        "pitchwheel 0 0 2048",
        "program_change 0 0 5",
        "note_on 0 0 62 80",
        "note_off 960 0 62 64",
        "end_of_track 0",
    ]


def test_notes_that_sound_across_the_edges_are_dropped_or_ended_there():
    held = [(0, b"\x90\x30\x50"), (8 * SECOND, b"\x90\x30\x00")]
    melody = [event for pitch in range(60, 68) for event in note(pitch, SECOND)]

    assert lines_of(read(held, melody), Passage(start=0.5, end=2.5)) == [
        "ticks_per_beat 480",
        "note_on 480 0 61 80",
        "note_off 960 0 61 64",
        "note_on 0 0 62 80",
        "note_off 480 0 62 64",
        "end_of_track 0",
    ]


def test_an_excerpt_has_no_texts_and_keeps_their_time():
    track = [*note(60, 10), (SECOND, meta(0x05, b"la")), *note(64, 20, wait=5)]

    lines = lines_of(read(track), Passage(start=0))

    assert "note_on 965 0 64 80" in lines
    assert "lyrics" not in "".join(lines)


def test_an_excerpt_of_everything_is_the_whole(golden):
    data = (golden / "midi/in/v01_type0_melody.mid").read_bytes()
    [performance] = read_midi(data)

    excerpt = performance.excerpt(Passage(start=0))

    assert excerpt.split("\n")[:-1] == performance.whole().split("\n")[:-1]


def test_bars_are_found_by_the_metres():
    waltz = [(0, meta(0x58, b"\x03\x02\x18\x08"))]
    melody = [event for pitch in range(60, 72) for event in note(pitch, 480)]
    performance = read(waltz, melody)

    lines = lines_of(performance, Passage(first_bar=2, last_bar=3))

    assert performance.metadata.bars == 4
    pitches = [int(line.split()[3]) for line in lines if line.startswith("note_on")]
    assert pitches == [63, 64, 65, 66, 67, 68]


@pytest.mark.parametrize(
    ("passage", "reason"),
    [
        (Passage(start=3), r"Seconds 3- were asked for; the piece has 2\.0 s"),
        (Passage(start=-1), "Seconds -1- were asked for"),
        (Passage(start=0.5, end=0.9), r"No note starts in seconds 0\.5-0\.9"),
        (Passage(first_bar=1, last_bar=3), "Bars 1-3 were asked for; the piece has 2 bars"),
    ],
)
def test_a_passage_that_is_not_there_is_refused(passage, reason):
    track = [(0, meta(0x58, b"\x02\x02\x18\x08")), *note(60, SECOND), *note(62, SECOND)]

    with pytest.raises(UsageError, match=reason):
        read(track).excerpt(passage)


def test_bars_of_a_file_without_a_metre_are_refused():
    with pytest.raises(UsageError, match="no time signature"):
        read(note(60, SECOND)).excerpt(Passage(first_bar=1, last_bar=1))


def test_notes_are_told_in_seconds():
    track = [*note(60, SECOND, channel=2), (0, b"\x90\x40\x20"), (SECOND // 2, END[1])]

    assert read(track).notes() == [(0.0, 1.0, 60, 80, 2), (1.0, 0.5, 64, 32, 0)]


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_file_without_a_note_is_empty(kind):
    silent = [(0, b"\xc0\x01"), (480, b"\x90\x3c\x00"), END]

    with pytest.raises(EmptyContentError, match="no notes"):
        read_midi(midi(silent, kind=kind))
    with pytest.raises(EmptyContentError, match="no notes"):
        read_midi(midi(kind=kind))


def test_mtf_without_a_note_is_encoded_as_it_is():
    assert read_mtf("ticks_per_beat 480")[0].whole() == "ticks_per_beat 480"


def test_a_file_that_lasts_more_than_a_day_is_refused():
    slow = [(0, meta(0x51, b"\xff\xff\xff")), *note(60, 10), (480 * 5200, b"\xf8")]

    with pytest.raises(TooLargeError, match=r"24\.2 hours, the limit is 24"):
        read_midi(midi(slow))


MESSAGES = st.one_of(
    st.tuples(st.just(0x90), st.integers(58, 62), st.sampled_from([0, 64])).map(bytes),
    st.tuples(st.just(0x80), st.integers(58, 62), st.just(0)).map(bytes),
    st.tuples(st.sampled_from([0xB0, 0xE0]), st.integers(0, 127), st.just(1)).map(bytes),
    st.integers(1_000, 0xFFFFFF).map(lambda tempo: meta(0x51, tempo.to_bytes(3))),
    st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda m: meta(0x58, bytes([*m, 24, 8]))),
    st.tuples(st.sampled_from([0x01, 0x2F, 0x59, 0x60]), st.binary(max_size=3)).map(
        lambda m: meta(*m)
    ),
)
TRACKS = st.lists(st.tuples(st.integers(0, 9_000), MESSAGES), max_size=30)


@given(st.lists(TRACKS, min_size=1, max_size=3), st.sampled_from([b"\x01\xe0", b"\xe7\x28"]))
def test_windows_of_any_file_hold_all_its_notes_and_stand_alone(tracks, division):
    try:
        [performance] = read_midi(midi(*tracks, division=division))
    except EmptyContentError:
        return

    windows = performance.passages()
    heard: set[float] = set()
    for window in windows:
        text = performance.excerpt(window)
        assert text.count("end_of_track") == 1
        [excerpt] = read_mtf(text)
        assert excerpt.notes()
        assert excerpt.duration <= WINDOW + 0.04
        heard.update(round((window.start or 0.0) + start, 3) for start, *_ in excerpt.notes())

    if windows:
        starts = [start for start, *_ in performance.notes() if start < performance.duration]
        # A tick lasts up to 35 ms here (16.8 s a quarter), and a window starts on one.
        assert all(any(abs(start - other) < 0.04 for other in heard) for start in starts)


@given(st.data())
def test_a_mutated_file_is_read_or_refused(golden, data):
    good = bytearray((golden / "midi/in/v02_type1_tempo_map_pedal_bend.mid").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))

    try:
        pieces = read_midi(bytes(good))
    except InputRefusedError:
        return

    for piece in pieces:
        for passage in piece.passages()[:20]:
            assert parse_mtf(piece.excerpt(passage)).tracks


def test_a_reader_that_is_given_another_format_says_what_it_is():
    with pytest.raises(BrokenFileError, match="no MIDI file: it begins with b'<score-partw'"):
        parse_midi(b"<score-partwise></score-partwise>")
