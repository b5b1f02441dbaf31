"""MusicXML comes out as the reference writes it, and no file breaks the converter."""

import re
from xml.etree.ElementTree import Element, tostring

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from clamp3_plugin.errors import (
    BrokenFileError,
    Clamp3Error,
    EmptyContentError,
    TooLargeError,
)
from clamp3_plugin.readers.interleave import interleave
from clamp3_plugin.readers.musicxml import alignment, convert, parts
from clamp3_plugin.readers.musicxml.convert import convert_musicxml
from clamp3_plugin.readers.mxl import unzip_score

IDENTICAL = [
    "x01_lead_sheet.musicxml",
    "x02_piano_two_staves.musicxml",
    "x03_repeats_voltas_three_parts.xml",
    "x04_changes_transposing.musicxml",
    "x05_empty_bars_stripped.musicxml",
    "x06_quotes_and_barlines_in_text.musicxml",
    "x10_zipped.mxl",
    "x12_nonascii_percussion.musicxml",
]
LILYPOND = ["lily_41d-StaffGroups-Nested", "lily_43d-MultiStaff-StaffChange", "lily_45b-RepeatWithAlternatives"]  # fmt: skip

PITCH = "<pitch><step>{}</step><octave>4</octave></pitch>"
QUARTER = f"<note>{PITCH.format('C')}<duration>1</duration></note>"
ATTRIBUTES = (
    "<attributes><divisions>1</divisions><key><fifths>0</fifths></key>"
    "<time><beats>4</beats><beat-type>4</beat-type></time>"
    "<clef><sign>G</sign><line>2</line></clef></attributes>"
)


def score(
    *measures, head="", part_list='<score-part id="P1"><part-name>Flute</part-name></score-part>'
):
    """One part in 4/4 and C, with divisions of a quarter note."""
    first, *others = measures
    bars = [f'<measure number="1">{ATTRIBUTES}{first}</measure>']
    bars += [f'<measure number="{n}">{bar}</measure>' for n, bar in enumerate(others, 2)]
    return (
        f"<score-partwise>{head}<part-list>{part_list}</part-list>"
        f'<part id="P1">{"".join(bars)}</part></score-partwise>'
    ).encode()


def whole_note(step="C", extra=""):
    return f"<note>{PITCH.format(step)}<duration>4</duration>{extra}</note>"


def direction(content, extra=""):
    return f"<direction><direction-type>{content}</direction-type>{extra}</direction>"


def music(data, voice=1):
    """The music of one voice, without line breaks and bar counts."""
    body = re.split(r"^V:(\d+)\n", convert_musicxml(data).abc, flags=re.MULTILINE)
    lines = dict(zip(body[1::2], body[2::2], strict=True))[str(voice)].splitlines()
    return "".join(re.sub(r" %\d+$", "", line) for line in lines if not line.startswith("w:"))


def read(folder, name):
    data = (folder / "xml" / "in" / name).read_bytes()
    return unzip_score(data) if name.endswith(".mxl") else data


# --- what the reference writes


@pytest.mark.parametrize("name", IDENTICAL)
def test_standard_abc_is_that_of_the_reference(golden, name):
    expected = (golden / "xml" / "std" / name).with_suffix(".abc").read_text("utf-8")

    assert convert_musicxml(read(golden, name)).abc == expected


@pytest.mark.parametrize("name", LILYPOND)
def test_standard_abc_of_lilyponds_suite_is_that_of_the_reference(shared, name):
    expected = (shared / "golden" / "xml" / "std" / f"{name}.abc").read_text("utf-8")

    assert convert_musicxml(read(shared / "golden", f"{name}.xml")).abc == expected


