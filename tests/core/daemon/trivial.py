"""A daemon with a service that answers without a model; ``python trivial.py`` serves it for real.

The environment steers it: TRIVIAL_LOAD_S, TRIVIAL_KEEP_ALIVE_S, TRIVIAL_REFUSES.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from clamp3_plugin.config import Config, Home
from clamp3_plugin.daemon.lifecycle import serve
from clamp3_plugin.daemon.service import Points, WrittenPassage
from clamp3_plugin.errors import (
    BrokenFileError,
    Clamp3Error,
    LibraryDamagedError,
    MissingFileError,
    NoModelError,
)
from clamp3_plugin.music import Metadata, Modality, Passage, Piece
from clamp3_plugin.query import Answer, Filter, Hit, Query, Source, TagHit
from clamp3_plugin.wire import IndexEvent, Vectors


class TrivialService:
    """Finds what it was asked for; some texts make it do what a model may do."""

    def __init__(self, load_s: float = 0.0, file: str = __file__) -> None:
        self._load_s = load_s
        self.file = file
        self.closed = False
        self.forgotten: list[str] = []

    def load(self) -> None:
        if self._load_s < 0:
            raise NoModelError("There are no weights.", "Get some.")
        time.sleep(self._load_s)

    def describe(self) -> Mapping[str, object]:
        return {"model": "trivial", "space": "t", "device": "cpu", "precision": "fp32"}

    def find(self, query: Query) -> Answer:
        text = query.plus[0].text or query.plus[0].name
        if text == "boom":
            raise RuntimeError("a secret text")
        if text == "broken":
            raise BrokenFileError("x.mid is truncated.", "Save it again.")
        if text.startswith("sleep "):
            time.sleep(float(text.split()[1]))
        piece = Piece("p1", "/music/\udcff.abc", Modality.SCORE, 1, Metadata(title=text))
        hit = Hit(piece, Passage(1, 8), 0.5, 99.0)
        return Answer((hit,) * min(query.n, 3), "t", None)

    def tag(self, source: Source, languages: Sequence[str], n: int) -> Sequence[TagHit]:
        return [TagHit(source.text or "", "dance", 0.5, dict.fromkeys(languages, "x"))] * n

    def embed(self, source: Source, *, local: bool) -> Vectors:
        return Vectors(2 if local else 1, 1, bytes(8 if local else 4), "t")

    def index(
        self,
        paths: Sequence[str],
        on_event: Callable[[IndexEvent], None],
        cancelled: Callable[[], bool],
        *,
        retry: bool,
    ) -> Mapping[str, float]:
        files = sorted(file for path in paths for file in Path(path).iterdir())
        for done, file in enumerate(files, 1):
            if cancelled():
                break
            if file.name == "boom":
                raise RuntimeError("a secret path")
            if file.name.startswith("slow"):
                time.sleep(0.05)
            on_event(IndexEvent(str(file), "indexed", passages=2, done=done, total=len(files)))
        return {"indexed": len(files), **({"retried": 1} if retry else {})}

    def stats(self) -> Mapping[str, object]:
        return {"pieces": 1}

    def pieces(self, where: Filter, offset: int, limit: int) -> Sequence[Piece]:
        return [Piece(f"{where.key}{offset + i}", "/a", Modality.SCORE) for i in range(limit)]

    def piece(self, piece_id: str) -> Piece:
        if piece_id != "p1":
            raise MissingFileError(f"There is no piece {piece_id!r}.")
        return Piece("p1", self.file, Modality.SCORE)

    def tunes(self, piece: Piece) -> int:
        return piece.tune

    def passages(self, piece_id: str) -> Sequence[Passage]:
        return [Passage(1, 8), Passage(5, 12)] if piece_id == "p1" else []

    def written(self, piece: Piece, passage: Passage | None) -> WrittenPassage:
        music = "[V:1]GABc|\n[V:1][M:3/8]G3|\n[V:1][Q:1/4=240]GAB|"
        return WrittenPassage(f"L:1/8\nQ:1/4=120\nK:G\n{music}", (1, 2, 4))

    def points(self) -> Points:
        return Points([self.piece("p1")], np.full((1, 4), 0.5, np.float32), ["folk"])

    def errors(self) -> Sequence[IndexEvent]:
        return [IndexEvent("/b.mid", "refused", "too_large", "It is.")]

    def forget(self, paths: Sequence[str]) -> int:
        self.forgotten += paths
        return len(paths)

    def compact(self) -> Mapping[str, object]:
        return {"freed": 0}

    def check(self, *, deep: bool) -> Sequence[str]:
        return ["a row is bad"] if deep else []

    def close(self) -> None:
        self.closed = True


def main() -> int:
    def make() -> TrivialService:
        if os.environ.get("TRIVIAL_REFUSES"):
            raise LibraryDamagedError("The library is damaged.", "Restore it.")
        return TrivialService(float(os.environ.get("TRIVIAL_LOAD_S", "0")))

    config = Config(keep_alive_s=float(os.environ.get("TRIVIAL_KEEP_ALIVE_S", "60")))
    try:
        return serve(Home.locate(), config, make)
    except Clamp3Error as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
