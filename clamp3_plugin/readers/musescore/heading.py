"""The title block and the list of parts as MusicXML."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

from clamp3_plugin.readers.musescore.parts import Part, text_of

_SYMBOLS = {0: "bracket", 1: "brace", 2: "square", 3: "line"}
_CREATORS = {"composer": "Composer", "lyricist": "Lyricist"}
_TAGS = {"lyricist": ("lyricist", "poet"), "composer": ("composer",)}


def titles(score: Element, written: Element) -> None:
    """Write title and names: from the properties of the score, else from its title frame."""
    frame = _frame(score)
    if title := _tag(score, "workTitle") or frame.get("title", ""):
        SubElement(SubElement(written, "work"), "work-title").text = title
    if movement := _tag(score, "movementTitle"):
        SubElement(written, "movement-title").text = movement
    identification = SubElement(written, "identification")
    for kind, tags in _TAGS.items():
        names = [name for tag in tags if (name := _tag(score, tag))] or [frame.get(kind, "")]
        for name in filter(None, names):
            SubElement(identification, "creator", type=kind).text = name
    if rights := _tag(score, "copyright"):
        SubElement(identification, "rights").text = rights


def _tag(score: Element, name: str) -> str:
    return next((text_of(tag) for tag in score.iterfind("metaTag") if tag.get("name") == name), "")


def _frame(score: Element) -> dict[str, str]:
    """Read the texts of the title frame by their style, in small letters."""
    found: dict[str, str] = {}
    for text in score.iterfind("Staff/VBox/Text"):
        style = (text.findtext("style") or text.findtext("subtype") or "").strip().lower()
        found.setdefault(style, text_of(text.find("text")))
    return found


def part_list(parts: Sequence[Part], drums: Sequence[set[int]]) -> Element:
    """List the parts with their brackets; ``drums`` are the pitches that each has played."""
    listed = Element("part-list")
    closing: dict[int, list[int]] = {}
    groups = staff = 0
    for number, (part, played) in enumerate(zip(parts, drums, strict=True), 1):
        for kind, span in part.brackets:
            if kind not in _SYMBOLS or span <= len(part.staves):
                continue
            groups += 1
            group = SubElement(listed, "part-group", type="start", number=str(groups))
            SubElement(group, "group-symbol").text = _SYMBOLS[kind]
            closing.setdefault(staff + span, []).append(groups)
        _score_part(listed, part, number, played)
        staff += len(part.staves)
        for end in sorted(closing):
            if end <= staff:
                for group_number in reversed(closing.pop(end)):
                    SubElement(listed, "part-group", type="stop", number=str(group_number))
    return listed


def _score_part(listed: Element, part: Part, number: int, played: set[int]) -> None:
    entry = SubElement(listed, "score-part", id=f"P{number}")
    SubElement(entry, "part-name").text = part.name
    if part.short_name:
        SubElement(entry, "part-abbreviation").text = part.short_name
    if part.drums is None:
        instrument = SubElement(entry, "score-instrument", id=f"P{number}-I1")
        SubElement(instrument, "instrument-name").text = part.instrument
        if part.program is not None:
            midi = SubElement(entry, "midi-instrument", id=f"P{number}-I1")
            SubElement(midi, "midi-program").text = str(part.program + 1)
        return
    for pitch in sorted(played | part.drums.keys()):
        drum = part.drums.get(pitch)
        name = drum.name if drum is not None else ""
        instrument = SubElement(entry, "score-instrument", id=f"P{number}-I{pitch + 1}")
        SubElement(instrument, "instrument-name").text = name or f"Instrument {pitch + 1}"
    for pitch in sorted(played | part.drums.keys()):
        midi = SubElement(entry, "midi-instrument", id=f"P{number}-I{pitch + 1}")
        SubElement(midi, "midi-unpitched").text = str(pitch + 1)