@pytest.mark.parametrize("name", IDENTICAL)
def test_interleaved_abc_is_that_of_the_reference(golden, name):
    expected = (golden / "xml" / "int" / name).with_suffix(".abc").read_text("utf-8")

    assert interleave(convert_musicxml(read(golden, name)).abc).text == expected


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        pytest.param(
            QUARTER + "<note><rest/><duration>1</duration></note>"
            f"<note>{PITCH.format('D')}<duration>2</duration><beam>end</beam></note>",
            " C2z2D4 |",
            id="a rest goes with the beam it stands in",
        ),
        pytest.param(
            "<note><grace/>" + PITCH.format("D") + '<notations><slur type="start"/></notations>'
            "</note>" + whole_note("C", '<notations><slur type="stop"/></notations>'),
            "{D} C8 |",
            id="a slur from a grace note to its note is not written",
        ),
        pytest.param(
            direction('<pedal type="stop"/>') + direction('<pedal type="start"/>') + whole_note(),
            "!ped-up!!ped! C8 |",
            id="an early end of the pedal waits for its start",
        ),
        pytest.param(
            direction("<words>a </words><words>tempo</words>", '<sound tempo="88"/>')
            + whole_note(),
            '"^a tempo" C8 |',
            id="words of one direction are one text",
        ),
        pytest.param(
            QUARTER + direction('<wedge type="crescendo"/>') + QUARTER * 2
            + direction('<wedge type="stop"/>') + QUARTER,
            " C2!<(! C2 C2!<)! C2 |",
            id="a hairpin",
        ),
        pytest.param(
            QUARTER + direction("<words>dim.</words>") + QUARTER * 3,
            ' C2"^dim." C2 C2 C2 |',
            id="a direction goes before the next note",
        ),
    ],
)  # fmt: skip
def test_details_are_written_as_by_the_reference(measure, expected):
    assert music(score(measure)) == expected


def note(step, duration, extra=""):
    return f"<note>{PITCH.format(step)}<duration>{duration}</duration>{extra}</note>"


def on_note(signs):
    return f"<notations>{signs}</notations>"


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (
            (
                "<articulations><staccato/><accent/></articulations><fermata/>"
                "<ornaments><trill-mark/></ornaments><technical><up-bow/></technical>"
            ),
            "!>!.!fermata!TuC8",
        ),
        ('<ornaments><tremolo type="single">2</tremolo></ornaments>', "!//!C8"),
        ('<ornaments><tremolo type="start">3</tremolo></ornaments>', "!///-!C8"),
        ("<technical><fingering>1 3</fingering></technical>", "!13!C8"),
        ("<technical><fingering>!|</fingering></technical>", "C8"),
        ('<ornaments><wavy-line type="start"/></ornaments>', "!trill(!C8"),
        ('<glissando type="start"/>', "!~(!C8"),
        ('<slide type="stop"/>', "!-)!C8"),
        ('<tied type="start"/>', "C8-"),
    ],
)
def test_signs_on_notes_are_written_in_the_order_of_the_reference(signs, expected):
    assert music(score(whole_note("C", on_note(signs)))) == f" {expected} |"


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        pytest.param(
            note("C", 2) + "<backup><duration>2</duration></backup>" + note("E", 2) + note("D", 2),
            " [CE]4 D4 |",
            id="two notes at once are a chord",
        ),
        pytest.param(
            note("C", 2) + "<backup><duration>2</duration></backup>" + note("E", 4),
            " [CE]4 E4 |",
            id="the rest of the longer one follows",
        ),
        pytest.param(
            note("C", 4) + "<backup><duration>2</duration></backup>" + note("E", 2),
            " C8 |",
            id="a note within another is left out",
        ),
        pytest.param(
            "<note><rest/><duration>4</duration></note><backup><duration>2</duration></backup>"
            + note("E", 2),
            " z4 E4 |",
            id="a rest makes room",
        ),
        pytest.param(
            note("C", 3) + "<backup><duration>1</duration></backup>"
            "<note><rest/><duration>2</duration></note>",
            " C6 z2 |",
            id="a rest begins when the note ends",
        ),
        pytest.param(
            note("C", 1) + "<forward><duration>2</duration></forward>" + note("D", 1),
            " C2 x4 D2 |",
            id="a gap",
        ),
    ],
)
def test_one_voice_is_one_line_of_time(measure, expected):
    assert music(score(measure)) == expected


@pytest.mark.parametrize(
    ("beamed", "durations", "expected"),
    [
        (True, (3, 1), " C2>D2"),
        (True, (1, 3), " C2<D2"),
        (False, (3, 1), " C3 D"),
        (True, (2, 2), " C2D2"),
    ],
)
def test_dotted_pairs_under_a_beam_are_broken_rhythm(beamed, durations, expected):
    first, second = durations
    beam = "<beam>end</beam>" if beamed else ""
    data = score(note("C", first) + note("D", second, beam)).replace(
        b">1</divisions>", b">2</divisions>"
    )

    assert music(data) == f"{expected} |"


