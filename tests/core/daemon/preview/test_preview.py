"""Bars of a score as a score of its own, and as a picture."""

import wave
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

import numpy as np
import pytest

from clamp3_plugin.daemon.preview.excerpt import (
    cut_bars,
    titled,
    with_short_names,
    with_tempo_as_words,
)
from clamp3_plugin.daemon.preview.picture import Drawing, draw
from clamp3_plugin.daemon.preview.thin import thin_text, thin_tree
from clamp3_plugin.daemon.preview.thin_humdrum import thin_humdrum
from clamp3_plugin.errors import EmptyContentError, UnsupportedFormatError, UsageError
from clamp3_plugin.music import Modality, Passage, Piece
from clamp3_plugin.readers.musescore.write import musicxml_of
from clamp3_plugin.readers.musicxml.parse import parse_xml
from clamp3_plugin.readers.musicxml_score import read_musicxml

BAR = "<note><pitch><step>{}</step><octave>4</octave></pitch><duration>4</duration><type>whole</type></note>"
SCORE = (
    "<score-partwise><credit/><part-list><score-part id='P1'><part-name>A</part-name></score-part>"
    "</part-list><part id='P1'>"
    "<measure number='1'><attributes><divisions>1</divisions><key><fifths>2</fifths></key>"
    "<time><beats>4</beats><beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef>"
    "</attributes><direction><sound tempo='96'/></direction>" + BAR.format("C") + "</measure>"
    "<measure number='2'><attributes><clef><sign>F</sign><line>4</line></clef></attributes>"
    + BAR.format("D")
    + "</measure><measure number='3'>"
    + BAR.format("E")
    + "</measure><measure number='4'><attributes><key><fifths>-1</fifths></key></attributes>"
    + BAR.format("F")
    + "</measure></part></score-partwise>"
)


PART = Passage(3, 4)


def piece(folder: Path, name: str = "a.musicxml", data: bytes | None = None) -> Piece:
    path = folder / name
    path.write_bytes(SCORE.encode() if data is None else data)
    return Piece("p1", str(path), Modality.SCORE)


def test_bars_carry_key_metre_clef_and_tempo_along():
    cut = cut_bars(parse_xml(SCORE), 3, 4)

    measures = cut.findall("part/measure")
    opening = measures[0].find("attributes")
    assert [measure.get("number") for measure in measures] == ["3", "4"]
    assert opening is not None
    assert [child.tag for child in opening] == ["divisions", "key", "time", "clef"]
    assert opening.findtext("key/fifths") == "2"
    assert opening.findtext("clef/sign") == "F"
    assert cut.find("part/measure/sound[@tempo='96']") is not None
    assert cut.find("credit") is None


def test_what_a_bar_changes_itself_is_not_undone():
    opening = cut_bars(parse_xml(SCORE), 4, 9).find("part/measure/attributes")

    assert opening is not None
    assert opening.findtext("key/fifths") == "-1"
    assert len(opening.findall("key")) == 1


def test_a_score_without_title_gets_one():
    assert titled(parse_xml(SCORE), "Air").findtext("work/work-title") == "Air"


def test_an_excerpt_reads_as_the_passage(tmp_path: Path):
    cut = draw(piece(tmp_path), Drawing(PART, "musicxml"))

    whole, part = read_musicxml(SCORE.encode())[0], read_musicxml(cut)[0]
    assert part.bars[0].line.endswith(whole.bars[2].line.partition("]")[2])
    assert [bar.number for bar in part.bars] == ["3", "4"]
    assert part.metadata.tempo == 96


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-16"])
@pytest.mark.parametrize("first", [1, 2, 3, 4])
def test_a_text_that_is_thinned_first_is_cut_to_the_same(first: int, encoding: str):
    head = f"<?xml version='1.0' encoding='{encoding}'?><!DOCTYPE score-partwise>"
    data = f"{head}{SCORE}<!-- the end -->".encode(encoding)

    thin = thin_text(data, first, 4)

    assert thin is not None
    cut = cut_bars(parse_xml(thin), 2, 6 - first)
    whole = cut_bars(parse_xml(SCORE), first, 4)
    assert [text(part) for part in cut.iter("measure")] == [
        text(part) for part in whole.iter("measure")
    ]


