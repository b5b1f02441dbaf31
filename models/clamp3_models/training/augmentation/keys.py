"""Keys, notes and chord symbols on the line of fifths, where a transposition is one addition.

Conventions: C is 0, G 1, F -1, B flat -2; a major key has as many sharps (or, below 0, flats).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_FIFTHS = 7
"""Most sharps or flats of a key signature."""
_LETTERS = "FCGDAEB"
_STEPS = "CDEFGAB"
NATURALS = (0, 2, 4, 5, 7, 9, 11)
"""Semitones above C of the steps C to B."""
_MODES = {
    "": 0, "m": -3, "M": 0, "maj": 0, "ion": 0, "min": -3, "aeo": -3,
    "dor": -2, "phr": -4, "lyd": 1, "mix": -1, "loc": -5,
}  # fmt: skip
_KEY = re.compile(
    r"\s*([A-G])([#b]?)(?![#b1-5])(\s*(?:((?i:maj|ion|min|aeo|dor|phr|lyd|mix|loc))[a-z]*|([mM]))?)"
    r"(?=\s|$)(.*)"
)
_UNSUPPORTED = re.compile(r"\s*H[Pp]\b|.*(?:\bexp\b|(?:\s|^)[\^_=]+[A-Ga-g]\b)")
"""The pipes' own scale, and signatures spelt out note by note."""
_CHORD = re.compile(
    r"(\(?)([A-G][#b♯♭]?)((?:maj|min|dim|aug|sus|add|alt|omit|no|mi|ma|m|M|o|ø|°|\+|-|\^|\d|[#b♯♭]\d|[(),])*)"
    r"(?:/([A-G][#b♯♭]?))?(\)?)$"
)
_SIGNS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}


@dataclass(frozen=True, slots=True)
class Key:
    """What a ``K:`` field says, if it names a key."""

    tonic: int
    """Place on the line of fifths."""
    fifths: int
    """Sharps of the signature, flats below 0."""
    mode: str
    """As written, with the space before it."""
    rest: str
    """What follows, such as a clef."""

    @classmethod
    def of(cls, value: str) -> "Key | None":
        """Read the value of a field; nothing for a clef or ``none``.

        Raises
        ------
        ValueError
            The signature is none that a tonic and a mode can name.

        Examples
        --------
        >>> Key.of("Gmin clef=bass")
        Key(tonic=1, fifths=-2, mode='min', rest=' clef=bass')
        """
        if _UNSUPPORTED.match(value):
            raise ValueError(f"the key {value!r} has a signature of its own")
        found = _KEY.match(value)
        if found is None:
            return None
        tonic = place_of(found[1] + found[2])
        fifths = tonic + _MODES[(found[4] or "").lower() or found[5] or ""]
        if abs(fifths) > MAX_FIFTHS:
            raise ValueError(f"the key {value!r} has {abs(fifths)} accidentals")
        return cls(tonic, fifths, found[3], found[6])

    def moved(self, fifths: int) -> str:
        """Write the field's value for the key that lies so many fifths further."""
        return name_of(self.tonic + fifths) + self.mode + self.rest


def signature(fifths: int) -> tuple[int, ...]:
    """Tell what a signature alters, by step from C.

    Examples
    --------
    >>> signature(2), signature(-1)
    ((1, 0, 0, 1, 0, 0, 0), (0, 0, 0, 0, 0, 0, -1))
    """
    altered = _LETTERS[:fifths] if fifths > 0 else _LETTERS[7 + fifths :]
    sign = 1 if fifths > 0 else -1
    return tuple(sign if step in altered else 0 for step in _STEPS)


def place_of(name: str) -> int:
    """Find a note's place on the line of fifths."""
    return _LETTERS.index(name[0]) - 1 + 7 * _SIGNS[name[1:]]


def name_of(place: int) -> str:
    """Name the note at a place.

    Examples
    --------
    >>> [name_of(place) for place in (-2, 0, 6, 11)]
    ['Bb', 'C', 'F#', 'E#']
    """
    sharps, letter = divmod(place + 1, 7)
    return _LETTERS[letter] + ("#" * sharps if sharps > 0 else "b" * -sharps)


def shifts_of(semitones: int) -> tuple[int, ...]:
    """Find the ways along the line of fifths that make so many semitones, octaves aside.

    Examples
    --------
    >>> shifts_of(1), shifts_of(-2)
    ((-17, -5, 7), (-14, -2, 10))
    """
    up = 7 * semitones % 12
    return up - 24, up - 12, up


def best_shift(weights: Mapping[int, int], semitones: int) -> int | None:
    """Choose the way that gives all these keys the fewest accidentals.

    Parameters
    ----------
    weights
        How often each signature stands in the piece, by its sharps.
    semitones
        Of the transposition.

    Returns
    -------
    int or None
        Steps along the line of fifths; nothing where a key would get more than 7 accidentals
        whichever way is taken.
    """
    ways: list[tuple[bool, int, int, int]] = []
    for shift in shifts_of(semitones):
        most = max((abs(fifths + shift) for fifths in weights), default=abs(shift))
        total = sum(count * abs(fifths + shift) for fifths, count in weights.items())
        if most <= MAX_FIFTHS:
            ways.append((most == MAX_FIFTHS, total, abs(shift), shift))
    return min(ways)[-1] if ways else None


def steps_of(shift: int, semitones: int) -> int:
    """Tell by how many letters notes move.

    Examples
    --------
    >>> steps_of(-5, 1), steps_of(7, 1), steps_of(-1, -7), steps_of(-2, -2)
    (1, 0, -4, -1)
    """
    step = 4 * shift % 7
    alter = (shift + 1) // 7
    return step + 7 * ((semitones - NATURALS[step] - alter) // 12)


def moved_chord(text: str, shift: int) -> str:
    """Transpose a chord symbol, bass included; any other text stays.

    Examples
    --------
    >>> moved_chord("Am7/G", 2), moved_chord("F#dim", 7), moved_chord("Fine", 2)
    ('Bm7/A', 'Gdim', 'Fine')
    """
    found = _CHORD.match(text)
    if found is None:
        return text
    bass = f"/{_moved_note(found[4], shift)}" if found[4] else ""
    return f"{found[1]}{_moved_note(found[2], shift)}{found[3]}{bass}{found[5]}"


def _moved_note(name: str, shift: int) -> str:
    """Move a note; where that takes a double accidental, spell it with none."""
    place = place_of(name) + shift
    while place < -8:
        place += 12
    while place > 12:
        place -= 12
    return name_of(place)