def test_tuplets_may_hold_tuplets():
    outer = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"
    inner = "<time-modification><actual-notes>9</actual-notes><normal-notes>4</normal-notes></time-modification>"
    start, stop = '<tuplet type="start"/>', '<tuplet type="stop"/>'
    notes = (
        note("C", 12, outer + on_note(start)) + note("D", 8, inner + on_note(start))
        + note("E", 8, inner) + note("F", 8, inner + on_note(stop)) + note("G", 12, outer + on_note(stop))
    )  # fmt: skip

    data = score(notes).replace(b">1</divisions>", b">18</divisions>")

    assert music(data) == " (3:2:5C2 (3D2 E2 F2 G2 |"


@pytest.mark.parametrize(
    ("barlines", "expected"),
    [
        ("<barline><bar-style>light-light</bar-style></barline>", " C8 || D8 |"),
        ('<barline><repeat direction="backward"/></barline>', " C8 :| D8 |"),
        ('<barline location="left"><repeat direction="forward"/></barline>', "|: C8 | D8 |"),
        ('<barline><ending type="stop"/></barline>', " C8 || D8 |"),
    ],
)
def test_barlines_of_the_first_bar(barlines, expected):
    assert music(score(barlines + whole_note(), whole_note("D"))) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [("1", "|1"), ("1., 2.", "|1,2"), ("last", '|"last"'), ("", "|")],
)
def test_endings_begin_behind_the_barline_before(number, expected):
    ending = f'<barline location="left"><ending type="start" number="{number}"/></barline>'

    assert music(score(whole_note(), ending + whole_note("D"))) == f" C8 {expected} D8 |"


def test_a_repeat_between_two_repeats_is_double():
    first = whole_note() + '<barline><repeat direction="backward"/></barline>'
    second = '<barline location="left"><repeat direction="forward"/></barline>' + whole_note("D")

    assert music(score(first, second)) == " C8 :: D8 |"


def test_sibelius_counts_voices_from_one_on_every_staff():
    head = "<identification><encoding><software>Sibelius 7</software></encoding></identification>"
    low = note("D", 4, "<voice>1</voice><staff>2</staff>")
    measure = whole_note() + "<backup><duration>4</duration></backup>" + low

    assert "%%score { 1 | 2 }\n" in convert_musicxml(score(measure, head=head)).abc


def test_groups_of_parts_are_bracketed_and_named():
    part_list = (
        '<part-group type="start" number="1"><group-name>Strings</group-name>'
        "<group-symbol>brace</group-symbol><group-barline>yes</group-barline></part-group>"
        '<score-part id="P1"><part-name>Violin</part-name></score-part>'
        '<score-part id="P2"><part-name>Viola</part-name></score-part>'
        '<part-group type="stop" number="1"/><part-group type="stop" number="1"/>'
    )
    other = f'<part id="P2"><measure>{ATTRIBUTES}{whole_note()}</measure></part></score-partwise>'

    data = score(whole_note(), part_list=part_list).replace(b"</score-partwise>", other.encode())

    abc = convert_musicxml(data).abc
    assert "%%score { 1 | 2 }\n" in abc
    assert 'V:1 treble nm="Strings:Violin"\n' in abc


def test_jumps_are_written_in_place_of_their_words():
    jump = direction("<words>D.C. al Fine</words>", '<sound dacapo="yes"/>')

    assert music(score(whole_note() + jump)) == " C8!D.C.! |"


def test_a_performed_length_is_rounded():
    data = score(note("C", 1001)).replace(b">1</divisions>", b">1000</divisions>")

    assert music(data) == " C2 |"


@pytest.mark.parametrize(
    ("kind", "degree", "expected"),
    [
        ("major", "", "C"),
        ("minor-seventh", "", "Cm7"),
        ("half-diminished", "", "Cm7b5"),
        ("major-sixth", "", "C6"),
        ("suspended-fourth", "7", "C7sus4"),
        ("dominant", "9", "C9"),
        ('none" text="N.C.', "", "CN.C."),
    ],
)
def test_chord_symbols_are_named_as_by_the_reference(kind, degree, expected):
    value, _, text = kind.partition('" ')
    added = (
        f"<degree><degree-value>{degree}</degree-value><degree-alter>0</degree-alter>"
        "<degree-type>add</degree-type></degree>"
        if degree
        else ""
    )
    harmony = (
        "<harmony><root><root-step>C</root-step></root>"
        f"<kind {text + chr(34) if text else ''}>{value}</kind>{added}</harmony>"
    )

    assert music(score(harmony + whole_note())) == f'"{expected}" C8 |'


