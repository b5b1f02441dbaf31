"""What a worker asks and sends is checked: it may have been taken over by the file that it reads."""

from io import BytesIO

import numpy as np
import pytest

from clamp3_plugin.errors import BrokenFileError, EmptyContentError, TooLargeError
from clamp3_plugin.readers.audio import read
from clamp3_plugin.readers.audio.limits import MAX_SECONDS, RATE, READ_BYTES
from clamp3_plugin.readers.audio.tags import metadata_of
from clamp3_plugin.readers.isolation.framing import Message


@pytest.fixture
def exchange():
    exchange = read._Exchange(BytesIO(b"0123456789" * 100_000))
    exchange.make_room(1.0)
    return exchange


def samples(*values):
    return Message({"samples": len(values)}, np.array(values, "<f4").tobytes())


def test_it_is_given_the_bytes_that_it_asks_for(exchange):
    assert exchange(Message({"read": 3, "bytes": 4})).body == b"3456"
    assert exchange(Message({"read": 10**9, "bytes": 4})).body == b""


def test_it_is_not_given_more_than_a_piece_at_a_time(exchange):
    assert len(exchange(Message({"read": 0, "bytes": 10**9})).body) == READ_BYTES


def test_what_it_sends_is_put_together(exchange):
    exchange(samples(0.1, 0.2))
    exchange(samples(0.3))

    np.testing.assert_allclose(exchange.samples(), [0.1, 0.2, 0.3])


def test_more_than_was_announced_is_taken_too(exchange):
    for _ in range(5):
        exchange(samples(*[0.5] * RATE))

    assert len(exchange.samples()) == 5 * RATE


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e30])
def test_samples_that_are_none_are_refused(exchange, value):
    with pytest.raises(BrokenFileError):
        exchange(samples(0.1, value))


def test_sound_without_an_end_is_refused(exchange, monkeypatch):
    monkeypatch.setattr(exchange, "_used", MAX_SECONDS * RATE)

    with pytest.raises(TooLargeError, match="2"):
        exchange(samples(*[0.5] * RATE))


def test_no_samples_at_all_are_refused(exchange):
    with pytest.raises(EmptyContentError):
        exchange.samples()


def test_tags_that_are_no_text_are_dropped():
    assert read._texts({"title": 5, "artist": ["x"], "bpm": "90"}) == {"bpm": "90"}
    assert read._texts("title") == {}


@pytest.mark.parametrize(
    ("tag", "key"),
    [("Am", "Am"), ("Bb", "Bb"), ("e♭ minor", "Ebm"), ("C maj", "C"), ("8A", ""), ("o", "")],
)
def test_keys_are_written_in_one_way(tag, key):
    assert metadata_of({"initial_key": tag}, 1.0).key == key


@pytest.mark.parametrize(("tag", "tempo"), [("128.00", 128.0), ("0", None), ("nan", None)])
def test_a_tempo_that_is_none_is_left_out(tag, tempo):
    assert metadata_of({"bpm": tag}, 1.0).tempo == tempo
