"""ABC from the wild: what the encoder gets to read of it."""

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clamp3_plugin.errors import (
    BrokenFileError,
    EmptyContentError,
    InputRefusedError,
    TooLargeError,
)
from clamp3_plugin.readers.abc import read_abc, read_abc_tune
from clamp3_plugin.readers.abc_book import tunes_of
from clamp3_plugin.readers.abc_normalize import normalize

JIG = """X:1
T:The Irish Washerwoman
C:Trad.
R:jig
M:6/8
L:1/8
Q:3/8=120
K:G
d/c/|BGG DGG|BGB dcB|c2c cBA|G3 :|
"""


def tune(music, *, key="C", metre="4/4", length="L:1/8\n"):
    return f"X:1\nT:x\nM:{metre}\n{length}K:{key}\n{music}\n"


def read_one(text):
    (score,) = read_abc(text.encode())
    return score


def bars_of(text):
    return [bar.line.removeprefix("[V:1]") for bar in read_one(text).bars]


def test_a_tune_becomes_what_the_encoder_was_trained_on():
    assert read_one(JIG).whole() == (
        'L:1/8\nQ:3/8=120\nM:6/8\nK:G\nV:1 treble nm="Part 1"\n'
        "[V:1]d/c/|\n[V:1]BGG DGG|\n[V:1]BGB dcB|\n[V:1]c2 c cBA|\n[V:1]G3:|\n"
    )


def test_metadata_is_what_the_fields_say():
    metadata = read_one(JIG).metadata

    assert (metadata.title, metadata.composer) == ("The Irish Washerwoman", "Trad.")
    assert (metadata.key, metadata.meter, metadata.bars) == ("G", "6/8", 5)
    assert metadata.tempo == 180


def test_the_standard_abc_is_kept():
    assert read_one(JIG).standard_abc.startswith("X:1\nL:1/8\nQ:3/8=120\nM:6/8\nK:G\nV:1 treble")


def test_bars_have_seconds_where_there_is_one_tempo():
    onsets = [bar.onset for bar in read_one(JIG).bars]

    assert onsets == pytest.approx([0, 1 / 6, 7 / 6, 13 / 6, 19 / 6])
    assert read_one(JIG).end == pytest.approx(3 + 2 / 3)


def test_bars_have_no_seconds_where_there_is_no_tempo():
    assert read_one(tune("CDEF|")).bars[0].onset is None


@pytest.mark.parametrize(
    ("length", "written"),
    [("L:1/16\n", "C/D/E F2|"), ("L:1/4\n", "C2 D2 E4 F8|"), ("", "CD E2 F4|")],
    ids=["sixteenths", "quarters", "by the metre 4/4"],
)
def test_lengths_are_written_in_eighths(length, written):
    assert bars_of(tune("CDE2F4|", length=length)) == [written]


def test_the_metre_sets_the_unit_where_no_field_does():
    assert bars_of(tune("CDEF|", metre="2/4", length="")) == ["C/D/E/F/|"]


def test_a_change_of_unit_inside_the_tune_counts():
    assert bars_of(tune("CD|\nL:1/16\nCD|[L:1/4]CD|")) == ["CD|", "C/D/|", "C2 D2|"]