# --- what the reference loses


def test_a_part_that_ends_early_is_filled_with_rests(golden):
    expected = (golden / "xml" / "std" / "x07_unequal_bars_dropped.abc").read_text("utf-8")

    converted = convert_musicxml(read(golden, "x07_unequal_bars_dropped.musicxml"))

    assert converted.abc == expected.replace(" ^G3 | %3\n", " ^G3 | x8 | %4\n")


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(direction('<pedal type="change"/>'), id="pedal change"),
        pytest.param(direction('<octave-shift type="continue"/>'), id="octave shift continue"),
        pytest.param(direction('<wedge type="continue"/>'), id="wedge continue"),
        pytest.param(direction('<wedge type="zigzag"/>'), id="unknown wedge"),
        pytest.param(
            direction("<metronome><beat-unit>half</beat-unit></metronome>"),
            id="metronome of nothing",
        ),
        pytest.param("<print/><bookmark/><figured-bass/>", id="elements that ABC does not know"),
    ],
)
def test_one_odd_element_does_not_lose_the_score(odd):
    assert music(score(odd + whole_note())) == " C8 |"


def test_a_change_of_pedal_does_not_lose_the_score(golden):
    assert music(read(golden, "x09_pedal_change_dropped.musicxml")) == "!ped! C4 D4 | C8 |"


def test_quarter_tones_go_to_the_nearest_semitone():
    pitch = "<pitch><step>B</step><alter>-1.5</alter><octave>4</octave></pitch>"
    note = f"<note>{pitch}<duration>4</duration><accidental>quarter-flat</accidental></note>"

    assert music(score(note)) == " __B8 |"


def test_beats_of_unequal_groups_are_added_up():
    data = score(whole_note()).replace(b"<beats>4</beats>", b"<beats>3+2</beats>")

    assert "\nM:5/4\n" in convert_musicxml(data).abc


def test_a_time_wise_score_reads_as_the_part_wise_one(golden):
    part_wise = fromstring(read(golden, "x03_repeats_voltas_three_parts.xml"))
    time_wise = Element("score-timewise")
    time_wise.extend([child for child in part_wise if child.tag != "part"])
    parts = part_wise.findall("part")
    for slots in zip(*(part.findall("measure") for part in parts), strict=True):
        measure = Element("measure", slots[0].attrib)
        for part, slot in zip(parts, slots, strict=True):
            inner = Element("part", part.attrib)
            inner.extend(slot)
            measure.append(inner)
        time_wise.append(measure)

    assert convert_musicxml(tostring(time_wise)) == convert_musicxml(tostring(part_wise))


@pytest.mark.parametrize(
    "part_list",
    ["", '<score-part id="P9"/>', '<part-group type="start"/><part-group type="stop"/>'],
)
def test_a_part_that_is_not_listed_is_read(part_list):
    converted = convert_musicxml(score(whole_note(), part_list=part_list))

    assert converted.abc.endswith("V:1\n C8 | %1\n\n")


def test_a_measure_without_content_is_no_bar():
    converted = convert_musicxml(score(whole_note(), "", whole_note("D")))

    assert converted.bar_numbers == ("1", "3")
    assert converted.abc.endswith(" C8 | D8 | %2\n\n")


# --- what else the file says


def test_bars_have_their_printed_numbers_and_their_time():
    pickup = score(QUARTER, whole_note(), whole_note("D")).replace(b'number="1"', b'number="0"')

    converted = convert_musicxml(pickup)

    assert converted.bar_numbers == ("0", "2", "3")
    assert converted.bar_onsets == (0.0, 1.0, 5.0, 9.0)
    assert converted.metadata.bars == 3


