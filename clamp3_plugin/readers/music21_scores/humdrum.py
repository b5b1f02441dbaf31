"""Humdrum **kern as scores.

music21 reads the notes; names, keys and the first bar's number come from the records themselves.
Humdrum has no declared encoding and music21 takes it for Latin-1: it is given ASCII, with everything
else as references that are resolved in the MusicXML that it writes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from html import unescape

from clamp3_plugin.errors import BrokenFileError, TooLargeError
from clamp3_plugin.readers import limits
from clamp3_plugin.readers.abc_book import decode
from clamp3_plugin.readers.music21_scores.asking import musicxml_of
from clamp3_plugin.readers.music21_scores.title_block import TitleBlock, with_title_block
from clamp3_plugin.readers.musicxml_score import read_musicxml
from clamp3_plugin.readers.score import Score

MAX_BYTES = 4 * 2**20
MAX_LINES = 200_000
MAX_SPINES = 256
MAX_DIGITS = 4
"""Of a duration: 2048 is the shortest note that anybody writes."""
MAX_DOTS = 4
MAX_OCTAVE_LETTERS = 7
MAX_BEATS = 256

_RECORD = re.compile(r"!!!(?P<code>[A-Za-z]+)\d*(?P<language>@@?[A-Za-z]+)?\s*:\s*(?P<value>.*)")
# The duration and pitch of a note or rest, wherever signs stand around them; text does not begin so
_NOTE = re.compile(r"[^0-9A-Za-z=*!\s]*(\d+)(?:%(\d+))?(\.*)[^0-9A-Za-z\s]*([A-Ga-g]*|r+)")
_METER = re.compile(r"\*M(\d+)(?:[+/%]|$)")
_KEY = re.compile(r"\*([A-Ga-g])([#-]?):")
_FIRST_BARLINE = re.compile(r"=+(\d{1,6})")
_REFERENCE = re.compile(rb"&amp;(#\d{1,7};)")
_FIRST_MEASURE = re.compile(
    rb'(<part id="[^"]*">\s*(?:<!--[^>]*-->\s*)?<measure\b[^>]*?\bnumber=")1(")'
)
_KEY_WITHOUT_MODE = re.compile(rb"(<fifths>(-?\d)</fifths>)(\s*</key>)")
_FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}


def read_humdrum(data: bytes) -> list[Score]:
    """Read a Humdrum file with at least one **kern spine; each score in it is a piece.

    Raises
    ------
    InputRefusedError
        It holds no **kern, is broken, or over a limit.
    """
    documents = humdrum_as_musicxml(data)
    scores = [score for document in documents for score in read_musicxml(document)]
    keys = Facts.of(decode(data)).keys if len(documents) == 1 else ()
    return [_with_key(score, keys[0].name) for score in scores] if keys else scores


def humdrum_as_musicxml(data: bytes) -> list[bytes]:
    """Write each score of a Humdrum file as MusicXML.

    Raises
    ------
    InputRefusedError
        It holds no **kern, is broken, or over a limit.
    """
    text = decode(data)
    check_humdrum(text)
    documents = musicxml_of(text.encode("ascii", "xmlcharrefreplace"), "humdrum")
    documents = [_REFERENCE.sub(rb"&\1", document) for document in documents]
    return documents if len(documents) > 1 else [_completed(documents[0], Facts.of(text))]


def _with_key(score: Score, name: str) -> Score:
    """Give a score the key that its file names, whatever its signature lets one think."""
    return replace(score, metadata=replace(score.metadata, key=name, key_is_estimated=False))


def check_humdrum(text: str) -> None:
    """Refuse what is no **kern, or what no score needs and music21 would take long over.

    Raises
    ------
    BrokenFileError
        There is no **kern spine.
    TooLargeError
        It is over one of the limits above.
    """
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        raise TooLargeError(f"The file has {len(lines)} lines, the limit is {MAX_LINES}.")
    opening = next((line for line in lines if line.strip() and not line.startswith("!")), "")
    if not opening.startswith("**"):
        raise BrokenFileError(
            f"This is no Humdrum file: its first record is {opening[:40]!r} instead of **kern.",
            "Export the score as Humdrum **kern or as MusicXML.",
        )
    if "**kern" not in opening.split("\t"):
        raise BrokenFileError(
            f"There are no notes in this Humdrum file, only {opening[:80]}.",
            "Files with a **kern spine are read.",
        )
    for number, line in enumerate(lines, 1):
        _check_line(line, number)


def _check_line(line: str, number: int) -> None:
    if len(line) > limits.MAX_LINE_CHARS:
        raise TooLargeError(
            f"Line {number} has {len(line)} characters, the limit is {limits.MAX_LINE_CHARS}."
        )
    if line.startswith("!"):
        return
    tokens = line.split("\t")
    if len(tokens) > MAX_SPINES:
        raise TooLargeError(
            f"Line {number} has {len(tokens)} spines, the limit is {MAX_SPINES}.",
            "Split the score into parts.",
        )
    if line.startswith("*"):
        for meter in filter(None, map(_METER.match, tokens)):
            if len(meter[1]) > MAX_DIGITS or int(meter[1]) > MAX_BEATS:
                raise TooLargeError(f"Line {number} has bars of over {MAX_BEATS} beats.")
    elif not line.startswith("="):
        for token in tokens:
            _check_notes(token, number)


def _check_notes(token: str, number: int) -> None:
    for note in filter(None, map(_NOTE.match, token.split(" "))):
        length, divisor, dots, pitch = note.groups()
        if len(length) > MAX_DIGITS or len(divisor or "") > MAX_DIGITS or len(dots) > MAX_DOTS:
            raise TooLargeError(
                f"Line {number} has a note of the duration {note[0][:40]!r}.",
                "Durations have up to 4 digits and 4 dots.",
            )
        if len(pitch) > MAX_OCTAVE_LETTERS:
            raise TooLargeError(f"Line {number} has a note out of every range: {pitch[:40]!r}.")


@dataclass(frozen=True, slots=True)
class KernKey:
    """A key interpretation such as ``*f#:``."""

    tonic: str
    accidental: str
    minor: bool

    @property
    def name(self) -> str:
        """Its name in ABC.

        Examples
        --------
        >>> KernKey("B", "-", False).name, KernKey("F", "#", True).name
        ('Bb', 'F#m')
        """
        return self.tonic + self.accidental.replace("-", "b") + "m" * self.minor

    @property
    def fifths(self) -> int:
        """Its signature.

        Examples
        --------
        >>> KernKey("B", "-", False).fifths, KernKey("F", "#", True).fifths
        (-2, 3)
        """
        shift = {"#": 7, "-": -7}.get(self.accidental, 0)
        return _FIFTHS[self.tonic] + shift - 3 * self.minor


