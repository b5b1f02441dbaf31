"""Every limit of a score file: what breaks it does no harm, what just keeps it is read.

Where the reader mends an odd element instead of refusing the score, the test says so: the element
is left out or brought back into its range, and costs no time and no memory.
"""

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from clamp3_plugin.errors import BrokenFileError, Clamp3Error, TooLargeError
from clamp3_plugin.readers.abc import read_abc
from clamp3_plugin.readers.midi import parse_midi
from clamp3_plugin.readers.musicxml.convert import convert_musicxml
from clamp3_plugin.readers.musicxml.parse import TreeLimits, read_tree
from clamp3_plugin.readers.musicxml_score import read_musicxml
from clamp3_plugin.readers.performance import read_midi
from tests.core.readers.midi_bytes import END, chunk, meta, midi, note, varlen
from tests.core.readers.test_mxl import archive, noise

MIB = 2**20
PITCH = "<pitch><step>C</step><alter>{alter}</alter><octave>{octave}</octave></pitch>"


def musicxml(
    *, octave="4", alter="0", divisions="1", beats="4", duration="4", dots=0, inside=""
) -> bytes:
    """One measure of one note, with one odd number."""
    pitch = PITCH.format(alter=alter, octave=octave)
    return (
        '<score-partwise><part-list><score-part id="P1"><part-name>Flute</part-name></score-part>'
        '</part-list><part id="P1"><measure number="1"><attributes>'
        f"<divisions>{divisions}</divisions><time><beats>{beats}</beats>"
        "<beat-type>4</beat-type></time></attributes>"
        f"<note>{pitch}<duration>{duration}</duration><type>whole</type>{'<dot/>' * dots}</note>"
        f"{inside}</measure></part></score-partwise>"
    ).encode()


def parts(count: int) -> bytes:
    """Write that many parts of one note."""
    one = (
        '<part id="P{}"><measure><note><pitch><step>C</step><octave>4</octave></pitch>'
        "<duration>1</duration></note></measure></part>"
    )
    return f"<score-partwise>{''.join(map(one.format, range(count)))}</score-partwise>".encode()


def music(data: bytes) -> str:
    """Read one score and give its bars as the encoder sees them."""
    (score,) = read_musicxml(data)
    return "".join(bar.line for bar in score.bars)


def seconds_of(read: Callable[[], object]) -> float:
    """Time a reading that may end in a refusal."""
    begin = time.perf_counter()
    with suppress(Clamp3Error):
        read()
    return time.perf_counter() - begin


# --- MusicXML


@pytest.mark.parametrize("more", [0, 1])
def test_musicxml_has_at_most_16_mib(more):
    data = musicxml()
    data += b" " * (16 * MIB - len(data) + more)

    if more:
        with pytest.raises(TooLargeError, match="16777217 bytes"):
            read_musicxml(data)
    else:
        assert music(data) == music(musicxml())


@pytest.mark.parametrize("depth", [64, 65, 100_000])
def test_musicxml_has_at_most_64_levels(depth):
    nested = depth - 3  # score, part and measure are three
    data = musicxml(inside="<a>" * nested + "</a>" * nested)

    if depth > 64:
        with pytest.raises(TooLargeError, match="64 levels"):
            read_musicxml(data)
    else:
        assert music(data) == music(musicxml())


def test_musicxml_has_at_most_2_million_elements():
    with pytest.raises(TooLargeError, match="2000000 elements"):
        read_tree(b"<score-partwise>" + b"<a/>" * 2_000_000 + b"</score-partwise>")


def test_a_zipped_score_may_be_larger_than_a_plain_one():
    plain = musicxml()
    padded = plain + b"<!--" + noise(2**17).hex().encode() + b" " * (20 * MIB) + b"-->"

    assert music(archive({"a.xml": padded})) == music(plain)
    with pytest.raises(TooLargeError, match="the limit is 16777216"):
        read_musicxml(padded)


def test_elements_are_counted_exactly():
    data = b"<score-partwise>" + b"<a/>" * 1_999 + b"</score-partwise>"

    assert len(read_tree(data, TreeLimits(nodes=2_000))) == 1_999
    with pytest.raises(TooLargeError, match="1999 elements"):
        read_tree(data, TreeLimits(nodes=1_999))


def test_a_caller_may_set_other_limits_for_a_conversion():
    deep = musicxml(inside="<a>" * 70 + "</a>" * 70)

    with pytest.raises(TooLargeError, match="64 levels"):
        convert_musicxml(deep)
    assert convert_musicxml(deep, TreeLimits(depth=80)).abc == convert_musicxml(musicxml()).abc
    with pytest.raises(TooLargeError, match="the limit is 100"):
        convert_musicxml(musicxml(), TreeLimits(size=100))
    with pytest.raises(TooLargeError, match="2 parts, the limit is 1"):
        convert_musicxml(parts(2), TreeLimits(parts=1))
    with pytest.raises(TooLargeError, match="10 elements"):
        convert_musicxml(musicxml(), TreeLimits(nodes=10))


