"""What answers once the model is loaded: encoder, library, readers and vocabulary put together.

Whoever imports this waits for torch and LanceDB.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from clamp3_cli.embedding import encoder_input
from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.loading import load_encoder
from clamp3_plugin.config import Config, Home
from clamp3_plugin.daemon.batching import SharedEncoder, Urgency
from clamp3_plugin.daemon.service import Points, WrittenPassage
from clamp3_plugin.encoding import Embeddings
from clamp3_plugin.errors import MissingFileError, UsageError
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


class Loaded:
    """Answers from one encoder and the library of its space."""

    def __init__(
        self,
        home: Home,
        config: Config,
        load: LoadEncoder | None = None,
        *,
        read_only: bool = False,
    ) -> None:
        self._encoder = encoder = (load or load_encoder)(home, config)
        folder = folder_of(config.library) if config.library else home.library
        self.library = Library.open(folder, encoder.space, encoder.dim, read_only=read_only)
        self._refreshing = Refreshing(self.library) if isinstance(folder, Prefix) else None
        self._shared, self._formats = SharedEncoder(encoder), ApartFormats()
        asking, indexing = self._shared.view(Urgency.QUESTION), self._shared.view(Urgency.INDEXING)
        vocabulary = Vocabulary.load()
        calibration = None
        if encoder.folder is not None:
            calibration = load_calibration(encoder.folder, encoder, vocabulary)
        self._tagger = Tagger(asking, vocabulary, home.cache, calibration)
        self._finder = Finder(asking, self.library, self._formats, self._tagger)
        self._indexer = Indexer(self.library, indexing, self._formats)

    def describe(self) -> Mapping[str, str]:
        """Tell ``space``, ``device`` and ``precision``."""
        space = self._encoder.space
        precision = space.rpartition("-")[2]
        return {"space": space, "device": self._encoder.device, "precision": precision}

    def find(self, query: Query) -> Answer:
        """Find similar pieces and passages."""
        return self._finder.find(query)

    def tag(self, source: Source, languages: Sequence[str], n: int) -> Sequence[TagHit]:
        """Give the tags that fit, best first."""
        return self._finder.tag(source, languages, n)

    def embed(self, source: Source, *, local: bool) -> Vectors:
        """Embed a source before normalisation."""
        asked = encoder_input(source, self._formats, self._read_piece)

        def encode(_: Sequence[str]) -> Embeddings:
            return asked.encode(self._encoder, local=local)[np.newaxis]

        rows = self._shared.run(encode, [source.name], Urgency.QUESTION)[0]
        return _vectors(rows, self._encoder.space)

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

        self.library.must_write()
        summary = self._indexer.run(paths, tell, cancelled, retry=retry)
        counts = asdict(summary)
        del counts["cancelled"]
        return {name: round(count, 3) for name, count in counts.items()}

    def pieces(self, where: Filter, offset: int, limit: int) -> Sequence[Piece]:
        """List pieces by path."""
        return self.library.pieces(where)[offset : offset + limit]

    def piece(self, piece_id: str) -> Piece:
        """Give one piece."""
        return self.library.piece(piece_id)

    def tunes(self, piece: Piece) -> int:
        """Count the pieces of a piece's file; 0 where the file has changed since it was indexed."""
        record = self.library.records.get(piece.path)
        try:
            stamp = Stamp.of(Path(piece.path).stat())
        except (OSError, ValueError):  # who reads it says why it cannot be read
            return 0
        return record.pieces if record and record.stamp.agrees(stamp) else 0

    def passages(self, piece_id: str) -> Sequence[Passage]:
        """List the indexed passages of a piece, in order."""
        library = self.library
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
        known = [(piece, self.library.vector(piece.id)) for piece in self.library.pieces()]
        there = [(piece, vector) for piece, vector in known if vector is not None]
        vectors = np.zeros((len(there), self._encoder.dim), np.float32)
        for row, (_, vector) in zip(vectors, there, strict=True):
            row[:] = vector
        return Points(
            [piece for piece, _ in there], vectors, self._tagger.nearest("genre", vectors)
        )

    def errors(self) -> Sequence[IndexEvent]:
        """List the files that were refused, and why."""
        return [
            IndexEvent(record.path, record.status.value, record.reason, record.message)
            for record in self.library.errors()
        ]

    def forget(self, paths: Sequence[str]) -> int:
        """Take what is at or below the paths out of the library; gives how many pieces."""
        library = self.library
        known = library.known_below(paths)
        pieces = sum(library.records[path].pieces for path in known)
        library.forget(known)
        return pieces

    def compact(self) -> Mapping[str, object]:
        """Give back disk space; tells the bytes before and after."""
        library = self.library
        before = library.stats().bytes_on_disk
        library.compact()
        return {"bytes_before": before, "bytes_after": library.stats().bytes_on_disk}

    def check(self, *, deep: bool) -> Sequence[str]:
        """Give what is wrong with the library; ``deep`` also opens every file that is in it."""
        library = self.library
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
        self._shared.close()
        self.library.close()

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
    load: LoadEncoder | None = None,
) -> list[Vectors]:
    """Embed files with a model of its own, without a library."""
    encoder = (load or load_encoder)(home, config)

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