def test_tempos_are_placed_in_time():
    change = QUARTER + direction("<words>presto</words>", '<sound tempo="240"/>') + QUARTER * 3

    converted = convert_musicxml(score(whole_note(), change))

    assert converted.tempo_map == ((0.0, 120.0), (5.0, 240.0))
    assert converted.metadata.duration == pytest.approx(5 / 2 + 3 / 4)


def test_a_score_without_tempo_has_no_tempo_and_no_duration():
    converted = convert_musicxml(score(whole_note()))

    assert converted.tempo_map == ((0.0, 120.0),)
    assert (converted.metadata.tempo, converted.metadata.duration) == (None, None)


def test_a_metronome_mark_counts_its_own_beats():
    mark = "<metronome><beat-unit>half</beat-unit><beat-unit-dot/><per-minute>ca. 60</per-minute></metronome>"

    converted = convert_musicxml(score(direction(mark) + whole_note()))

    assert "\nQ:3/4=60\n" in converted.abc
    assert converted.metadata.tempo == 180


def test_metadata_comes_from_the_title_block(golden):
    metadata = convert_musicxml(read(golden, "x01_lead_sheet.musicxml")).metadata

    assert (metadata.title, metadata.composer, metadata.lyricist) == (
        "Café Song",
        "Zoë Müller",
        "Anon",
    )
    assert (metadata.key, metadata.meter, metadata.tempo) == ("G", "4/4", 120)
    assert (metadata.instruments, metadata.bars) == (("Voice",), 4)


def test_a_printed_title_counts_where_there_is_no_other():
    credit = "<credit><credit-type>title</credit-type><credit-words>Song of\nSongs</credit-words></credit>"

    assert convert_musicxml(score(whole_note(), head=credit)).metadata.title == "Song of Songs"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("", ""), ("<mode>major</mode>", "C"), ("<mode>minor</mode>", "Am"), ("<mode>odd</mode>", "")],
)
def test_a_key_is_stated_only_where_the_file_states_its_mode(mode, expected):
    data = score(whole_note()).replace(b"</fifths>", f"</fifths>{mode}".encode())

    assert convert_musicxml(data).metadata.key == expected


def test_breaks_and_quotes_in_words_do_not_end_the_line():
    words = direction('<words>one&#13;&#10;"two"</words>')
    harmony = '<harmony><root><root-step>C&#10;"</root-step></root></harmony>'

    assert music(score(words + harmony + whole_note())) == '"^one\\n\\"two\\"""C" C8 |'


def test_seconds_stop_at_the_end_of_the_music():
    assert alignment.seconds([(0, 60), (4, 120), (9, 30)], 6) == 5


# --- what is no score, or one that would hurt


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_encodings_are_read_as_declared(encoding):
    text = score(whole_note()).decode().replace("Flute", "Flöte")
    data = f'<?xml version="1.0" encoding="{encoding}"?>\n{text}'.encode(encoding)

    assert convert_musicxml(data).metadata.instruments == ("Flöte",)


def test_a_doctype_and_a_leading_empty_line_are_no_harm():
    doctype = b'\n<?xml version="1.0"?><!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD" "http://x/y.dtd">'

    assert music(doctype + score(whole_note())) == " C8 |"


@pytest.mark.parametrize(
    ("data", "match"),
    [
        pytest.param(b"", "cannot be read", id="nothing"),
        pytest.param(b"MThd\0\0\0\6", "cannot be read", id="MIDI"),
        pytest.param(score(whole_note())[:-9], "cannot be read", id="truncated"),
        pytest.param(b"<html><body/></html>", "<html>", id="another kind of XML"),
        pytest.param(b"<opus><score/></opus>", "<opus>", id="opus"),
        pytest.param(
            b'<?xml version="1.0" encoding="klingon"?><a/>', "cannot be read", id="encoding"
        ),
        pytest.param(
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
            "entities",
            id="file",
        ),
        pytest.param(
            b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a>&y;</a>',
            "entities",
            id="laughs",
        ),
    ],
)
def test_what_is_no_musicxml_is_refused(data, match):
    with pytest.raises(BrokenFileError, match=match):
        convert_musicxml(data)


def test_a_broken_file_is_refused(golden):
    with pytest.raises(BrokenFileError, match="cannot be read"):
        convert_musicxml(read(golden, "x13_broken_xml_dropped.musicxml"))


