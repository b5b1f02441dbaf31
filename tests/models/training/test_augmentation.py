import random
import re
from pathlib import Path

import pytest

from clamp3_models.training.augmentation import (
    change_instruments,
    change_tempo,
    remove_headers,
    shift_octave,
    transpose_performance,
    transpose_score,
)
from clamp3_models.training.augmentation.keys import Key
from clamp3_plugin.readers.performance import read_mtf
from clamp3_plugin.readers.score import score_from_standard_abc
from tests.core.readers.abc_sounds import sounds

GOLDEN = Path(__file__).parents[2] / "golden"
TUNES = [
    *sorted(GOLDEN.glob("xml/int/*.abc")),
    *sorted(GOLDEN.glob("xml/std/*.abc")),
    *sorted(GOLDEN.glob("m[eu]*/*.abc")),
    *sorted(GOLDEN.glob("humdrum/*.abc")),
]
MTF = sorted(GOLDEN.glob("midi/mtf_m3/*.mtf"))
NATURALS = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
INTERVALS = [n for n in range(-6, 7) if n]


def heard(text, semitones=0):
    """Read what sounds: pitches in semitones, moved unless they are percussion; lengths, ties, metre."""
    return [
        (
            tempo,
            {voice: [_sound(note, semitones) for note in notes] for voice, notes in bar.items()},
        )
        for tempo, bar in sounds(text)
    ]


def _sound(note, semitones):
    if len(note) < 8:  # a rest or the end of a chord; the key it stands in is no sound
        return note[:2]
    written, alter, length, tie, _, *in_force = note
    step = written[0]
    octave = step.islower() + written.count("'") - written.count(",")
    moved = 0 if in_force[-1] == "perc" else semitones
    return NATURALS[step.upper()] + 12 * octave + alter + moved, length, tie, *in_force


def golden_scores():
    texts = {f"{path.parent.name}/{path.stem}": path.read_text() for path in TUNES}
    return {
        name: score_from_standard_abc(text).whole() if "\n[V:" not in text else text
        for name, text in texts.items()
    }


SCORES = golden_scores()


def made_up(seed):
    """Write a score of three voices full of accidentals, ties, chords, graces and changes of key."""
    choose = random.Random(seed)  # noqa: S311 - a repeatable choice, no secret
    keys = [
        "C",
        "G",
        "D",
        "A",
        "F#",
        "F",
        "Bb",
        "Db",
        "Cb",
        "Gmin",
        "Ebmin",
        "Ddor",
        "Emix",
        "none",
    ]
    lines = ["%%score 1 2 3", "L:1/8", "M:4/4", f"K:{choose.choice(keys)}"]
    lines += ["V:1 treble", "V:2 bass", f"K:{choose.choice(keys)}", "V:3 perc", "K:none"]
    for _ in range(8):
        bar = ""
        for voice in "123":
            bar += f"[V:{voice}]"
            if choose.random() < 0.2:
                bar += f"[K:{choose.choice(keys)}]"
            for _ in range(choose.randrange(1, 7)):
                bar += _made_up_sound(choose, keys)
            bar += "|"
        lines.append(bar)
    return "\n".join([*lines, ""])


def _made_up_sound(choose, keys):
    kind = choose.random()
    if kind < 0.08:
        return f"[K:{choose.choice(keys)}]"
    if kind < 0.16:
        return choose.choice(['"^Cantabile b"', "!trill!", '"Bb7/F"', " z2 ", "(3", "{AB}"])
    if kind < 0.3:
        steps = choose.sample(["C", "E,", "g", "B", "f'"], 3)
        return (
            f"[{''.join(_made_up_note(choose, step) for step in steps)}]2{choose.choice(['', '-'])}"
        )
    return _made_up_note(choose, choose.choice("CDEFGABcdefgab")) + choose.choice(
        ["", "2", "3/2", "-", "2-"]
    )


def _made_up_note(choose, step):
    return choose.choice(["", "", "", "", "^", "_", "=", "^^", "__"]) + step


def signatures(text):
    values = [a or b for a, b in re.findall(r"^K:(.*)|\[K:([^\]]*)\]", text, re.MULTILINE)]
    return [key.fifths for key in map(Key.of, values) if key]


@pytest.mark.parametrize("semitones", INTERVALS)
@pytest.mark.parametrize("name", SCORES)
def test_a_transposed_score_sounds_so_many_semitones_higher(name, semitones):
    transposed = transpose_score(SCORES[name], semitones)

    assert heard(transposed) == heard(SCORES[name], semitones)
    assert max(map(abs, signatures(transposed)), default=0) <= 7


@pytest.mark.parametrize("seed", range(30))
def test_so_does_one_of_many_accidentals_ties_and_changes_of_key(seed):
    text = made_up(seed)

    for semitones in INTERVALS:
        transposed = transpose_score(text, semitones)

        assert heard(transposed) == heard(text, semitones)
        assert max(map(abs, signatures(transposed))) <= 7


