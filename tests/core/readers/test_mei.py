"""MEI: every movement a piece, in MEI 3, 4 and 5, within the limits of XML from strangers."""

import pytest

from clamp3_plugin.errors import BrokenFileError, EmptyContentError, TooLargeError
from clamp3_plugin.readers.music21_scores.mei import MAX_MOVEMENTS, read_mei
from clamp3_plugin.readers.registry import read, read_bytes

NOTE = '<note pname="c" oct="4" dur="4"/>'
STAFF = '<staffDef n="1" lines="5" clef.shape="G" clef.line="2"/>'


def movement(notes=NOTE, definition=f"<staffGrp>{STAFF}</staffGrp>", attributes=""):
    return (
        f"<mdiv><score><scoreDef {attributes}>{definition}</scoreDef><section><measure n='1'>"
        f"<staff n='1'><layer n='1'>{notes}</layer></staff></measure></section></score></mdiv>"
    )


def mei(body, head=""):
    return (
        f'<mei xmlns="http://www.music-encoding.org/ns/mei"><meiHead>{head}</meiHead>'
        f"<music><body>{body}</body></music></mei>"
    ).encode()


@pytest.fixture(scope="module")
def airs(golden):
    return read(golden / "mei" / "two_airs.mei")


def test_movements_are_pieces_as_the_encoder_reads_them(airs, golden):
    wanted = [(golden / "mei" / f"two_airs_{i}.abc").read_text(encoding="utf-8") for i in (1, 2)]

    assert [piece.whole() for piece in airs] == wanted


def test_names_are_those_of_the_work_and_the_movement(airs):
    first, second = airs

    assert first.metadata.title == second.metadata.title == "Two Airs"
    assert first.metadata.composer == "Ada Řehoř"
    assert first.metadata.lyricist == "Pia"
    assert "T:First\n" in first.standard_abc
    assert "T:Second\n" in second.standard_abc


def test_keys_metres_and_instruments_are_read_from_attributes_and_elements(airs):
    assert [(piece.metadata.key, piece.metadata.meter) for piece in airs] == [
        ("Bm", "3/4"),
        ("F", "2/4"),
    ]
    assert [piece.metadata.instruments for piece in airs] == [("Violin",), ("Flute", "Bass")]


def test_bars_are_numbered_as_printed(airs):
    assert [bar.number for bar in airs[0].bars] == ["7", "8"]


def test_names_of_mei_3_stand_in_a_title_statement():
    head = (
        "<fileDesc><titleStmt><title>An Air</title><respStmt>"
        "<persName role='composer'>Ada</persName></respStmt></titleStmt></fileDesc>"
    )

    (piece,) = read_mei(mei(movement(), head))

    assert (piece.metadata.title, piece.metadata.composer) == ("An Air", "Ada")


def test_the_key_of_mei_5_is_read():
    (piece,) = read_mei(mei(movement(attributes='keysig="2f"')))

    assert "K:Bb\n" in piece.standard_abc


def test_another_kind_of_xml_is_named():
    with pytest.raises(BrokenFileError, match="<svg>"):
        read_mei(b"<svg/>")


def test_a_file_without_a_score_is_empty():
    with pytest.raises(EmptyContentError, match="no score"):
        read_mei(mei("<mdiv><parts/></mdiv>"))


def test_entities_are_refused():
    with pytest.raises(BrokenFileError, match="entities"):
        read_mei(b'<!DOCTYPE mei [<!ENTITY a "b">]><mei>&a;</mei>')


def test_a_cut_file_is_named():
    with pytest.raises(BrokenFileError, match=r"^air\.mei: .*XML"):
        read_bytes(mei("")[:-9], "air.mei")


@pytest.mark.parametrize(
    "body",
    [
        "<mdiv>" * 80 + "</mdiv>" * 80,
        movement() * (MAX_MOVEMENTS + 1),
        movement('<multiRest num="1001"/>'),
        movement('<note pname="c" oct="10" dur="4"/>'),
        movement('<note pname="c" oct="4" dur="4" dots="5"/>'),
        movement(attributes='meter.count="1000000000"'),
        movement(definition="".join(f'<staffDef n="{i}"/>' for i in range(257))),
    ],
    ids=["depth", "movements", "rest", "octave", "dots", "beats", "staves"],
)
def test_what_no_score_needs_is_refused_before_music21_sees_it(body):
    with pytest.raises(TooLargeError):
        read_mei(mei(body))
