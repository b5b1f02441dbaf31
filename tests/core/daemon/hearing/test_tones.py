"""What a score or a performance says is what sounds."""

import pytest

from clamp3_plugin.daemon.hearing.performed import performed_tones
from clamp3_plugin.daemon.hearing.tones import Tone, midi_file
from clamp3_plugin.daemon.hearing.written import playing_of
from clamp3_plugin.readers.performance import read_midi


def heard(abc: str) -> list[tuple[float, float, int]]:
    """Starts and lengths in quarters."""
    tones = playing_of(f"L:1/8\nQ:1/4=60\nM:4/4\n{abc}", None).tones
    return [(tone.start, tone.length, tone.pitch) for tone in tones]


@pytest.mark.parametrize(
    ("abc", "expected"),
    [
        ("K:C\n[V:1]C2 z2 c'4|", [(0, 1, 60), (2, 2, 84)]),
        ("K:D\n[V:1]F2 =F2 F2|\n[V:1]F2|", [(0, 1, 66), (1, 1, 65), (2, 1, 65), (3, 1, 66)]),
        ("K:Bb\n[V:1]B,2 E2|", [(0, 1, 58), (1, 1, 63)]),
        ("K:C\n[V:1]C4-|\n[V:1]C4|", [(0, 4, 60)]),
        ("K:C\n[V:1][CEG]2|", [(0, 1, 60), (0, 1, 64), (0, 1, 67)]),
        ("K:C\n[V:1](3CDE F2|", [(0, 1 / 3, 60), (1 / 3, 1 / 3, 62), (2 / 3, 1 / 3, 64), (1, 1, 65)]),
        ("K:C\n[V:1]C2|[V:2]E,4|\n[V:1]C2|[V:2]E,2|", [(0, 1, 60), (0, 2, 52), (2, 1, 60), (2, 1, 52)]),
        ("K:C\n[V:1]C2 [K:G] F2|", [(0, 1, 60), (1, 1, 66)]),
    ],
    ids=["octaves", "accidental", "key", "tie", "chord", "triplet", "voices", "new-key"],
)  # fmt: skip
def test_a_score_sounds_as_it_is_written(abc, expected):
    assert heard(abc) == [pytest.approx(tone) for tone in expected]


def test_a_faster_tempo_within_the_score_holds_from_there():
    assert heard("K:C\n[V:1]C2 [Q:1/4=120] C2|")[1] == (1, 0.5, 60)


def test_bars_begin_where_tempo_and_metre_put_them():
    header = "L:1/8\nQ:1/4=60\nM:4/4\nK:C"
    bars = "[V:1]C4|[V:2]C,8|\n[V:1][M:2/4]C4|[V:2]C,4|\n[V:1][Q:1/4=120]C4|[V:2]z4|"

    assert playing_of(f"{header}\n{bars}", None).starts == [0, 4, 6, 7]


def test_a_voice_sounds_like_what_it_is_called():
    abc = 'K:C\nV:1 treble nm="Violin I"\nV:2 bass nm="Violoncello"\n[V:1]C2|[V:2]C,2|'

    assert [tone.program for tone in playing_of(f"L:1/8\n{abc}", 90).tones] == [40, 42]


def test_a_performance_keeps_instruments_and_drums():
    on = "note_on 0 2 60 90\nnote_on 0 9 36 100"
    off = "note_off 480 2 60 0\nnote_off 0 9 36 0"
    mtf = f"ticks_per_beat 480\nprogram_change 0 2 40\n{on}\n{off}"

    tones = {(tone.pitch, tone.program, tone.length) for tone in performed_tones(mtf)}

    assert tones == {(60, 40, 0.5), (36, -1, 0.5)}


def test_what_is_written_for_the_synthesizer_reads_as_it_was_meant():
    tones = [Tone(0, 0.5, 60, 90, 40), Tone(0.25, 1, 67, 80, 0), Tone(1, 0.5, 36, 100, -1)]

    (read,) = read_midi(midi_file(tones))

    found = [(start, length, pitch, velocity) for start, length, pitch, velocity, _ in read.notes()]
    assert found == [(tone.start, tone.length, tone.pitch, tone.velocity) for tone in tones]
