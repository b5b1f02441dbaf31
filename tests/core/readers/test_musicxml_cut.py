"""However the XML of a score is written, the same music comes out; and what is remembered has limits."""

import pytest

from clamp3_plugin.errors import BrokenFileError
from clamp3_plugin.readers.musicxml import pieces
from clamp3_plugin.readers.musicxml.convert import convert_musicxml
from clamp3_plugin.readers.musicxml.cut import read_score
from clamp3_plugin.readers.musicxml.parse import LIMITS
from clamp3_plugin.readers.musicxml.plain import plain_text

PITCH = "<pitch><step>A</step><alter>-1</alter><octave>4</octave></pitch>"
NOTATIONS = "<notations><articulations><staccato/></articulations></notations>"
LYRIC = '<lyric number="1"><syllabic>single</syllabic><text>già</text></lyric>'
NOTE = f"<note>{PITCH}<duration>2</duration><voice>1</voice>{NOTATIONS}{LYRIC}</note>"
WORDS = (
    '<direction><direction-type><words default-y="-4">dolce</words></direction-type></direction>'
)
PART_LIST = '<part-list><score-part id="P1"><part-name>Flute</part-name></score-part></part-list>'
PART = (
    f'<part id="P1"><measure number="1"><attributes><divisions>2</divisions></attributes>{WORDS}{NOTE}'
    '</measure><measure number="2"></measure><measure number="X1">'
    f"<note><rest/><duration>1</duration></note>{NOTE}</measure></part>"
)
SCORE = f"<score-partwise>{PART_LIST}{PART}</score-partwise>"
ABC = """X:1
T:Title
L:1/8
M:none
K:none
V:1 treble nm="Flute"
V:1
"_dolce" ._A2 | z ._A2 | %2
w: già|già|

"""
DOCTYPE = '<!DOCTYPE score-partwise PUBLIC "a" "b">'


def written(score: str) -> tuple[str, tuple[str, ...]]:
    """Convert a score in UTF-8."""
    converted = convert_musicxml(score.encode())
    return converted.abc, converted.bar_numbers


def test_a_plain_score_is_cut_and_no_tree_is_built():
    assert plain_text(SCORE.encode(), LIMITS) == SCORE
    assert written(SCORE) == (ABC, ("1", "X1"))


@pytest.mark.parametrize(
    "score",
    [
        pytest.param(SCORE.replace("<note>", "<!-- <note> - -> --><note>"), id="comments"),
        pytest.param(SCORE.replace("<note>", "<?finale <note> ? ?><note>"), id="instructions"),
        pytest.param(SCORE.replace("<text>già", "<text><![CDATA[già]]>"), id="CDATA"),
        pytest.param(SCORE.replace("già", "gi&#224;"), id="characters by number"),
        pytest.param(f"<?xml version='1.0'?>{DOCTYPE}<!-- <a> -->{SCORE}", id="a header"),
        pytest.param(
            DOCTYPE.replace(">", ' [<!ATTLIST words default-y CDATA "-4">]>')
            + SCORE.replace(' default-y="-4"', ""),
            id="attributes by declaration",
        ),
        pytest.param(SCORE.replace('"2"></measure>', '"2"/>'), id="a closed measure"),
        pytest.param(
            SCORE.replace("<measure number=", "<measure  width='1>2' number ="), id="odd tags"
        ),
        pytest.param(SCORE.replace('"', "'").replace("><", ">\r\n <"), id="quotes and lines"),
        pytest.param(SCORE.replace("<note>", '<note default-x="4.5" default-y="-3">'), id="places"),
        pytest.param(
            SCORE.replace(LYRIC + "<", "<").replace(PITCH, LYRIC + PITCH), id="words first"
        ),
        pytest.param(
            SCORE.replace(NOTATIONS + LYRIC, LYRIC + NOTATIONS), id="words before the notations"
        ),
        pytest.param(
            SCORE.replace(PITCH + "<duration>2</duration>", "<duration>2</duration>" + PITCH),
            id="a length before the pitch",
        ),
        pytest.param(
            SCORE.replace(PART_LIST + PART, PART + PART_LIST), id="a part list at the end"
        ),
        pytest.param(
            SCORE.replace("<score-partwise", '<score-partwise xmlns="http://a"'), id="a namespace"
        ),
        pytest.param(
            SCORE.replace("<score-partwise", '<score-partwise xmlns:x="http://a"').replace(
                "<words", '<words x:href="b"'
            ),
            id="an attribute with a namespace",
        ),
        pytest.param(
            SCORE.replace("<note>", f"{'<a>' * 50}{'</a>' * 50}<note>"), id="deep nesting"
        ),
        pytest.param(f"\n {SCORE}\n", id="empty lines around it"),
        pytest.param(
            SCORE.replace("<measure", "text<measure").replace("<note", "text<note"), id="text"
        ),
    ],
)
def test_the_same_score_in_other_xml_is_the_same_music(score):
    assert score != SCORE
    assert written(score) == written(SCORE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_a_score_is_read_in_its_encoding(encoding):
    declared = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'

    assert convert_musicxml((declared + SCORE).encode(encoding)).abc == written(SCORE)[0]


def test_a_note_within_a_note_is_refused():
    with pytest.raises(BrokenFileError, match="inside of another"):
        read_score(SCORE.replace(PITCH, PITCH + NOTE).encode())


def test_elements_closed_by_their_own_tag_count_like_others():
    odd = SCORE.replace("<note><rest/>", "<note/><note><rest/>").replace(
        "</part>", "<measure/></part>"
    )

    assert written(odd) == written(odd.replace("<note/>", "<note></note>"))
    assert written(odd) != written(SCORE)


def test_a_comment_that_xml_forbids_is_refused():
    with pytest.raises(BrokenFileError, match="not well-formed"):
        read_score(SCORE.replace(PITCH, PITCH + "<!-- a -- b -->").encode())


def test_what_is_broken_in_a_piece_is_named_by_line_and_column():
    with pytest.raises(BrokenFileError, match="mismatched tag: line 1, column"):
        read_score(SCORE.replace("</step>", "</stop>").encode())


def test_pieces_are_read_once_and_remembered_within_limits():
    read: list[str] = []

    def length(text: str) -> int:
        read.append(text)
        return len(text)

    known = pieces.Pieces(length)
    long = "a" * (pieces.LONGEST + 1)

    assert [known[text] for text in ("ab", "ab", long, long)] == [2, 2, len(long), len(long)]
    assert read == ["ab", long, long]
    for number in range(pieces.MOST * 2):
        known[str(number)]
        assert len(known) <= pieces.MOST
