"""Files of MuseScore read by our own reader; the golden ABC comes from MuseScore's own export."""

import contextlib
import re
from io import BytesIO
from pathlib import Path
from xml.etree.ElementTree import tostring
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from defusedxml.ElementTree import fromstring

from clamp3_plugin.errors import (
    BrokenFileError,
    EmptyContentError,
    InputRefusedError,
    TooLargeError,
)
from clamp3_plugin.readers import registry
from clamp3_plugin.readers.musescore.read import read_musescore_with
from clamp3_plugin.readers.musescore.write import musicxml_of
from clamp3_plugin.readers.musicxml.convert import convert_musicxml
from clamp3_plugin.readers.score import Score

GOLDEN = Path(__file__).resolve().parents[3] / "golden" / "musescore"
QUARTER = (
    "<Chord><durationType>quarter</durationType><Note><pitch>{}</pitch><tpc>{}</tpc></Note></Chord>"
)


def mscx(measures: str, part: str = "", version: str = "3.02") -> bytes:
    return (
        f'<museScore version="{version}"><Score><Part><Staff id="1"/>{part}</Part>'
        f'<Staff id="1">{measures}</Staff></Score></museScore>'
    ).encode()


def voice(content: str) -> str:
    return f"<Measure><voice>{content}</voice></Measure>"


def packed(files: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def read(data: bytes) -> Score:
    (score,) = read_musescore_with(data, None)
    return score


def music(abc: str) -> str:
    """Everything but the title block, of which MuseScore exports less than the file says."""
    return "\n".join(line for line in abc.splitlines() if not re.match("[TCZ]:", line))


def notes(abc: str) -> str:
    """What sounds: without decorations, words and the spaces of beams."""
    return re.sub(r'"(\\.|[^"])*"|![^!\n]*!| ', "", music(abc))


def bars(data: bytes) -> str:
    return read(data).standard_abc.rpartition("V:1\n")[2]


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("x*.mscx")), ids=lambda path: path.stem)
def test_a_score_of_musescore_3_reads_as_what_musescore_exports(path):
    expected = path.with_suffix(".abc").read_text()

    assert music(read(path.read_bytes()).standard_abc) == music(expected)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("v2_*.mscx")), ids=lambda path: path.stem)
def test_a_score_of_musescore_2_has_the_notes_that_musescore_exports(path):
    expected = path.with_suffix(".abc").read_text()

    assert notes(read(path.read_bytes()).standard_abc) == notes(expected)


def test_the_title_block_comes_from_properties_and_title_frame():
    metadata = read((GOLDEN / "x01_lead_sheet.mscx").read_bytes()).metadata

    assert (metadata.title, metadata.composer, metadata.lyricist) == (
        "Café Song",
        "Zoë Müller",
        "Anon",
    )
    assert (metadata.key, metadata.meter, metadata.tempo, metadata.bars) == ("G", "4/4", 120, 4)


def test_a_packed_score_is_the_one_that_the_container_names_last():
    container = (
        b'<container><rootfiles><rootfile full-path="score_style.mss"/>'
        b'<rootfile full-path="b.mscx"/></rootfiles></container>'
    )
    score = mscx(voice(QUARTER.format(60, 14)))
    files = {
        "META-INF/container.xml": container,
        "score_style.mss": b"<style/>",
        "Excerpts/a.mscx": mscx(voice(QUARTER.format(62, 16))),
        "b.mscx": score,
    }

    assert read(packed(files)).standard_abc == read(score).standard_abc


def test_a_packed_score_without_a_container_is_the_one_that_lies_outermost():
    score = mscx(voice(QUARTER.format(60, 14)))
    files = {"Excerpts/a.mscx": mscx(voice(QUARTER.format(62, 16))), "b.mscx": score}

    assert read(packed(files)).standard_abc == read(score).standard_abc


