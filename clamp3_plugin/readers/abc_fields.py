"""The fields of ABC that carry meaning: key, metre, unit length, tempo, voice.

Conventions: lengths are fractions of a whole note; keys are written as the reference's converter
writes them (``Emin``, ``Ador``); tempo is quarter notes per minute.
"""

import html
import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

_TONIC = re.compile(r"([A-Ga-g])([#b♯♭]?)\s*([A-Za-z]*)")
_CLEF = re.compile(
    r"""(?:^|\s)(?:clef\s*=\s*)?["']?(treble|alto|tenor|bass|perc|soprano|mezzosoprano|baritone|tab)"""
    r"""([1-5]?(?:[+-](?:8|15))?)(?:va|vb)?["']?(?=\s|$)""",
    re.IGNORECASE,
)
_MODES = {"maj": "", "ion": "", "min": "min", "aeo": "min", "": "", "m": "min"}
_OTHER_MODES = ("dor", "phr", "lyd", "mix", "loc")
_METRE = re.compile(r"\(?\s*(\d{1,3}(?:\s*\+\s*\d{1,3})*)\s*\)?\s*/\s*(\d{1,3})")
_LENGTH = re.compile(r"(\d{1,4})\s*/\s*(\d{1,4})")
_TEMPO = re.compile(r"(\d{1,3})\s*/\s*(\d{1,3})[^=\"]{0,100}=\s*(\d{1,4}(?:\.\d+)?)")
_QUOTED = re.compile(r'"([^"]*)"')
_OLD_TEMPO = re.compile(r"(?:C\s*(\d{0,2})\s*=\s*)?(\d{1,4})\s*$")
_NAME = re.compile(r"""(?:^|\s)(?:name|nm)\s*=\s*(?:"([^"]*)"|(\S+))""")
_ACCENT = re.compile(r"\{?\\([`'^\"~,])([A-Za-z])\}?")
_COMBINING = dict(zip("`'^\"~,", "\u0300\u0301\u0302\u0308\u0303\u0327", strict=True))


@dataclass(frozen=True, slots=True)
class Tempo:
    """So many beats of a length per minute."""

    beat: Fraction
    beats_per_minute: float

    @property
    def quarters_per_minute(self) -> float:
        """Speed in the unit of ``Metadata.tempo``."""
        return float(self.beat * 4) * self.beats_per_minute

    def __str__(self) -> str:
        return f"{self.beat.numerator}/{self.beat.denominator}={self.beats_per_minute:g}"


def key_of(value: str) -> str:
    """Name the key of a ``K:`` field, empty where it names none (a clef only).

    Examples
    --------
    >>> [key_of(v) for v in ("G", "Em", "E Minor", "A Mixolydian", "Bbmaj", "bass", "none")]
    ['G', 'Emin', 'Emin', 'Amix', 'Bb', '', 'none']
    """
    bare = _CLEF.sub(" ", value).strip()
    if bare.lower().startswith("none") or not value.strip():
        return "none"
    if bare[:2] in {"HP", "Hp"}:  # the Highland pipe's scale: f and c sharp
        return "D"
    tonic = _TONIC.match(bare)
    if not tonic:
        return ""
    accidental = {"♯": "#", "♭": "b"}.get(tonic[2], tonic[2])
    return tonic[1].upper() + accidental + _mode(tonic[3])


def _mode(word: str) -> str:
    """Shorten a mode to the three letters of the reference's converter."""
    if word == "M":
        return ""
    short = word[:3].lower()
    return short if short in _OTHER_MODES else _MODES.get(short, "")


def display_key(key: str) -> str:
    """Write a key as people do.

    Examples
    --------
    >>> display_key("Emin"), display_key("Ador"), display_key("none")
    ('Em', 'Ador', '')
    """
    return "" if key == "none" else re.sub("min$", "m", key)


def clef_of(value: str) -> str:
    """Name the clef that a ``K:`` or ``V:`` field gives, or nothing.

    Examples
    --------
    >>> clef_of("C clef=bass"), clef_of("T1 treble-8 name=x"), clef_of("G")
    ('bass', 'treble-8', '')
    """
    clef = _CLEF.search(value)
    return clef[1].lower() + clef[2] if clef else ""


def metre_of(value: str) -> str:
    """Write a ``M:`` field as a fraction, or ``none``.

    Examples
    --------
    >>> [metre_of(v) for v in ("C", "C|", "6/8", "(2+2+3)/8", "none")]
    ['4/4', '2/2', '6/8', '7/8', 'none']
    """
    value = value.strip()
    if value.startswith("C|"):
        return "2/2"
    if value.startswith("C"):
        return "4/4"
    metre = _METRE.match(value)
    if not metre or not int(metre[2]):
        return "none"
    beats = sum(int(group) for group in metre[1].split("+"))
    return f"{beats}/{int(metre[2])}" if beats else "none"


def bar_length(metre: str) -> Fraction:
    """Length of a full bar; a whole note where the metre is free."""
    return Fraction(1) if metre == "none" else Fraction(metre)


def unit_length_of(value: str, metre: str) -> Fraction:
    """Length of a note without a number, by ``L:`` or else by the metre (ABC 2.1, 3.1.7).

    Examples
    --------
    >>> unit_length_of("", "2/4"), unit_length_of("", "6/8"), unit_length_of("1/4", "6/8")
    (Fraction(1, 16), Fraction(1, 8), Fraction(1, 4))
    """
    length = _LENGTH.match(value.strip())
    if length and int(length[1]) and int(length[2]):
        return Fraction(int(length[1]), int(length[2]))
    if value.strip() == "1":
        return Fraction(1)
    return Fraction(1, 8 if bar_length(metre) >= Fraction(3, 4) else 16)


def tempo_of(value: str, unit_length: Fraction) -> Tempo | None:
    """Read a ``Q:`` field, also in the old manner that counts unit lengths.

    Examples
    --------
    >>> str(tempo_of('"Slow" 3/8=60', Fraction(1, 8))), str(tempo_of("120", Fraction(1, 8)))
    ('3/8=60', '1/8=120')
    """
    tempo = _TEMPO.search(value)
    if tempo and int(tempo[1]) and int(tempo[2]) and float(tempo[3]):
        return Tempo(Fraction(int(tempo[1]), int(tempo[2])), float(tempo[3]))
    old = _OLD_TEMPO.match(value.strip())
    if old and int(old[2]):
        # With a short unit nobody means it: 80 sixteenths a minute would be 20 quarters.
        unit = unit_length if unit_length >= Fraction(1, 8) or old[1] else Fraction(1, 4)
        return Tempo(unit * int(old[1] or 1), float(old[2]))
    return None


def tempo_words(value: str) -> list[str]:
    """Take the words out of a ``Q:`` field.

    Examples
    --------
    >>> tempo_words('"Andante" 1/4=80')
    ['Andante']
    """
    return [words.strip() for words in _QUOTED.findall(value) if words.strip()]


def voice_name_of(value: str) -> str:
    """Name of the instrument that a ``V:`` field gives, or nothing."""
    name = _NAME.search(value)
    return (name[1] or name[2] or "").strip() if name else ""


def plain_text(value: str) -> str:
    r"""Resolve ABC's notations of accented letters.

    Examples
    --------
    >>> plain_text(r"S\'eamus"), plain_text("Caf&eacute;")
    ('Séamus', 'Café')
    """
    accented = _ACCENT.sub(lambda found: found[2] + _COMBINING[found[1]], value)
    return unicodedata.normalize("NFC", html.unescape(accented)).strip()
