"""Pieces of the text of a score and what they say, each read once.

Music repeats itself: nine of ten notes are written by text that has come before, in this score or
in one before it from the same program. So what was read is remembered by its text, within limits.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar
from xml.etree.ElementTree import XML, ParseError  # of plain text, which declares no entities

from clamp3_plugin.readers.musicxml.lyrics import Syllables, read_syllables
from clamp3_plugin.readers.musicxml.notes import Shape, Tone, read_shape, read_tone
from clamp3_plugin.readers.musicxml.parse import Element
from clamp3_plugin.readers.musicxml.plain import MAX_LEVELS

LONGEST = 800
MOST = 5_000
"""Characters of a text that is remembered, and how many of a kind are: some 10 MiB in all."""

Fact = TypeVar("Fact")
_ABOVE_NOTE = 3  # score, part and measure

_UNREAD = re.compile(
    r' (?:default|relative|bezier)-y="-?[\d.]+"|<type>[\w-]*</type>|<stem>(?:up|down)</stem>'
)
_IN_TONE = {"grace", "cue", "chord", "pitch"}
_NOT_IN_SHAPE = {"grace", "chord", "rest", "pitch", "unpitched"}
_IN_WORDS = {"lyric", "play", "listen"}


class MixedOrderError(Exception):
    """A note has its children in another order than MusicXML has them."""


class Pieces(dict[str, Fact], Generic[Fact]):
    """What pieces of one kind say; one that is unknown is read when it is looked up.

    Pieces that differ only in what matches ``unread`` are read once.
    """

    def __init__(
        self, read: Callable[[str], Fact], unread: re.Pattern[str] = re.compile(r"(?!)")
    ) -> None:
        super().__init__()
        self._read = read
        self._unread = unread

    def __missing__(self, text: str) -> Fact:
        bare, omitted = self._unread.subn("", text)
        fact = self[bare] if omitted else self._read(text)
        if len(text) <= LONGEST:
            if len(self) >= MOST:
                self.clear()
            self[text] = fact
        return fact


def parse_piece(text: str, above: int = _ABOVE_NOTE) -> Element:
    """Parse an element of plain text that lies that many levels below the top.

    Raises
    ------
    ParseError
        It is no element, or so deep that the text is not plain.
    """
    element = XML(text)
    allowed = MAX_LEVELS - above
    if text.count("<") - text.count("</") > allowed:
        level = [element]
        while level:
            if not allowed:
                raise ParseError(f"over {MAX_LEVELS} levels")
            allowed -= 1
            level = [child for parent in level for child in parent]
    return element


def whole_note(text: str, *, voice_per_staff: bool) -> tuple[Tone, Shape, Syllables]:
    """Read a note in one piece, from behind ``<note`` to before ``</note>``."""
    note = parse_piece(f"<note{text}</note>")
    shape = read_shape(note, voice_per_staff=voice_per_staff)
    return read_tone(note), shape, read_syllables(note.iterfind("lyric"))


def _tone(text: str) -> Tone:
    note = parse_piece(f"<note{text}</pitch></note>")
    if not {child.tag for child in note} <= _IN_TONE:
        raise MixedOrderError
    return read_tone(note)


def _shape(text: str, *, voice_per_staff: bool) -> Shape:
    note = parse_piece(f"<note>{text}</note>")
    if not _NOT_IN_SHAPE.isdisjoint(child.tag for child in note):
        raise MixedOrderError
    return read_shape(note, voice_per_staff=voice_per_staff)


def _unpitched(text: str, *, voice_per_staff: bool) -> tuple[Tone, Shape]:
    tone, shape, _ = whole_note(text, voice_per_staff=voice_per_staff)
    return tone, shape


def _lyric(text: str) -> Syllables:
    note = parse_piece(f"<note>{text}</note>")
    if not {child.tag for child in note} <= _IN_WORDS:
        raise MixedOrderError
    return read_syllables(note)


def _elements(text: str) -> tuple[Element, ...]:
    if not text or text.isspace():
        return ()
    measure = parse_piece(f"<measure>{text}</measure>", _ABOVE_NOTE - 1)
    if measure.find("note") is not None:
        raise ParseError("a note closed by its own tag")
    return tuple(measure)


TONES = Pieces(_tone)
"""By the text from behind ``<note`` to before ``</pitch>``."""
SHAPES = {per: Pieces(partial(_shape, voice_per_staff=per), _UNREAD) for per in (False, True)}
"""By the text from behind ``</pitch>`` to before the words; one for scores of either way to count voices."""
UNPITCHED = {per: Pieces(partial(_unpitched, voice_per_staff=per)) for per in (False, True)}
"""Notes and rests without a pitch, by their text from behind ``<note`` to before the words."""
LYRICS = Pieces(_lyric)
"""Words of one verse, by the text of their element."""
ELEMENTS = Pieces(_elements)
"""What stands between notes."""
