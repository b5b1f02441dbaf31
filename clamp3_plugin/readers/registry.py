"""The one place that knows formats: a path or bytes in, pieces out.

Whatever goes wrong inside a reader leaves here as a ``Clamp3Error`` whose message begins with the
name of the file; so a folder of ten thousand files may hold anything.
"""

import errno
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import BinaryIO, Literal

from clamp3_plugin.errors import (
    BrokenFileError,
    Clamp3Error,
    EmptyContentError,
    MissingFileError,
    TooLargeError,
    UnsupportedFormatError,
    UsageError,
)
from clamp3_plugin.music import Modality, Passage
from clamp3_plugin.readers import limits
from clamp3_plugin.readers.abc import read_abc
from clamp3_plugin.readers.abc_book import decode
from clamp3_plugin.readers.audio.limits import MAX_BYTES as MAX_AUDIO_BYTES
from clamp3_plugin.readers.audio.read import read_audio
from clamp3_plugin.readers.audio.recording import Recording
from clamp3_plugin.readers.content import Content, Written, text_of
from clamp3_plugin.readers.musescore.read import read_musescore
from clamp3_plugin.readers.music21_scores.humdrum import MAX_BYTES as MAX_HUMDRUM_BYTES
from clamp3_plugin.readers.music21_scores.humdrum import read_humdrum
from clamp3_plugin.readers.music21_scores.mei import read_mei
from clamp3_plugin.readers.music21_scores.midi_score import read_midi_score
from clamp3_plugin.readers.musicxml_score import read_musicxml
from clamp3_plugin.readers.note_list.read import read_notes
from clamp3_plugin.readers.performance import Performance, read_midi, read_mtf
from clamp3_plugin.readers.resolved import open_named, open_resolved
from clamp3_plugin.readers.score import Score
from clamp3_plugin.readers.sniff import LOOKED_AT, looks_like
from clamp3_plugin.readers.take import read_take

# What parsers raise on damaged input, by experience with fuzzed files. Not Exception: a mistake of
# the daemon itself (KeyboardInterrupt aside) must not pass for a damaged file.
_PARSER_FAILURES = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,  # RecursionError and NotImplementedError are two
    SyntaxError,  # ElementTree's ParseError is one
    TypeError,
    ValueError,  # UnicodeDecodeError is one
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Format:
    """A file format and its reader."""

    name: str
    read: Callable[[bytes], Sequence[Content]] | None
    """Takes the whole file; None where it is read piece by piece."""
    max_bytes: int
    looks: frozenset[str]
    """What ``looks_like`` may say of such a file."""
    modality: Modality = Modality.SCORE
    read_as_score: Callable[[bytes], Sequence[Content]] | None = None
    """Where a file that is no score can be made one, by guessing."""
    read_open: Callable[[BinaryIO], Sequence[Content]] | None = None
    """Takes an open file, where one may be too large for memory."""

    def pieces(self, file: BinaryIO, *, as_score: bool) -> list[Content]:
        """Read an open file."""
        if self.read_open is not None:
            return list(self.read_open(file))
        read = (as_score and self.read_as_score) or self.read
        return list(read(file.read())) if read else []


def _read_mtf_bytes(data: bytes) -> list[Performance]:
    return read_mtf(decode(data))


def _read_recording(file: BinaryIO) -> list[Recording]:
    return [read_audio(file)]


_ABC = Format("ABC", read_abc, limits.MAX_BOOK_BYTES, frozenset({""}))
_MTF = Format(
    "MTF", _read_mtf_bytes, limits.MAX_MTF_BYTES, frozenset({"MTF"}), Modality.PERFORMANCE
)
_MIDI = Format(
    "MIDI", read_midi, limits.MAX_MIDI_BYTES, frozenset({"a MIDI file"}), Modality.PERFORMANCE,
    read_midi_score,
)  # fmt: skip
_HUMDRUM = Format("Humdrum **kern", read_humdrum, MAX_HUMDRUM_BYTES, frozenset({""}))
_MEI = Format("MEI", read_mei, limits.MAX_MUSICXML_BYTES, frozenset({"XML"}))
_MUSICXML = Format(
    "MusicXML", read_musicxml, limits.MAX_MUSICXML_BYTES, frozenset({"XML", "a zip archive"})
)

_MUSESCORE = Format(
    "MuseScore", read_musescore, limits.MAX_MUSICXML_BYTES, frozenset({"XML", "a zip archive"})
)

