"""Both ways of sending give the same: MuseScore's MusicXML, and the notes that a plugin walks through."""

import json
from pathlib import Path

import pytest
from music21 import corpus

from clamp3_plugin.music import Passage
from clamp3_plugin.readers.musicxml_score import read_musicxml
from clamp3_plugin.readers.note_list.read import read_notes
from clamp3_plugin.readers.score import Score
from tests.bridges.musescore import scores
from tests.bridges.musescore.conftest import Headless
from tests.bridges.musescore.scores import CLARINET, TRIPLETS, attributes, note, score

BOTH_WAYS = """
        cmd("select-all");
        file.source = "%(folder)s/notes.json";
        file.write(JSON.stringify(Score.notesOf(curScore, division, names())));
        tell(writeScore(curScore, "%(folder)s/written", "musicxml"));
"""
# Of 68 scores of the corpus, 34 composers, those 39 are equal whose every sign a plugin can see;
# these are twenty of them. What differs in the others is in docs/bridges/musescore.md.
REAL = (
    *("bach/bwv377", "bach/bwv115.6", "bach/bwv164.6", "bach/bwv188.6", "bach/bwv133.6"),
    *("bach/bwv179.6", "bach/bwv13.6", "bach/bwv154.3", "bach/bwv178.7", "bach/bwv275"),
    *("bach/bwv382", "ciconia/quod_jactatur", "mozart/k545/movement1_exposition"),
    *("haydn/opus1no1/movement1", "haydn/opus1no1/movement2", "lusitano/allor_che_ignuda"),
    *("verdi/laDonnaEMobile", "johnson_j_r/lift_every_voice", "cpebach/h186"),
    "mozart/k80/movement2",
)
CASES = {
    "pickup": score([[attributes(3) + note(4, 1), note(2, 3), note(3, 3), note(1, 3)]], 0),
    "clarinet": score([[attributes(4, fifths=2, more=CLARINET) + note(5, 4), note(3, 4)]]),
    "bass clef": score([[attributes(4, "F") + note(-8, 4), note(-10, 2) + note(-6, 2)]]),
    "triplets": score([[attributes() + note(1, 2) + TRIPLETS, TRIPLETS + note(4, 2)]]),
    "tie over the bar": score(
        [
            [
                attributes()
                + note(1, 2)
                + note(3, 2, '<tie type="start"/>', '<notations><tied type="start"/></notations>'),
                note(3, 2, '<tie type="stop"/>', '<notations><tied type="stop"/></notations>')
                + note(2, 2),
            ]
        ]
    ),
    "repeat": score(
        [
            [
                attributes() + note(1, 4),
                '<barline location="left"><repeat direction="forward"/></barline>' + note(2, 4),
                note(3, 4) + '<barline location="right"><repeat direction="backward"/></barline>',
                note(4, 4),
            ]
        ]
    ),
    "three staves": scores.plain(5, 3),
}


def both_ways(headless: Headless, folder: Path, music: bytes | Path) -> tuple[Score, Score]:
    told = headless(BOTH_WAYS % {"folder": folder}, music)
    assert told == [True]
    exported = read_musicxml((folder / "written.musicxml").read_bytes())[0]
    walked = read_notes((folder / "notes.json").read_bytes())[0]
    return exported, walked


@pytest.mark.parametrize("name", CASES, ids=CASES)
def test_a_score_is_the_same_both_ways(headless: Headless, tmp_path: Path, name: str):
    exported, walked = both_ways(headless, tmp_path, CASES[name])

    assert walked.whole() == exported.whole()
    last = exported.bar_count
    for first in range(1, last + 1):
        part = Passage(first, last)
        assert walked.excerpt(part) == exported.excerpt(part)


def test_twenty_real_scores_are_the_same_both_ways(headless: Headless, tmp_path: Path):
    other: list[str] = []
    for name in REAL:
        found = corpus.getWork(name)
        music = Path(found[0] if isinstance(found, list) else found)
        exported, walked = both_ways(headless, tmp_path, music)
        if walked.whole() != exported.whole():
            other.append(name)

    assert len(REAL) == 20
    assert not other


def test_names_of_bars_and_the_title_come_along(headless: Headless, tmp_path: Path):
    exported, walked = both_ways(headless, tmp_path, CASES["pickup"])

    assert walked.metadata.title == exported.metadata.title == "Test"
    assert walked.metadata.bars == exported.metadata.bars == 4


def test_an_instrument_that_transposes_by_an_octave_more_is_told_by_its_clef(
    headless: Headless, tmp_path: Path
):
    deep = "<transpose><diatonic>-8</diatonic><chromatic>-14</chromatic></transpose>"
    music = score([[attributes(4, fifths=2, more=deep) + note(5, 4), note(3, 4)]])

    exported, walked = both_ways(headless, tmp_path, music)

    assert walked.whole() == exported.whole()


def test_steps_give_what_one_walk_gives(headless: Headless):
    body = """
        var reader = new Score.NoteReader(curScore, division, names()), steps = 0;
        while (!reader.step(-1)) { steps += 1; }
        tell([steps, reader.text() === JSON.stringify(Score.notesOf(curScore, division, names()))]);
    """

    steps, is_same = headless(body, scores.plain(9))[0]

    assert steps == 8
    assert is_same


SOME_BARS = """
        cmd("select-all");
        var bars = [], ends = [[1, 1], [3, 5], [2, 7]];
        ends.forEach(function (pair) {
            var reader = new Score.NoteReader(curScore, division, names(), pair);
            while (!reader.step(1000)) { /* goes on */ }
            bars.push(JSON.parse(reader.text()));
        });
        tell([Score.isLarge(curScore), ends, bars, Score.notesOf(curScore, division, names())]);
"""


@pytest.mark.parametrize("name", ["bach/bwv10.7", "haydn/opus1no1/movement2"])
def test_of_a_large_score_only_the_bars_asked_for_are_sent_and_are_the_same(
    headless: Headless, name: str
):
    found = corpus.getWork(name)
    music = Path(found[0] if isinstance(found, list) else found)

    is_large, ends, parts, all_of_it = headless(SOME_BARS, music)[0]

    whole = read_notes(json.dumps(all_of_it).encode())[0]
    assert not is_large
    for (first, last), part in zip(ends, parts, strict=True):
        read = read_notes(json.dumps(part).encode())[0]
        assert read.excerpt(Passage(first, last)) == whole.excerpt(Passage(first, last))
        assert sum("n" in row for bar in part["bars"] for row in bar["events"]) < 0.7 * sum(
            "n" in row for bar in all_of_it["bars"] for row in bar["events"]
        )


def test_the_notes_are_plain_json(headless: Headless):
    told = headless("tell(Score.notesOf(curScore, division, names()));", CASES["clarinet"])[0]

    first = next(row for row in told["bars"][0]["events"] if "n" in row)
    assert json.dumps(told)
    assert first["n"] == [[67, 17, 5, 0, 15]]  # A as written, G as it sounds