def test_a_transposing_instrument_is_read_as_written():
    clarinet = (
        "<Instrument><longName>Clarinet</longName><transposeDiatonic>-1</transposeDiatonic>"
        "<transposeChromatic>-2</transposeChromatic></Instrument>"
    )
    key = "<KeySig><concertKey>-2</concertKey></KeySig>"

    text = read(mscx(voice(key + QUARTER.format(70, 12)), clarinet, "4.20")).standard_abc

    assert text.rstrip().endswith("[K:C] c2 x6 |] %1")


def test_a_tuplet_holds_its_notes_together():
    tuplet = (
        "<Tuplet><normalNotes>2</normalNotes><actualNotes>3</actualNotes></Tuplet>"
        + QUARTER.format(60, 14) * 3
        + "<endTuplet/>"
        + QUARTER.format(62, 16) * 2
    )

    assert "(3" in bars(mscx(voice(tuplet)))


def test_grace_notes_behind_a_note_are_read_from_its_end_backwards():
    after = "<Chord><durationType>16th</durationType><grace16after/><Note><pitch>{}</pitch></Note></Chord>"
    music = after.format(64) + after.format(62) + QUARTER.format(60, 14) + QUARTER.format(67, 15)

    assert bars(mscx(voice(music))).startswith(" C2{DE} G2")


def test_notes_under_an_octave_line_sound_higher():
    line = (
        '<Spanner type="Ottava"><Ottava><subtype>8va</subtype></Ottava>'
        "<next><location><fractions>1/4</fractions></location></next></Spanner>"
    )
    end = (
        '<Spanner type="Ottava"><prev><location><fractions>-1/4</fractions></location></prev>'
        "</Spanner>"
    )
    text = bars(mscx(voice(line + QUARTER.format(60, 14) + end + QUARTER.format(60, 14))))

    assert re.search(r"!8va\(! ?c2!8va\)! ?C2", text)


def test_a_pickup_has_its_own_length():
    pickup = f'<Measure len="1/4"><irregular/><voice>{QUARTER.format(60, 14)}</voice></Measure>'
    whole = "<Rest><durationType>measure</durationType><duration>4/4</duration></Rest>"

    converted = convert_musicxml(tostring(musicxml_of(fromstring(mscx(pickup + voice(whole))))))

    assert converted.bar_numbers == ("0", "1")
    assert converted.bar_onsets == (0, 1, 5)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(b"<museScore><Score>", BrokenFileError, id="cut off"),
        pytest.param(b"<score-partwise/>", BrokenFileError, id="of another kind"),
        pytest.param(b"<museScore/>", EmptyContentError, id="without a score"),
        pytest.param(mscx(voice("")), EmptyContentError, id="without notes"),
        pytest.param(packed({"a.xml": b"<museScore/>"}), BrokenFileError, id="no score inside"),
        pytest.param(packed({"a.mscx": packed({})}), BrokenFileError, id="archive in an archive"),
        pytest.param(mscx("<a>" * 80 + "</a>" * 80), TooLargeError, id="too deep"),
        pytest.param(
            b'<!DOCTYPE a [<!ENTITY b "c">]><museScore>&b;</museScore>',
            BrokenFileError,
            id="entity",
        ),
        pytest.param(mscx("<Measure/>" * 20_001), TooLargeError, id="too many measures"),
    ],
)
def test_what_is_no_score_is_refused(data, error):
    with pytest.raises(error):
        read_musescore_with(data, None)


@pytest.mark.parametrize("cut", range(0, 6000, 311))
def test_a_damaged_score_is_read_or_refused(cut, monkeypatch):
    monkeypatch.setattr("clamp3_plugin.readers.musescore.read._installed", lambda: None)
    data = (GOLDEN / "x02_piano_two_staves.mscx").read_bytes()
    harmed = data[:cut] + data[cut + 40 :]

    with contextlib.suppress(InputRefusedError):
        registry.read_bytes(harmed, "harmed.mscx")


def test_the_registry_knows_both_endings():
    assert {".mscx", ".mscz"} <= registry.FORMATS.keys()
