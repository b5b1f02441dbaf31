"""Bars of a score as a score of its own, and as a picture."""

import pytest

from clamp3_plugin.daemon.preview.excerpt import cut_bars, titled
from clamp3_plugin.daemon.preview.picture import draw
from clamp3_plugin.errors import UnsupportedFormatError, UsageError
from clamp3_plugin.music import Modality, Passage, Piece
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


def piece(path: str) -> Piece:
    return Piece("p1", path, Modality.SCORE)


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


def test_an_excerpt_reads_as_the_passage():
    cut = draw(piece("a.musicxml"), SCORE.encode(), (3, 4), "musicxml", 1000)

    whole, part = read_musicxml(SCORE.encode())[0], read_musicxml(cut)[0]
    assert part.bars[0].line.endswith(whole.bars[2].line.partition("]")[2])
    assert part.metadata.tempo == 96
    assert whole.excerpt(Passage(3, 4))


def test_a_picture_is_simple_enough_for_qt():
    pytest.importorskip("verovio", reason="verovio is not installed (the extra preview)")

    picture = parse_xml(draw(piece("a.musicxml"), SCORE.encode(), (2, 3), "svg", 1000))

    tags = {element.tag for element in picture.iter()}
    assert tags <= {"svg", "g", "path", "rect", "ellipse", "polygon", "polyline", "text"}
    assert {"path", "rect"} & tags
    assert picture.get("viewBox")


def test_formats_that_are_not_engraved_say_so():
    with pytest.raises(UnsupportedFormatError, match="cannot be engraved"):
        draw(piece("a.mid"), b"MThd", None, "svg", 1000)


def test_a_page_of_any_width_is_not_made():
    with pytest.raises(UsageError, match="3 wide"):
        draw(piece("a.musicxml"), SCORE.encode(), None, "svg", 3)
