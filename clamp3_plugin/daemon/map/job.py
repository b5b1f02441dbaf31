"""The worker's job: lay points of many dimensions out in two, by t-SNE.

Runs in a process of its own (``readers.isolation``), since it takes minutes of processor and is ended
by ending the process.
"""

from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.readers.isolation.child import Ask, Job, serve_asking
from clamp3_plugin.readers.isolation.framing import Message

PERPLEXITY = 30
EARLY, LATE = 250, 500
_EVERY = 10
_FEW = 8  # points that have no neighbourhoods yet
_MANY = 10_000  # from which interpolation is quicker than the Barnes-Hut tree
_LEARNING_SHARE = 12  # learning rate n/12, as openTSNE has it


def prepare(ask: Ask) -> Job:
    """Import what lays out."""
    opentsne = import_module("openTSNE")  # an extra; it has no types

    def work(question: Message) -> Message:
        columns = question.fields.get("columns")
        points = np.frombuffer(question.body, "<f4").reshape(-1, int(str(columns)))
        if len(points) < _FEW:
            return Message({}, _few(len(points)).tobytes())
        done = [0]

        def tell(iteration: int, error: float, embedding: object) -> bool:  # noqa: ARG001 - openTSNE's signature
            done[0] += _EVERY
            ask(Message({"progress": min(1.0, done[0] / (EARLY + LATE))}))
            return False

        layout = opentsne.TSNE(
            perplexity=min(PERPLEXITY, (len(points) - 1) / 3),
            early_exaggeration_iter=EARLY,
            n_iter=LATE,
            negative_gradient_method="fft" if len(points) > _MANY else "bh",
            n_jobs=-1,
            random_state=1,
            callbacks=tell,
            callbacks_every_iters=_EVERY,
        ).fit(points)
        return Message({}, np.asarray(layout, "<f4").tobytes())

    return work


def _few(count: int) -> NDArray[np.float32]:
    """Place a handful of points on a circle."""
    angles = 2 * np.pi * np.arange(count) / max(1, count)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype("<f4")


if __name__ == "__main__":
    serve_asking(prepare)
