"""One encoder for all: texts together, questions first, one bad text spoils nobody's answer."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from clamp3_plugin.daemon.batching import SharedEncoder, Urgency
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


def test_no_texts_give_no_rows(shared):
    assert shared.view(Urgency.QUESTION).encode_text([]).shape == (0, 16)


def test_the_encoder_is_always_called_from_one_thread(shared, encoder):
    ask_while_busy(shared, encoder, ["a", "b"], Urgency.INDEXING)

    assert len(encoder.threads) == 1


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
