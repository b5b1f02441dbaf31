"""A score cut into measures, and these into notes and what stands between them.

No tree of a whole score is built, which would take longer than all else: its text is cut where tags
begin (see ``plain``), and every piece is looked up (see ``pieces``).
"""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import XML, ParseError  # of plain text, which declares no entities

from clamp3_plugin.errors import BrokenFileError
from clamp3_plugin.readers.musicxml.lyrics import Syllables
from clamp3_plugin.readers.musicxml.notes import Shape, Tone
from clamp3_plugin.readers.musicxml.parse import (
    LIMITS,
    Element,
    TreeLimits,
    check_parts,
    check_size,
    read_tree,
)
from clamp3_plugin.readers.musicxml.pieces import (
    ELEMENTS,
    LYRICS,
    SHAPES,
    TONES,
    UNPITCHED,
    MixedOrderError,
    parse_piece,
    whole_note,
)
from clamp3_plugin.readers.musicxml.plain import plain_text, rewritten

_PART = re.compile(r"<part(?=[\s/>])")
_MEASURE = re.compile(r"<measure(?=[\s/>])")
_NUMBER = re.compile(
    r"""(?:\s+(?:number=["']([^"'<&\s]*)["']|[\w.:-]+=(?:"[^"<&]*"|'[^'<&]*')))*\s*"""
)
_END = "</score-partwise>"
_NO_WORDS: Syllables = {}

NoteItem = tuple[Tone, Shape, Syllables]
Item = NoteItem | Element


@dataclass(frozen=True, slots=True)
class CutMeasure:
    """What a measure holds, in the order of the file."""

    number: str
    items: list[Item]
    has_notes_only: bool


@dataclass(frozen=True, slots=True)
class CutPart:
    """A part with its measures."""

    id: str
    measures: list[CutMeasure]
    notes: list[NoteItem]


@dataclass(frozen=True, slots=True)
class CutScore:
    """A score as cut; ``header`` is all of it but the parts."""

    header: Element
    parts: list[CutPart]
    voice_per_staff: bool
    """Whether voices were counted from 1 on each staff."""


def read_score(data: bytes, limits: TreeLimits = LIMITS) -> CutScore:
    """Cut a score; one that is not plain, or seems to be broken, goes through its tree first.

    Raises
    ------
    BrokenFileError
        The bytes are no well-formed XML, no MusicXML, or play tricks with entities.
    TooLargeError
        The file is over a limit.
    """
    check_size(data, limits)
    if (text := plain_text(data, limits)) is not None:
        try:
            return _cut_score(text, limits)
        except ParseError:
            pass  # the tree tells where it is broken, if it is
    try:
        return _cut_score(rewritten(read_tree(data, limits)), limits)
    except ParseError as error:
        raise BrokenFileError("A note of this score stands inside of another.") from error


def _cut_score(text: str, limits: TreeLimits) -> CutScore:
    above, *parts = _PART.split(text)
    check_parts(len(parts), limits)
    if parts:
        above += _END
        parts[-1] = _before(_END, parts[-1])
    header = parse_piece(above, 0)
    if header.tag != "score-partwise":
        raise ParseError
    software = (item.text or "" for item in header.iterfind("identification/encoding/software"))
    # Sibelius counts the voices of each staff from 1
    per_staff = any("Sibelius" in name for name in software)
    cutter = _Cutter(voice_per_staff=per_staff)
    return CutScore(header, [cutter.part(part) for part in parts], per_staff)


class _Cutter:
    """Cuts parts and measures, and looks up their pieces."""

    def __init__(self, *, voice_per_staff: bool) -> None:
        self._voice_per_staff = voice_per_staff
        self._shapes = SHAPES[voice_per_staff]
        self._unpitched = UNPITCHED[voice_per_staff]

    def part(self, text: str) -> CutPart:
        """Cut a part, from behind ``<part``."""
        attributes, *measures = _MEASURE.split(_before("</part>", text))
        name = XML(f"<part{attributes}</part>").get("id", "")
        cut = [self._measure(measure) for measure in measures]
        notes = [item for measure in cut for item in measure.items if isinstance(item, tuple)]
        return CutPart(name, cut, notes)

    def _measure(self, text: str) -> CutMeasure:
        head, _, inside = text.partition(">")
        if found := _NUMBER.fullmatch(head):
            number = found[1] or ""
        else:
            number = XML(f"<measure{head}/>").get("number", "")
        *pieces, rest = _before("</measure>", inside).split("</note>")
        items: list[Item] = []
        for piece in pieces:
            between, _, note = piece.partition("<note")
            items += ELEMENTS[between]
            try:
                items.append(self._note(note))
            except MixedOrderError:
                items.append(whole_note(note, voice_per_staff=self._voice_per_staff))
        items += ELEMENTS[rest]
        return CutMeasure(number, items, len(items) == len(pieces))

    def _note(self, text: str) -> NoteItem:
        """Look up a note: its pitch, what is written behind that, and its words."""
        text, has_words, words = text.partition("<lyric")
        sound, has_pitch, written = text.partition("</pitch>")
        syllables = _syllables(words) if has_words else _NO_WORDS
        if has_pitch:
            return TONES[sound], self._shapes[written], syllables
        return (*self._unpitched[text], syllables)


def _syllables(text: str) -> Syllables:
    """Look up the words of each verse, from behind the first ``<lyric``."""
    verses = [LYRICS["<lyric" + verse] for verse in text.split("<lyric")]
    return {number: word for verse in verses for number, word in verse.items()}


def _before(end: str, text: str) -> str:
    """Give what stands before the tag with which a text ends."""
    inside, found, behind = text.rpartition(end)
    if not found or (behind and not behind.isspace()):
        raise ParseError
    return inside