@pytest.mark.parametrize(
    ("music", "written"),
    [
        ("A>B c<d|", "A>B c<d|"),
        ("A3/2B/2 c/2d3/2|", "A>B c<d|"),
        ("A>>B|", "A7/4B/4|"),
        ("A> B|", "A3/2 B/|"),
        ("A2>B2|", "A3 B|"),
        ("(3ABc (3:2:2A2B (5ABcde|", "(3ABc (3:2:2A2 B (5:2:5ABcde|"),
        ("[CE]2[C2E2] [C-E-][CE]|", "[CE]2 [CE]2 [CE]-[CE]|"),
        ("{ag}f2 {/a}g|", "{ag} f2{/a} g|"),
        ("(AB) (c|", "(AB) c|"),
        ("AB) c|", "AB c|"),
        ("~A Tb .c !trill!d !accent!e|", "!turn!A Tb .c Td !>!e|"),
        ('"Am"A2 "slow"B "_low"c|', '"Am" A2"^slow" B"_low" c|'),
        ("A`B``c y d|", "ABc d|"),
        ("AB \\", "AB|"),
        ("A B & c d | e|", "A B|;e|"),
        ("[K:Dm]A [M:3/4]B|", "[K:Dmin] A[M:3/4] B|"),
        ("[I:volume 3]A [r:note]B|", "A B|"),
        ("C4 Z2|D|", "C4 z8|;z8|;D|"),
        ("^c_d=e ^^f__g|", "^c_d=e ^^f__g|"),
        ("A,B,, c'd''|", "A,B,, c'd''|"),
    ],
)
def test_notation_is_written_as_the_converter_writes_it(music, written):
    assert bars_of(tune(music)) == written.split(";")


@pytest.mark.parametrize(
    ("music", "written"),
    [
        ("|:A|B:|", "|:A|;B:|"),
        ("|:A:||:B:|", "|:A::;B:|"),
        ("A:|\n|:B:|", "A::;B:|"),
        ("A|1B:|2C||", "A|1;B:|2;C||"),
        ("A|[1B:|[2C|]", "A|1;B:|2;C|]"),
        ("A|1,3 B:|2 C|", "A|1,3;B:|2;C|"),
        ("A::B:|]", "A::;B:|"),
        ("|A|\n|B|", "A|;B|"),
        ("A|B", "A|;B|]"),
        ("A|[CE]2|", "A|;[CE]2|"),
    ],
)
def test_repeats_and_endings_are_kept(music, written):
    assert bars_of(tune(music)) == written.split(";")


@pytest.mark.parametrize(
    ("field", "header", "shown"),
    [
        ("Em", "Emin", "Em"),
        ("E minor", "Emin", "Em"),
        ("Gmaj", "G", "G"),
        ("A Mixolydian", "Amix", "Amix"),
        ("Ador", "Ador", "Ador"),
        ("Bb", "Bb", "Bb"),
        ("F#m", "F#min", "F#m"),
        ("HP", "D", "D"),
        ("none", "none", ""),
        ("G clef=bass", "G", "G"),
    ],
)
def test_keys_are_normalised(field, header, shown):
    score = read_one(tune("CDEF|", key=field))

    assert f"K:{header}" in score.header
    assert score.metadata.key == shown


@pytest.mark.parametrize(
    ("field", "metre"), [("C", "4/4"), ("C|", "2/2"), ("6/8", "6/8"), ("2+3/8", "5/8")]
)
def test_metres_are_normalised(field, metre):
    score = read_one(tune("CDEF|", metre=field))

    assert f"M:{metre}" in score.header
    assert score.metadata.meter == metre


@pytest.mark.parametrize(
    ("field", "quarters"),
    [("1/4=90", 90), ("3/8=120", 180), ('"Lively" 1/2=60', 120), ("120", 60), ("C3=40", 60)],
)
def test_tempo_is_quarters_a_minute(field, quarters):
    assert read_one(JIG.replace("3/8=120", field)).metadata.tempo == quarters


def test_words_of_the_tempo_stand_over_the_first_note():
    assert bars_of(JIG.replace("3/8=120", '"Slow" 3/8=60'))[0] == '"^Slow" d/c/|'


def test_a_tune_book_gives_its_tunes_in_order_with_the_fields_of_the_file():
    book = (
        "%abc-2.1\nC:Anon\nM:3/4\n\n"
        "X:1\nT:One\nK:G\nG3|\n\nSome prose about the tune.\n\n"
        "X:2\nT:Two\nC:Me\nM:6/8\nK:D\nD3|\n"
    )

    first, second = read_abc(book.encode())

    assert (first.metadata.title, first.metadata.composer) == ("One", "Anon")
    assert (second.metadata.composer, second.metadata.meter) == ("Me", "6/8")
    assert [bar.line for bar in first.bars] == ["[V:1]G3|"]