# which kind of audio it is the decoder tells by the content, whatever the name says; "" and
# binary data are MP3 without tags and MPEG-4
_SOUNDS = frozenset(
    {"FLAC audio", "Ogg audio", "MP3 audio", "a WAV or other RIFF file", "binary data", ""}
)
_AUDIO = Format("audio", None, MAX_AUDIO_BYTES, _SOUNDS, Modality.AUDIO, read_open=_read_recording)
_AUDIO_ENDINGS = (
    *(".aif", ".aifc", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav"),
)

_NOTES = Format("list of notes", read_notes, limits.MAX_MUSICXML_BYTES, frozenset({""}))
_TAKE = Format(
    "MIDI", read_take, limits.MAX_MIDI_BYTES, frozenset({"a MIDI file"}), Modality.PERFORMANCE
)
# by hosts that cannot export, and by who listens to a keyboard; no formats of files
_ONLY_ASKED_WITH = {".notes": _NOTES, ".take": _TAKE}

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        **dict.fromkeys(_AUDIO_ENDINGS, _AUDIO),
        ".abc": _ABC,
        ".krn": _HUMDRUM,
        ".mei": _MEI,
        ".mid": _MIDI,
        ".midi": _MIDI,
        ".mscx": _MUSESCORE,
        ".mscz": _MUSESCORE,
        ".mtf": _MTF,
        ".musicxml": _MUSICXML,
        ".mxl": _MUSICXML,
        ".xml": _MUSICXML,
    }
)
"""Formats by lower-case extension."""

Target = Literal["abc", "interleaved-abc", "mtf"]


def is_music(path: PurePath) -> bool:
    """Tell by its name whether a file may hold music; ``._x.mid`` is a shadow that macOS leaves.

    Examples
    --------
    >>> is_music(PurePath("a/Jig.ABC")), is_music(PurePath("notes.txt")), is_music(PurePath("._a.mid"))
    (True, False, False)
    """
    return path.suffix.lower() in FORMATS and not path.name.startswith("._")


def modality_of(path: PurePath) -> Modality | None:
    """Tell by its name what a music file holds; None where no reader takes it.

    Examples
    --------
    >>> modality_of(PurePath("bounce.WAV")), modality_of(PurePath("notes.txt"))
    (<Modality.AUDIO: 'audio'>, None)
    """
    form = FORMATS.get(path.suffix.lower())
    return form.modality if form else None


def most_bytes(path: PurePath) -> int:
    """Tell by its name how large a file may be to be read; 0 where no reader takes it.

    Examples
    --------
    >>> most_bytes(PurePath("a.mid")), most_bytes(PurePath("a.txt"))
    (4194304, 0)
    """
    form = FORMATS.get(path.suffix.lower())
    return form.max_bytes if form else 0


def read(path: Path, *, as_score: bool = False, is_resolved: bool = False) -> list[Content]:
    """Read the pieces of a file: one, or the tunes of a tune book.

    Parameters
    ----------
    path
        The file.
    as_score
        Make a score of MIDI: bars, voices and note values are guessed.
    is_resolved
        The path has no links, and one that is there by now is not followed.

    Raises
    ------
    MissingFileError
        It is not there or may not be read.
    InputRefusedError
        No reader takes it, or it is broken, too large or without music.
    """
    name = display_name(path.name or str(path))
    with opened(path, is_resolved=is_resolved) as (file, form):
        return _pieces(file, form, name, as_score=as_score)


def read_written(path: Path) -> list[Written]:
    """Read the pieces of a file of notation or MIDI.

    Raises
    ------
    MissingFileError
        It is not there or may not be read.
    InputRefusedError
        It is a recording, or no reader takes it.
    """
    written: list[Written] = []
    for piece in read(path):
        if not isinstance(piece, Score | Performance):
            raise UnsupportedFormatError(f"{path} is a recording, and notation or MIDI is wanted.")
        written.append(piece)
    return written


def read_bytes(data: bytes, name: str, *, as_score: bool = False) -> list[Content]:
    """Read the pieces of a file that is in memory; its name says the format.

    Raises
    ------
    InputRefusedError
        No reader takes it, or it is broken, too large or without music.
    """
    shown = display_name(name)
    form = _format_of(name, shown)
    _check_size(len(data), form, shown)
    return _pieces(io.BytesIO(data), form, shown, as_score=as_score)


def _pieces(file: BinaryIO, form: Format, shown: str, *, as_score: bool) -> list[Content]:
    look = looks_like(file.read(LOOKED_AT))
    file.seek(0)
    if look not in form.looks:
        raise BrokenFileError(
            f"{shown}: this is no {form.name}; it looks like {look or 'text of another kind'}.",
            "Rename the file if only its ending is wrong, or export it again.",
        )
    try:
        pieces = form.pieces(file, as_score=as_score)
    except Clamp3Error as error:
        raise type(error)(f"{shown}: {error.message}", error.hint) from error
    except MemoryError as error:
        message = f"{shown}: reading the {form.name} takes more memory than there is for a file."
        raise TooLargeError(message, "Split it into smaller files.") from error
    except _PARSER_FAILURES as error:
        raise BrokenFileError(
            f"{shown}: the {form.name} could not be read ({type(error).__name__}).",
            "Open and save it in a notation program, or export it again.",
        ) from error
    if not pieces:
        raise EmptyContentError(f"{shown}: there is no music in it.")
    return pieces


