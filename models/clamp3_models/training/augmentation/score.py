"""Transpose a score in interleaved ABC: keys, notes, accidentals and chord symbols.

Notes are read as they sound, moved, and written as the new key has them, by one pass over the text
that reads the old and the new side by side: an accidental is written where the old text has one or
the new one would sound otherwise without it. All keys of a piece move by the same interval where one
gives each at most 7 accidentals; else each key by its own.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache

from clamp3_models.training.augmentation.keys import (
    NATURALS,
    Key,
    best_shift,
    moved_chord,
    signature,
    steps_of,
)

_TOKEN = re.compile(
    r'"([^"]*)"'  # 1: words or a chord symbol
    r"|![^!]*!"
    r"|\[([A-Za-z]):([^\[\]]*)\]"  # 2, 3: a field
    r"|(\^\^|__|\^|_|=|)([A-Ga-g])([,']*)[0-9/]*(-?)"  # 4-7: a note
    r"|(\])[0-9/]*(-?)"  # 8, 9: the end of a chord
    r"|(\[)"  # 10: its beginning
    r"|(\|)(?![|:\]\[0-9,.\- ]*(?:V:|\||$))"  # 11: a barline with more of the voice behind it
)
_WORDS, _FIELD, _NOTE, _CHORD_END, _CHORD_BEGIN, _BAR_END = 1, 3, 7, 9, 10, 11
_KEY_FIELD = re.compile(r"^K:(.*)|\[K:([^\[\]]*)\]", re.MULTILINE)
_MICROTONE = re.compile(r"[\^_=]\d*/\d*[A-Ga-g]")
_QUOTED = re.compile(r'"[^"]*"')
_PERCUSSION = re.compile(r"(?:^|\s)(?:clef=)?perc\b")
_CLEF = re.compile(
    r"(?:^|\s)(?:clef=)?(?:treble|alto|tenor|bass|soprano|mezzosoprano|baritone|[CFG][1-5])"
)
_MARKS = {"": 0, "__": -2, "_": -1, "=": 0, "^": 1, "^^": 2}
_WRITTEN = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}
_OCTAVE = 12


def transpose_score(interleaved_abc: str, semitones: int) -> str:
    r"""Transpose a score by a diatonic interval, into keys of few accidentals.

    Percussion stays, and so does ``K:none``, whose notes get the accidentals they need.

    Parameters
    ----------
    interleaved_abc
        A whole piece or an excerpt, as ``Score`` writes it.
    semitones
        -6 to 6.

    Raises
    ------
    ValueError
        It has microtones, or a key signature that no tonic and mode can name.

    Examples
    --------
    >>> print(transpose_score('K:G\nV:1 treble\n[V:1]"D7"G2 ^c2 =f2|\n', 2), end="")
    K:A
    V:1 treble
    [V:1]"E7"A2 ^d2 =g2|
    """
    if _MICROTONE.search(_QUOTED.sub("", interleaved_abc)):
        raise ValueError("the score has microtones")
    moves = _Moves.of(interleaved_abc, semitones)
    return _Transposition(moves).written(interleaved_abc) if semitones else interleaved_abc


def shift_score(interleaved_abc: str, octaves: int) -> str:
    r"""Write all notes but those of percussion so many octaves higher; keys and chord symbols stay.

    Examples
    --------
    >>> shift_score("K:G\nV:1\n[V:1]G2 ^c'2|\n", -1)
    'K:G\nV:1\n[V:1]G,2 ^c2|\n'
    """
    return _Transposition(_Moves.by_octaves(octaves)).written(interleaved_abc)


@dataclass(frozen=True, slots=True)
class _Move:
    """How the notes of one key move."""

    fifths: int
    steps: int
    semitones: int


@dataclass(frozen=True, slots=True)
class _Moves:
    """How the notes of a piece move, by the sharps of the key in force."""

    semitones: int
    common: int | None
    """Steps along the line of fifths for all keys, where there is such a number."""

    @classmethod
    def of(cls, text: str, semitones: int) -> "_Moves":
        keys = [Key.of(in_header or inline) for in_header, inline in _KEY_FIELD.findall(text)]
        return cls(semitones, best_shift(Counter(key.fifths for key in keys if key), semitones))

    @classmethod
    def by_octaves(cls, octaves: int) -> "_Moves":
        return cls(_OCTAVE * octaves, 0)

    def of_key(self, key: Key | None) -> _Move:
        """Tell how notes move in a key; in none, with the fewest accidentals."""
        shift = self.common
        if key is None and shift is not None and abs(shift) > 6:
            shift = None
        if shift is None:
            shift = best_shift({key.fifths if key else 0: 1}, self.semitones)
        if shift is None:
            raise ValueError(f"no key lies {self.semitones} semitones from {key}")
        return _Move(shift, steps_of(shift, self.semitones), self.semitones)


@dataclass(slots=True)
class _Reading:
    """What accidentals and ties of a voice are in force, in the old text or in the new."""

    signature: tuple[int, ...]
    marked: dict[int, int] = field(default_factory=dict)
    """Alterations that the bar has said, by step."""
    held: dict[int, int] = field(default_factory=dict)
    """Alterations that ties carry into the bar."""
    tied: dict[int, int] = field(default_factory=dict)
    """Those that they carry on."""

    def begin_bar(self) -> None:
        self.marked, self.held, self.tied = {}, self.tied, {}

    def tie_into(self, step: int) -> int | None:
        """Take the tie that reaches a note."""
        tied = self.tied.pop(step, None)
        return self.held.pop(step, None) if tied is None else tied

    def unmarked(self, step: int, tied: int | None) -> int:
        """Tell how a note without accidental is altered."""
        if tied is not None:
            return tied
        return self.marked.get(step, self.signature[step % 7])


@dataclass(slots=True)
class _Voice:
    """One voice, read in the old text and in the new."""

    move: _Move
    old: _Reading
    new: _Reading
    is_percussion: bool = False
    partners: dict[int, int] = field(default_factory=dict)
    """New steps of the notes that are tied, by old step."""

    def copy(self) -> "_Voice":
        return replace(
            self, old=_Reading(self.old.signature), new=_Reading(self.new.signature), partners={}
        )


class _Transposition:
    """Writes the text anew; remembers what is in force in every voice."""

    def __init__(self, moves: _Moves) -> None:
        self._moves = moves
        none = signature(0)
        self._common = _Voice(moves.of_key(None), _Reading(none), _Reading(none))
        self._voices: dict[str, _Voice] = {}
        self._voice = self._common
        self._chord: list[tuple[int, int, int, int]] = []
        self._readers: dict[int, Callable[[re.Match[str]], str]] = {
            _WORDS: self._words,
            _FIELD: self._field,
            _NOTE: self._note,
            _CHORD_END: self._end_chord,
            _CHORD_BEGIN: self._begin_chord,
            _BAR_END: self._end_bar,
        }

    def written(self, text: str) -> str:
        """Write the whole text."""
        return "\n".join(
            self._header_line(line)
            if line[1:2] == ":" or line.startswith("%")
            else _TOKEN.sub(self._token, line)
            for line in text.split("\n")
        )

    def _header_line(self, line: str) -> str:
        if line.startswith("V:"):
            name, _, value = line[2:].strip().partition(" ")
            self._voice = self._voices.setdefault(name, self._common.copy())
            self._voice.is_percussion = bool(_PERCUSSION.search(_QUOTED.sub("", value)))
        elif line.startswith("I:percmap"):
            self._voice.is_percussion = True
        elif line.startswith("K:"):
            return "K:" + self._key(line[2:])
        return line

    def _token(self, token: re.Match[str]) -> str:
        reader = self._readers.get(token.lastindex or 0)
        return reader(token) if reader and not self._is_to_stay(token) else token[0]

    def _is_to_stay(self, token: re.Match[str]) -> bool:
        return self._voice.is_percussion and token.lastindex != _FIELD

    def _words(self, token: re.Match[str]) -> str:
        return f'"{moved_chord(token[1], self._voice.move.fifths)}"'

    def _field(self, token: re.Match[str]) -> str:
        letter, value = token[2], token[3]
        if letter == "K":
            return f"[K:{self._key(value)}]"
        if letter == "V":
            name = value.strip().split(" ")[0]
            self._voice = self._voices.setdefault(name, self._common.copy())
            self._end_bar(token)
        return token[0]

    def _key(self, value: str) -> str:
        """Put a key or clef into force for the voice, and write what the new text says."""
        voice = self._voice
        if _PERCUSSION.search(value):
            voice.is_percussion = True
        elif _CLEF.search(value):
            voice.is_percussion = False
        key = Key.of(value)
        if voice.is_percussion or (key is None and not value.strip().startswith("none")):
            return value
        voice.move = self._moves.of_key(key)
        voice.old.signature = signature(key.fifths if key else 0)
        voice.new.signature = signature(key.fifths + voice.move.fifths if key else 0)
        return key.moved(voice.move.fifths) if key else value

    def _note(self, token: re.Match[str]) -> str:
        voice, mark = self._voice, token[4]
        old, new, move = voice.old, voice.new, voice.move
        step = _step_of(token[5], token[6])
        tied = old.tie_into(step)
        if mark:
            alter = old.marked[step] = _MARKS[mark]
        else:
            alter = old.unmarked(step, tied)
        pitch = _natural(step) + alter + move.semitones
        target = step + move.steps if tied is None else voice.partners.get(step, step + move.steps)
        change = pitch - _natural(target)
        while abs(change) > 2:
            target += 1 if change > 0 else -1
            change = pitch - _natural(target)
        if mark or change != new.unmarked(target, new.tie_into(target)):
            new.marked[target] = change
            written = _WRITTEN[change] + _name_of(target)
        else:
            written = _name_of(target)
        self._chord.append((step, alter, target, change))
        if token[7]:
            self._tie(step, alter, target, change)
        return written + token[0][len(mark) + 1 + len(token[6]) :]

    def _tie(self, step: int, alter: int, target: int, change: int) -> None:
        self._voice.old.tied[step] = alter
        self._voice.new.tied[target] = change
        self._voice.partners[step] = target

    def _begin_chord(self, token: re.Match[str]) -> str:
        self._chord = []
        return token[0]

    def _end_chord(self, token: re.Match[str]) -> str:
        if token[9]:
            for note in self._chord:
                self._tie(*note)
        return token[0]

    def _end_bar(self, token: re.Match[str]) -> str:
        self._voice.old.begin_bar()
        self._voice.new.begin_bar()
        return token[0]


@cache
def _step_of(letter: str, marks: str) -> int:
    """Count letters from middle C.

    Examples
    --------
    >>> _step_of("C", ""), _step_of("c", "'"), _step_of("B", ",")
    (0, 14, -1)
    """
    octave = letter.islower() + marks.count("'") - marks.count(",")
    return "CDEFGAB".index(letter.upper()) + 7 * octave


@cache
def _name_of(step: int) -> str:
    """Write a note with its octave marks."""
    octave, letter = divmod(step, 7)
    if octave > 0:
        return "cdefgab"[letter] + "'" * (octave - 1)
    return "CDEFGAB"[letter] + "," * -octave


@cache
def _natural(step: int) -> int:
    """Count semitones from middle C to a note without accidental."""
    octave, letter = divmod(step, 7)
    return _OCTAVE * octave + NATURALS[letter]