def test_a_tune_without_music_is_passed_over():
    scores = read_abc(b"X:1\nT:Lost\nK:C\n\nX:2\nT:Found\nK:C\nCDEF|\n")

    assert [score.metadata.title for score in scores] == ["Found"]


BOOK = b"X:1\nT:Lost\nK:C\n\n" + b"".join(
    b"X:%d\nT:No. %d\nK:C\nCDEF|%c4|\n" % (i, i, b"CDEFGAB"[i]) for i in range(2, 6)
)


@pytest.mark.parametrize("count", [0, 4, 5])
def test_one_tune_of_a_book_is_that_of_the_whole_book(count):
    for number, score in enumerate(read_abc(BOOK), 1):
        # of five tunes four can be read: a count of five is that of another file, and is believed
        assert read_abc_tune(BOOK, number + (count == 5), count) == score


def test_a_tune_that_is_known_to_follow_no_lost_one_is_read_without_those_before():
    with pytest.raises(EmptyContentError, match="no music"):
        read_abc_tune(BOOK, 1, 5)


@pytest.mark.parametrize("count", [0, 4, 5])
def test_a_tune_that_a_book_does_not_have_any_more_is_refused(count):
    with pytest.raises(EmptyContentError, match="no tune 6 any more"):
        read_abc_tune(BOOK, 6, count)


def test_a_blank_line_inside_a_tune_does_not_end_it():
    assert bars_of(tune("CDEF|\n\nGABc|")) == ["CDEF|", "GABc|"]


def test_comments_and_words_are_dropped():
    assert bars_of(tune("CDEF| % a comment | g\nw: do re mi\nW: more\nGABc|")) == ["CDEF|", "GABc|"]


@pytest.mark.parametrize("ending", ["\r\n", "\r"], ids=["CRLF", "CR"])
def test_line_ends_of_other_systems_are_read(ending):
    assert read_one(JIG.replace("\n", ending)).whole() == read_one(JIG).whole()


def test_latin_1_and_byte_order_marks_are_read():
    latin = tune("CDEF|").replace("T:x", "T:Été").encode("latin-1")
    marked = b"\xef\xbb\xbf" + JIG.encode()

    assert read_abc(latin)[0].metadata.title == "Été"
    assert read_abc(marked)[0].metadata.title == "The Irish Washerwoman"


def test_a_tune_without_number_is_one_tune():
    assert read_one("T:Nameless\nK:G\nGABc|\n").metadata.title == "Nameless"


@pytest.mark.parametrize(
    "body",
    [
        "V:1\nCDEF|GABc|\nV:2\nC,4|G,4|",
        "[V:1]CDEF|GABc|\n[V:2]C,4|G,4|",
        "V:1\nCDEF|\nV:2\nC,4|\nV:1\nGABc|\nV:2\nG,4|",
        "[V:1]CDEF|[V:2]C,4|\n[V:1]GABc|[V:2]G,4|",
    ],
    ids=["sections", "inline", "by system", "inline by bar"],
)
def test_voices_are_interleaved_however_they_are_written(body):
    score = read_one('X:1\nL:1/8\nM:4/4\nK:C\nV:1 name="Flute"\nV:2 clef=bass\n' + body + "\n")

    lines = [bar.line for bar in score.bars]
    assert lines == ["[V:1]CDEF|[V:2]C,4|", "[V:1]GABc|[V:2]G,4|"]


def test_voices_carry_clef_and_name_and_a_score_line():
    score = read_one(
        'X:1\nL:1/8\nM:C\nK:C\nV:T1 name="Flute"\nV:B clef=bass\n[V:T1]CDEF|\n[V:B]C,4|\n'
    )

    assert score.header == (
        "%%score 1 2",
        "L:1/8",
        "M:4/4",
        "K:C",
        'V:1 treble nm="Flute"',
        'V:2 bass nm="Part 2"',
    )
    assert score.metadata.instruments == ("Flute",)


