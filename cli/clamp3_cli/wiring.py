"""The composition root: a service that answers at once what it is, and the rest when the model is loaded.

What takes seconds to import is imported by ``load``, so that a daemon listens before that.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from clamp3_plugin.config import Config, Home
from clamp3_plugin.daemon.service import Points, WrittenPassage
from clamp3_plugin.errors import Clamp3Error, NoModelError
from clamp3_plugin.music import Passage, Piece
from clamp3_plugin.query import Answer, Filter, Query, Source, TagHit
from clamp3_plugin.wire import IndexEvent, Vectors

if TYPE_CHECKING:
    from clamp3_cli.loaded import Loaded, LoadEncoder

_PATIENCE_S = 60.0  # of a question about the library while the model loads


def make_service(
    home: Home, config: Config, load: "LoadEncoder | None" = None, *, read_only: bool = False
) -> "MusicService":
    """Put a service together; ``load`` of it is still to be called."""
    return MusicService(home, config, load, read_only=read_only)


class MusicService:
    """Answers what ``Loaded`` answers, once it is there; satisfies ``daemon.service.Service``."""

    def __init__(
        self,
        home: Home,
        config: Config,
        load: "LoadEncoder | None" = None,
        *,
        read_only: bool = False,
    ) -> None:
        self._home = home
        self._config = config
        self._load_encoder = load
        self._read_only = read_only
        self._is_over = threading.Event()
        self._loaded: Loaded | None = None
        self._failure: Clamp3Error | None = None

    def load(self) -> None:
        """Load the model and open the library of its space."""
        from clamp3_cli.loaded import Loaded  # noqa: PLC0415 - torch, lancedb: seconds

        try:
            self._loaded = Loaded(
                self._home, self._config, self._load_encoder, read_only=self._read_only
            )
        except Clamp3Error as error:
            self._failure = error
            raise
        finally:
            self._is_over.set()

    def describe(self) -> Mapping[str, object]:
        """Tell ``model``, ``space``, ``device`` and ``precision``."""
        about = {"model": self._config.model, "space": "", "device": "", "precision": ""}
        return {**about, **self._loaded.describe()} if self._loaded else about

    def find(self, query: Query) -> Answer:
        """Find similar pieces and passages."""
        return self._ready.find(query)

    def tag(self, source: Source, languages: Sequence[str], n: int) -> Sequence[TagHit]:
        """Give the tags that fit, best first."""
        return self._ready.tag(source, languages, n)

    def embed(self, source: Source, *, local: bool) -> Vectors:
        """Embed a source before normalisation."""
        return self._ready.embed(source, local=local)

    def index(
        self,
        paths: Sequence[str],
        on_event: Callable[[IndexEvent], None],
        cancelled: Callable[[], bool],
        *,
        retry: bool = False,
    ) -> Mapping[str, float]:
        """Put files and folders into the library; gives the counts of the run."""
        return self._ready.index(paths, on_event, cancelled, retry=retry)

    def stats(self) -> Mapping[str, object]:
        """Count what the library holds; only its folder while the model is not loaded."""
        folder = {"folder": self._config.library or str(self._home.library)}
        return {**folder, **asdict(self._loaded.library.stats())} if self._loaded else folder

    def pieces(self, where: Filter, offset: int, limit: int) -> Sequence[Piece]:
        """List pieces by path."""
        return self._ready.pieces(where, offset, limit)

    def piece(self, piece_id: str) -> Piece:
        """Give one piece."""
        return self._ready.piece(piece_id)

    def tunes(self, piece: Piece) -> int:
        """Count the pieces of a piece's file; 0 where the file has changed since it was indexed."""
        return self._ready.tunes(piece)

    def passages(self, piece_id: str) -> Sequence[Passage]:
        """List the indexed passages of a piece, in order."""
        return self._ready.passages(piece_id)

    def written(self, piece: Piece, passage: Passage | None) -> WrittenPassage:
        """Give a passage of a score or a performance, or all of it."""
        return self._ready.written(piece, passage)

    def points(self) -> Points:
        """Give every piece with its vector and the genre that lies nearest to it."""
        return self._ready.points()

    def errors(self) -> Sequence[IndexEvent]:
        """List the files that were refused, and why."""
        return self._ready.errors()

    def forget(self, paths: Sequence[str]) -> int:
        """Take what is at or below the paths out of the library; gives how many pieces."""
        return self._ready.forget(paths)

    def compact(self) -> Mapping[str, object]:
        """Give back disk space; tells the bytes before and after."""
        return self._ready.compact()

    def check(self, *, deep: bool) -> Sequence[str]:
        """Give what is wrong with the library; ``deep`` also opens every file that is in it."""
        return self._ready.check(deep=deep)

    def close(self) -> None:
        """Let go of everything that was loaded."""
        if self._loaded is not None:
            self._loaded.close()

    @property
    def _ready(self) -> "Loaded":
        if not self._is_over.wait(_PATIENCE_S):
            raise NoModelError("The model is still loading.", "Try again in some seconds.")
        if self._loaded is None:
            raise self._failure or NoModelError("The model did not load.")
        return self._loaded
