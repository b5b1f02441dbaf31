"""What is in force at a bar: key, metre, tempo and clef of every voice of interleaved ABC.

An excerpt must carry what earlier bars established, or it would be read in the wrong key.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from clamp3_plugin.readers.abc_fields import clef_of

_VOICE_OR_FIELD = re.compile(r"\[([A-Za-z]):([^\[\]]*)\]")
_VOICE_LINE = re.compile(r"V:\s*(\S+)\s*(.*)")
_VOICE_IN_BAR = re.compile(r"\[V:\s*([^\[\]\s]+)[^\[\]]*\]")
_COMMON = "KMLQ"
"""Fields of the header that hold for all voices."""


@dataclass(slots=True)
class State:
    """Fields in force, by voice; fed bar by bar."""

    given: dict[str, str] = field(default_factory=dict)
    """What the header says for all, by letter."""
    began: dict[str, dict[str, str]] = field(default_factory=dict)
    """What the header says for one voice; the clef goes by ``clef``."""
    now: dict[str, dict[str, str]] = field(default_factory=dict)
    """What changed since, for each voice."""

    @classmethod
    def of_header(cls, header: Sequence[str]) -> "State":
        """Read the lines before the music; a ``K:`` after a ``V:`` line holds for that voice."""
        state = cls()
        voice: dict[str, str] | None = None
        for line in header:
            letter, value = line[:1], line[2:].strip()
            opening = _VOICE_LINE.match(line)
            if opening:
                voice = state.began.setdefault(opening[1], {})
                voice["clef"] = clef_of(opening[2]) or opening[2].split(" ")[0]
            elif line[1:2] == ":" and letter in _COMMON:
                (state.given if voice is None else voice)[letter] = value
        return state

    def read_bar(self, line: str) -> None:
        """Take the changes that a bar makes."""
        current: dict[str, str] = {}
        for letter, value in _VOICE_OR_FIELD.findall(line):
            if letter == "V":
                current = self.now.setdefault(value.split(" ")[0], {})
            elif letter == "K" and _is_clef(value):
                current["clef"] = value
            elif letter in _COMMON:
                current[letter] = value

    def voices(self) -> list[str]:
        """Names of all voices."""
        return list(dict.fromkeys([*self.began, *self.now]))

    def value(self, voice: str, letter: str) -> str:
        """Tell what holds for a voice."""
        began = self.began.get(voice, {}).get(letter, self.given.get(letter, ""))
        return self.now.get(voice, {}).get(letter, began)

    def common(self) -> dict[str, str]:
        """Gather what changed and now holds for all voices alike: this may go into the header."""
        changed: dict[str, str] = {}
        for letter in _COMMON:
            marked = [now[letter] for now in self.now.values() if letter in now]
            everyone = {self.value(voice, letter) for voice in self.voices()}
            # A tempo stands in one voice and holds for all.
            is_common = letter == "Q" or len(everyone) == 1
            if marked and is_common and marked[0] != self.given.get(letter):
                changed[letter] = marked[0]
        return changed


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
    """Write a bar with what holds for single voices put before their notes.

    A field that the bar itself begins with is not written twice.
    """
    common = state.common()
    pieces = _VOICE_IN_BAR.split(line)
    written = [pieces[0]]
    openings = _VOICE_IN_BAR.findall(line)
    for voice, opening, text in zip(openings, _openings(line), pieces[2::2], strict=True):
        fields = _missing(voice, _leading(text), state, common)
        gap = " " if fields and not text.startswith(("[", "|", " ")) else ""
        written.append(f"{opening}{fields}{gap}{text}")
    return "".join(written)


def _openings(line: str) -> list[str]:
    return [found[0] for found in _VOICE_IN_BAR.finditer(line)]


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