@pytest.mark.parametrize(
    ("key", "semitones", "expected"),
    [
        ("G", 2, "A"),
        ("C", 1, "Db"),
        ("F#", 1, "G"),
        ("Gmin", -1, "F#min"),
        ("Ddor", 3, "Fdor"),
        ("A Mixolydian", -2, "G Mixolydian"),
        ("Em clef=bass", 5, "Am clef=bass"),
        ("Cb", 4, "Eb"),
        ("none", 4, "none"),
        ("bass", 4, "bass"),
        ("C", 0, "C"),
    ],
)
def test_keys_become_the_simplest_of_that_name(key, semitones, expected):
    text = f"L:1/8\nK:{key}\nV:1\n[V:1]C2|\n[V:1][K:{key}]C2|\n"

    transposed = transpose_score(text, semitones)

    assert f"\nK:{expected}\n" in transposed
    assert f"[V:1][K:{expected}]" in transposed


def test_the_keys_of_a_piece_move_by_one_interval_while_that_is_readable():
    text = "K:C\nV:1\n[V:1]C2|\n[V:1][K:{}]D2|\n[V:1][K:F]F2|\n"

    assert signatures(transpose_score(text.format("G"), 1)) == [-5, -4, -6]
    assert signatures(transpose_score(text.format("Gb"), 1)) == [7, 1, 6]
    assert signatures(transpose_score(text.format("E").replace("K:F", "K:Eb"), 1)) == [-5, -1, 4]


def test_a_tie_over_a_change_of_key_stays_on_its_line():
    text = "K:Eb\nV:1\n[V:1]E8-|\n[V:1][K:E] E4 E4|\n"

    assert transpose_score(text, 1) == "K:E\nV:1\n[V:1]E8-|\n[V:1][K:F] E4 F4|\n"


def test_words_ornaments_and_other_fields_stay_and_chord_symbols_move():
    text = 'U:s=!stemless!\nK:C\nV:1 treble nm="Bass"\n[V:1]"^Adagio"!fermata!"Am7/G"[M:3/4]C2 "_dolce"D2 "Fine"E2|\n'

    assert transpose_score(text, 2) == (
        'U:s=!stemless!\nK:D\nV:1 treble nm="Bass"\n'
        '[V:1]"^Adagio"!fermata!"Bm7/A"[M:3/4]D2 "_dolce"E2 "Fine"F2|\n'
    )


def test_percussion_stays():
    text = 'K:C\nV:1 perc\nK:none\nI:percmap ^F F 65 x\nV:2 treble\n[V:1]"C"[K:C]^F2|[V:2]F2|\n'

    assert transpose_score(text, 2) == text.replace("K:C\nV:1", "K:D\nV:1").replace(
        "]F2|\n", "]G2|\n"
    )
    assert shift_octave(text, 1) == text.replace("]F2|\n", "]f2|\n")


@pytest.mark.parametrize("key", ["C exp ^f", "D ^g", "HP", "G#"])
def test_a_signature_that_no_key_can_name_is_refused(key):
    with pytest.raises(ValueError, match=r"the key '.*' has"):
        transpose_score(f"K:{key}\nV:1\n[V:1]C2|\n", 2)


def test_microtones_are_refused():
    with pytest.raises(ValueError, match="microtones"):
        transpose_score('K:C\nV:1\n[V:1]"^_/a"_/B2|\n', 2)


@pytest.mark.parametrize("name", SCORES)
def test_a_score_moved_by_octaves_keeps_its_keys(name):
    moved = shift_octave(SCORES[name], -1)

    assert heard(moved) == heard(SCORES[name], -12)
    assert signatures(moved) == signatures(SCORES[name])
    assert shift_octave(moved, 1) == SCORES[name]


@pytest.mark.parametrize("path", MTF, ids=lambda path: path.stem)
@pytest.mark.parametrize("semitones", [-5, 3])
def test_a_transposed_performance_sounds_so_many_semitones_higher(path, semitones):
    text = path.read_text()
    notes = read_mtf(text)[0].notes()

    moved = read_mtf(transpose_performance(text, semitones))[0].notes()

    assert sorted(moved) == sorted(
        (start, length, pitch + (semitones if channel != 9 else 0), velocity, channel)
        for start, length, pitch, velocity, channel in notes
    )


def test_the_key_signature_of_a_performance_goes_along():
    text = "ticks_per_beat 480\nkey_signature Bbm 0\nkey_signature G 7\nnote_on 0 0 60 9\n"

    assert transpose_performance(text, 1).split("\n")[1:3] == [
        "key_signature Bm 0",
        "key_signature Ab 7",
    ]
    assert shift_octave(text, 1) == text.replace(" 60 ", " 72 ")


