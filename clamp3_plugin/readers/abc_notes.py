"""Scan the music lines of one ABC voice: sounds with exact lengths, marks between them, barlines.

Conventions: lengths are in eighths, the unit of the ABC that CLaMP 3 reads. Every pattern is tried
at one place only and none can backtrack over a line, so scanning is linear. Of a bar with overlaid
voices (``&``) the first is kept.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from clamp3_plugin.readers import limits
from clamp3_plugin.readers.abc_fields import (
    bar_length,
    clef_of,
    key_of,
    metre_of,
    tempo_of,
    tempo_words,
    unit_length_of,
)

_PITCH = r"(?:(?:\^{1,2}|_{1,2}|=)(?:\d*/\d*)?)?[A-Ga-g][,']*"
_LENGTH = r"\d*/*\d*"
_TOKEN = re.compile(
    rf"""
      (?P<space>[ \t]+)
    | (?P<quote>"[^"]*")
    | (?P<field>\[[A-Za-z]:[^\[\]]*\])
    | (?P<bar>\.?(?:\[?\|[|:\]]*|:[:|\]]+))(?:[ \t]*\[?(?P<ending>\d+(?:[,.-]+\d+)*))?
    | \[(?P<volta>\d+(?:[,.-]+\d+)*)
    | (?P<decoration>![^!\s|\[\]]+!|\+[a-zA-Z]+[()]?\+)
    | (?P<grace>\{{[^{{}}]*\}})
    | \((?P<tuplet>\d)(?::(?P<into>\d*))?(?::(?P<count>\d*))?
    | (?P<slur>\.?\()
    | (?P<chord>\[[^\[\]|]*\])(?P<chord_length>{_LENGTH})
    | (?P<note>{_PITCH})(?P<note_length>{_LENGTH})
    | (?P<rest>[zx])(?P<rest_length>{_LENGTH})
    | [ZX](?P<bars_of_rest>\d*)
    | (?P<tie>-)
    | (?P<slur_end>\))
    | (?P<broken><+|>+)
    | (?P<shorthand>[.~HLMOPSTuv])
    | (?P<overlay>&)
    """,
    re.VERBOSE,
)
_CHORD_MEMBER = re.compile(rf"({_PITCH}|[zx])({_LENGTH})(-?)|(![^!\s]+!|[.~HLMTuv])")
_GRACE_NOTE = re.compile(_PITCH)
_CHORD_SYMBOL = re.compile(
    r"[A-Ga-g][#b♯♭]?(?:maj|min|dim|aug|sus|add|mi|ma|m|M|o|ø|\+|-|\d|[#b]\d|\(|\))*"
    r"(?:/[A-Ga-g][#b♯♭]?)?$"
)
_SHORTHAND = {"~": "!turn!", "H": "!fermata!", "L": "!>!"}
_SPELLINGS = {
    "trill": "T", "tr": "T", "mordent": "M", "lowermordent": "M", "uppermordent": "P",
    "pralltriller": "P", "upbow": "u", "downbow": "v", "segno": "S", "coda": "O",
    "accent": "!>!", "emphasis": "!>!", "roll": "!turn!", "staccato": ".",
    "crescendo(": "!<(!", "crescendo)": "!<)!", "diminuendo(": "!>(!", "diminuendo)": "!>)!",
}  # fmt: skip
_DIRECTIONS = re.compile(
    r'"|[SO]$|!(?:p{1,4}|f{1,4}|m[pf]|sfz|[<>][()]|8v[ab][()]|ped(?:-up)?|D\.[CS]\.|fine|dacapo|dacoda)!'
)
"""Marks that stand before the space in front of a note; others cling to the note."""
_TUPLET_INTO = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
_ONE = Fraction(1)


@dataclass(slots=True)
class Sound:
    """A note, chord or rest."""

    text: str
    length: Fraction
    """As written, so without the ratio of a tuplet."""
    tuplet: str = ""
    """Sign of the tuplet that it begins."""
    slurs: int = 0
    """Number of slurs that begin with it."""
    decorations: str = ""
    grace: str = ""
    tie: bool = False
    closing: str = ""
    joined: bool = False
    """Beamed to the sound before."""
    ratio: Fraction | None = None
    """Of its tuplet, if it is in one: sounding by written length."""

    @property
    def is_rest(self) -> bool:
        """Tell a rest from a note."""
        return self.text in "zx"


@dataclass(frozen=True, slots=True)
class Mark:
    """A text, chord symbol or change of key, metre or tempo, written as it stands here."""

    text: str


@dataclass(frozen=True, slots=True)
class Barline:
    """End of a bar, with the numbers of the ending that begins."""

    text: str
    ending: str = ""


Item = Sound | Mark | Barline


class VoiceScanner:
    """Reads the lines of one voice in order; ``items`` holds what they said."""

    def __init__(self, metre: str, unit_length: Fraction, *, has_length: bool = True) -> None:
        self.items: list[Item] = []
        self._metre = metre
        self._unit = unit_length * 8
        self._lengths: dict[str, Fraction] = {}
        self._has_length = has_length
        self._opening: list[str] = []
        self._slurs = 0
        self._open_slurs: list[Sound] = []
        self._tuplet = ""
        self._grace = ""
        self._last: Sound | None = None
        self._is_apart = True
        self._broken = _ONE
        self._tuplet_left = 0
        self._ratio = _ONE
        self._is_overlaid = False
        self._rests_left = limits.MAX_BAR_RESTS
        self._readers: dict[str, Callable[[re.Match[str]], None]] = {
            "quote": self._read_quote,
            "field": lambda found: self.read_field(found[0][1], found[0][3:-1]),
            "ending": self._read_barline,
            "bar": self._read_barline,
            "volta": self._read_barline,
            "decoration": lambda found: self._decorate(_spelt(found[0].strip("!+"))),
            "grace": self._read_grace,
            "tuplet": self._read_tuplet,
            "into": self._read_tuplet,
            "count": self._read_tuplet,
            "chord_length": self._read_chord,
            "note_length": lambda found: self._sound(found["note"], found["note_length"]),
            "rest_length": lambda found: self._sound(found["rest"], found["rest_length"]),
            "bars_of_rest": self._read_bars_of_rest,
            "broken": self._read_broken,
            "shorthand": lambda found: self._decorate(_SHORTHAND.get(found[0], found[0])),
        }

    def read_line(self, line: str, *, ends_bar: bool = False) -> None:
        """Read one line of music; it ends a beam, and a bar where there are no barlines."""
        position = 0
        while position < len(line):
            found = _TOKEN.match(line, position)
            if found is None:
                position += 1  # backticks, line-break signs, spacers, misprints
                continue
            position = found.end()
            self._read_token(found)
        self._is_apart = True
        if ends_bar:
            self.items.append(Barline("|"))

    def finish(self) -> list[Item]:
        """Hand over what was read; slurs that nothing ends are taken back."""
        for sound in self._open_slurs:
            sound.slurs -= 1
        self._open_slurs = []
        return self.items

    def read_field(self, letter: str, value: str) -> None:
        """Take a change of key, metre, unit length or tempo; other fields are no music."""
        if letter == "K":
            self.items.extend(
                Mark(f"[K:{name}]") for name in (key_of(value), clef_of(value)) if name
            )
        elif letter == "M":
            self._metre = metre_of(value)
            if not self._has_length:
                self._set_unit(unit_length_of("", self._metre))
            self.items.append(Mark(f"[M:{self._metre}]"))
        elif letter == "L":
            self._set_unit(unit_length_of(value, self._metre))
            self._has_length = True
        elif letter == "Q":
            self.read_tempo_words(value)
            tempo = tempo_of(value, self._unit / 8)
            self.items.extend([Mark(f"[Q:{tempo}]")] if tempo else [])

    def read_tempo_words(self, value: str) -> None:
        """Put the words of a ``Q:`` field (``"Slow" 1/4=60``) over the next note."""
        self.items.extend(Mark(f'"^{words}"') for words in tempo_words(value))

    def _set_unit(self, unit_length: Fraction) -> None:
        self._unit = unit_length * 8
        self._lengths.clear()

    def _read_token(self, found: re.Match[str]) -> None:
        kind = found.lastgroup or ""
        if self._is_overlaid and kind not in {"bar", "ending", "volta"}:
            return
        if kind == "space":
            self._is_apart = True
        elif kind == "overlay":
            self._is_overlaid = True
        elif kind == "slur":
            self._slurs += 1
        elif kind == "tie" and self._last:
            self._last.tie = True
        elif kind == "slur_end" and self._last and self._open_slurs:
            self._open_slurs.pop()
            self._last.closing += ")"
        elif kind in self._readers:
            self._readers[kind](found)

    def _read_quote(self, found: re.Match[str]) -> None:
        text = found[0][1:-1].strip()
        is_placed = text[:1] in set("^_<>@")
        if text[is_placed:].strip():
            sign = "" if is_placed or _CHORD_SYMBOL.match(text) else "^"
            self.items.append(Mark(f'"{sign}{text}"'))

    def _read_barline(self, found: re.Match[str]) -> None:
        ending = found["ending"] or found["volta"] or ""
        self.items.append(Barline(_plain_barline(found["bar"] or "|"), ending.replace(".", "")))
        self._last, self._is_overlaid, self._tuplet_left = None, False, 0
        self._broken = _ONE

    def _read_grace(self, found: re.Match[str]) -> None:
        notes = "".join(_GRACE_NOTE.findall(found[0]))
        slash = "/" if found[0].startswith("{/") else ""
        self._grace = f"{{{slash}{notes}}}" if notes else self._grace

    def _read_tuplet(self, found: re.Match[str]) -> None:
        notes = int(found["tuplet"])
        compound = bar_length(self._metre).numerator % 3 == 0 and self._metre not in {"3/4", "3/2"}
        into = int(found["into"] or 0) or _TUPLET_INTO.get(notes, 3 if compound else 2)
        count = int(found["count"] or 0) or notes
        if notes < 2:
            return
        self._tuplet_left, self._ratio = count, Fraction(into, notes)
        is_triplet = (notes, into, count) == (3, 2, 3)
        self._tuplet = "(3" if is_triplet else f"({notes}:{into}:{count}"

    def _read_chord(self, found: re.Match[str]) -> None:
        members: list[str] = []
        ties: list[str] = []
        inner = ""
        for pitch, length, tie, decoration in _CHORD_MEMBER.findall(found["chord"]):
            if decoration:
                self._decorate(_SHORTHAND.get(decoration, decoration))
            else:
                inner = inner or length
                members.append(pitch)
                ties.append(tie)
        if not members:
            return
        tied = all(ties)
        written = "".join(m + ("" if tied else t) for m, t in zip(members, ties, strict=True))
        text = written if len(members) == 1 else f"[{written}]"
        self._sound(text, found["chord_length"], factor=_number(inner))
        if tied and self._last:
            self._last.tie = True

    def _read_bars_of_rest(self, found: re.Match[str]) -> None:
        count = min(int(found["bars_of_rest"][:4] or 1), self._rests_left)
        self._rests_left -= count
        for i in range(count):
            if i:
                self.items.append(Barline("|"))
            self.items.append(Sound("z", bar_length(self._metre) * 8))
        self._last = None

    def _read_broken(self, found: re.Match[str]) -> None:
        if self._last is None:
            return
        short = Fraction(1, 2 ** min(len(found[0]), 4))
        self._last.length *= short if found[0][0] == "<" else 2 - short
        self._broken = 2 - short if found[0][0] == "<" else short

    def _decorate(self, text: str) -> None:
        if _DIRECTIONS.match(text):
            self.items.append(Mark(text))
        elif text not in self._opening:
            self._opening.append(text)

    def _sound(self, text: str, length: str, factor: Fraction = _ONE) -> None:
        before = self._last
        if (eighths := self._lengths.get(length)) is None:  # fractions are slow, lengths are few
            eighths = self._lengths[length] = _number(length) * self._unit
        if factor is not _ONE or self._broken is not _ONE:
            eighths = eighths * factor * self._broken
        sound = Sound(text, eighths)
        sound.tuplet, sound.slurs, sound.grace = self._tuplet, self._slurs, self._grace
        sound.decorations = "".join(self._opening)
        self._open_slurs.extend([sound] * sound.slurs)
        is_near = not self._is_apart and not sound.grace  # a grace note breaks the beam
        sound.joined = is_near and before is not None and _beamed(before, sound)
        if self._tuplet_left:
            sound.ratio = self._ratio
            self._tuplet_left -= 1
        self.items.append(sound)
        self._last, self._is_apart, self._broken = sound, False, _ONE
        self._opening, self._slurs, self._tuplet, self._grace = [], 0, "", ""


def _beamed(before: Sound, sound: Sound) -> bool:
    """Tell whether a beam joins two neighbours: short notes, no rests."""
    if before.is_rest or sound.is_rest:
        return False
    return all(
        length.numerator < 2 * length.denominator for length in (before.length, sound.length)
    )


def _number(length: str) -> Fraction:
    """Read the number behind a note.

    Examples
    --------
    >>> [str(_number(n)) for n in ("", "3", "/", "//", "3/2", "/4")]
    ['1', '3', '1/2', '1/4', '3/2', '1/4']
    """
    above, slash, below = length.partition("/")
    numerator = int(above[:4] or 1) or 1
    if not slash:
        return Fraction(numerator)
    digits = below.lstrip("/")
    return Fraction(numerator, (int(digits[:4] or 2) or 2) * 2 ** min(len(below) - len(digits), 8))


def _spelt(name: str) -> str:
    """Write a decoration as the reference's converter does."""
    return _SPELLINGS.get(name, f"!{name}!")


def _plain_barline(text: str) -> str:
    """Reduce the many ways to write a barline to those of the reference's converter.

    Examples
    --------
    >>> [_plain_barline(b) for b in (":||:", ":|]", "|[|:", "|]", "[|", ".|")]
    ['::', ':|', '|:', '|]', '|', '|']
    """
    if text.startswith(":") and text.endswith(":"):
        return "::"
    if text.startswith(":"):
        return ":|"
    if text.endswith(":"):
        return "|:"
    if text.endswith("|]") and not text.startswith("["):
        return "|]"
    return "||" if "||" in text else "|"