def test_musicxml_has_at_most_256_parts():
    assert music(parts(256)).count("[V:") == 256
    with pytest.raises(TooLargeError, match="257 parts"):
        read_musicxml(parts(257))


@pytest.mark.parametrize(
    ("octave", "note_in_abc"),
    [
        ("0", "C,,,,8"),
        ("9", "c''''8"),
        pytest.param("-1", "C,,,,8", id="below: the lowest"),
        pytest.param("10", "c''''8", id="above: the highest"),
        pytest.param("999999999", "c''''8", id="far above"),
        pytest.param("9" * 100_000, "c''''8", id="as long as a book"),
        pytest.param("four", "C8", id="no number: as if it were not there"),
    ],
)
def test_an_octave_lies_within_0_and_9(octave, note_in_abc):
    assert note_in_abc in music(musicxml(octave=octave))


@pytest.mark.parametrize("divisions", ["1", "32768"])
def test_a_quarter_note_has_1_to_32768_divisions(divisions):
    data = musicxml(divisions=divisions, duration=str(4 * int(divisions)))

    assert "C8" in music(data)


@pytest.mark.parametrize("divisions", ["32769", "999999999999", "9" * 5000])
def test_a_quarter_note_of_more_divisions_is_refused(divisions):
    with pytest.raises(TooLargeError, match=f"{divisions[:12]} divisions, the limit is 32768"):
        read_musicxml(musicxml(divisions=divisions))


@pytest.mark.parametrize("divisions", ["0", "-1", "0.5", "0.000000001", "many"])
def test_divisions_below_1_and_such_that_are_no_number_are_left_out(divisions):
    assert music(musicxml(divisions=divisions)) == music(musicxml())


@pytest.mark.parametrize("beats", ["1", "256", "255+1"])
def test_a_metre_has_1_to_256_beats(beats):
    (score,) = read_musicxml(musicxml(beats=beats))

    assert score.metadata.meter == ("1/4" if beats == "1" else "256/4")


@pytest.mark.parametrize("beats", ["0", "-3", "257", "256+1", "1000000000", "9" * 5000])
def test_a_metre_of_other_beats_is_left_out(beats):
    (score,) = read_musicxml(musicxml(beats=beats))

    assert score.metadata.meter == ""
    assert len(score.whole()) < 200


@pytest.mark.parametrize(("divisions", "quarters"), [("1", 1e6), ("1000", 1e3)])
def test_a_duration_has_at_most_a_million_divisions(divisions, quarters):
    (score,) = read_musicxml(musicxml(divisions=divisions, duration="1000000"))

    assert f"C{2 * quarters:.0f}" in score.whole()
    for duration in ("1000001", "999999999999"):
        with pytest.raises(TooLargeError, match="the limit is 1000000"):
            read_musicxml(musicxml(divisions=divisions, duration=duration))


def test_a_jump_in_time_has_at_most_a_million_divisions():
    jump = "<forward><duration>{}</duration></forward>"

    read_musicxml(musicxml(inside=jump.format(1_000_000)))
    with pytest.raises(TooLargeError, match="the limit is 1000000"):
        read_musicxml(musicxml(inside=jump.format(1_000_001)))


@pytest.mark.parametrize("dots", [4, 5, 100_000])
def test_dots_are_not_counted_since_the_duration_says_it_all(dots):
    assert music(musicxml(dots=dots)) == music(musicxml())


@pytest.mark.parametrize(
    ("alter", "written"),
    [
        ("3", "^^C8"),
        ("-3", "__C8"),
        pytest.param("4", "^^C8", id="above: a double sharp"),
        pytest.param("-999999999", "__C8", id="below: a double flat"),
        pytest.param("9" * 5000, "^^C8", id="as long as a book"),
        pytest.param("much", "]C8", id="no number: as if it were not there"),
    ],
)
def test_an_alteration_is_a_double_sharp_or_flat_at_most(alter, written):
    assert written in music(musicxml(alter=alter))


# --- ABC

TUNE = "X:1\nT:Jig\nM:4/4\nL:1/8\nK:C\n"
STANDARD = 'X:1\nL:1/8\nM:4/4\nK:C\nV:1 treble nm="Part 1"\n'