def test_interleaved_abc_is_taken_as_it_is():
    interleaved = (
        '%%score 1 2\nL:1/8\nM:4/4\nK:C\nV:1 treble nm="A"\nV:2 bass\n'
        "[V:1]|:CDEF G2 z2|1[V:2]|:C,8|1\n[V:1]E8:|2[V:2]z8:|2\n"
    )

    score = read_one(interleaved)

    assert score.whole() == interleaved
    assert score.metadata.bars == 2


def test_what_was_read_once_is_read_again_unchanged():
    score = read_one(JIG)

    assert read_one(score.whole()).whole() == score.whole()
    assert read_one(score.standard_abc).whole() == score.whole()


def test_standard_abc_of_a_converter_passes_through(golden):
    for path in sorted((golden / "xml" / "int").glob("*.abc")):
        standard = (golden / "xml" / "std" / path.name).read_text(encoding="utf-8")

        assert read_one(standard).whole() == path.read_text(encoding="utf-8")


def test_lines_are_bars_where_there_are_no_barlines():
    assert bars_of(tune("CDEF\nGABc", metre="none")) == ["CDEF|", "GABc|"]


@pytest.mark.parametrize(
    "directive",
    [
        "%%beginjs\nevil | code\n%%endjs",
        "%%beginsvg\n<svg|>\n%%endsvg",
        "%%abc-include /etc/passwd",
        "%%postscript (x) show",
        "%%beginps\n| ps\n%%endps",
    ],
)
def test_scripts_and_includes_are_dropped(directive):
    score = read_one("X:1\nL:1/8\nM:4/4\nK:C\nV:1 treble\n" + directive + "\nV:1\n CDEF | G8 |]\n")

    assert [bar.line for bar in score.bars] == ["[V:1]CDEF|", "[V:1]G8|]"]
    assert not any("%%" in line for line in score.header)


def test_a_tune_is_limited_in_lines_length_and_voices():
    with pytest.raises(TooLargeError, match="line has 70001"):
        read_abc(b"X:1\nK:C\n" + b"C" * 70_000 + b"|\n")
    with pytest.raises(TooLargeError, match="bytes, more than 1048576"):
        read_abc(b"X:1\nK:C\n" + b"CDEF|\n" * 200_000)
    with pytest.raises(TooLargeError, match="more than 64 voices"):
        read_abc(b"X:1\nK:C\n" + b"".join(b"V:%d\nC|\n" % i for i in range(65)))


@pytest.mark.parametrize("data", [b"", b"\n \n"])
def test_a_blank_file_is_empty(data):
    with pytest.raises(EmptyContentError, match="empty"):
        read_abc(data)


def test_prose_is_no_tune():
    with pytest.raises(BrokenFileError, match="no tune in ABC"):
        read_abc(b"Dear diary, today I wrote no music at all.\n")


@pytest.mark.parametrize(
    "line",
    ["[" * 60_000, "[K:" * 20_000, '"' * 59_999, "{" * 60_000, "!a" * 30_000, "(3:" * 20_000,
     "C9999999999/" * 5_000, "Z9999|" * 500, ">" * 60_000, "+a" * 30_000, ":" * 60_000],
)  # fmt: skip
def test_a_hostile_line_takes_linear_time(line):
    began = time.perf_counter()

    with suppress(EmptyContentError):
        read_abc(f"X:1\nM:4/4\nL:1/8\nK:C\nC|{line}\nD|\n".encode())

    assert time.perf_counter() - began < 4


def test_a_bar_counts_the_sounding_length_of_tuplets():
    (book,) = tunes_of(tune("(3ABc d2|A4|"))

    assert [float(onset) for onset in normalize(book).onsets] == [0, 2, 4]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ABcdzxZ,'^_=/23|:[](){}<>-\"!.~& KMLQV\n", max_size=60))
def test_any_music_is_read_or_refused_and_read_again_unchanged(music):
    try:
        scores = read_abc(f"X:1\nL:1/8\nM:4/4\nK:C\nC|{music}\nD|\n".encode())
    except InputRefusedError:
        return

    for score in scores:
        assert read_one(score.whole()).whole() == score.whole()
