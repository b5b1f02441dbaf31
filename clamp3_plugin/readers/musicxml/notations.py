"""What stands on a note: ornaments, articulations, fermatas, fingerings, as ABC decorations."""

from clamp3_plugin.readers.musicxml.parse import Element
from clamp3_plugin.readers.musicxml.values import whole

# in the order in which the reference writes them, which is that of their MusicXML paths
_DECORATIONS = {
    "arpeggiate": "!arpeggio!",
    "articulations/accent": "!>!",
    "articulations/breath-mark": "!breath!",
    "articulations/detached-legato": "!tenuto!.",
    "articulations/scoop": "!slide!",
    "articulations/spiccato": "!wedge!",
    "articulations/staccatissimo": "!wedge!",
    "articulations/staccato": ".",
    "articulations/strong-accent": "!^!",
    "articulations/tenuto": "!tenuto!",
    "fermata": "!fermata!",
    "ornaments/inverted-mordent": "P",
    "ornaments/inverted-turn": "!invertedturn!",
    "ornaments/mordent": "M",
    "ornaments/trill-mark": "T",
    "ornaments/turn": "!turn!",
    "technical/down-bow": "v",
    "technical/harmonic": "!open!",
    "technical/open-string": "!open!",
    "technical/snap-pizzicato": "!snap!",
    "technical/stopped": "!plus!",
    "technical/thumb-position": "!thumb!",
    "technical/up-bow": "u",
}
_NO_FINGERS = set('!"|[]%')  # what would not stay inside the decoration
_GROUPS = {"articulations", "ornaments", "technical"}
_LINES = {"glissando": "~", "slide": "-"}


def decorations(notations: Element | None) -> list[str]:
    """List the decorations of one note, in the order in which they are written."""
    found: dict[str, Element] = {}
    for child in notations if notations is not None else ():
        if child.tag in _GROUPS:
            for sign in child:
                found.setdefault(f"{child.tag}/{sign.tag}", sign)
        else:
            found.setdefault(child.tag, child)
    if not found:
        return []
    texts = [text for path, text in _DECORATIONS.items() if path in found]
    if (tremolo := found.get("ornaments/tremolo")) is not None:
        texts.insert(0, _tremolo(tremolo))
    if (finger := found.get("technical/fingering")) is not None:
        texts.extend(_fingering(finger))
    if (wavy := found.get("ornaments/wavy-line")) is not None:
        texts[:0] = _ends(wavy, "!trill(!", "!trill)!")
    for tag, stroke in _LINES.items():
        if (line := found.get(tag)) is not None:
            texts[:0] = _ends(line, f"!{stroke}(!", f"!{stroke})!")
    return [text for text in texts if text]


def _tremolo(tremolo: Element) -> str:
    strokes = "/" * whole(tremolo.text, 3, 0, 8)
    match tremolo.get("type", "single"):
        case "single":
            return f"!{strokes}!" if strokes else ""
        case "start":
            return f"!{strokes}-!"
        case _:
            return ""


def _fingering(finger: Element) -> list[str]:
    text = "".join((finger.text or "").split())
    return [f"!{text}!"] if 1 <= len(text) <= 4 and not _NO_FINGERS.intersection(text) else []


def _ends(line: Element, start: str, stop: str) -> list[str]:
    return {"start": [start], "stop": [stop]}.get(line.get("type", ""), [])
