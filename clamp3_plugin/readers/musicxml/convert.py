"""MusicXML in, standard ABC and what else the file says out."""

from dataclasses import dataclass
from fractions import Fraction

from clamp3_plugin.errors import BrokenFileError, EmptyContentError, TooLargeError
from clamp3_plugin.music import Metadata
from clamp3_plugin.readers.musicxml.abc_text import (
    Staves,
    body_lines,
    is_stemless,
    number_voices,
    score_line,
    signature_lines,
    voice_bars,
    voice_lines,
)
from clamp3_plugin.readers.musicxml.opening import Opening
from clamp3_plugin.readers.musicxml.parse import Element, read_tree
from clamp3_plugin.readers.musicxml.part_list import Group, PartName, parts_of, read_part_list
from clamp3_plugin.readers.musicxml.parts import Part, PartReader
from clamp3_plugin.readers.musicxml.titles import Titles, read_titles
from clamp3_plugin.readers.musicxml.voices import VoicePlan

MAX_CELLS = 2_000_000  # bars times voices


@dataclass(frozen=True, slots=True)
class Converted:
    """A score as standard ABC, with the times of its bars.

    ``bar_numbers`` holds the printed number of each bar, ``bar_onsets`` where each begins in quarter
    notes, and one more for the end; ``tempo_map`` pairs of quarter notes from the start and quarter
    notes a minute.
    """

    abc: str
    bar_numbers: tuple[str, ...]
    bar_onsets: tuple[float, ...]
    tempo_map: tuple[tuple[float, float], ...]
    metadata: Metadata


def convert_musicxml(data: bytes) -> Converted:
    """Convert a score."""
    score = read_tree(data)
    opening = Opening()
    group = read_part_list(score)
    parts = _read_parts(score, group, opening)
    staves = number_voices(parts)
    titles = read_titles(score)
    texts: list[str] = []
    stemless = False
    for item in staves:
        for voice in item.voices:
            bars = voice_bars(voice, item.part)
            stemless = stemless or is_stemless(bars)
            texts += body_lines(voice, bars, item.part)
    header = ["X:1", *titles.lines]
    if line := score_line(group, {item.name.id: item for item in staves}):
        header.append(line)
    header += signature_lines(opening, stemless=stemless)
    for item in staves:
        header += voice_lines(item)
    abc = "\n".join([*header, *texts, "", ""])
    return Converted(abc, (), (), (), Metadata())


def _read_parts(score: Element, group: Group, opening: Opening) -> list[tuple[PartName, Part]]:
    software = " ".join(
        item.text or "" for item in score.iterfind("identification/encoding/software")
    )
    listed = {part.id: part for part in parts_of(group)}
    parts = []
    for element in score.iterfind("part"):
        name = listed.get(element.get("id", ""), PartName(element.get("id", "")))
        plan = VoicePlan(element, per_staff="Sibelius" in software)
        parts.append((name, PartReader(opening, plan, name.midi_pitches).read(element)))
    return parts
