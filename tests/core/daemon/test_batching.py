"""One encoder for all: texts together, questions first, one bad text spoils nobody's answer."""

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from clamp3_plugin.daemon import batching
from clamp3_plugin.daemon.batching import TURN_S, SharedEncoder, Urgency
from clamp3_plugin.daemon.priority import NICENESS
from clamp3_plugin.encoding import Encoder
from clamp3_plugin.errors import DaemonBusyError
from tests.fakes import HashEncoder


class GatedEncoder(HashEncoder):
    """Waits in its first call until it may go on; refuses the text ``bad``; notes every call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[list[str]] = []
        self.threads: set[str] = set()
        self.entered = threading.Event()
        self.may_go_on = threading.Event()

    def encode_text(self, texts):
        self.calls.append(list(texts))
        self.threads.add(threading.current_thread().name)
        self.entered.set()
        self.may_go_on.wait(5)
        if "bad" in texts:
            raise ValueError("bad")
        return super().encode_text(texts)

    def encode_score(self, scores):
        return self.encode_text(scores)


@pytest.fixture
def encoder():
    return GatedEncoder()


@pytest.fixture
def shared(encoder):
    shared = SharedEncoder(encoder)
    yield shared
    encoder.may_go_on.set()
    shared.close()


def wait_for(shared: SharedEncoder, waiting: int) -> None:
    deadline = time.monotonic() + 5
    while len(shared._waiting) < waiting and time.monotonic() < deadline:
        time.sleep(0.002)
    assert len(shared._waiting) == waiting


def ask_while_busy(shared, encoder, texts, urgency=Urgency.QUESTION):
    """Ask the texts, each from a thread of its own, while a first question holds the encoder."""
    pool = ThreadPoolExecutor(len(texts) + 1)
    first = pool.submit(shared.view(Urgency.QUESTION).encode_text, ["first"])
    assert encoder.entered.wait(5)
    later = []
    for number, text in enumerate(texts, 2):
        later.append(pool.submit(shared.view(urgency).encode_text, [text]))
        wait_for(shared, number)
    encoder.may_go_on.set()
    pool.shutdown(wait=True)
    return [first, *later]


def test_a_view_is_an_encoder(shared):
    view: Encoder = shared.view(Urgency.QUESTION)

    assert (view.space, view.dim) == ("hash-16", 16)


def test_texts_that_wait_together_are_encoded_together(shared, encoder):
    futures = ask_while_busy(shared, encoder, ["a", "b", "c"])

    assert encoder.calls == [["first"], ["a", "b", "c"]]
    for future, text in zip(futures, ["first", "a", "b", "c"], strict=True):
        np.testing.assert_array_equal(future.result(), HashEncoder().encode_text([text]))


def test_a_bad_text_spoils_no_other(shared, encoder):
    _, bad, good = ask_while_busy(shared, encoder, ["bad", "good"])

    with pytest.raises(ValueError, match="bad"):
        bad.result()
    np.testing.assert_array_equal(good.result(), HashEncoder().encode_text(["good"]))


def test_a_text_that_leads_a_batch_with_a_bad_one_is_served(shared, encoder):
    _, good, bad = ask_while_busy(shared, encoder, ["good", "bad"])

    with pytest.raises(ValueError, match="bad"):
        bad.result()
    np.testing.assert_array_equal(good.result(), HashEncoder().encode_text(["good"]))


def test_a_question_goes_before_indexing_that_came_first(shared, encoder):
    with ThreadPoolExecutor(3) as pool:
        pool.submit(shared.view(Urgency.INDEXING).encode_score, ["X:1"])
        assert encoder.entered.wait(5)
        pool.submit(shared.view(Urgency.INDEXING).encode_score, ["X:2"])
        wait_for(shared, 2)
        pool.submit(shared.view(Urgency.QUESTION).encode_text, ["question"])
        wait_for(shared, 3)
        encoder.may_go_on.set()

    assert encoder.calls == [["X:1"], ["question"], ["X:2"]]


def test_a_text_asked_again_is_remembered(shared, encoder):
    encoder.may_go_on.set()
    view = shared.view(Urgency.QUESTION)

    once, twice = view.encode_text(["a", "b", "a"]), view.encode_text(["b", "a"])

    assert encoder.calls == [["a", "b"]]
    np.testing.assert_array_equal(once[[1, 0]], twice)


def test_the_text_not_asked_for_longest_is_forgotten(encoder, monkeypatch):
    monkeypatch.setattr(batching, "MAX_CACHED", 2)
    shared = SharedEncoder(encoder)
    encoder.may_go_on.set()
    view = shared.view(Urgency.QUESTION)
    for text in ("a", "b", "a", "c"):
        view.encode_text([text])

    again = view.encode_text(["a", "b", "c"])

    assert encoder.calls == [["a"], ["b"], ["c"], ["b"]]
    np.testing.assert_array_equal(again, HashEncoder().encode_text(["a", "b", "c"]))
    shared.close()


def test_no_texts_give_no_rows(shared):
    assert shared.view(Urgency.QUESTION).encode_text([]).shape == (0, 16)


def test_the_encoder_is_called_from_one_thread_for_each_urgency(shared, encoder):
    ask_while_busy(shared, encoder, ["a", "b"], Urgency.INDEXING)
    shared.encode_texts(["c"], Urgency.QUESTION)

    assert encoder.threads == {"encoder_0", "encoder-indexing_0"}


def test_a_question_that_waits_too_long_is_told_so(encoder):
    shared = SharedEncoder(encoder, patience_s=0.05)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(shared.view(Urgency.INDEXING).encode_score, ["X:1"])
        assert encoder.entered.wait(5)

        with pytest.raises(DaemonBusyError, match="busy"):
            shared.view(Urgency.QUESTION).encode_text(["a"])

        encoder.may_go_on.set()
    np.testing.assert_array_equal(
        shared.view(Urgency.QUESTION).encode_text(["a"]), HashEncoder().encode_text(["a"])
    )
    shared.close()


class PrioritisedEncoder(HashEncoder):
    """Notes the niceness that it runs with."""

    def __init__(self) -> None:
        super().__init__()
        self.niceness: dict[str, int] = {}

    def encode_text(self, texts):
        thread = threading.get_native_id()
        self.niceness[texts[0]] = os.getpriority(os.PRIO_PROCESS, thread)
        return super().encode_text(texts)


@pytest.mark.skipif(sys.platform != "linux", reason="priorities are those of threads on Linux only")
def test_indexing_steps_back_behind_other_programs_and_questions_do_not():
    before = os.getpriority(os.PRIO_PROCESS, 0)
    encoder = PrioritisedEncoder()
    shared = SharedEncoder(encoder)

    shared.encode_texts(["file"], Urgency.INDEXING)
    shared.encode_texts(["question"], Urgency.QUESTION)
    shared.close()

    assert encoder.niceness == {"file": max(before, NICENESS), "question": before}


class SlowEncoder(HashEncoder):
    """Takes a tenth of a turn for each content; notes how many it was given at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def _encode(self, contents):
        self.sizes.append(len(contents))
        time.sleep(len(contents) * TURN_S / 10)
        return super()._encode(contents)


def test_a_question_comes_between_the_turns_of_an_index_run():
    encoder = SlowEncoder()
    shared = SharedEncoder(encoder)
    scores = [f"X:{number}" for number in range(200)]
    with ThreadPoolExecutor(1) as pool:
        indexed = pool.submit(shared.view(Urgency.INDEXING).encode_score, scores)
        while not encoder.sizes:
            time.sleep(0.001)
        shared.encode_texts(["asked"], Urgency.QUESTION)
        assert not indexed.done()

        np.testing.assert_array_equal(indexed.result(), HashEncoder().encode_score(scores))
    assert sum(encoder.sizes) == 201
    assert max(encoder.sizes) <= 20  # a turn has room for ten at most; of one, time is told badly
    assert len(shared.view(Urgency.INDEXING).encode_score([])) == 0
    shared.close()
