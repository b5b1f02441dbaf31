"""The tones of a score: its interleaved ABC, played as it is written, without repeats.

Conventions: lengths are in eighths until the tempo makes seconds of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from clamp3_plugin.daemon.hearing.tones import Tone
from clamp3_plugin.readers.abc_fields import metre_of, tempo_of, unit_length_of
from clamp3_plugin.readers.abc_notes import Mark, Sound, VoiceScanner
from clamp3_plugin.readers.general_midi import INSTRUMENTS

DEFAULT_TEMPO = 100.0  # quarters a minute, where the score says none
_VOICE = re.compile(r"\[V:\s*([^\]\s]+)\s*\]")
_NAME = re.compile(r'\bnm="([^"]*)"')
_PITCH = re.compile(r"(\^{1,2}|_{1,2}|=)?[\d/]*([A-Ga-g])([,']*)(-?)")
_KEY = re.compile(r"\s*([A-G])([#b]?)\s*([A-Za-z]*)")
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ALTERS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
_FIFTHS = "FCGDAEB"
_MODES = {"": 0, "maj": 0, "ion": 0, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3,
          "phr": -4, "loc": -5, "lyd": 1}  # fmt: skip
_WORDS = {"violoncello": 42, "soprano": 52, "alto": 52, "tenor": 52, "basso": 52, "bass": 52,
          "voice": 52, "choir": 52, "canto": 52, "piano": 0, "guitar": 24, "horn": 60, "bass drum": -1,
          "string": 48, "organ": 19, "violone": 43, "double bass": 43}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Playing:
    """How a score is played."""

    tones: list[Tone]
    starts: list[float]
    """Second at which each bar begins, and at which the last ends."""


class _Voice:
    """What one voice remembers from bar to bar."""

    def __init__(self, program: int, key: dict[str, int]) -> None:
        self.program = program
        self.key = key
        self.tied: dict[int, int] = {}
        """By pitch, where in the list of tones the one stands that goes on."""


class _Reading:
    """A reading of one score, bar by bar."""

    def __init__(self, header: Iterable[str], tempo: float) -> None:
        self.tones: list[Tone] = []
        self.starts = [0.0]
        self._metre, self._unit, self._key = "4/4", Fraction(1, 8), key_alterations("C")
        self._eighth_s = 30.0 / tempo
        self._names: dict[str, str] = {}
        self._voices: dict[str, _Voice] = {}
        for line in header:
            self._field(line[:1], line[2:].strip())

    def bar(self, line: str) -> None:
        """Read one bar of all voices; the next begins where the longest of them ends."""
        parts = _VOICE.split(line)
        pairs = list(zip(parts[1::2], parts[2::2], strict=False)) or [("1", line)]
        lengths = [self._sing(name, music) for name, music in pairs]
        self.starts.append(self.starts[-1] + max(lengths, default=0.0))

    def _field(self, letter: str, value: str) -> None:
        if letter == "M":
            self._metre = metre_of(value)
        elif letter == "L":
            self._unit = unit_length_of(value, self._metre)
        elif letter == "K":
            self._key = key_alterations(value)
        elif letter == "Q":
            self._pace(value)
        elif letter == "V" and value:
            name = _NAME.search(value)
            self._names[value.split(maxsplit=1)[0]] = name[1] if name else ""

    def _pace(self, value: str) -> None:
        tempo = tempo_of(value, self._unit)
        if tempo is not None and tempo.quarters_per_minute > 0:
            self._eighth_s = 30.0 / tempo.quarters_per_minute

    def _sing(self, name: str, music: str) -> float:
        """Read one voice's bar; gives its seconds."""
        if name not in self._voices:
            self._voices[name] = _Voice(program_of(self._names.get(name, "")), self._key)
        voice = self._voices[name]
        scanner = VoiceScanner(self._metre, self._unit)
        scanner.read_line(music)
        at = 0.0
        altered: dict[str, int] = {}
        for item in scanner.finish():
            if isinstance(item, Mark):
                self._mark(item.text, voice)
            elif isinstance(item, Sound):
                length = float(item.length * (item.ratio or 1)) * self._eighth_s
                if item.is_rest:
                    voice.tied = {}
                else:
                    self._sound(item, voice, altered, (self.starts[-1] + at, length))
                at += length
        return at

    def _mark(self, text: str, voice: _Voice) -> None:
        letter, value = text[1:2], text[3:-1]
        if text.startswith("[K:") and _KEY.match(value):
            voice.key = key_alterations(value)
        elif text.startswith("[M:"):
            self._metre = metre_of(value)
        elif letter == "Q" and text.startswith("["):
            self._pace(value)

    def _sound(
        self, sound: Sound, voice: _Voice, altered: dict[str, int], when: tuple[float, float]
    ) -> None:
        start, length = when
        tied: dict[int, int] = {}
        for accidental, letter, octaves, tie in _PITCH.findall(sound.text):
            place = letter + octaves
            if accidental:
                altered[place] = _ALTERS[accidental]
            alter = altered.get(place, voice.key.get(letter.upper(), 0))
            pitch = midi_pitch(letter, octaves, alter)
            before = voice.tied.get(pitch)
            if before is None:
                self.tones.append(Tone(start, length, pitch, program=voice.program))
                before = len(self.tones) - 1
            else:
                held = self.tones[before]
                self.tones[before] = replace(held, length=start + length - held.start)
            if sound.tie or tie:
                tied[pitch] = before
        voice.tied = tied


