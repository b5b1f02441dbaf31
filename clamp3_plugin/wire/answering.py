"""What the daemon answers: hits, tags, pieces, vectors, index events, errors; and its run file.

Answers are read leniently, so that an older client understands a newer daemon. Bytes that are no
UTF-8 in a path travel as surrogate escapes. Standard library only.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clamp3_plugin.errors import Clamp3Error, error_of
from clamp3_plugin.music import Metadata, Modality, Passage, Piece
from clamp3_plugin.query import Answer, Hit, TagHit
from clamp3_plugin.wire.fields import Fields, JsonObject

API_VERSION = 1

_ENDS = ("first_bar", "last_bar", "start", "end")
_PRINTED = ("printed_first", "printed_last")


@dataclass(frozen=True, slots=True)
class RunFile:
    """Where the daemon is and what opens it; ``daemon.json`` in the run folder."""

    pid: int
    port: int
    token: str
    started: str
    """UTC, ISO 8601."""
    api: int
    version: str

    def to_wire(self) -> JsonObject:
        """Give the content of the file."""
        return {"v": 1, **{name: getattr(self, name) for name in self.__slots__}}

    @classmethod
    def from_wire(cls, value: object) -> "RunFile":
        """Read the content of the file; a later version may carry more."""
        fields = Fields(value, "The run file")
        return cls(
            fields.need("pid", int),
            fields.need("port", int),
            fields.need("token", str),
            fields.take("started", str) or "",
            fields.take("api", int) or 0,
            fields.take("version", str) or "",
        )


WAITING = "waiting"
"""Status of the event that no file has: the run waits, as ``message`` says."""


@dataclass(frozen=True, slots=True)
class IndexEvent:
    """What became of one file of an index run."""

    path: str
    status: str
    """``indexed``, ``unchanged``, ``moved``, ``removed``, ``refused``, ``failed`` or ``waiting``."""
    reason: str = ""
    """Code of the error, for ``refused``, ``failed`` and ``waiting``."""
    message: str = ""
    passages: int = 0
    done: int = 0
    """Files dealt with so far, of ``total`` (0 while unknown)."""
    total: int = 0
    known: bool = False
    """Refused or failed in an earlier run already, unchanged since."""

    def to_wire(self) -> JsonObject:
        """Give the event as JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_wire(cls, value: object) -> "IndexEvent":
        """Read the event."""
        fields = Fields(value, "The event")
        return cls(
            fields.need("path", str),
            fields.need("status", str),
            fields.take("reason", str) or "",
            fields.take("message", str) or "",
            fields.take("passages", int) or 0,
            fields.take("done", int) or 0,
            fields.take("total", int) or 0,
            known=fields.take("known", bool) or False,
        )


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """How an index run ended."""

    state: str
    """``done``, ``cancelled`` or ``failed``."""
    counts: Mapping[str, float] = field(default_factory=dict)
    error: Clamp3Error | None = None

    def to_wire(self) -> JsonObject:
        """Give the summary as JSON."""
        error = error_to_wire(self.error)["error"] if self.error else None
        return {"state": self.state, "summary": dict(self.counts), "error": error}

    @classmethod
    def from_wire(cls, value: object) -> "IndexSummary":
        """Read the summary."""
        fields = Fields(value, "The summary")
        counts = fields.take("summary", dict) or {}
        error = fields.take("error", dict)
        return cls(
            fields.need("state", str), counts, error_from_wire({"error": error}) if error else None
        )


@dataclass(frozen=True, slots=True)
class Vectors:
    """Embeddings on their way: float32, little endian, row by row."""

    rows: int
    columns: int
    data: bytes
    space: str

    def to_wire(self) -> JsonObject:
        """Give the embeddings as JSON, exact to the bit."""
        data = base64.b64encode(self.data).decode("ascii")
        return {"shape": [self.rows, self.columns], "float32": data, "space": self.space}

    @classmethod
    def from_wire(cls, value: object) -> "Vectors":
        """Read the embeddings."""
        fields = Fields(value, "The embedding")
        rows, columns = (int(n) for n in fields.pair("shape") or (0, 0))
        data = base64.b64decode(fields.need("float32", str))
        return cls(rows, columns, data, fields.take("space", str) or "")


def piece_to_wire(piece: Piece) -> JsonObject:
    """Give a piece with all that is known of it."""
    about = piece.metadata
    details = {name: getattr(about, name) for name in Metadata.__slots__}
    details["instruments"] = list(about.instruments)
    head = {"id": piece.id, "path": piece.path, "modality": str(piece.modality)}
    return {**head, "tune": piece.tune, **details}


