"""The composition root: encoder, library, readers and vocabulary become the service that answers."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from clamp3_cli.embedding import encoder_input
from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.loading import load_encoder
from clamp3_plugin.config import Config, Home
from clamp3_plugin.daemon.batching import SharedEncoder, Urgency
from clamp3_plugin.daemon.service import Points, WrittenPassage
from clamp3_plugin.encoding import Embeddings
from clamp3_plugin.errors import Clamp3Error, MissingFileError, NoModelError, UsageError
from clamp3_plugin.finder import Finder
from clamp3_plugin.indexing.events import FileEvent
from clamp3_plugin.indexing.indexer import Indexer
from clamp3_plugin.library.entries import Stamp
from clamp3_plugin.library.library import Library
from clamp3_plugin.library.prefix import Prefix, folder_of
from clamp3_plugin.library.refreshing import Refreshing
from clamp3_plugin.music import Passage, Piece
from clamp3_plugin.query import Answer, Filter, Query, Source, TagHit
from clamp3_plugin.readers.apart.formats import ApartFormats, ApartPiece
from clamp3_plugin.readers.content import Content
from clamp3_plugin.tags import Tagger, Vocabulary, load_calibration
from clamp3_plugin.wire import IndexEvent, Vectors

LoadEncoder = Callable[[Home, Config], Clamp3Encoder]
_PATIENCE_S = 60.0  # of a question about the library while the model loads


def make_service(
    home: Home, config: Config, load: LoadEncoder = load_encoder, *, read_only: bool = False
) -> "MusicService":
    """Put a service together; ``load`` of it is still to be called."""
    return MusicService(home, config, load, read_only=read_only)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is there once the model is loaded."""

    encoder: Clamp3Encoder
    shared: SharedEncoder
    library: Library
    tagger: Tagger
    finder: Finder
    indexer: Indexer