def test_a_score_of_rests_is_empty(golden):
    with pytest.raises(EmptyContentError, match="no note"):
        convert_musicxml(read(golden, "x08_all_rests_dropped.musicxml"))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<a>" * 65 + b"</a>" * 65, id="depth"),
        pytest.param(b"<score-partwise>" + b"<part/>" * 257 + b"</score-partwise>", id="parts"),
        pytest.param(b" " * (2**24 + 1), id="bytes"),
        pytest.param(score(whole_note()).replace(b">1<", b">32769<"), id="divisions"),
        pytest.param(score(whole_note().replace("4</dur", "9999999</dur")), id="duration"),
        pytest.param(
            score("".join(f"<note><rest/><voice>{n}</voice></note>" for n in range(65))),
            id="voices",
        ),
    ],
)
def test_a_score_over_a_limit_is_refused(data):
    with pytest.raises(TooLargeError):
        convert_musicxml(data)


def test_signs_in_all_voices_are_limited(monkeypatch):
    monkeypatch.setattr(parts, "MAX_MARKS", 3)

    with pytest.raises(TooLargeError, match="over 3 signs"):
        convert_musicxml(score(direction("<words>a</words>") * 4 + whole_note()))


def test_divisions_may_not_change_without_end():
    change = "<attributes><divisions>{}</divisions></attributes>"

    with pytest.raises(TooLargeError, match="divisions over"):
        convert_musicxml(score(whole_note() + (change.format(2) + change.format(1)) * 20))


def test_divisions_may_change_within_a_measure():
    change = "<attributes><divisions>6</divisions></attributes>"
    quarter = f"<note>{PITCH.format('D')}<duration>6</duration></note>"

    converted = convert_musicxml(score(QUARTER + change + quarter * 3, whole_note()))

    assert converted.abc.endswith(" C2 D2 D2 D2 | C4/3 | %2\n\n")
    assert converted.bar_onsets == pytest.approx((0, 4, 4 + 4 / 6))


def test_voices_times_bars_are_limited(monkeypatch):
    monkeypatch.setattr(convert, "MAX_CELLS", 3)

    with pytest.raises(TooLargeError, match="over 3 bars"):
        convert_musicxml(score(*[whole_note()] * 4))


@pytest.mark.parametrize(
    ("value", "expected"),
    [("<octave>99999999</octave>", " c''''8 |"), ("<octave>-7</octave>", " C,,,,8 |")],
)
def test_octaves_beyond_hearing_are_brought_back(value, expected):
    data = score(whole_note()).replace(b"<octave>4</octave>", value.encode())

    assert music(data) == expected


# --- any file at all


def elements(root):
    return [(parent, child) for parent in root.iter() for child in parent]


def mutate(root, draw):
    """Delete, double, move or blank one element."""
    places = elements(root)
    if not places:
        return
    parent, child = places[draw(st.integers(0, len(places) - 1))]
    match draw(st.sampled_from(["delete", "double", "move", "text", "attributes"])):
        case "delete":
            parent.remove(child)
        case "double":
            parent.append(child)
        case "move":
            parent.remove(child)
            other = places[draw(st.integers(0, len(places) - 1))][1]
            if child not in other.iter() and other not in child.iter():
                other.insert(0, child)
        case "text":
            child.text = draw(
                st.sampled_from(["", "0", "-1", "1", "3", "7.5", "99", "start", "x|y"])
            )
        case "attributes":
            child.attrib = dict.fromkeys(("type", "number", "id"), draw(st.sampled_from("0129")))


@pytest.mark.parametrize("name", [*IDENTICAL[:4], "x12_nonascii_percussion.musicxml"])
def test_a_damaged_score_converts_or_is_refused(golden, name):
    data = read(golden, name)

    @given(st.data())
    @settings(max_examples=60, deadline=None, database=None)
    def check(source):
        root = fromstring(data)
        for _ in range(source.draw(st.integers(1, 8))):
            mutate(root, source.draw)
        try:
            converted = convert_musicxml(tostring(root))
        except Clamp3Error:
            return
        bars = re.findall(r"%(\d+)\n(?:w:.*\n)*(?=V:|\n|\Z)", converted.abc)
        assert {int(count) for count in bars} == {len(converted.bar_numbers)}
        assert len(converted.bar_onsets) == len(converted.bar_numbers) + 1

    check()
