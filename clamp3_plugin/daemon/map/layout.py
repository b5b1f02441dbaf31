"""Lay the library out, keep the layout, and tell how far that is.

Conventions: places are float32, shape ``(n, 2)``, within -1 and 1.
"""

import contextlib
import hashlib
import logging
import os
import secrets
import signal
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.daemon.service import Points, Service
from clamp3_plugin.encoding import Embeddings
from clamp3_plugin.errors import BrokenFileError, Clamp3Error, UnsupportedFormatError
from clamp3_plugin.readers.isolation.framing import Message
from clamp3_plugin.readers.isolation.limits import Limits
from clamp3_plugin.readers.isolation.worker import JobError, Worker
from clamp3_plugin.wire import JsonObject, error_to_wire

COLUMNS = 50
"""Main components that are laid out: more costs time and moves nothing."""
_NEEDS = "openTSNE"
_LIMITS = Limits(seconds=3600, memory=8 << 30, jobs=1)
_log = logging.getLogger(__name__)

Places = dict[str, tuple[float, float]]
"""By the id of a piece."""


class Layout:
    """The one layout of the library, kept in a file for each space."""

    def __init__(self, service: Service, folder: Path | None) -> None:
        self._service = service
        self._folder = folder
        self._lock = threading.Lock()
        self._places: dict[str, Places] = {}
        self._worker: Worker | None = None
        self._error: Clamp3Error | None = None
        self._progress = 0.0

    def state(self, pieces: int) -> JsonObject:
        """Tell whether there is a layout, how many pieces are in it, how far the next one is."""
        return {
            "working": self._worker is not None,
            "progress": round(self._progress, 3),
            "placed": len(self.places()),
            "pieces": pieces,
            "error": error_to_wire(self._error)["error"] if self._error else None,
        }

    def begin(self) -> None:
        """Start to lay out, if that is not under way."""
        with self._lock:
            if self._worker is not None:
                return
            self._worker = Worker("clamp3_plugin.daemon.map.job", _LIMITS, needs=_NEEDS)
            self._error, self._progress = None, 0.0
        threading.Thread(target=self._run, args=(self._worker,), name="map", daemon=True).start()

    def cancel(self) -> None:
        """End what is under way."""
        worker = self._worker
        if worker is not None and worker.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGTERM)

    def places(self) -> Places:
        """Give the place of every piece that was there when the library was laid out."""
        space = str(self._service.describe()["space"])
        if space not in self._places:
            self._places[space] = self._load(space)
        return self._places[space]

    def _run(self, worker: Worker) -> None:
        try:
            space = str(self._service.describe()["space"])
            points = self._service.points()
            places = self._lay_out(worker, points)
            self._store(space, [piece.id for piece in points.pieces], places)
            self._places[space] = _named([piece.id for piece in points.pieces], places)
        except Clamp3Error as error:
            self._error = error
        except JobError as error:
            self._error = BrokenFileError(f"The map cannot be drawn ({error.kind}).")
        except Exception:  # noqa: BLE001 - outermost handler of this thread; the daemon lives on
            _log.exception("the map failed")
            self._error = BrokenFileError("The map cannot be drawn.", "See: clamp3 daemon logs")
        finally:
            worker.close()
            self._worker = None

    def _lay_out(self, worker: Worker, points: Points) -> NDArray[np.float32]:
        reduced = main_components(points.vectors, COLUMNS)

        def hear(message: Message) -> Message:
            progress = message.fields.get("progress")
            self._progress = float(progress) if isinstance(progress, float) else self._progress
            return Message({})

        question = Message({"columns": reduced.shape[1]}, reduced.astype("<f4").tobytes())
        try:
            body = worker.ask(question, hear).body
        except UnsupportedFormatError as error:
            hint = 'Install it: pip install "clamp3-plugin[map]"'
            raise UnsupportedFormatError("The map needs openTSNE.", hint) from error
        places = np.frombuffer(body, "<f4").reshape(-1, 2)
        if len(places) != len(reduced) or not np.all(np.isfinite(places)):
            raise BrokenFileError("The layout makes no sense.")
        middle = (places.max(axis=0) + places.min(axis=0)) / 2 if len(places) else 0
        reach = float(np.abs(places - middle).max(initial=0)) or 1.0
        return np.asarray((places - middle) / reach, np.float32)

    def _file(self, space: str) -> Path | None:
        name = hashlib.sha256(space.encode()).hexdigest()[:16]
        return self._folder / f"map-{name}.npz" if self._folder else None

    def _load(self, space: str) -> Places:
        file = self._file(space)
        if file is None:
            return {}
        try:
            with np.load(file, allow_pickle=False) as stored:
                return _named(stored["ids"].tolist(), stored["places"])
        except (OSError, ValueError, KeyError, EOFError):  # absent or damaged: it is made again
            return {}

    def _store(self, space: str, ids: list[str], places: NDArray[np.float32]) -> None:
        file = self._file(space)
        if file is None:
            return
        temporary = file.with_name(f".{file.stem}.{secrets.token_hex(4)}.npz")
        np.savez(temporary, ids=np.array(ids, np.str_), places=places)
        temporary.replace(file)


def _named(ids: list[str], places: NDArray[np.float32]) -> Places:
    return {piece: (float(x), float(y)) for piece, (x, y) in zip(ids, places, strict=True)}


def main_components(vectors: Embeddings, count: int) -> Embeddings:
    """Project vectors on the directions in which they differ most.

    Parameters
    ----------
    vectors
        float32, shape ``(n, dim)``.
    count
        How many directions at most.

    Returns
    -------
    Embeddings
        float32, shape ``(n, min(count, dim))``.

    Examples
    --------
    >>> main_components(np.eye(4, dtype=np.float32), 2).shape
    (4, 2)
    """
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)  # by rising variance
    return np.asarray(centred @ directions[:, ::-1][:, :count], np.float32)