class MusicService:
    """Answers from one encoder and the library of its space; satisfies ``daemon.service.Service``."""

    def __init__(
        self, home: Home, config: Config, load: LoadEncoder, *, read_only: bool = False
    ) -> None:
        self._home = home
        self._config = config
        self._load_encoder = load
        self._read_only = read_only
        self._loaded = threading.Event()
        self._parts: _Parts | None = None
        self._failure: Clamp3Error | None = None
        self._formats = ApartFormats()
        self._folder = folder_of(config.library) if config.library else home.library
        self._refreshing: Refreshing | None = None

    def load(self) -> None:
        """Load the model and open the library of its space."""
        try:
            self._parts = self._assemble()
        except Clamp3Error as error:
            self._failure = error
            raise
        finally:
            self._loaded.set()

    def describe(self) -> Mapping[str, object]:
        """Tell ``model``, ``space``, ``device`` and ``precision``."""
        about = {"model": self._config.model, "space": "", "device": "", "precision": ""}
        if self._parts is None:
            return about
        encoder = self._parts.encoder
        precision = encoder.space.rpartition("-")[2]
        return {**about, "space": encoder.space, "device": encoder.device, "precision": precision}

    def find(self, query: Query) -> Answer:
        """Find similar pieces and passages."""
        return self._ready.finder.find(query)

    def tag(self, source: Source, languages: Sequence[str], n: int) -> Sequence[TagHit]:
        """Give the tags that fit, best first."""
        return self._ready.finder.tag(source, languages, n)

    def embed(self, source: Source, *, local: bool) -> Vectors:
        """Embed a source before normalisation."""
        parts = self._ready
        asked = encoder_input(source, self._formats, self._read_piece)

        def encode(_: Sequence[str]) -> Embeddings:
            return asked.encode(parts.encoder, local=local)[np.newaxis]

        rows = parts.shared.run(encode, [source.name], Urgency.QUESTION)[0]
        return _vectors(rows, parts.encoder.space)

    def index(
        self,
        paths: Sequence[str],
        on_event: Callable[[IndexEvent], None],
        cancelled: Callable[[], bool],
        *,
        retry: bool = False,
    ) -> Mapping[str, float]:
        """Put files and folders into the library; gives the counts of the run."""

        def tell(event: FileEvent) -> None:
            on_event(told(event))

        self._ready.library.must_write()
        summary = self._ready.indexer.run(paths, tell, cancelled, retry=retry)
        counts = asdict(summary)
        del counts["cancelled"]
        return {name: round(count, 3) for name, count in counts.items()}

    def stats(self) -> Mapping[str, object]:
        """Count what the library holds; only its folder while the model is not loaded."""
        folder = {"folder": str(self._folder)}
        return {**folder, **asdict(self._parts.library.stats())} if self._parts else folder

    def pieces(self, where: Filter, offset: int, limit: int) -> Sequence[Piece]:
        """List pieces by path."""
        return self._ready.library.pieces(where)[offset : offset + limit]

    def piece(self, piece_id: str) -> Piece:
        """Give one piece."""
        return self._ready.library.piece(piece_id)

    def tunes(self, piece: Piece) -> int:
        """Count the pieces of a piece's file; 0 where the file has changed since it was indexed."""
        record = self._ready.library.records.get(piece.path)
        try:
            stamp = Stamp.of(Path(piece.path).stat())
        except (OSError, ValueError):  # who reads it says why it cannot be read
            return 0
        return record.pieces if record and record.stamp.agrees(stamp) else 0

    def passages(self, piece_id: str) -> Sequence[Passage]:
        """List the indexed passages of a piece, in order."""
        library = self._ready.library
        return library.passages(library.piece(piece_id).id)

    def written(self, piece: Piece, passage: Passage | None) -> WrittenPassage:
        """Give a passage of a score or a performance, or all of it."""
        content = self._read_piece(Source(piece_id=piece.id))
        if not isinstance(content, ApartPiece):
            raise UsageError("A recording is not written.", "Hear its file.")
        part = content.part(passage)
        return WrittenPassage(str(part.stretches.whole), part.bars)

    def points(self) -> Points:
        """Give every piece with its vector and the genre that lies nearest to it."""
        parts = self._ready
        known = [(piece, parts.library.vector(piece.id)) for piece in parts.library.pieces()]
        there = [(piece, vector) for piece, vector in known if vector is not None]
        vectors = np.zeros((len(there), parts.encoder.dim), np.float32)
        for row, (_, vector) in zip(vectors, there, strict=True):
            row[:] = vector
        return Points(
            [piece for piece, _ in there], vectors, parts.tagger.nearest("genre", vectors)
        )

    def errors(self) -> Sequence[IndexEvent]:
        """List the files that were refused, and why."""
        return [
            IndexEvent(record.path, record.status.value, record.reason, record.message)
            for record in self._ready.library.errors()
        ]

    def forget(self, paths: Sequence[str]) -> int:
        """Take what is at or below the paths out of the library; gives how many pieces."""
        library = self._ready.library
        known = library.known_below(paths)
        pieces = sum(library.records[path].pieces for path in known)
        library.forget(known)
        return pieces

    def compact(self) -> Mapping[str, object]:
        """Give back disk space; tells the bytes before and after."""
        library = self._ready.library
        before = library.stats().bytes_on_disk
        library.compact()
        return {"bytes_before": before, "bytes_after": library.stats().bytes_on_disk}

    def check(self, *, deep: bool) -> Sequence[str]:
        """Give what is wrong with the library; ``deep`` also opens every file that is in it."""
        library = self._ready.library
        problems = list(library.check().problems)
        if deep:
            gone = [path for path in library.records if not Path(path).exists()]
            problems += [f"{path} is in the library, but no longer on the disk" for path in gone]
        return problems

    def close(self) -> None:
        """Let go of the library, the encoder and the processes that read."""
        self._formats.close()
        if self._refreshing is not None:
            self._refreshing.close()
        if self._parts is not None:
            self._parts.shared.close()
            self._parts.library.close()

    @property
    def _ready(self) -> _Parts:
        if not self._loaded.wait(_PATIENCE_S):
            raise NoModelError("The model is still loading.", "Try again in some seconds.")
        if self._parts is None:
            raise self._failure or NoModelError("The model did not load.")
        return self._parts

    def _assemble(self) -> _Parts:
        encoder = self._load_encoder(self._home, self._config)
        library = Library.open(self._folder, encoder.space, encoder.dim, read_only=self._read_only)
        if isinstance(self._folder, Prefix):
            self._refreshing = Refreshing(library)
        shared = SharedEncoder(encoder)
        asking, indexing = shared.view(Urgency.QUESTION), shared.view(Urgency.INDEXING)
        vocabulary = Vocabulary.load()
        calibration = None
        if encoder.folder is not None:
            calibration = load_calibration(encoder.folder, encoder, vocabulary)
        tagger = Tagger(asking, vocabulary, self._home.cache, calibration)
        finder = Finder(asking, library, self._formats, tagger)
        indexer = Indexer(library, indexing, self._formats)
        return _Parts(encoder, shared, library, tagger, finder, indexer)

    def _read_piece(self, source: Source) -> Content:
        piece = self.piece(source.piece_id or "")
        contents = self._formats.read(Path(piece.path))
        if len(contents) < piece.tune:
            message = f"{piece.path} has no tune {piece.tune} any more."
            raise MissingFileError(message, "Index its folder again.")
        return contents[piece.tune - 1]


def embed_sources(
    home: Home,
    config: Config,
    sources: Sequence[Source],
    *,
    local: bool,
    load: LoadEncoder = load_encoder,
) -> list[Vectors]:
    """Embed files with a model of its own, without a library."""
    encoder = load(home, config)

    def refuse(source: Source) -> Content:
        raise UsageError(f"There is no library here to find {source.piece_id!r} in.")

    formats = ApartFormats()
    inputs = [encoder_input(source, formats, refuse) for source in sources]
    formats.close()
    return [_vectors(each.encode(encoder, local=local), encoder.space) for each in inputs]


def _vectors(rows: Embeddings, space: str) -> Vectors:
    data = np.ascontiguousarray(rows, "<f4").tobytes()
    return Vectors(rows.shape[0], rows.shape[1], data, space)


def told(event: FileEvent) -> IndexEvent:
    """Say an event of a run as the daemon says it."""
    return IndexEvent(
        event.path, event.status.value, event.reason, event.message, event.passages,
        event.done, event.total,
    )  # fmt: skip