def piece_from_wire(value: object) -> Piece:
    """Read a piece, whole or as a hit names it."""
    fields = Fields(value, "The piece")
    about = Metadata(
        title=fields.take("title", str) or "",
        composer=fields.take("composer", str) or "",
        lyricist=fields.take("lyricist", str) or "",
        key=fields.take("key", str) or "",
        meter=fields.take("meter", str) or "",
        tempo=fields.number("tempo"),
        instruments=fields.texts("instruments"),
        bars=fields.take("bars", int),
        duration=fields.number("duration"),
        key_is_estimated=fields.take("key_is_estimated", bool) or False,
        tempo_is_estimated=fields.take("tempo_is_estimated", bool) or False,
        artist=fields.take("artist", str) or "",
        album=fields.take("album", str) or "",
    )
    head = [fields.need("id", str), fields.need("path", str)]
    modality = Modality(fields.need("modality", str))
    return Piece(head[0], head[1], modality, fields.take("tune", int) or 1, about)


def passage_to_wire(stretch: Passage) -> JsonObject:
    """Give a passage as JSON; the numbers on the page only where they are known."""
    printed = dict(zip(_PRINTED, stretch.printed or (), strict=False))
    return {name: getattr(stretch, name) for name in _ENDS} | printed


def passages_from_wire(value: object) -> list[Passage]:
    """Read the passages that stand beside a piece."""
    stretches = Fields(value, "The piece").take("passages", list) or []
    return [_passage(stretch) for stretch in stretches]


def _passage(stretch: Mapping[str, Any]) -> Passage:
    first, last = (stretch.get(name) for name in _PRINTED)
    printed = None if first is None or last is None else (str(first), str(last))
    return Passage(**{name: stretch.get(name) for name in _ENDS}, printed=printed)


def hit_to_wire(hit: Hit, rank: int) -> JsonObject:
    """Give a hit as one line of ``find --json``."""
    piece = piece_to_wire(hit.piece)
    named = {name: piece[name] for name in ("id", "title", "composer", "path", "modality")}
    stretch = hit.passage
    return {
        "rank": rank,
        "score": round(hit.score, 6),
        "percentile": round(hit.percentile, 2),
        "piece": named,
        "passage": stretch and passage_to_wire(stretch),
    }


def hit_from_wire(value: object) -> Hit:
    """Read a hit."""
    fields = Fields(value, "The hit")
    piece = piece_from_wire(fields.need("piece", dict))
    stretch = fields.take("passage", dict)
    found = _passage(stretch) if stretch else None
    return Hit(piece, found, fields.number("score") or 0.0, fields.number("percentile") or 0.0)


def answer_to_wire(answer: Answer, took_ms: float) -> JsonObject:
    """Give the answer to ``/v1/find``."""
    hits = [hit_to_wire(hit, rank) for rank, hit in enumerate(answer.hits, 1)]
    return {"hits": hits, "space": answer.space, "took_ms": took_ms, "reason": answer.reason}


def answer_from_wire(value: object) -> Answer:
    """Read the answer to ``/v1/find``."""
    fields = Fields(value, "The answer")
    hits = tuple(hit_from_wire(hit) for hit in fields.need("hits", list))
    return Answer(hits, fields.take("space", str) or "", fields.take("reason", str))


def tag_to_wire(tag: TagHit, rank: int) -> JsonObject:
    """Give a tag as one line of ``tag --json``."""
    probability = None if tag.probability is None else round(tag.probability, 4)
    return {
        "rank": rank,
        "tag": tag.tag,
        "category": tag.category,
        "score": round(tag.score, 6),
        "probability": probability,
        "labels": dict(tag.labels),
    }


def tag_from_wire(value: object) -> TagHit:
    """Read a tag."""
    fields = Fields(value, "The tag")
    return TagHit(
        fields.need("tag", str),
        fields.take("category", str) or "",
        fields.number("score") or 0.0,
        fields.take("labels", dict) or {},
        fields.number("probability"),
    )


def error_to_wire(error: Clamp3Error) -> JsonObject:
    """Give an error as the daemon answers it."""
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint}}


def error_from_wire(value: object) -> Clamp3Error:
    """Read an error back into its class; a code without a class is a plain Clamp3Error."""
    body = Fields(value, "The answer").take("error", dict) or {}
    fields = Fields(body, "The error")
    code = fields.take("code", str) or ""
    return error_of(code, fields.take("message", str) or code, fields.take("hint", str) or "")