def playing_of(abc: str, tempo: float | None) -> Playing:
    """Tell how a score in interleaved ABC is played.

    Parameters
    ----------
    abc
        Header lines, then a line for each bar.
    tempo
        Quarters a minute where the score itself says none.
    """
    lines = abc.splitlines()
    first = next((i for i, line in enumerate(lines) if line.startswith("[V:")), len(lines))
    reading = _Reading(lines[:first], tempo or DEFAULT_TEMPO)
    for line in lines[first:]:
        reading.bar(line)
    return Playing(reading.tones, reading.starts)


def key_alterations(key: str) -> dict[str, int]:
    """Tell which letters a key alters.

    Examples
    --------
    >>> key_alterations("Bb"), key_alterations("Edor")
    ({'B': -1, 'E': -1}, {'F': 1, 'C': 1})
    """
    match = _KEY.match(key)
    if match is None:
        return {}
    tonic, accidental, mode = match.groups()
    signs = _FIFTHS.index(tonic) - 1 + {"#": 7, "b": -7, "": 0}[accidental]
    signs += _MODES.get(mode.lower()[:3], 0)
    if signs >= 0:
        return dict.fromkeys(_FIFTHS[:signs], 1)
    return dict.fromkeys(_FIFTHS[::-1][:-signs], -1)


def midi_pitch(letter: str, octaves: str, alter: int) -> int:
    """Give the MIDI number of a note.

    Examples
    --------
    >>> midi_pitch("C", "", 0), midi_pitch("c", "'", 1), midi_pitch("A", ",", 0)
    (60, 85, 57)
    """
    octave = letter.islower() + octaves.count("'") - octaves.count(",")
    return max(0, min(127, 60 + _STEPS[letter.upper()] + 12 * octave + alter))


def program_of(name: str) -> int:
    """Guess the instrument that a voice's name means; the piano where it means none.

    Examples
    --------
    >>> program_of("Violin II"), program_of("Tenor"), program_of("Part 1")
    (40, 52, 0)
    """
    words = name.casefold()
    exact = {instrument.casefold(): program for program, instrument in enumerate(INSTRUMENTS)}
    known = {**_WORDS, **exact}
    fitting = [word for word in known if word in words]
    return known[max(fitting, key=len)] if fitting else 0
