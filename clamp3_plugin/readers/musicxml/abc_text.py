"""Parts in, the text of a standard ABC score out."""

from dataclasses import dataclass

from clamp3_plugin.readers.musicxml.bars import Rhythm, bar_text, fill_time
from clamp3_plugin.readers.musicxml.events import Event, Note
from clamp3_plugin.readers.musicxml.heads import STEMLESS
from clamp3_plugin.readers.musicxml.lyrics import Verses
from clamp3_plugin.readers.musicxml.measures import Part
from clamp3_plugin.readers.musicxml.opening import Opening
from clamp3_plugin.readers.musicxml.part_list import Group, PartName

LINE = 100  # characters of music that a line stays under
DEFAULT_CLEF = "treble"


@dataclass(slots=True)
class Voice:
    """A voice that is written: its number in the ABC, its name in the part, its staff."""

    number: int
    name: str
    staff: int


@dataclass(slots=True)
class Staves:
    """A part with those of its voices that are written, by staff from the top."""

    name: PartName
    part: Part
    voices: list[Voice]

    @property
    def by_staff(self) -> list[list[Voice]]:
        """The voices of each staff."""
        staves: dict[int, list[Voice]] = {}
        for voice in self.voices:
            staves.setdefault(voice.staff, []).append(voice)
        return [staves[staff] for staff in sorted(staves)]


def number_voices(parts: list[tuple[PartName, Part]]) -> list[Staves]:
    """Give numbers to the voices that have something to say, over all parts."""
    numbered: list[Staves] = []
    count = 0
    for name, part in parts:
        voices = []
        for voice, staff in part.staff_of.items():
            if voice in part.sounding:
                count += 1
                voices.append(Voice(count, voice, staff))
        if voices:
            numbered.append(Staves(name, part, voices))
    return numbered


def staff_numbers(parts: list[Part], staves: list[Staves]) -> tuple[int, ...]:
    """Give the staff of each voice that is written, from 1 at the top; silent staves count too."""
    numbers: dict[int, int] = {}
    written = {id(item.part): item.voices for item in staves}
    above = 0
    for part in parts:
        for voice in written.get(id(part), ()):
            numbers[voice.number] = above + voice.staff
        above += max(part.staff_of.values(), default=1)
    return tuple(numbers[number] for number in sorted(numbers))


def score_line(group: Group, staves: dict[str, Staves]) -> str:
    """Write the ``%%score`` line; empty where there is only one voice to place."""
    text = _join(group, staves)
    return f"%%score {text}" if len(text.split()) > 1 else ""


def _join(group: Group, staves: dict[str, Staves]) -> str:
    texts = []
    for member in group.members:
        if isinstance(member, Group):
            inner = _join(member, staves)
            texts.append(f"{member.opening} {inner} {member.closing}" if inner else "")
        elif member.id in staves:
            texts.append(_staves_text(staves[member.id]))
    return (" | " if group.barline else " ").join(text for text in texts if text)


def _staves_text(staves: Staves) -> str:
    texts = []
    for voices in staves.by_staff:
        numbers = " ".join(str(voice.number) for voice in voices)
        texts.append(f"( {numbers} )" if len(voices) > 1 else numbers)
    text = " | ".join(texts)
    return f"{{ {text} }}" if len(texts) > 1 else text


def signature_lines(opening: Opening, *, stemless: bool) -> list[str]:
    """Write unit length, tempo, time and key of the header."""
    lines = ["L:1/8"]
    if opening.tempo is not None:
        lines.append(f"Q:{opening.tempo.field}")
    lines.append(f"M:{opening.meter or 'none'}")
    lines.append(f"K:{opening.key.name if opening.key is not None else 'none'}")
    if stemless:
        lines.append("U:s=!stemless!")
    return lines


def voice_lines(staves: Staves) -> list[str]:
    """Write what the header says of the voices of a part."""
    lines = []
    names = f'nm="{staves.name.name}"' if staves.name.name else ""
    if staves.name.abbreviation:
        names += f' snm="{staves.name.abbreviation}"'
    for voices in staves.by_staff:
        for voice in voices:
            clef = staves.part.clefs.get(voice.staff, DEFAULT_CLEF)
            shown = f"{clef} " if clef else ""
            lines.append(f"V:{voice.number} {shown}{names}")
            names = ""
            if clef.startswith("perc"):
                lines.append("K:none")
            lines += staves.part.drums.get(voice.name, {})
    return lines


def voice_bars(voice: Voice, part: Part) -> list[list[Event]]:
    """Lay out all bars of a voice."""
    bars = [
        fill_time(measure.bars.get(voice.name, []), measure.length, measure.per_quarter)
        for measure in part.measures
    ]
    rhythm = Rhythm()
    for bar in bars:
        rhythm.write(bar)
    rhythm.end()
    return bars


def is_stemless(bars: list[list[Event]]) -> bool:
    """Tell whether a note of these bars has no stem."""
    return any(
        isinstance(event, Note) and STEMLESS in event.decorations for bar in bars for event in bar
    )


def body_lines(voice: Voice, bars: list[list[Event]], part: Part) -> list[str]:
    """Write the lines of music of a voice, with its words."""
    lines = [f"V:{voice.number}"]
    verses = Verses(part.verses.get(voice.name, ()))
    line = "|:" if part.repeat_at_start else ""
    begun = 0
    for count, (bar, measure) in enumerate(zip(bars, part.measures, strict=True)):
        text = f"{bar_text(bar)} {measure.barline.text}"
        if line and len(line) + len(text) >= LINE and begun < count:
            lines.append(f"{line} %{count}")
            lines += verses.lines(bars[begun:count])
            line, begun = "", count
        line += text
    lines.append(f"{line} %{len(bars)}")
    lines += verses.lines(bars[begun:])
    return lines
