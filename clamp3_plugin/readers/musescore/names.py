"""What MuseScore calls things, and what MusicXML calls them.

Conventions: a ``tpc`` is a pitch spelling as MuseScore counts it along the line of fifths, C being
14; lengths are fractions of a whole note.
"""

import re
from fractions import Fraction

MAX_DOTS = 4
LENGTHS = {
    "longa": Fraction(4),
    "breve": Fraction(2),
    "whole": Fraction(1),
    "half": Fraction(1, 2),
    "quarter": Fraction(1, 4),
    "eighth": Fraction(1, 8),
    **{f"{unit}{'nd' if unit == 32 else 'th'}": Fraction(1, unit) for unit in (16, 32, 64, 128)},
    **{f"{unit}{'nd' if unit == 512 else 'th'}": Fraction(1, unit) for unit in (256, 512, 1024)},
}
TYPES = {"longa": "long"}
GRACES = {"acciaccatura", "appoggiatura", "grace4", "grace16", "grace32"}
AFTER_GRACES = {"grace8after", "grace16after", "grace32after"}
BARLINES = {
    "double": "light-light",
    "end": "light-heavy",
    "dashed": "dashed",
    "dotted": "dotted",
    "reverse-end": "heavy-light",
    "heavy": "heavy",
    "double-heavy": "heavy-heavy",
    "tick": "tick",
    "short": "short",
}
ARTICULATIONS = {
    "staccato": ("articulations/staccato",),
    "tenuto": ("articulations/tenuto",),
    "sforzato": ("articulations/accent",),
    "accent": ("articulations/accent",),
    "marcato": ("articulations/strong-accent",),
    "portato": ("articulations/detached-legato",),
    "tenutostaccato": ("articulations/detached-legato",),
    "staccatissimo": ("articulations/staccatissimo",),
    "accentstaccato": ("articulations/accent", "articulations/staccato"),
    "marcatostaccato": ("articulations/strong-accent", "articulations/staccato"),
    "marcatotenuto": ("articulations/strong-accent", "articulations/tenuto"),
    "tenutoaccent": ("articulations/tenuto", "articulations/accent"),
    "trill": ("ornaments/trill-mark",),
    "turn": ("ornaments/turn",),
    "reverseturn": ("ornaments/inverted-turn",),
    "turninverted": ("ornaments/inverted-turn",),
    "prall": ("ornaments/inverted-mordent",),
    "shorttrill": ("ornaments/inverted-mordent",),
    "mordentinverted": ("ornaments/mordent",),
    "upbow": ("technical/up-bow",),
    "downbow": ("technical/down-bow",),
    "harmonic": ("technical/harmonic",),
    "muteopen": ("technical/open-string",),
    "ouvert": ("technical/open-string",),
    "muteclosed": ("technical/stopped",),
    "plusstop": ("technical/stopped",),
    "thumb": ("technical/thumb-position",),
    "thumbposition": ("technical/thumb-position",),
    "snappizzicato": ("technical/snap-pizzicato",),
    "fermata": ("fermata",),
}
_PREFIXES = re.compile("^(artic|ornament|strings|brass|plucked)")
OTTAVAS = {"8va": 1, "8vb": -1, "15ma": 2, "15mb": -2, "22ma": 3, "22mb": -3}
_OLD_OTTAVAS = ("8va", "15ma", "8vb", "15mb", "22ma", "22mb")
KINDS = {
    "": "major",
    "m": "minor",
    "7": "dominant",
    "maj7": "major-seventh",
    "m7": "minor-seventh",
    "dim": "diminished",
    "dim7": "diminished-seventh",
    "aug": "augmented",
    "+": "augmented",
    "sus4": "suspended-fourth",
    "sus": "suspended-fourth",
    "sus2": "suspended-second",
    "6": "major-sixth",
    "m6": "minor-sixth",
    "9": "dominant-ninth",
    "maj9": "major-ninth",
    "m9": "minor-ninth",
    "11": "dominant-11th",
    "13": "dominant-13th",
    "m7b5": "half-diminished",
}
_CHORD_SPELLINGS = (
    *(("Maj", "maj"), ("maj", "maj"), ("Ma", "maj"), ("ma", "maj"), ("M", "maj"), ("^7", "maj7")),
    *(("min", "m"), ("mi", "m"), ("t7", "maj7"), ("-", "m"), ("o", "dim"), ("°", "dim")),
    *(("07", "m7b5"), ("0", "m7b5"), ("ø7", "m7b5"), ("ø", "m7b5")),
)
BEATS = {
    "metNoteWhole": "whole",
    "metNoteHalfUp": "half",
    "metNoteQuarterUp": "quarter",
    "metNote8thUp": "eighth",
    "metNote16thUp": "16th",
    "\U0001d15d": "whole",
    "\U0001d15e": "half",
    "\U0001d15f": "quarter",
    "\U0001d160": "eighth",
    "unicodeNoteWhole": "whole",
    "unicodeNoteHalfUp": "half",
    "unicodeNoteQuarterUp": "quarter",
    "unicodeNote8thUp": "eighth",
    # of music fonts, in their private use area
    "\ueca2": "whole",
    "\ueca3": "half",
    "\ueca5": "quarter",
    "\ueca7": "eighth",
    "\ue1d2": "whole",
    "\ue1d3": "half",
    "\ue1d5": "quarter",
    "\ue1d7": "eighth",
    "♩": "quarter",
    "♪": "eighth",
}
HEADS = {"cross": "x", "xcircle": "circle-x", "diamond": "diamond", "triangle": "triangle"}