def convert(
    content: Content,
    to: Target,
    passage: Passage | None = None,
    staves: tuple[int, int] | None = None,
) -> str:
    """Write what the encoder reads, or the standard ABC that it was made from; of all or of a part.

    Raises
    ------
    UsageError
        This kind of content has no such form, or no such part.
    """
    if isinstance(content, Score) and (passage or staves):
        part = content.of_staves(*staves) if staves else content
        return convert(part.of_bars(passage) if passage else part, to)
    if isinstance(content, Score) and to == "interleaved-abc":
        return content.whole()
    if isinstance(content, Score) and to == "abc" and content.standard_abc:
        return content.standard_abc
    if isinstance(content, Performance) and to == "mtf":
        return text_of(content.of_staves(*staves) if staves else content, passage)
    if isinstance(content, Score) and to == "abc":
        raise UsageError("The file holds interleaved ABC.", "Ask for interleaved-abc.")
    if isinstance(content, Recording):
        raise UsageError("A recording cannot be written as text.", "Convert scores and MIDI.")
    possible = "mtf" if isinstance(content, Performance) else "abc or interleaved-abc"
    raise UsageError(f"A {content.modality} cannot be written as {to}.", f"Ask for {possible}.")


def display_name(name: str) -> str:
    r"""Make a file's name fit for a terminal: control characters and alien bytes are escaped.

    Examples
    --------
    >>> print(display_name("a\x1b[2J\udcff.mid"))
    a\x1b[2J\xff.mid
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1].replace("\\udc", "\\x") for c in name)


def _format_of(name: str, shown: str) -> Format:
    suffix = PurePath(name).suffix.lower()
    if suffix in _ONLY_ASKED_WITH:
        return _ONLY_ASKED_WITH[suffix]
    if suffix not in FORMATS:
        what = f"{display_name(suffix)} files are" if suffix else "a file without an ending is"
        raise UnsupportedFormatError(
            f"{shown}: {what} not supported.", f"Supported: {', '.join(sorted(FORMATS))}."
        )
    return FORMATS[suffix]


def check_size(size: int, name: str) -> None:
    """Refuse what is too large for its format, by its name, or of no format.

    Raises
    ------
    InputRefusedError
        It is empty, too large, or of no known format.
    """
    shown = display_name(name)
    _check_size(size, _format_of(name, shown), shown)


def _check_size(size: int, form: Format, shown: str) -> None:
    if size == 0:
        raise EmptyContentError(f"{shown}: the file is empty (0 bytes).")
    if size > form.max_bytes:
        raise TooLargeError(
            f"{shown}: the file has {size / 2**20:.1f} MiB,"
            f" the limit for {form.name} is {form.max_bytes / 2**20:.0f} MiB.",
            "Split it into smaller files.",
        )


@contextmanager
def opened(path: Path, *, is_resolved: bool = False) -> Iterator[tuple[BinaryIO, Format]]:
    """Open a regular file, and nothing that could hang or have no end.

    One that is read as a whole is read here: what grows meanwhile is over its limit. Where the path
    is resolved, a link that has taken the place of anything on the way is not followed.

    Raises
    ------
    MissingFileError
        It is not there or may not be read.
    InputRefusedError
        It is no file, of no known format, empty or over the limit of its format.
    """
    shown = display_name(path.name or str(path))
    try:
        status = path.stat(follow_symlinks=not is_resolved)
        _check_kind(status.st_mode, shown)  # before open: opening a device may do something
        form = _format_of(path.name, shown)
        descriptor = open_resolved(path) if is_resolved else open_named(path)
        file = open(descriptor, "rb")  # noqa: PTH123, SIM115 - closed below
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        raise _missing(shown, error) from error
    with file:
        try:
            status = os.fstat(file.fileno())
            _check_kind(status.st_mode, shown)
            _check_size(status.st_size, form, shown)
            content: BinaryIO = file
            if form.read_open is None:
                data = file.read(form.max_bytes + 1)
                _check_size(len(data), form, shown)
                content = io.BytesIO(data)
        except OSError as error:
            raise _missing(shown, error) from error
        yield content, form


def _check_kind(mode: int, shown: str) -> None:
    if stat.S_ISDIR(mode):
        raise UnsupportedFormatError(
            f"{shown}: this is a folder.", "Put it into the library with: clamp3 index"
        )
    if not stat.S_ISREG(mode):
        raise UnsupportedFormatError(f"{shown}: this is no regular file (a pipe or a device).")


def _missing(shown: str, error: OSError | ValueError) -> MissingFileError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return MissingFileError(f"{shown}: there is no such file.", "Check the path.")
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return MissingFileError(
            f"{shown}: a link is in its place, or in that of a folder above it.",
            "Index the folder to which the link leads.",
        )
    if isinstance(error, PermissionError):
        return MissingFileError(f"{shown}: the file may not be read.", "Check its permissions.")
    reason = error.strerror if isinstance(error, OSError) else "its path holds a NUL"
    return MissingFileError(f"{shown}: the file cannot be opened ({reason}).")
