"""Directions: words, dynamics, hairpins, pedals, octave shifts, jumps and tempo."""

import re
from dataclasses import dataclass, field

from clamp3_plugin.readers.musicxml.parse import Element
from clamp3_plugin.readers.musicxml.values import number

_DYNAMICS = ("p", "pp", "ppp", "pppp", "f", "ff", "fff", "ffff", "mp", "mf", "sfz")
_JUMPS = {
    "dacapo": "!D.C.!",
    "dalsegno": "!D.S.!",
    "tocoda": "!dacoda!",
    "fine": "!fine!",
    "coda": "!O!",
    "segno": "!S!",
}
_WORDS = {"words", "rehearsal"}
_BEATS = {"whole": (1, 1), "half": (1, 2), "quarter": (1, 4), "eighth": (1, 8)}
_DIGITS = re.compile(r"\d{1,4}")


@dataclass(frozen=True, slots=True)
class Tempo:
    """A tempo: what follows ``Q:``, and what it means in quarter notes a minute."""

    field: str
    quarters: float


@dataclass(frozen=True, slots=True)
class Line:
    """An end of something long: ``kind`` is ``wedge``, ``octave-shift`` or ``pedal``."""

    kind: str
    type: str
    number: str


@dataclass(slots=True)
class Direction:
    """What a direction says, in the order in which it is written."""

    staff: int = 1
    tempo: Tempo | None = None
    words: str = ""
    signs: list[str | Line] = field(default_factory=list)
    """Dynamics and jumps as text, ends of lines as such."""


def read_direction(direction: Element, staff: int) -> Direction:
    """Read a direction."""
    found = Direction(staff=staff)
    sound = direction.find("sound")
    found.tempo = read_sound(sound) if sound is not None else None
    played = found.tempo
    jump = _jump(sound)
    texts: list[str] = []
    below = placed_below = direction.get("placement") == "below"
    for kind in direction.iterfind("direction-type"):
        words = [sign for sign in kind if sign.tag in _WORDS]
        text = "".join(sign.text or "" for sign in words)
        texts.append(text.replace("\r", "").replace("\n", "\\n").strip())
        for sign in kind:
            if sign.tag in _WORDS:
                below = placed_below or _is_below(sign)
            elif sign.tag == "metronome":
                found.tempo = _metronome(sign, played) or found.tempo
            else:
                found.signs += _sign(sign)
    if jump and not found.signs:
        found.words = jump
    elif text := "".join(texts):
        found.words = _annotation(text, below=below)
    return found


def read_sound(sound: Element) -> Tempo | None:
    """Read the tempo that a ``sound`` element sets, in quarter notes."""
    value = number(sound.get("tempo"))
    if value is None or not 1 <= value <= 9999:
        return None
    return Tempo(f"1/4={round(value)}", float(value))


def _jump(sound: Element | None) -> str:
    if sound is None:
        return ""
    return next((text for name, text in _JUMPS.items() if sound.get(name)), "")


def _is_below(words: Element) -> bool:
    height = number(words.get("default-y"))
    return height is not None and height < 0


def _annotation(text: str, *, below: bool) -> str:
    escaped = text.replace('"', '\\"')
    return f'"{"_" if below else "^"}{escaped}"'


def _metronome(metronome: Element, played: Tempo | None) -> Tempo | None:
    """Read a metronome mark; None for those that only compare two notes.

    A mark without a number takes that of the tempo that is played, though it counts quarters: the
    reference writes it so.
    """
    top, bottom = _BEATS.get((metronome.findtext("beat-unit") or "").strip(), (1, 4))
    if metronome.find("beat-unit-dot") is not None:
        top, bottom = top * 3, bottom * 2
    digits = _DIGITS.search(metronome.findtext("per-minute") or "")
    if digits and int(digits[0]):
        beats = int(digits[0])
        return Tempo(f"{top}/{bottom}={beats}", 4 * top / bottom * beats)
    if played is None:
        return None
    return Tempo(f"{top}/{bottom}={round(played.quarters)}", played.quarters)


def _sign(sign: Element) -> list[str | Line]:
    match sign.tag:
        case "dynamics":
            present = {mark.tag for mark in sign}
            return [f"!{mark}!" for mark in _DYNAMICS if mark in present]
        case "wedge" | "octave-shift" | "pedal":
            number = "1" if sign.tag == "pedal" else sign.get("number", "1")
            return [Line(sign.tag, sign.get("type", ""), number)]
        case "coda":
            return ["O"]
        case "segno":
            return ["S"]
        case _:
            return []