_FIFTHS = "FCGDAEB"
_STEPS = "CDEFGAB"
_SEMITONES = dict(zip(_STEPS, (0, 2, 4, 5, 7, 9, 11), strict=True))
_TOP_LINE = 38  # steps from C0 to F5, which the top line of a percussion staff stands for
_CLEF = re.compile(r"([GFC])([1-5](?=$|_))?")
_CLEF_LINES = {"G": "2", "F": "4", "C": "3"}
_SPELLINGS = range(-8, 41)


def written_pitch(midi: int, tpc: int) -> tuple[str, int, int]:
    """Give step, alteration and octave.

    Examples
    --------
    >>> written_pitch(60, 14), written_pitch(71, 7), written_pitch(70, 24)
    (('C', 0, 4), ('C', -1, 5), ('A', 1, 4))
    """
    fifths = max(_SPELLINGS.start, min(_SPELLINGS.stop - 1, tpc)) + 1
    step = _FIFTHS[fifths % 7]
    alter = fifths // 7 - 2
    return step, alter, (midi - alter - _SEMITONES[step]) // 12 - 1


def spelling(midi: int) -> int:
    """Spell a pitch that has no spelling, with the accidentals that are met most.

    Examples
    --------
    >>> [spelling(pitch) for pitch in (60, 61, 70, 66)]
    [14, 21, 12, 20]
    """
    return (midi * 7 + 5) % 12 + 9 if midi % 12 != 1 else 21


def staff_place(line: int) -> tuple[str, int]:
    """Give the step and octave that a place on a percussion staff shows; 0 is the top line.

    Examples
    --------
    >>> staff_place(0), staff_place(3), staff_place(10)
    (('F', 5), ('C', 5), ('C', 4))
    """
    steps = max(0, _TOP_LINE - line)
    return _STEPS[steps % 7], steps // 7


def fifths_down(diatonic: int, chromatic: int) -> int:
    """Tell how many fifths the spelling of the written note lies above that of the sounding one.

    Examples
    --------
    >>> fifths_down(-1, -2), fifths_down(-5, -9), fifths_down(0, 0)
    (2, 3, 0)
    """
    return 12 * diatonic - 7 * chromatic


def clef(name: str) -> tuple[str, str, int]:
    """Give sign, line and octave change.

    Examples
    --------
    >>> clef("G8vb"), clef("C4"), clef("F"), clef("PERC")
    (('G', '2', -1), ('C', '4', 0), ('F', '4', 0), ('percussion', '', 0))
    """
    if name.startswith("PERC"):
        return "percussion", "", 0
    if name.startswith("TAB"):
        return "TAB", "5", 0
    match = _CLEF.match(name)
    if not match:
        return "G", "2", 0
    octaves = 0
    for text, change in (("8va", 1), ("8vb", -1), ("15ma", 2), ("15mb", -2)):
        if text in name:
            octaves = change
    return match[1], match[2] or _CLEF_LINES[match[1]], octaves


def articulation(subtype: str, *, smufl_1_4: bool) -> tuple[str, ...]:
    """Give the notations of an articulation or ornament, by whatever name a version calls it.

    Examples
    --------
    >>> articulation("articStaccatoBelow", smufl_1_4=False), articulation("sforzato", smufl_1_4=False)
    (('articulations/staccato',), ('articulations/accent',))
    >>> articulation("ornamentMordent", smufl_1_4=False)  # the name was given to another sign later
    ('ornaments/inverted-mordent',)
    """
    short = _PREFIXES.sub("", subtype).removesuffix("Above").removesuffix("Below").lower()
    if short == "mordent":
        swapped = subtype.startswith("ornament") and not smufl_1_4
        return ("ornaments/inverted-mordent" if swapped else "ornaments/mordent",)
    return ARTICULATIONS.get(short, ())


def accidental(subtype: str) -> str:
    """Name an accidental as MusicXML does; quarter tones by a name that says no alteration.

    Examples
    --------
    >>> accidental("accidentalSharp"), accidental("double flat"), accidental("natural")
    ('sharp', 'flat-flat', 'natural')
    """
    short = subtype.removeprefix("accidental").replace(" ", "").lower()
    names = {"doubleflat": "flat-flat", "flat2": "flat-flat", "doublesharp": "double-sharp"}
    names |= {"sharp2": "double-sharp", "sharp": "sharp", "flat": "flat", "natural": "natural"}
    return names.get(short, "other")


def chord_kind(name: str) -> str:
    """Bring what is typed behind the root of a chord symbol to the common spelling.

    Examples
    --------
    >>> [chord_kind(name) for name in ("mi7b5", "Maj7", "^7", "-7", "o7", "7(b9)", "sus")]
    ['m7b5', 'maj7', 'maj7', 'm7', 'dim7', '7b9', 'sus4']
    """
    name = name.replace("(", "").replace(")", "").replace(" ", "")
    for typed, common in _CHORD_SPELLINGS:
        if name.startswith(typed):
            return common + name.removeprefix(typed)
    return "sus4" if name == "sus" else name


def ottava(subtype: str) -> int:
    """Tell how many octaves higher the notes under an octave line sound.

    Examples
    --------
    >>> ottava("8va"), ottava("15mb"), ottava("0"), ottava("2")
    (1, -2, 1, -1)
    """
    if subtype.isascii() and subtype.isdigit() and len(subtype) == 1:
        subtype = _OLD_OTTAVAS[int(subtype)] if int(subtype) < len(_OLD_OTTAVAS) else ""
    return OTTAVAS.get(subtype, 0)