def test_a_pitch_beyond_midi_is_refused():
    with pytest.raises(ValueError, match="127 cannot be moved by 1"):
        transpose_performance("ticks_per_beat 480\nnote_on 0 0 127 9", 1)
    with pytest.raises(ValueError, match="11 cannot be moved by -12"):
        shift_octave("ticks_per_beat 480\nnote_on 0 0 11 9", -1)


@pytest.mark.parametrize("path", MTF, ids=lambda path: path.stem)
def test_a_performance_at_another_tempo_takes_another_time(path):
    if read_mtf(path.read_text())[0].timeline.metres == () and "smpte" in path.stem:
        pytest.skip("frames have no tempo")
    before, after = (
        read_mtf(text)[0].notes()
        for text in (path.read_text(), change_tempo(path.read_text(), 1.25))
    )

    assert [note[2:] for note in after] == [note[2:] for note in before]
    assert [note[0] for note in after] == pytest.approx(
        [note[0] / 1.25 for note in before], rel=1e-4
    )


def test_the_default_tempo_is_changed_too():
    text = "ticks_per_beat 480\nnote_on 0 0 60 9\nset_tempo 600000 480"

    assert change_tempo(text, 2).split("\n") == [
        "ticks_per_beat 480",
        "set_tempo 250000 0",
        "note_on 0 0 60 9",
        "set_tempo 300000 480",
    ]


def test_the_tempo_of_a_score_changes_in_header_and_bars():
    text = 'Q:"Slow 1/4=60" 3/8=60.5 "or so"\nK:C\nV:1\n[V:1][Q:1/4=90]"^=60"C2|[V:2][Q:120]D2|\n'

    assert change_tempo(text, 2) == (
        'Q:"Slow 1/4=60" 3/8=121 "or so"\nK:C\nV:1\n[V:1][Q:1/4=180]"^=60"C2|[V:2][Q:240]D2|\n'
    )


@pytest.mark.parametrize(
    ("text", "factor"), [("Q:1/4=60\n", 0), ("ticks_per_beat 1\nset_tempo 1 0", 9.0)]
)
def test_an_impossible_tempo_is_refused(text, factor):
    with pytest.raises(ValueError, match=r"0 times as fast|0 microseconds"):
        change_tempo(text, factor)


def test_a_score_without_headers_keeps_voices_and_music():
    text = "%%score 1 2\nL:1/8\nQ:1/4=96\nM:4/4\nK:C\nV:1 treble\nK:G\nV:2 bass\n[V:1][K:D]C8|[V:2]C8|\n"

    assert remove_headers(text) == "%%score 1 2\nV:1 treble\nV:2 bass\n[V:1][K:D]C8|[V:2]C8|\n"


@pytest.mark.parametrize("path", MTF, ids=lambda path: path.stem)
def test_a_performance_without_headers_keeps_its_ticks(path):
    text = path.read_text()

    bare = remove_headers(text)

    assert not re.search("set_tempo|time_signature|key_signature", bare)
    assert read_mtf(bare)[0].track.notes == read_mtf(text)[0].track.notes
    assert read_mtf(bare)[0].track.end == read_mtf(text)[0].track.end


def test_instruments_change_by_a_table_or_by_chance_but_drums_do_not():
    text = "ticks_per_beat 480\nprogram_change 0 9 24\nprogram_change 0 0 24\nprogram_change 7 1 3\nprogram_change 0 2 24\n"

    by_table = change_instruments(text, {24: 40})
    by_chance = change_instruments(text, random.Random(5))  # noqa: S311 - a repeatable choice

    assert by_table == text.replace("0 24\nprogram_change 7", "0 40\nprogram_change 7").replace(
        "2 24", "2 40"
    )
    _, drums, first, _, second, _ = by_chance.split("\n")
    assert drums == "program_change 0 9 24"
    assert first.split()[-1] == second.split()[-1] != "24"
    assert by_chance == change_instruments(text, random.Random(5))  # noqa: S311 - the same again


def test_channels_that_say_no_program_get_one_too():
    text = "ticks_per_beat 480\nnote_on 5 9 40 90\nnote_on 0 10 60 90\nnote_on 0 2 60 90\nprogram_change 0 2 0"

    assert change_instruments(text, {0: 7}).split("\n") == [
        "ticks_per_beat 480",
        "program_change 0 10 7",
        *text.replace("0 2 0", "0 2 7").split("\n")[1:],
    ]
    assert change_instruments(text, {1: 7}) == text


def test_a_program_beyond_midi_is_refused():
    with pytest.raises(ValueError, match="outside 0 to 127"):
        change_instruments("ticks_per_beat 480\nprogram_change 0 0 1", {1: 128})