def text(measure: Element) -> bytes:
    return tostring(measure)


@pytest.mark.parametrize(
    "data",
    [
        SCORE.encode("utf-16-le"),
        b"<?xml version='1.0' encoding='latin-1'?>" + SCORE.encode(),
        b"<score-timewise/>",
        SCORE[:-40].encode(),
    ],
)
def test_a_text_that_cannot_be_cut_at_its_tags_is_left_to_the_tree(data: bytes):
    assert thin_text(data, 2, 3) is None


def test_a_musescore_file_is_thinned_to_the_same_bars():
    def measure(pitch: int, more: str = "") -> str:
        return (
            f"<Measure><voice>{more}<Chord><durationType>whole</durationType><Note><pitch>{pitch}"
            "</pitch><tpc>14</tpc></Note></Chord></voice></Measure>"
        )

    key = (
        "<KeySig><accidental>2</accidental></KeySig><TimeSig><sigN>4</sigN><sigD>4</sigD></TimeSig>"
    )
    source = (
        "<museScore version='3.01'><Score><Division>480</Division><Part><Staff id='1'/><Instrument/>"
        f"</Part><Staff id='1'>{measure(60, key)}{measure(62)}{measure(64)}{measure(65)}</Staff>"
        "</Score></museScore>"
    )
    root = parse_xml(source)

    assert thin_tree(root, 3, 4)

    thin = cut_bars(musicxml_of(root), 1, 2)
    whole = cut_bars(musicxml_of(parse_xml(source)), 3, 4)
    assert [text(part) for part in thin.iter("measure")] == [
        text(part) for part in whole.iter("measure")
    ]


def test_a_metronome_mark_becomes_words():
    mark = "<metronome><beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>60</per-minute></metronome>"
    score = parse_xml(
        f"<score-partwise><part><measure><direction><direction-type>{mark}</direction-type>"
        "</direction></measure></part></score-partwise>"
    )

    assert with_tempo_as_words(score).findtext(".//words") == "\u2669. = 60"


def svg(data: bytes) -> Element:
    root = parse_xml(data)
    assert root.tag == "svg"
    assert root.get("viewBox")
    return root


@pytest.fixture
def _engraver() -> None:
    pytest.importorskip("verovio", reason="verovio is not installed (the extra preview)")


@pytest.mark.usefixtures("_engraver")
def test_a_picture_is_simple_enough_for_qt(tmp_path: Path):
    picture = svg(draw(piece(tmp_path), Drawing(Passage(2, 3))))

    tags = {element.tag for element in picture.iter()}
    assert tags <= {"svg", "g", "path", "rect", "ellipse", "polygon", "polyline", "text"}
    assert {"path", "rect"} & tags


ABC = b"X:1\nT:Air\nM:3/4\nL:1/8\nK:D\ndefg a2|(3bag f2 e2|[df]4-[df]2|^c6|]\n"
KERN = b"**kern\n*clefG2\n*M2/4\n=1\n4c\n4d\n=2\n2e\n=3\n2f\n==\n*-\n"


@pytest.mark.usefixtures("_engraver")
@pytest.mark.parametrize(("name", "data"), [("a.abc", ABC), ("a.krn", KERN)])
def test_what_has_no_page_is_engraved_too(tmp_path: Path, name: str, data: bytes):
    picture = svg(draw(piece(tmp_path, name, data), Drawing(Passage(2, 3))))

    assert len(list(picture.iter("path"))) > 10


