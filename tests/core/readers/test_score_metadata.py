"""What MusicXML and ABC say of themselves comes from their own fields."""

import pytest

from clamp3_plugin.readers.abc import read_abc
from clamp3_plugin.readers.musicxml_score import read_musicxml


def musicxml(part_list, head="", direction=""):
    """Write two bars of one part."""
    note = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>3</duration></note>"
    return (
        f"<score-partwise>{head}<part-list>{part_list}</part-list><part id='P1'>"
        "<measure number='1'><attributes><divisions>1</divisions>"
        "<key><fifths>1</fifths><mode>minor</mode></key>"
        "<time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
        f"{direction}{note}</measure><measure number='2'>{note}</measure></part></score-partwise>"
    ).encode()


def listed(name="", instrument="", midi=""):
    """Name a part."""
    named = f"<score-instrument id='I1'><instrument-name>{instrument}</instrument-name></score-instrument>"
    return (
        f"<score-part id='P1'><part-name>{name}</part-name>{named if instrument else ''}"
        f"<midi-instrument id='I1'>{midi}</midi-instrument></score-part>"
    )


def test_musicxml_tells_all_of_it():
    head = (
        "<work><work-title>Lied</work-title></work><identification>"
        "<creator type='composer'>Fanny Hensel</creator>"
        "<creator type='lyricist'>Heinrich Heine</creator></identification>"
    )
    tempo = "<direction><direction-type><words/></direction-type><sound tempo='92'/></direction>"

    about = read_musicxml(musicxml(listed("Voice"), head, tempo))[0].metadata

    assert (about.title, about.composer, about.lyricist) == (
        "Lied",
        "Fanny Hensel",
        "Heinrich Heine",
    )
    assert (about.key, about.key_is_estimated, about.meter) == ("Em", False, "3/4")
    assert (about.tempo, about.bars, about.instruments) == (92, 2, ("Voice",))


@pytest.mark.parametrize(
    ("part", "instrument"),
    [
        (listed("Fiddle", "Violin", "<midi-program>74</midi-program>"), "Fiddle"),
        (listed("", "Violin", "<midi-program>74</midi-program>"), "Violin"),
        (listed("", "", "<midi-program>74</midi-program>"), "Flute"),
        (listed("", "", "<midi-program>1</midi-program>"), "Acoustic Grand Piano"),
        (listed("", "", "<midi-program>128</midi-program>"), "Gunshot"),
        (listed("", "", "<midi-channel>10</midi-channel><midi-program>1</midi-program>"), "Drums"),
    ],
)
def test_a_part_without_a_name_is_called_by_its_midi_program(part, instrument):
    assert read_musicxml(musicxml(part))[0].metadata.instruments == (instrument,)


@pytest.mark.parametrize("program", ["0", "129", "-1", "many", ""])
def test_a_midi_program_that_is_none_names_nothing(program):
    part = listed("", "", f"<midi-program>{program}</midi-program>")

    assert read_musicxml(musicxml(part))[0].metadata.instruments == ()


def about_abc(fields, body="CDE|FGA|]"):
    """Read what a tune of two bars says of itself."""
    return read_abc(f"X:1\n{fields}\nM:3/4\nL:1/4\nQ:1/4=92\nK:Em\n{body}\n".encode())[0].metadata


def test_abc_tells_all_of_it():
    about = about_abc("T:Lied\nT:Song\nC:Fanny Hensel\nC:Words: Heinrich Heine")

    assert (about.title, about.composer, about.lyricist) == (
        "Lied",
        "Fanny Hensel",
        "Heinrich Heine",
    )
    assert (about.key, about.key_is_estimated, about.meter) == ("Em", False, "3/4")
    assert (about.tempo, about.bars) == (92, 2)


def test_all_composers_of_a_tune_are_told():
    assert about_abc("C:A. Uno\nC:B. Due").composer == "A. Uno, B. Due"


@pytest.mark.parametrize(
    "field", ["C:Words by R. Burns", "Z:lyrics: R. Burns", "C: Text by: R. Burns"]
)
def test_who_wrote_the_words_is_one_who_is_called_so(field):
    assert about_abc(field).lyricist == "R. Burns"
    assert about_abc(field).composer == ""


@pytest.mark.parametrize("field", ["Z:R. Burns", "A:Donegal", "C:Wordsworth", "C:Text"])
def test_others_did_not_write_the_words(field):
    assert about_abc(field).lyricist == ""


def test_instruments_of_abc_are_names_of_voices_or_else_midi_programs():
    programs = "%%MIDI program 73\n%%MIDI program 2 41\n%%MIDI program 200\n%%MIDI program 73"

    assert about_abc(f"{programs}\nV:1 name=Whistle").instruments == ("Whistle",)
    assert about_abc(programs).instruments == ("Flute", "Viola")
    assert about_abc("T:Song").instruments == ()
