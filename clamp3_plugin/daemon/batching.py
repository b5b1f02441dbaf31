"""One encoder shared by everybody: questions before indexing, texts asked together encoded together.

The encoder runs in two threads of its own (every thread that computes grows its own pool of workers),
one for each urgency, and is taken for one call at a time, so a question waits for one batch of an
index run, or a few seconds of a recording, and never for the run. The thread of indexing steps back
behind whatever else the machine does, as a DAW that plays.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np

from clamp3_plugin.daemon.priority import step_back
from clamp3_plugin.encoding import Embeddings, Encoder, Frames, Samples
from clamp3_plugin.errors import DaemonBusyError
from clamp3_plugin.music import Modality

MAX_BATCH = 32  # texts of several callers in one call of the encoder
TURN_S = 0.025
"""How long the index run has the encoder before a question that came meanwhile is next."""
MAX_CACHED = 1024  # texts whose embedding is remembered


class Urgency(IntEnum):
    """Who goes first."""

    QUESTION = 0
    INDEXING = 1


@dataclass(eq=False, slots=True)
class _Work:
    urgency: Urgency
    encode: Callable[[Sequence[Any]], Embeddings]
    contents: Sequence[Any]
    joins: bool
    """Whether it may share a call with others of its kind."""
    done: Embeddings | None = field(default=None)


class SharedEncoder:
    """Hands out views of one encoder; each view is an ``Encoder``."""

    def __init__(self, encoder: Encoder, patience_s: float = 60.0) -> None:
        self._encoder = encoder
        self._patience_s = patience_s
        self._turn = threading.Condition()
        self._waiting: list[_Work] = []
        self._busy = False
        self._threads = {
            Urgency.QUESTION: ThreadPoolExecutor(1, "encoder"),
            Urgency.INDEXING: ThreadPoolExecutor(1, "encoder-indexing", initializer=step_back),
        }
        self._remembered = _Remembered(encoder.dim)

    def view(self, urgency: Urgency) -> "EncoderView":
        """Give the encoder as those of one urgency see it."""
        return EncoderView(self, self._encoder, urgency)

    def close(self) -> None:
        """Let the running call end and take no more."""
        for thread in self._threads.values():
            thread.shutdown(wait=False, cancel_futures=True)

    def encode_texts(self, texts: Sequence[str], urgency: Urgency) -> Embeddings:
        """Encode texts, those asked lately from memory."""
        if not texts:
            return np.zeros((0, self._encoder.dim), np.float32)
        with self._turn:
            known = self._remembered.of(texts)
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            rows = self.run(self._encoder.encode_text, new, urgency, joins=True)
            known.update(zip(new, rows, strict=True))
            with self._turn:
                self._remembered.add(new, rows)
        return np.stack([known[text] for text in texts])

    def run(
        self,
        encode: Callable[[Sequence[Any]], Embeddings],
        contents: Sequence[Any],
        urgency: Urgency,
        *,
        joins: bool = False,
    ) -> Embeddings:
        """Wait for the encoder and run one call of it, for others that wait too if they join.

        Raises
        ------
        DaemonBusyError
            A question waited longer than is bearable.
        """
        work = _Work(urgency, encode, contents, joins)
        with self._turn:
            self._waiting.append(work)
        while (batch := self._wait(work)) and not self._encode_batch(batch):
            pass  # it failed for several together: each tries alone, one bad text spoils no other
        if work.done is None:
            raise ValueError("the encoder gave no rows")
        return work.done

    def _encode_batch(self, batch: list[_Work]) -> bool:
        """Run one call; tells whether it went well. Raises what a call for one alone raised."""
        error: BaseException | None = None
        try:
            together = [content for each in batch for content in each.contents]
            future = self._threads[batch[0].urgency].submit(batch[0].encode, together)
            error = future.exception()
            if error is not None and len(batch) == 1:
                raise error
            if error is None:
                rows, start = future.result(), 0
                for each in batch:
                    each.done = rows[start : start + len(each.contents)]
                    start += len(each.contents)
        finally:
            with self._turn:
                self._busy = False
                gone = [each for each in batch if each.done is not None or len(batch) == 1]
                self._waiting = [each for each in self._waiting if each not in gone]
                for each in batch:
                    each.joins = False
                self._turn.notify_all()
        return error is None

    def _wait(self, work: _Work) -> list[_Work]:
        """Wait for one's turn, or until another did the work; gives what to encode together."""
        patience = self._patience_s if work.urgency is Urgency.QUESTION else None

        def free() -> bool:
            return work.done is not None or self._is_next(work)

        with self._turn:
            if not self._turn.wait_for(free, patience):
                self._waiting.remove(work)
                message = f"The encoder was busy for {self._patience_s:.0f} s."
                raise DaemonBusyError(message, "Try again, or wait for the index run to end.")
            if work.done is not None:
                return []
            self._busy = True
            return self._batch(work)

    def _is_next(self, work: _Work) -> bool:
        return not self._busy and work is min(self._waiting, key=lambda each: each.urgency)

    def _batch(self, work: _Work) -> list[_Work]:
        batch, size = [work], len(work.contents)
        for other in self._waiting:
            fits = size + len(other.contents) <= MAX_BATCH and other.urgency is work.urgency
            if other is not work and work.joins and other.joins and fits:
                batch.append(other)
                size += len(other.contents)
        return batch


