"""MusicXML in, standard ABC and what else the file says out.

Written from the specification of the reference converter's output, so that the official weights see
what they were trained on; where the reference gives up on a whole score for one odd element, the
element is left out instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clamp3_plugin.errors import EmptyContentError, TooLargeError
from clamp3_plugin.music import Metadata
from clamp3_plugin.readers.musicxml.abc_text import (
    Staves,
    body_lines,
    is_stemless,
    number_voices,
    score_line,
    signature_lines,
    staff_numbers,
    voice_bars,
    voice_lines,
)
from clamp3_plugin.readers.musicxml.alignment import (
    align,
    bar_lengths,
    running_sums,
    seconds,
    tempo_map,
)
from clamp3_plugin.readers.musicxml.cut import CutScore, read_score
from clamp3_plugin.readers.musicxml.measures import Part
from clamp3_plugin.readers.musicxml.opening import Opening
from clamp3_plugin.readers.musicxml.parse import LIMITS, TreeLimits
from clamp3_plugin.readers.musicxml.part_list import Group, PartName, parts_of, read_part_list
from clamp3_plugin.readers.musicxml.parts import PartReader
from clamp3_plugin.readers.musicxml.titles import Titles, read_titles
from clamp3_plugin.readers.musicxml.voices import VoicePlan

MAX_CELLS = 300_000  # bars times voices, every voice being written in every bar; operas: 120,000


@dataclass(frozen=True, slots=True)
class Converted:
    """A score as standard ABC, with the times of its bars."""

    abc: str
    bar_numbers: tuple[str, ...]
    """Printed number of each bar, in the order written."""
    bar_onsets: tuple[float, ...]
    """Where each bar begins, in quarter notes, and one more for the end."""
    tempo_map: tuple[tuple[float, float], ...]
    """Quarter notes from the start, and the quarter notes a minute from there on."""
    voice_staves: tuple[int, ...]
    """Staff of each voice of the ABC, from 1 at the top of the score."""
    metadata: Metadata


def convert_musicxml(data: bytes, limits: TreeLimits = LIMITS) -> Converted:
    """Convert a score, whatever of it can be read.

    Raises
    ------
    BrokenFileError
        It is no well-formed XML or no MusicXML.
    TooLargeError
        It is over a limit.
    EmptyContentError
        There is no note in it.
    """
    score = read_score(data, limits)
    opening = Opening()
    group = read_part_list(score.header)
    read = _read_parts(score, group, opening)
    staves = number_voices(read)
    parts = [item.part for item in staves]
    if not any(part.has_notes for part in parts):
        raise EmptyContentError("There is no note in this score.")
    lengths = bar_lengths(parts)
    tempos = tempo_map(parts, lengths)
    bars = align(parts, lengths)
    if len(bars) * sum(len(item.voices) for item in staves) > MAX_CELLS:
        raise TooLargeError(f"The score has over {MAX_CELLS} bars in all voices.")
    onsets = tuple(map(float, running_sums([bar.length for bar in bars])))
    titles = read_titles(score.header)
    metadata = _metadata(titles, opening, staves, len(bars))
    if any(part.tempos for part in parts):
        metadata = replace(metadata, duration=seconds(tempos, onsets[-1]))
    return Converted(
        abc=_write(titles, group, opening, staves),
        bar_numbers=tuple(bar.number for bar in bars),
        bar_onsets=onsets,
        tempo_map=tempos,
        voice_staves=staff_numbers([part for _, part in read], staves),
        metadata=metadata,
    )


def _read_parts(score: CutScore, group: Group, opening: Opening) -> list[tuple[PartName, Part]]:
    """Read all parts; those that the part list does not name come into it at the end."""
    listed = {part.id: part for part in parts_of(group)}
    parts = []
    for count, cut in enumerate(score.parts):
        name = listed.pop(cut.id, None)
        if name is None:
            name = PartName(f"part {count}")
            group.members.append(name)
        shapes = (shape for _, shape, _ in cut.notes)
        plan = VoicePlan(shapes, per_staff=score.voice_per_staff)
        parts.append((name, PartReader(opening, plan, name.midi_pitches).read(cut)))
    return parts


def _write(titles: Titles, group: Group, opening: Opening, staves: Sequence[Staves]) -> str:
    body: list[str] = []
    stemless = False
    for item in staves:
        for voice in item.voices:
            bars = voice_bars(voice, item.part)
            stemless = stemless or (item.part.has_stemless and is_stemless(bars))
            body += body_lines(voice, bars, item.part)
    header = ["X:1", *titles.lines]
    if line := score_line(group, {item.name.id: item for item in staves}):
        header.append(line)
    header += signature_lines(opening, stemless=stemless)
    for item in staves:
        header += voice_lines(item)
    return "\n".join([*header, *body, "", ""])


def _metadata(titles: Titles, opening: Opening, staves: Sequence[Staves], bars: int) -> Metadata:
    names = (item.name.name or item.name.instrument for item in staves)
    instruments = (" ".join(name.replace("\\n", " ").split()) for name in names)
    key = opening.key
    return Metadata(
        title=titles.titles[0] if titles.titles else "",
        composer=", ".join(titles.composers),
        lyricist=", ".join(titles.lyricists),
        key=key.title if key is not None else "",
        meter=opening.meter,
        tempo=opening.tempo.quarters if opening.tempo is not None else None,
        instruments=tuple(dict.fromkeys(name for name in instruments if name)),
        bars=bars,
    )
