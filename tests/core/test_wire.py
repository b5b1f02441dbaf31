"""What goes over the wire comes back equal, and what makes no sense is refused by name."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clamp3_plugin import wire
from clamp3_plugin.errors import Clamp3Error, NoModelError, TooLargeError, UsageError
from clamp3_plugin.music import Metadata, Modality, Passage, Piece
from clamp3_plugin.query import Answer, Filter, Hit, Query, Source, TagHit

UPLOADS = {"u1": ("jig.mid", b"MThd")}
JIG = Piece(
    "p1",
    "/music/b\udcffser name.abc",
    Modality.SCORE,
    3,
    Metadata("Jig", "Trad.", key="G", meter="6/8", tempo=120.0, instruments=("Fiddle",), bars=16),
)


def uploads(upload_id: str) -> tuple[str, bytes]:
    return UPLOADS[upload_id]


def over_the_wire(value: object) -> object:
    return wire.loads(wire.dumps(value))


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(str.strip)
passages = st.builds(
    lambda first, more: Passage(first_bar=first, last_bar=first + more),
    st.integers(1, 500),
    st.integers(0, 500),
) | st.builds(lambda start: Passage(start=start), st.floats(0, 1e4))
sources = st.one_of(
    st.builds(Source, text=texts),
    st.builds(Source, piece_id=texts, passage=st.none() | passages),
    st.builds(
        Source,
        data=st.binary(max_size=40),
        name=st.sampled_from(["a.mid", "b.ABC", "c.musicxml", "d.mxl"]),
        passage=st.none() | passages,
    ),
)
ranges = st.none() | st.tuples(st.integers(0, 200).map(float), st.just(float("inf")))
queries = st.builds(
    Query,
    plus=st.lists(sources, min_size=1, max_size=3).map(tuple),
    minus=st.lists(sources, max_size=2).map(tuple),
    n=st.integers(1, 200),
    where=st.builds(
        Filter,
        modalities=st.lists(st.sampled_from(Modality), unique=True).map(tuple),
        key=st.sampled_from(["", "G", "Em"]),
        meter=st.sampled_from(["", "6/8"]),
        folder=st.sampled_from(["", "/music/\udcff"]),
        tempo=ranges,
        bars=st.none() | st.just((8.0, 32.5)),
    ),
)


@given(queries)
def test_a_query_survives_the_wire(query):
    assert wire.query_from_wire(over_the_wire(wire.query_to_wire(query)), uploads) == query


def test_an_answer_survives_the_wire():
    hits = (
        Hit(JIG, Passage(9, 16, 18.2, 34.1), 0.83, 99.7),
        Hit(Piece("p2", "/music/a.mid", Modality.PERFORMANCE), None, -0.25, 3.5),
    )
    answer = Answer(hits, "mini:abc", None)

    back = wire.answer_from_wire(over_the_wire(wire.answer_to_wire(answer, 4.2)))

    assert [hit.score for hit in back.hits] == [0.83, -0.25]
    assert [hit.passage for hit in back.hits] == [hit.passage for hit in hits]
    assert back.hits[0].piece.path == JIG.path
    assert back.hits[0].piece.metadata.title == "Jig"
    assert wire.answer_to_wire(back, 4.2) == wire.answer_to_wire(answer, 4.2)


def test_a_hit_has_the_shape_that_was_promised():
    line = json.loads(wire.dumps(wire.hit_to_wire(Hit(JIG, Passage(9, 16), 0.83, 99.7), 1)))

    assert list(line) == ["rank", "score", "percentile", "piece", "passage"]
    assert list(line["piece"]) == ["id", "title", "composer", "path", "modality"]
    assert line["passage"] == {"first_bar": 9, "last_bar": 16, "start": None, "end": None}


def test_a_hit_has_the_printed_numbers_where_they_are_known():
    hit = Hit(JIG, Passage(1, 8, printed=("0", "7a")), 0.83, 99.7)

    body = json.loads(wire.dumps(wire.hit_to_wire(hit, 1)))
    back = wire.hit_from_wire(body)

    assert list(body["passage"].items())[4:] == [("printed_first", "0"), ("printed_last", "7a")]
    assert back.passage is not None
    assert back.passage.printed == ("0", "7a")


def test_a_piece_survives_the_wire():
    assert wire.piece_from_wire(over_the_wire(wire.piece_to_wire(JIG))) == JIG


@pytest.mark.parametrize("probability", [None, 0.0, 0.8731])
def test_a_tag_survives_the_wire(probability):
    tag = TagHit("jig", "dance", 0.41, {"en": "jig", "ko": "지그"}, probability)

    assert wire.tag_from_wire(over_the_wire(wire.tag_to_wire(tag, 1))) == tag


def test_events_and_summaries_of_an_index_run_survive_the_wire():
    event = wire.IndexEvent("/a.mid", "refused", "too_large", "Too large.", 0, 3, 9, known=True)
    summary = wire.IndexSummary("failed", {"indexed": 2}, NoModelError("No model.", "Get one."))

    back = wire.IndexSummary.from_wire(over_the_wire(summary.to_wire()))

    assert wire.IndexEvent.from_wire(over_the_wire(event.to_wire())) == event
    assert (back.state, back.counts) == ("failed", {"indexed": 2})
    assert isinstance(back.error, NoModelError)
    assert str(back.error) == "No model. Get one."


def test_embeddings_survive_the_wire_to_the_bit():
    vectors = wire.Vectors(1, 2, b"\x00\x01\x02\x03\xff\xfe\xfd\xfc", "mini")

    assert wire.Vectors.from_wire(over_the_wire(vectors.to_wire())) == vectors


def test_the_run_file_survives_and_may_carry_more():
    run = wire.RunFile(12, 4711, "t" * 43, "2026-01-01T00:00:00Z", 1, "0.1.0")

    assert wire.RunFile.from_wire({**run.to_wire(), "osc_port": 9000}) == run


def test_an_error_of_a_later_daemon_is_still_an_error():
    error = wire.error_from_wire({"error": {"code": "new_one", "message": "What."}})

    assert type(error) is Clamp3Error
    assert error.message == "What."


def test_an_upload_is_resolved_by_its_id():
    query = wire.query_from_wire({"upload_id": "u1", "bars": [1, 8]}, uploads)

    assert query.plus == (Source(data=b"MThd", name="jig.mid", passage=Passage(1, 8)),)


def test_text_of_a_score_needs_no_base64():
    body = {"content": {"format": "musicxml", "data": "<score-partwise/>"}}

    source = wire.query_from_wire(body, uploads).plus[0]

    assert (source.name, source.data) == ("content.musicxml", b"<score-partwise/>")


def test_the_format_wins_over_the_name():
    body = {"content": {"format": "midi", "data": base64.b64encode(b"MThd").decode(), "name": "x"}}

    assert wire.query_from_wire(body, uploads).plus[0].name == "x.mid"


REFUSED = {
    "nothing": ({}, "Nothing was asked"),
    "no object": ([], "must be a JSON object, not a list"),
    "unknown field": ({"text": "a", "txt": "b"}, "unknown field, 'txt'"),
    "unknown field below": ({"text": "a", "where": {"kee": "G"}}, "unknown field, 'kee'"),
    "two sources": ({"text": "a", "piece_id": "b"}, "one of"),
    "wrong type": ({"text": 3}, "text must be a text, not a whole number"),
    "n too large": ({"text": "a", "n": 201}, "201 hits"),
    "n is none": ({"text": "a", "n": 0}, "0 hits"),
    "n is true": ({"text": "a", "n": True}, "n must be a whole number, not true or false"),
    "text too long": ({"text": "a" * 4097}, "4097 characters"),
    "empty text": ({"text": " "}, "empty"),
    "half a character": ({"text": "\ud800"}, "surrogate"),
    "bars of a text": ({"text": "a", "bars": [1, 2]}, "no bars"),
    "bars of nothing": ({"bars": [1, 2]}, "of what"),
    "bars backwards": ({"piece_id": "a", "bars": [9, 2]}, "9-2"),
    "half a bar": ({"piece_id": "a", "bars": [1.5, 2]}, "whole numbers"),
    "one bar": ({"piece_id": "a", "bars": [1]}, "two numbers"),
    "time backwards": ({"piece_id": "a", "time": [9, 2]}, "9-2"),
    "no base64": ({"content": {"format": "mid", "data": "?"}}, "base64"),
    "no format": ({"content": {"data": "?"}}, "lacks format"),
    "format is a path": ({"content": {"format": "../x", "data": ""}}, "no format"),
    "modality": ({"text": "a", "modalities": ["smell"]}, "smell"),
    "modality type": ({"text": "a", "modalities": [1]}, "must hold texts"),
    "relative folder": ({"text": "a", "where": {"folder": "x"}}, "absolute"),
    "NUL": ({"text": "a", "where": {"key": "G\0"}}, "NUL"),
    "range": ({"text": "a", "where": {"tempo": "fast"}}, "no range"),
    "range backwards": ({"text": "a", "where": {"tempo": "90-80"}}, "ends before"),
    "many sources": ({"text": "a", "plus": [{"text": "b"}] * 17}, "More than 16"),
    "empty source": ({"text": "a", "minus": [{}]}, "holds nothing"),
}


@pytest.mark.parametrize(("body", "says"), REFUSED.values(), ids=REFUSED)
def test_a_query_without_sense_is_refused(body, says):
    with pytest.raises(UsageError, match=says):
        wire.query_from_wire(body, uploads)


def test_content_over_the_limit_is_refused():
    data = "a" * (wire.MAX_CONTENT + 1)

    with pytest.raises(TooLargeError, match="the limit is"):
        wire.query_from_wire({"content": {"format": "abc", "data": data}}, uploads)


TRAPS = {
    "deep": (b"[" * 17 + b"]" * 17, "deeper"),
    "very deep": (b"[" * 100_000, "deeper"),
    "NaN": (b'{"n":NaN}', "NaN"),
    "infinity": (b'{"n":1e999}', "too large"),
    "huge number": (b'{"n":' + b"9" * 5000 + b"}", "no JSON"),
    "twice": (b'{"n":1,"n":2}', "twice"),
    "no UTF-8": (b'"\xff"', "no JSON"),
    "truncated": (b'{"n"', "no JSON"),
    "empty": (b"", "no JSON"),
}


@pytest.mark.parametrize(("body", "says"), TRAPS.values(), ids=TRAPS)
def test_json_that_is_a_trap_is_refused(body, says):
    with pytest.raises(UsageError, match=says):
        wire.loads(body)


def test_sixteen_levels_are_read():
    body = b"[" * 16 + b"]" * 16

    assert wire.loads(body) == json.loads(body)


def test_a_filter_is_read_from_the_command_line():
    where = wire.parse_where(
        "key=G,meter=6/8, tempo=80-120,bars=-32,duration=60-,composer=Bach, J. S."
    )

    assert where == Filter(
        key="G",
        meter="6/8",
        composer="Bach, J. S.",
        tempo=(80, 120),
        bars=(0, 32),
        duration=(60, float("inf")),
    )


@pytest.mark.parametrize("text", ["", "key", "key=", "key=G,key=D", "colour=red", "tempo=-"])
def test_a_filter_without_sense_is_refused(text):
    with pytest.raises(UsageError):
        wire.parse_where(text)


@pytest.mark.parametrize("text", ["", "0-4", "4-2", "a-b", "1-2-3", "-4"])
def test_bars_without_sense_are_refused(text):
    with pytest.raises(UsageError, match="no bars"):
        wire.parse_bars(text)


@pytest.mark.parametrize("text", ["", "5", "9-2", "3-3", "a-b"])
def test_a_time_without_sense_is_refused(text):
    with pytest.raises(UsageError):
        wire.parse_time(text)