@pytest.mark.parametrize("more", [0, 1])
def test_a_tune_has_at_most_1_mib(more):
    head, tail = b"X:1\nK:C\n", b"CDEF GABc|\n"
    words = "% é\n".encode() * ((MIB - 100) // 5)
    padding = b"%" * (MIB - len(head) - len(words) - len(tail) - 1 + more) + b"\n"
    data = head + words + padding + tail

    assert len(data) == MIB + more
    if more:
        with pytest.raises(TooLargeError, match="1048577 bytes"):
            read_abc(data)
    else:
        assert len(read_abc(data)) == 1


def test_a_tune_over_1_mib_does_not_take_the_others_with_it():
    good, bad = b"X:1\nK:C\nCDEF|\n\n", b"X:2\nK:C\n" + b"CDEF GABc|\n" * 100_000

    assert len(read_abc(good + bad)) == 1


@pytest.mark.parametrize("more", [0, 1])
def test_a_line_has_at_most_64_kib(more):
    line = '"^' + "é" * 100 + "x" * (64 * 1024 - 205 + more) + '"C|'
    data = f"{TUNE}{line}\n".encode()

    assert len(line.encode()) == 64 * 1024 + more
    if more:
        with pytest.raises(TooLargeError, match="65537 bytes"):
            read_abc(data)
    else:
        assert len(read_abc(data)) == 1


@pytest.mark.parametrize("opening", ["V:{}\nC8|\n", "[V:{}]C8|\n", "V:{} treble\nV:{}\nC8|\n"])
def test_a_tune_has_at_most_64_voices(opening):
    def voices(count: int) -> bytes:
        return (TUNE + "".join(opening.format(n, n) for n in range(1, count + 1))).encode()

    (score,) = read_abc(voices(64))

    assert score.bars[0].line.count("[V:") == 64
    with pytest.raises(TooLargeError, match="64 voices"):
        read_abc(voices(65))


def test_interleaved_abc_has_at_most_64_voices():
    def voices(count: int) -> bytes:
        line = "".join(f"[V:{n}]C8|" for n in range(1, count + 1))
        return f"{TUNE}{line}\n{line}\n".encode()

    assert read_abc(voices(64))[0].bars[0].line.count("[V:") == 64
    with pytest.raises(TooLargeError, match="64 voices"):
        read_abc(voices(65))


FOREIGN = {
    "include": "%%include /secret",
    "abc-include": "%%abc-include /secret",
    "abcm2ps-include": "%% abcm2ps-include /secret",
    "instruction": "I:abc-include /secret",
    "postscript": "%%postscript /secret",
    "beginjs": "%%beginjs\nsecret()\n%%endjs",
    "beginsvg": "%%beginsvg\n<svg onload='secret()'/>\n%%endsvg",
    "beginps": "%%beginps\nsecret\n%%endps",
    "upper case": "%%BeginJS\nsecret()\n%%EndJS",
}


@pytest.mark.parametrize("place", ["before", "header", "body"])
@pytest.mark.parametrize("head", [TUNE, STANDARD], ids=["by hand", "by a converter"])
@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_what_a_program_would_run_or_open_is_dropped(foreign, head, place):
    places = {
        name: f"{foreign}\n" if name == place else "" for name in ("before", "header", "body")
    }
    opened = "V:1\n" if head == STANDARD else ""
    header = head.replace("K:C\n", f"{places['header']}K:C\n")

    (score,) = read_abc(f"{places['before']}{header}{opened}{places['body']}C8|D8|]\n".encode())

    assert [bar.line for bar in score.bars] == ["[V:1]C8|", "[V:1]D8|]"]
    assert "secret" not in score.whole() + score.standard_abc


def test_other_directives_are_kept_where_a_converter_wrote_them():
    (score,) = read_abc((STANDARD.replace("L:1/8", "%%score 1\nL:1/8") + "V:1\nC8|D8|]\n").encode())

    assert "%%score 1" in score.whole()


UNCLOSED = [
    "[",
    "[V:a",
    "[V:",
    "[K:",
    "[r:",
    "[C",
    "[|",
    "[1",
    '"',
    "{",
    "(",
    "!a",
    "+a",
    "[Q:1/1 ",
]


@pytest.mark.parametrize("opening", ["", "[V:a", "[V:a ", "Q:", "V:", "K:"])
@pytest.mark.parametrize("unclosed", UNCLOSED)
def test_what_is_never_closed_takes_no_longer_than_its_length(opening, unclosed):
    def tune(size: int) -> bytes:
        line = (opening + unclosed * size)[: size - 1]
        return f"{TUNE}C8|\n{line}\n".encode()

    assert seconds_of(lambda: read_abc(tune(32 * 1024))) < 3  # 50 times that with a quadratic step


@pytest.mark.parametrize("field", ["Q:" + "111/111 " * 8000, "Q:" + "1/1=" * 16_000])
def test_a_tempo_without_end_takes_no_longer_than_its_length(field):
    assert seconds_of(lambda: read_abc(f"X:1\n{field}\nK:C\nC8|\n".encode())) < 3


# --- MIDI


@pytest.mark.parametrize("more", [0, 1])
def test_midi_has_at_most_4_mib(more):
    data = midi(note(60, 480))
    data += bytes(4 * MIB - len(data) + more)  # what follows the last track is nobody's

    if more:
        with pytest.raises(TooLargeError, match="4,194,305 bytes"):
            read_midi(data)
    else:
        assert len(read_midi(data)) == 1


@pytest.mark.parametrize("announced", [2**32 - 1, 100])
def test_a_chunk_may_not_be_longer_than_the_file(announced):
    data = midi(note(60, 480))
    start = data.index(b"MTrk") + 4
    broken = data[:start] + announced.to_bytes(4) + data[start + 4 :]

    with pytest.raises(BrokenFileError, match="cut short"):
        read_midi(broken)


def test_a_header_may_not_be_longer_than_the_file():
    data = midi(note(60, 480))

    with pytest.raises(BrokenFileError, match="cut short in its header"):
        read_midi(data[:4] + b"\xff\xff\xff\xff" + data[8:])


def test_a_text_may_not_be_longer_than_its_track():
    with pytest.raises(BrokenFileError, match="ends inside an event"):
        read_midi(midi([(0, b"\xff\x01" + varlen(2**27) + b"a")]))


@pytest.mark.parametrize("place", ["time", "length"])
def test_a_number_has_at_most_4_bytes(place):
    four, five, endless = b"\x80\x80\x80\x01", b"\x80\x80\x80\x80\x01", b"\xff" * 2**18

    def track(number: bytes) -> bytes:
        event = b"\xff\x01" + number + b"a" if place == "length" else b"\xff\x01\x01a"
        body = (b"\0" if place == "length" else number) + event
        body += b"".join(varlen(wait) + data for wait, data in [*note(60, 480), END])
        return midi().replace(b"\0\1\0\0", b"\0\1\0\1") + chunk(b"MTrk", body)

    assert len(read_midi(track(four))) == 1
    for number in (five, endless):
        with pytest.raises(BrokenFileError, match="more than 4 bytes"):
            read_midi(track(number))


def test_midi_has_at_most_200000_events():
    rest = [(0, b"\xf8")] * 199_997

    assert len(parse_midi(midi([*note(60, 480), *rest, END])).tracks[0]) == 200_000
    for tracks in ([[*note(60, 480), *rest, END, END]], [[*note(60, 480), *rest], [END, END]]):
        with pytest.raises(TooLargeError, match="more than 200,000 events"):
            read_midi(midi(*tracks))


def test_events_that_are_left_out_count_too():
    with pytest.raises(TooLargeError, match="more than 200,000 events"):
        read_midi(midi([*note(60, 480), *[(0, meta(0x51, b""))] * 200_000]))


def late(tick: int, division: bytes = b"\x7f\xff") -> bytes:
    """Write a file whose last event lies at a tick, 32767 of them being a quarter."""
    return midi(
        [(0, meta(0x51, (1_000).to_bytes(3))), *note(60, 1), (tick - 1, b"\xf8")], division=division
    )


def test_the_last_tick_is_at_most_2_to_the_27():
    assert len(read_midi(late(2**27))) == 1
    with pytest.raises(TooLargeError, match="tick 134,217,729"):
        read_midi(late(2**27 + 1))


def test_a_performance_lasts_at_most_24_hours():
    def hours(count: int, more: int = 0) -> bytes:
        return midi([*note(60, 1), (count * 3600 * 960 - 1 + more, b"\xf8")])  # at 120 quarters

    assert len(read_midi(hours(24))) == 1
    with pytest.raises(TooLargeError, match="hours, the limit is 24"):
        read_midi(hours(24, 960))


@pytest.mark.parametrize("division", [b"\0\0", b"\xe7\0"])
def test_a_division_is_not_0(division):
    assert len(read_midi(midi(note(60, 480), division=b"\0\1"))) == 1
    with pytest.raises(BrokenFileError, match="no time passes"):
        read_midi(midi(note(60, 480), division=division))


@pytest.mark.parametrize("tempo", [0, 999, 1_000])
def test_a_quarter_note_lasts_at_least_1000_microseconds(tempo):
    data = midi([(0, meta(0x51, tempo.to_bytes(3))), *note(60, 480)])

    if tempo < 1_000:
        with pytest.raises(TooLargeError, match=f"{tempo} microseconds"):
            read_midi(data)
    else:
        assert read_midi(data)[0].duration == pytest.approx(0.001)
