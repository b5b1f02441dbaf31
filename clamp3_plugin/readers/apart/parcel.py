"""What a worker sends of a piece, as JSON; what comes is believed only as far as it is checked.

A worker that a file has taken over can send any JSON: it becomes texts and numbers or is refused.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from clamp3_plugin.music import Metadata, Modality, Passage
from clamp3_plugin.readers.content import Content, Stretches
from clamp3_plugin.readers.score import Score

_WRITTEN = {str(kind): kind for kind in (Modality.SCORE, Modality.PERFORMANCE)}


class ParcelError(ValueError):
    """It is not what a worker sends."""


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """A piece as it came from a worker."""

    modality: Modality
    metadata: Metadata
    stretches: Stretches
    """Without passages, where only the whole was asked for."""
    is_interleaved: bool = False
    """The file holds what the encoder reads as it is."""
    bars: tuple[int, ...] = ()
    """Of a score: the bar that each line of music of the whole is, from 1."""


def packed(pieces: Iterable[tuple[Content, Stretches]]) -> bytes:
    """Write pieces, each with what is wanted of it."""
    return json.dumps([_piece(*piece) for piece in pieces], separators=(",", ":")).encode("ascii")


def unpacked(data: bytes) -> list[Parcel]:
    """Read what ``packed`` wrote; it holds a piece at least.

    Raises
    ------
    ParcelError
        It is something else.
    """
    try:
        return [_parcel(item) for item in _list(json.loads(data))] or _none()
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise ParcelError(f"no pieces ({type(error).__name__})") from error


def passage_of(value: Sequence[object] | None) -> Passage | None:
    """Read a passage, or that there is none."""
    if value is None:
        return None
    first, last, start, end, printed = value
    return Passage(
        _whole(first), _whole(last), _number(start), _number(end),
        None if printed is None else _pair(printed),
    )  # fmt: skip


def passage_fields(passage: Passage | None) -> list[object] | None:
    """Write a passage, or that there is none."""
    if passage is None:
        return None
    printed = passage.printed and list(passage.printed)
    return [passage.first_bar, passage.last_bar, passage.start, passage.end, printed]


def _piece(content: Content, stretches: Stretches) -> dict[str, object]:
    return {
        "modality": str(content.modality),
        "metadata": asdict(content.metadata),
        "interleaved": isinstance(content, Score) and not content.standard_abc,
        "bars": [bar.index for bar in content.bars] if isinstance(content, Score) else [],
        "whole": stretches.whole,
        "passages": [passage_fields(passage) for passage in stretches.passages],
        "texts": stretches.of_passages,
    }


def _parcel(item: object) -> Parcel:
    if not isinstance(item, dict):
        raise ParcelError("no piece")
    passages, texts = _list(item["passages"]), _list(item["texts"])
    if len(passages) != len(texts):
        raise ParcelError(f"{len(passages)} passages with {len(texts)} texts")
    found = [passage for value in passages if (passage := passage_of(_list(value)))]
    stretches = Stretches(_text(item["whole"]), tuple(found), tuple(map(_text, texts)))
    modality = _WRITTEN[_text(item["modality"])]
    bars = tuple(number for bar in _list(item["bars"]) if (number := _whole(bar)))
    metadata = _metadata(item["metadata"])
    return Parcel(modality, metadata, stretches, item["interleaved"] is True, bars)


def _metadata(value: object) -> Metadata:
    if not isinstance(value, dict):
        raise ParcelError("no metadata")
    texts = ("title", "composer", "lyricist", "key", "meter", "artist", "album")
    return Metadata(
        **{name: _text(value[name]) for name in texts},
        tempo=_number(value["tempo"]),
        instruments=tuple(map(_text, _list(value["instruments"]))),
        bars=_whole(value["bars"]),
        duration=_number(value["duration"]),
        key_is_estimated=value["key_is_estimated"] is True,
        tempo_is_estimated=value["tempo_is_estimated"] is True,
    )


def _none() -> list[Parcel]:
    raise ParcelError("no pieces")


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ParcelError("no list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ParcelError("no text")
    return value


def _pair(value: object) -> tuple[str, str]:
    one, other = _list(value)
    return _text(one), _text(other)


def _whole(value: object) -> int | None:
    if value is None or type(value) is int:
        return value
    raise ParcelError("no whole number")


def _number(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise ParcelError("no number")
    return float(value)