class _Remembered:
    """The embeddings of the texts asked last, in one matrix: small arrays that come and go would leave holes."""

    def __init__(self, dim: int) -> None:
        self._rows = np.zeros((MAX_CACHED, dim), np.float32)
        self._places: OrderedDict[str, int] = OrderedDict()

    def of(self, texts: Sequence[str]) -> dict[str, Embeddings]:
        """Give copies of those that are known."""
        known = [text for text in texts if text in self._places]
        for text in known:
            self._places.move_to_end(text)
        return {text: self._rows[self._places[text]].copy() for text in known}

    def add(self, texts: Sequence[str], rows: Embeddings) -> None:
        """Remember texts, in the places of those not asked for longest."""
        for text, row in zip(texts, rows, strict=True):
            place = self._places.pop(text, len(self._places))
            if place == MAX_CACHED:
                place = self._places.popitem(last=False)[1]
            self._rows[place] = row
            self._places[text] = place


@dataclass(frozen=True, slots=True)
class EncoderView:
    """An ``Encoder`` that waits its turn."""

    shared: SharedEncoder
    encoder: Encoder
    urgency: Urgency

    @property
    def space(self) -> str:
        """Identity of the embedding space."""
        return self.encoder.space

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.encoder.dim

    @property
    def frame_s(self) -> float:
        """Seconds that a row of features stands for."""
        return self.encoder.frame_s

    def require(self, modality: Modality) -> None:
        """Make ready to read a modality."""
        self.encoder.require(modality)

    def listen(self, samples: Samples) -> Iterator[Frames]:
        """Compute the features of a recording, some rows at a turn."""
        heard = self.encoder.listen(samples)

        def some(_: Sequence[None]) -> Frames:
            rows = next(heard, None)
            return np.zeros((1, 0, 0), np.float32) if rows is None else rows[np.newaxis]

        while len(rows := self.shared.run(some, [None], self.urgency)[0]):
            yield rows

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        """Encode texts, shape ``(len(texts), dim)``."""
        return self.shared.encode_texts(texts, self.urgency)

    def encode_score(self, scores: Sequence[str]) -> Embeddings:
        """Encode interleaved ABC, shape ``(len(scores), dim)``."""
        return self._by_turns(self.encoder.encode_score, scores)

    def encode_performance(self, performances: Sequence[str]) -> Embeddings:
        """Encode MTF, shape ``(len(performances), dim)``."""
        return self._by_turns(self.encoder.encode_performance, performances)

    def encode_audio(self, features: Sequence[Frames]) -> Embeddings:
        """Encode features of recordings, shape ``(len(features), dim)``."""
        return self._by_turns(self.encoder.encode_audio, features)

    def _by_turns(
        self, encode: Callable[[Sequence[Any]], Embeddings], contents: Sequence[Any]
    ) -> Embeddings:
        """Encode for the index run as much as takes ``TURN_S`` at a time: questions come between."""
        if self.urgency is Urgency.QUESTION:
            return self.shared.run(encode, contents, self.urgency)
        rows = [np.zeros((0, self.dim), np.float32)]
        taken, size = 0, 1

        def timed(some: Sequence[Any]) -> Embeddings:
            nonlocal size
            begun = time.perf_counter()
            encoded = encode(some)
            fits = len(some) * TURN_S / max(time.perf_counter() - begun, 1e-6)
            size = max(1, min(int(fits), 2 * size))
            return encoded

        while taken < len(contents):
            rows.append(self.shared.run(timed, contents[taken : taken + size], self.urgency))
            taken = sum(map(len, rows))
        return np.concatenate(rows)