MEI = (
    b'<mei xmlns="http://www.music-encoding.org/ns/mei"><music><body><mdiv><score>'
    b'<scoreDef meter.count="2" meter.unit="4"><staffGrp>'
    b'<staffDef n="1" lines="5" clef.shape="G" clef.line="2"/></staffGrp></scoreDef><section>'
    + b"".join(
        b'<measure n="%d"><staff n="1"><layer n="1"><note pname="%c" oct="4" dur="2"/></layer>'
        b"</staff></measure>" % (number, name)
        for number, name in enumerate(b"cdefg", 1)
    )
    + b"</section></score></mdiv></body></music></mei>"
)


@pytest.mark.parametrize(("name", "data"), [("a.krn", KERN), ("a.mei", MEI)])
def test_bars_of_humdrum_and_mei_are_written_out(tmp_path: Path, name: str, data: bytes):
    written = draw(piece(tmp_path, name, data), Drawing(Passage(2, 3), "musicxml"))

    score = read_musicxml(written)[0]
    assert [bar.number for bar in score.bars] == ["2", "3"]
    notes = {"a.krn": "EF", "a.mei": "DE"}[name]
    assert "".join(bar.line.partition("]")[2][0] for bar in score.bars) == notes


SPLIT = (
    "**kern\t**kern\n*clefF4\t*clefG2\n*k[f#]\t*k[f#]\n*M2/4\t*M2/4\n=1\t=1\n2C\t2c\n=2\t=2\n"
    "*\t*^\n2D\t4d\t2f\n.\t4e\t.\n=3\t=3\t=3\n*M3/4\t*M3/4\t*M3/4\n2.E\t2.e\t2.g\n"
    "=4\t=4\t=4\n*\t*v\t*v\n2.F\t2.a\n=5\t=5\n2.G\t2.b\n==\t==\n*-\t*-\n"
)


def test_spines_that_split_and_join_are_followed_to_the_bars():
    thin = thin_humdrum(SPLIT, 3, 4)

    assert thin is not None
    lines = thin.splitlines()
    notes = [line for line in lines if line[0] not in "*="]
    assert notes == ["2.E\t2.e\t2.g", "2.F\t2.a"]
    assert lines[:2] == ["**kern\t**kern", "*\t*^"]
    assert lines[2:5] == [
        "*clefF4\t*clefG2\t*clefG2",
        "*k[f#]\t*k[f#]\t*k[f#]",
        "*M2/4\t*M2/4\t*M2/4",
    ]
    assert lines[5] == "=3\t=3\t=3"
    assert lines[-1] == "*-\t*-"


@pytest.mark.parametrize("text", ["**kern\n4c\t4d\n*-\n", SPLIT.replace("*^", "*+")])
def test_a_humdrum_file_whose_spines_are_not_followed_is_left_as_it_is(text: str):
    assert thin_humdrum(text, 1, 3) is None


@pytest.mark.usefixtures("_engraver")
def test_a_picture_is_as_high_as_asked_for_and_one_line_of_music_at_least(tmp_path: Path):
    long = replace_all(SCORE, BAR.format("E"), BAR.format("E") * 16)
    sizes = [
        height_of(draw(piece(tmp_path, data=long), Drawing(None, width=400, height=height)))
        for height in (0, 800, 100)
    ]

    assert sizes[0] > sizes[1] > sizes[2]
    assert sizes[1] <= 800


def replace_all(text: str, old: str, new: str) -> bytes:
    return text.replace(old, new).encode()


def height_of(picture: bytes) -> float:
    return float(svg(picture).get("viewBox", "").split()[3]) / 10


def test_parts_have_short_names_in_a_picture_where_the_score_has_some():
    score = parse_xml(
        "<score-partwise><part-list><score-part><part-name>Violin</part-name><part-abbreviation>Vl."
        "</part-abbreviation></score-part><score-part><part-name>Bass</part-name></score-part>"
        "</part-list></score-partwise>"
    )

    names = [name.text for name in with_short_names(score).iter("part-name")]

    assert names == ["Vl.", "Bass"]


