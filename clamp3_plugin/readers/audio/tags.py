"""Tags of an audio file (ID3, Vorbis comments, MP4, RIFF, AIFF): read in the worker, judged here."""

import re
from collections.abc import Mapping
from typing import BinaryIO

from clamp3_plugin.music import Metadata

_WANTED = ("title", "artist", "album", "composer")
_WANTED_OTHER = ("lyricist", "bpm", "initial_key")
_LONGEST = 300
_KEY = re.compile(r"([A-Ga-g])\s*([#b♯♭]?)\s*(m|min|minor|maj|major)?")
_SLOWEST, _FASTEST = 20.0, 400.0


def read_tags(file: BinaryIO) -> dict[str, str]:
    """Read the tags that are known here; a file whose tags are broken has none."""
    from tinytag import TinyTag, TinyTagException  # noqa: PLC0415 - the worker only

    file.seek(0)
    try:
        tag = TinyTag.get(file_obj=file, duration=False)
    except TinyTagException:
        return {}
    found = {name: getattr(tag, name) for name in _WANTED}
    found |= {name: next(iter(tag.other.get(name) or ()), None) for name in _WANTED_OTHER}
    return {name: text for name, value in found.items() if (text := clean(value))}


def metadata_of(tags: Mapping[str, str], duration: float) -> Metadata:
    """Make metadata of tags; who performs counts as the composer where none is named.

    Examples
    --------
    >>> known = metadata_of({"artist": "A", "bpm": "0", "initial_key": "f# min"}, 2.0)
    >>> known.composer, known.tempo, known.key
    ('A', None, 'F#m')
    """
    return Metadata(
        title=clean(tags.get("title")),
        composer=clean(tags.get("composer")) or clean(tags.get("artist")),
        lyricist=clean(tags.get("lyricist")),
        artist=clean(tags.get("artist")),
        album=clean(tags.get("album")),
        key=_key(tags.get("initial_key", "")),
        tempo=_tempo(tags.get("bpm", "")),
        duration=duration,
    )


def clean(value: object) -> str:
    """Make what a file or a worker says fit to be shown: one line, printable, of moderate length."""
    if not isinstance(value, str):
        return ""
    text = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    return text[:_LONGEST]


def _key(text: str) -> str:
    found = _KEY.fullmatch(text.strip())
    if not found:
        return ""  # "o" (off key), or a number on a wheel of keys
    sign = found[2].replace("♯", "#").replace("♭", "b")
    minor = "m" if found[3] in {"m", "min", "minor"} else ""
    return found[1].upper() + sign + minor


def _tempo(text: str) -> float | None:
    try:
        tempo = float(text)
    except ValueError:
        return None
    return tempo if _SLOWEST <= tempo <= _FASTEST else None