@dataclass(frozen=True, slots=True)
class Facts:
    """What the records say and music21 does not carry over, or not always."""

    block: TitleBlock
    keys: tuple[KernKey, ...]
    first_bar: str
    """Number of the barline before the first note; empty where there is none."""

    @classmethod
    def of(cls, text: str) -> "Facts":
        """Read them, from checked text."""
        lines = text.split("\n")
        return cls(_title_block(lines), tuple(_keys(lines)), _first_bar(lines))


def _title_block(lines: Iterable[str]) -> TitleBlock:
    found: dict[str, list[tuple[str, str]]] = {}
    for record in filter(None, map(_RECORD.match, lines)):
        value = " ".join(unescape(record["value"]).split())
        if value:
            found.setdefault(record["code"].upper(), []).append((record["language"] or "", value))
    return TitleBlock(
        title=next((_first(found[code]) for code in ("OTL", "OTP", "OPR") if code in found), ""),
        movement=_first(found.get("OMD", [])),
        composers=[name for code in ("COM", "COA", "COS") for _, name in found.get(code, [])],
        lyricists=[name for code in ("LYR", "LIB") for _, name in found.get(code, [])],
    )


def _first(records: list[tuple[str, str]]) -> str:
    """Choose the record without a language, else that of the original language, else the first."""
    ranked = sorted(records, key=lambda record: (record[0] != "", not record[0].startswith("@@")))
    return ranked[0][1] if ranked else ""


def _keys(lines: Iterable[str]) -> Iterable[KernKey]:
    for line in lines:
        if not line.startswith("*"):
            continue
        for token in line.split("\t"):
            if key := _KEY.match(token):
                yield KernKey(key[1].upper(), key[2], key[1].islower())


def _first_bar(lines: Iterable[str]) -> str:
    for line in lines:
        if line and line[0] not in "!*":
            number = _FIRST_BARLINE.match(line)
            return number[1] if number else ""
    return ""


def _completed(musicxml: bytes, facts: Facts) -> bytes:
    """Write into the MusicXML what music21 left out: names, modes, the number of the first bar."""
    modes: dict[int, set[bytes]] = {}
    for key in facts.keys:
        modes.setdefault(key.fifths, set()).add(b"minor" if key.minor else b"major")

    def with_mode(key: re.Match[bytes]) -> bytes:
        known = modes.get(int(key[2]), set())
        # both: G major and e minor in one piece, and the signature does not tell which
        mode = b"<mode>%b</mode>" % next(iter(known)) if len(known) == 1 else b""
        return key[1] + mode + key[3]

    musicxml = _KEY_WITHOUT_MODE.sub(with_mode, musicxml)
    if facts.first_bar:
        musicxml = _FIRST_MEASURE.sub(rb"\g<1>%b\g<2>" % facts.first_bar.encode(), musicxml)
    return with_title_block(musicxml, facts.block)