def test_a_tune_is_written_out_as_it_sounds(tmp_path: Path):
    written = draw(piece(tmp_path, "a.abc", ABC), Drawing(Passage(2, 4), "musicxml"))

    assert read_musicxml(written)[0].whole().splitlines()[-3:] == [
        "[V:1](3bag f2 e2|",
        "[V:1][df]4- [df]2|",
        "[V:1]^c6|]",
    ]


BOOK = b"X:1\nT:Lost\nK:C\n\nX:2\nT:Found\nK:C\nCDEF|\n\nX:3\nT:Last\nK:C\nGABc|\n"


@pytest.mark.parametrize("tunes", [0, 2])
def test_a_tune_of_a_book_is_the_one_that_was_indexed(tmp_path: Path, tunes: int):
    last = replace(piece(tmp_path, "a.abc", BOOK), tune=2)

    written = draw(last, Drawing(Passage(1, 1), "musicxml"), tunes)

    assert read_musicxml(written)[0].whole().splitlines()[-1] == "[V:1]GABc|"


def test_a_tune_that_is_gone_from_its_book_is_named(tmp_path: Path):
    gone = replace(piece(tmp_path, "a.abc", BOOK), tune=3)

    with pytest.raises(EmptyContentError, match="no tune 3 any more"):
        draw(gone, Drawing(Passage(1, 1)))


def test_midi_is_a_piano_roll(tmp_path: Path, golden: Path):
    source = next((golden / "midi").rglob("*.mid")).read_bytes()
    played = replace(piece(tmp_path, "a.mid", source), modality=Modality.PERFORMANCE)

    picture = svg(draw(played, Drawing()))

    assert picture.get("width") == "1100"
    assert len(list(picture.iter("path"))) >= 2


def test_a_recording_is_a_waveform_of_the_seconds_asked_for(tmp_path: Path):
    rate = 24_000
    loud = np.sin(np.arange(3 * rate)) * np.repeat([3000, 30000, 3000], rate)
    file = tmp_path / "a.wav"
    with wave.open(str(file), "wb") as writer:
        writer.setparams((1, 2, rate, 0, "NONE", ""))
        writer.writeframes(loud.astype("<i2").tobytes())
    recording = Piece("p1", str(file), Modality.AUDIO)

    whole, middle = (
        svg(draw(recording, Drawing(part))) for part in (None, Passage(start=1.0, end=2.0))
    )

    assert whole.find("path") is not None
    heights = [
        {float(bar.partition("v")[2].partition("h")[0]) for bar in bars}
        for bars in (paths(whole), paths(middle))
    ]
    assert max(heights[0]) > 2 * min(heights[0])
    assert max(heights[1]) < 1.1 * min(heights[1])


def paths(picture: Element) -> list[str]:
    path = picture.find("path")
    assert path is not None
    return (path.get("d") or "").split("M")[1:]


def test_a_picture_that_was_made_is_made_anew_when_the_file_is_another(tmp_path: Path):
    first = draw(piece(tmp_path), Drawing(PART, "musicxml"))
    again = draw(
        piece(tmp_path, data=SCORE.replace("'3'", "'33'").encode()), Drawing(PART, "musicxml")
    )

    assert b'number="3"' in first
    assert b'number="33"' in again


def test_recordings_and_midi_have_no_bars_to_write_out(tmp_path: Path):
    played = replace(piece(tmp_path, "a.mid", b"MThd"), modality=Modality.PERFORMANCE)

    with pytest.raises(UnsupportedFormatError, match="no bars"):
        draw(played, Drawing(None, "musicxml"))


def test_bars_that_are_not_there_are_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="no such bars"):
        draw(piece(tmp_path), Drawing(Passage(5, 6)))


@pytest.mark.parametrize(
    ("drawing", "reason"), [(Drawing(width=3), "3 wide"), (Drawing(height=7), "7 high")]
)
def test_a_page_of_any_size_is_not_made(tmp_path: Path, drawing: Drawing, reason: str):
    with pytest.raises(UsageError, match=reason):
        draw(piece(tmp_path), drawing)
