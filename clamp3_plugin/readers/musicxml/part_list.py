"""The list of parts: their names, and the brackets and braces that join them."""

from dataclasses import dataclass, field

from clamp3_plugin.readers.general_midi import DRUM_CHANNEL, INSTRUMENTS
from clamp3_plugin.readers.musicxml.parse import Element
from clamp3_plugin.readers.musicxml.values import whole

MAX_NAME = 200  # characters; a name stands in the text of every score
MAX_NESTING = 16  # groups within groups


@dataclass(slots=True)
class PartName:
    """A part as the list names it."""

    id: str
    name: str = ""
    abbreviation: str = ""
    instrument: str = ""
    midi_pitches: dict[str, int] = field(default_factory=dict)
    """MIDI pitch of each unpitched instrument, by its id."""


@dataclass(slots=True)
class Group:
    """Parts and groups that are joined in print."""

    number: str = ""
    opening: str = ""
    closing: str = ""
    barline: bool = False
    name: str = ""
    abbreviation: str = ""
    members: list["PartName | Group"] = field(default_factory=list)


def read_part_list(score: Element) -> Group:
    """Read the parts and their groups, mending groups that are not closed or closed twice."""
    every = Group()
    listed = score.find("part-list")
    open_groups = [every]
    for child in listed if listed is not None else ():
        if child.tag == "score-part":
            part = _part(child)
            part.name = f"{open_groups[-1].name}:{part.name}".strip(":")
            part.abbreviation = f"{open_groups[-1].abbreviation}:{part.abbreviation}".strip(":")
            open_groups[-1].members.append(part)
        elif child.tag == "part-group" and child.get("type") == "start":
            if len(open_groups) <= MAX_NESTING:
                group = _group(child)
                open_groups[-1].members.append(group)
                open_groups.append(group)
        elif child.tag == "part-group":
            _close(open_groups, child.get("number", "1"))
    return every


def parts_of(group: Group) -> list[PartName]:
    """List the parts of a group and of all groups in it, in order."""
    parts: list[PartName] = []
    for member in group.members:
        parts += parts_of(member) if isinstance(member, Group) else [member]
    return parts


def _close(open_groups: list[Group], number: str) -> None:
    for depth in range(len(open_groups) - 1, 0, -1):
        if open_groups[depth].number == number:
            del open_groups[depth:]
            return


def _group(start: Element) -> Group:
    brace = (start.findtext("group-symbol") or "").strip() == "brace"
    return Group(
        number=start.get("number", "1"),
        opening="{" if brace else "[",
        closing="}" if brace else "]",
        barline=(start.findtext("group-barline") or "").strip() == "yes",
        name=_name(start.findtext("group-name")),
        abbreviation=_name(start.findtext("group-abbreviation")),
    )


def _part(listed: Element) -> PartName:
    pitches = {}
    for midi in listed.iterfind("midi-instrument"):
        text = (midi.findtext("midi-unpitched") or "").strip()
        if text.isascii() and text.isdigit() and len(text) <= 3:
            pitches[midi.get("id", "")] = int(text) - 1
    return PartName(
        id=listed.get("id", ""),
        name=_name(listed.findtext("part-name")),
        abbreviation=_name(listed.findtext("part-abbreviation")),
        instrument=_instrument(listed),
        midi_pitches=pitches,
    )


def _instrument(listed: Element) -> str:
    """Name the instrument of a part, or else the General MIDI program that plays it."""
    if name := _name(listed.findtext("score-instrument/instrument-name")):
        return name.replace("\\n", " ")
    midi = listed.find("midi-instrument")
    if midi is None:
        return ""
    if whole(midi.findtext("midi-channel"), 0, 0, 16) == DRUM_CHANNEL + 1:
        return "Drums"
    program = whole(midi.findtext("midi-program"), 0, 0, 129)
    return INSTRUMENTS[program - 1] if 1 <= program <= len(INSTRUMENTS) else ""


def _name(text: str | None) -> str:
    """Bring a name on one line, as it stands in a V: line."""
    if not text or not text.strip():
        return ""
    name = text[:MAX_NAME].replace('"', "'")
    return name.replace("\r", "").replace("\n", "\\n").replace(".:", ".").strip(":")
