import dataclasses

import pytest

from clamp3_bridges.osc import answers, queries
from clamp3_bridges.osc.answers import (
    Begin,
    End,
    Failure,
    Pong,
    Progress,
    Result,
    Tag,
    read_answer,
)
from clamp3_bridges.osc.arguments import Arguments
from clamp3_bridges.osc.packets import parse
from clamp3_bridges.osc.queries import (
    Cancel,
    FindFile,
    FindMidi,
    FindText,
    Ping,
    TagFile,
    TagText,
    TakeBegin,
    TakeEnd,
    TakeNote,
)
from clamp3_plugin import errors
from clamp3_plugin.errors import Clamp3Error, UsageError
from clamp3_plugin.music import Metadata, Modality, Passage, Piece
from clamp3_plugin.query import Hit

QUERIES = [
    Ping(1),
    Ping("a", 9124),
    FindText(41.0, "지그"),
    FindFile(2, "/music/a.mid", 1.5, 8.0, 5, 9124, 96.0),
    FindMidi(3, b"MThd", bpm=96.5),
    TagFile(4, "/music/a.abc", "ko"),
    TagText(5, "a jig"),
    Cancel("id"),
    TakeBegin(6),
    TakeNote(6, 60, 90, 0.25, 0.1),
    TakeEnd(6, 3),
]
ANSWERS = [
    Pong(1, "1.0"),
    Begin("a", 2),
    Result(2.5, 1, 0.5, "Für Elise", "/music/f.mid", 1, 8, 0.0, 8.5),
    Tag(1, 1, 0.25, "지그", "ko"),
    End(1, 0),
    Progress(1, 0.5, "comparing"),
    Failure(1, 6, "Too much."),
]


def read(datagram: bytes):
    packet = parse(datagram)
    rest = Arguments(packet.values[1:])
    message = queries.KINDS[packet.address].from_osc(rest.id(), rest)
    rest.end()
    return message


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: type(query).__name__)
def test_a_query_is_read_as_it_was_written(query):
    assert read(query.to_osc("token")) == query


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_an_answer_is_read_as_it_was_written(answer):
    assert read_answer(parse(answer.to_osc())) == answer


def test_every_message_of_the_contract_is_there():
    assert {type(query) for query in QUERIES} == set(queries.KINDS.values())
    assert {type(answer) for answer in ANSWERS} == set(answers.KINDS.values())


def test_pure_data_sends_floats_for_whole_numbers():
    rest = Arguments([41.0, "jig", 5.0, 9124.0])

    assert FindText.from_osc(rest.id(), rest) == FindText(41.0, "jig", 5, 9124)


def test_zero_and_nil_stand_for_the_default():
    rest = Arguments(["/a.mid", 0.0, None, 0, 0])

    assert FindFile.from_osc(1, rest) == FindFile(1, "/a.mid")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (FindText, []),
        (FindText, [7]),
        (FindText, ["  "]),
        (FindText, ["jig", 51]),
        (FindText, ["jig", 2.5]),
        (FindText, ["jig", -1]),
        (FindText, ["jig", float("nan")]),
        (FindText, ["jig", "5"]),
        (FindText, ["jig", True]),
        (FindText, ["jig", 5, 80]),
        (FindText, ["jig", 5, 65536]),
        (FindFile, ["/a.mid", float("inf")]),
        (FindMidi, ["/a.mid"]),
        (FindMidi, [b""]),
        (FindMidi, [b"MThd", 5, 0, 1e9]),
        (FindFile, ["/a.mid", 0, 0, 5, 0, 0.5]),
        (TakeNote, [128, 90, 0.0, 1.0]),
        (TakeNote, [60, 90, -1.0, 1.0]),
        (TakeNote, [60, 90]),
        (TagText, ["jig", b"ko"]),
        (Cancel, [7]),
    ],
)
def test_arguments_that_make_no_sense_are_refused(kind, values):
    with pytest.raises(UsageError):
        kind.from_osc(1, Arguments(values))


@pytest.mark.parametrize("id_", [None, True, b"x", float("nan"), float("inf"), "x" * 129])
def test_an_id_is_a_number_or_a_short_word(id_):
    with pytest.raises(UsageError):
        Arguments([id_]).id()


def test_the_longest_answer_stays_under_1000_bytes():
    long = Result("i" * 128, 50, 0.1, "제목" * 400, "/" + "é" * 3000, 1, 2, 0.5, 0.7)
    error = Failure("i" * 128, 1, "é" * 3000)
    tag = Tag("i" * 128, 1, 0.1, "태그" * 300, "zh-Hant")

    assert max(len(answer.to_osc()) for answer in (long, error, tag)) < 1000
    assert str(parse(long.to_osc()).values[4]).endswith("…")


def test_a_hit_says_its_bars_or_that_it_has_none():
    piece = Piece("p", "/music/a.abc", Modality.SCORE, metadata=Metadata("A Jig"))

    whole = Result.of(1, 1, Hit(piece, None, 0.5, 99.0))
    part = Result.of(1, 2, Hit(piece, Passage(9, 16, 18.0, 34.0), 0.5, 99.0))

    assert dataclasses.astuple(whole)[5:] == (0, 0, -1.0, -1.0)
    assert dataclasses.astuple(part)[5:] == (9, 16, 18.0, 34.0)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("UsageError", 1),
        ("MissingFileError", 2),
        ("UnsupportedFormatError", 3),
        ("BrokenFileError", 3),
        ("TooLargeError", 3),
        ("EmptyContentError", 4),
        ("NoLibraryError", 5),
        ("EncoderMismatchError", 5),
        ("DaemonBusyError", 6),
        ("LibraryBusyError", 6),
        ("NoModelError", 7),
        ("NoDaemonError", 7),
        ("LibraryDamagedError", 7),
    ],
)
def test_every_error_has_a_code(kind, code):
    error: Clamp3Error = getattr(errors, kind)("It went wrong.", "Mend it.")

    assert Failure.of(1, error) == Failure(1, code, "It went wrong. Mend it.")
