"""What is in force at a bar: key, metre, unit length, tempo and clef of every voice.

An excerpt must carry what earlier bars established, or it would be read in the wrong key. The changes
of a piece are gathered in one pass (``Changes``); what holds at a bar is then looked up (``State``).
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from clamp3_plugin.readers.abc_fields import clef_of
from clamp3_plugin.readers.ties import Held, ties_out_of, with_held

_VOICE_OR_FIELD = re.compile(r"\[([A-Za-z]):([^\[\]]*)\]")
_VOICE_LINE = re.compile(r"V:\s*(\S+)\s*(.*)")
VOICE_IN_BAR = re.compile(r"\[V:\s*([^\[\]\s]+)[^\[\]]*\]")
_COMMON = "KMLQ"
"""Fields of the header that hold for all voices."""
_ALL = ""
"""The voice of what holds for all wherever it stands: the tempo."""


@dataclass(frozen=True, slots=True)
class State:
    """Fields in force, by voice."""

    given: dict[str, str]
    """What the header says for all, by letter."""
    began: dict[str, dict[str, str]]
    """What the header says for one voice; the clef goes by ``clef``."""
    now: dict[str, dict[str, str]]
    """What changed since, for each voice; tempo under the empty name."""
    held: Mapping[str, Held]
    """Notes that ties carry into the bar, by voice."""

    def value(self, voice: str, letter: str) -> str:
        """Tell what holds for a voice."""
        began = self.began.get(voice, {}).get(letter, self.given.get(letter, ""))
        return self.now.get(voice, {}).get(letter, began)

    def common(self) -> dict[str, str]:
        """Gather what changed and now holds for all voices alike: this may go into the header."""
        changed: dict[str, str] = {}
        voices = [voice for voice in dict.fromkeys([*self.began, *self.now]) if voice != _ALL]
        for letter in _COMMON:
            marked = [now[letter] for now in self.now.values() if letter in now]
            is_common = letter == "Q" or len({self.value(voice, letter) for voice in voices}) == 1
            if marked and is_common and marked[0] != self.given.get(letter):
                changed[letter] = marked[0]
        return changed


@dataclass(slots=True)
class Changes:
    """All changes of a piece, by voice and letter; one pass over it, then quick to ask."""

    given: dict[str, str] = field(default_factory=dict)
    began: dict[str, dict[str, str]] = field(default_factory=dict)
    places: dict[tuple[str, str], tuple[list[int], list[str]]] = field(default_factory=dict)
    """Bars that change a field of a voice, ascending, and its value after each of them."""
    held: dict[int, dict[str, Held]] = field(default_factory=dict)
    """Notes that ties carry into a bar, by voice, for the bars that have such."""

    @classmethod
    def of(cls, header: Sequence[str], lines: Iterable[str]) -> "Changes":
        """Read a piece in interleaved ABC."""
        changes = cls()
        changes._read_header(header)
        for position, line in enumerate(lines):
            changes._read_ties(position, line)
            changes._read_bar(position, line)
        return changes

    def before(self, position: int) -> State:
        """Tell what is in force where a bar begins, bars counted from 0."""
        now: dict[str, dict[str, str]] = {}
        for (voice, letter), (positions, values) in self.places.items():
            i = bisect_left(positions, position)
            if i:
                now.setdefault(voice, {})[letter] = values[i - 1]
        return State(self.given, self.began, now, self.held.get(position, {}))

    def _read_header(self, header: Sequence[str]) -> None:
        """Read the lines before the music; a ``K:`` after a ``V:`` line holds for that voice."""
        voice: dict[str, str] | None = None
        for line in header:
            letter, value = line[:1], line[2:].strip()
            opening = _VOICE_LINE.match(line)
            if opening:
                voice = self.began.setdefault(opening[1], {})
                voice["clef"] = clef_of(opening[2]) or opening[2].split(" ")[0]
            elif line[1:2] == ":" and letter in _COMMON:
                (self.given if voice is None else voice)[letter] = value

    def _read_bar(self, position: int, line: str) -> None:
        voice = _ALL
        for letter, value in _VOICE_OR_FIELD.findall(line):
            if letter == "V":
                voice = value.strip().split(" ")[0]
                self.began.setdefault(voice, {})
            elif letter == "Q":
                self._note(position, _ALL, letter, value)
            elif voice == _ALL:
                continue  # before any voice: no converter writes such
            elif letter == "K" and _is_clef(value):
                self._note(position, voice, "clef", value)
            elif letter in _COMMON:
                self._note(position, voice, letter, value)

    def _read_ties(self, position: int, line: str) -> None:
        """Find what the bar ties to the next; to be asked before its changes are read."""
        held = self.held.get(position, {})
        if "-" not in line:
            return
        pieces = VOICE_IN_BAR.split(line)
        for voice, text in zip(pieces[1::2], pieces[2::2], strict=True):
            if "-" in text:
                key = self._latest(voice, "K")
                if tied := ties_out_of(text, key, held.get(voice, {})):
                    self.held.setdefault(position + 1, {})[voice] = tied

    def _latest(self, voice: str, letter: str) -> str:
        _, values = self.places.get((voice, letter), ([], []))
        began = self.began.get(voice, {}).get(letter, self.given.get(letter, ""))
        return values[-1] if values else began

    def _note(self, position: int, voice: str, letter: str, value: str) -> None:
        positions, values = self.places.setdefault((voice, letter), ([], []))
        if positions and positions[-1] == position:
            values[-1] = value
        else:
            positions.append(position)
            values.append(value)


def header_in_force(header: Sequence[str], state: State) -> tuple[str, ...]:
    """Write the header with the fields that hold for all voices at a bar."""
    common = state.common()
    lines: list[str] = []
    is_before_voices = True
    for line in header:
        letter = line[:1]
        is_before_voices = is_before_voices and not line.startswith("V:")
        is_common = is_before_voices and line[1:2] == ":" and letter in _COMMON
        if is_common and letter == "M" and "Q" in common:
            lines.append(f"Q:{common.pop('Q')}")  # where the converter writes it: before the metre
        lines.append(f"{letter}:{common.pop(letter)}" if is_common and letter in common else line)
    voices = next((i for i, line in enumerate(lines) if line.startswith("V:")), len(lines))
    lines[voices:voices] = [f"{letter}:{value}" for letter, value in common.items()]
    return tuple(lines)


def line_in_force(line: str, state: State) -> str:
    """Write a bar with what holds for single voices put before their notes, ties with accidentals.

    A field that the bar itself begins with is not written twice.
    """
    common = state.common()
    pieces = VOICE_IN_BAR.split(line)
    written = [pieces[0]]
    openings = VOICE_IN_BAR.findall(line)
    for voice, opening, bar in zip(openings, _openings(line), pieces[2::2], strict=True):
        fields = _missing(voice, _leading(bar), state, common)
        text = with_held(bar, state.value(voice, "K"), state.held.get(voice, {}))
        gap = " " if fields and not text.startswith(("[", "|", " ")) else ""
        written.append(f"{opening}{fields}{gap}{text}")
    return "".join(written)


def _openings(line: str) -> list[str]:
    return [found[0] for found in VOICE_IN_BAR.finditer(line)]


def _leading(text: str) -> set[str]:
    """Letters of the fields that a bar begins with, ``clef`` for a clef."""
    letters: set[str] = set()
    position = 0
    while found := _VOICE_OR_FIELD.match(text, position):
        is_clef = found[1] == "K" and _is_clef(found[2])
        letters.add("clef" if is_clef else found[1])
        position = found.end()
    return letters


def _missing(voice: str, said: set[str], state: State, common: dict[str, str]) -> str:
    """Write the fields in force that neither the header nor the bar itself says."""
    began = state.began.get(voice, {})
    fields = ""
    for letter in ("K", "M", "L", "clef"):
        value = state.value(voice, letter)
        in_header = began.get(letter, common.get(letter, state.given.get(letter, "")))
        if value and value != in_header and letter not in said:
            fields += f"[{'K' if letter == 'clef' else letter}:{value}]"
    return fields


def _is_clef(value: str) -> bool:
    """Tell ``[K:bass]`` from ``[K:G]``."""
    return bool(clef_of(value)) and not re.match(r"[A-G]|none", value)
