"""A few bars of a MusicXML score as a score of its own.

Conventions: bars count from 1 in the order written, as everywhere; ends are included.
"""

from collections.abc import Iterator
from copy import deepcopy
from xml.etree.ElementTree import Element, SubElement

_ORDER = ("divisions", "key", "time", "staves", "clef", "staff-details", "transpose")
_NOTES = {"quarter": "\u2669", "eighth": "\u266a"}
_LEFT_OUT = ("credit", "defaults")  # title block and page of the whole score


def cut_bars(score: Element, first: int, last: int) -> Element:
    """Cut bars out of a partwise score, with the key, metre, clefs and tempo in force."""
    cut = Element(score.tag, score.attrib)
    tempo = _tempo_before(score, first)
    for child in score:
        if child.tag == "part":
            cut.append(_part(child, first, last, tempo))
            tempo = ""  # once is enough
        elif child.tag not in _LEFT_OUT:
            cut.append(deepcopy(child))
    return cut


def _part(part: Element, first: int, last: int, tempo: str) -> Element:
    written = Element("part", part.attrib)
    state: dict[tuple[str, str], Element] = {}
    for number, measure in enumerate(part.iterfind("measure"), 1):
        if number > last:
            break
        if number < first:
            _follow(measure, state)
            continue
        copy = deepcopy(measure)
        if number == first:
            _begin(copy, state, tempo)
        written.append(copy)
    return written


def _follow(measure: Element, state: dict[tuple[str, str], Element]) -> None:
    for attributes in measure.iterfind("attributes"):
        for child in attributes:
            state[child.tag, child.get("number", "")] = child


def _begin(measure: Element, state: dict[tuple[str, str], Element], tempo: str) -> None:
    """Write what is in force in front of the first bar, which may change some of it at once."""
    in_force = dict(state)
    for child in list(_opening(measure)):
        in_force[child.tag, child.get("number", "")] = child
    attributes = Element("attributes")
    for tag in _ORDER:
        attributes.extend(
            deepcopy(child) for (name, _), child in sorted(_items(in_force)) if name == tag
        )
    for element in measure.findall("print"):
        measure.remove(element)
    if measure and measure[0].tag == "attributes":
        measure.remove(measure[0])
    measure.insert(0, attributes)
    if tempo and measure.find(".//sound[@tempo]") is None:
        measure.insert(1, Element("sound", tempo=tempo))


def _items(
    state: dict[tuple[str, str], Element],
) -> Iterator[tuple[tuple[str, str], Element]]:
    yield from sorted(state.items(), key=lambda item: item[0])


def _opening(measure: Element) -> Iterator[Element]:
    """Give the attributes with which a bar begins."""
    for child in measure:
        if child.tag == "attributes":
            yield from child
        if child.tag not in {"print", "attributes", "barline"}:
            return


def _tempo_before(score: Element, first: int) -> str:
    part = score.find("part")
    tempo = ""
    for number, measure in enumerate(part.iterfind("measure") if part is not None else (), 1):
        if number >= first:
            break
        for sound in measure.iterfind(".//sound[@tempo]"):
            tempo = sound.get("tempo", "")
    return tempo


def titled(score: Element, title: str) -> Element:
    """Name a score that has no title, for the program that opens it."""
    if score.find("work/work-title") is None and not score.findtext("movement-title") and title:
        work = score.find("work")
        if work is None:
            work = Element("work")
            score.insert(0, work)
        SubElement(work, "work-title").text = title
    return score


def with_short_names(score: Element) -> Element:
    """Call parts by their abbreviations, where they have some, as a score does after its first line."""
    for part in score.iterfind("part-list/score-part"):
        name, short = part.find("part-name"), part.findtext("part-abbreviation")
        if name is not None and short and short.strip():
            name.text = short
    return score


def with_tempo_as_words(score: Element) -> Element:
    """Write metronome marks as words: Qt draws no text that is half of a font of music.

    A mark of another kind than quarter and eighth notes a minute is left out.
    """
    for kind in score.iterfind("part/measure/direction/direction-type"):
        mark = kind.find("metronome")
        if mark is None:
            continue
        kind.remove(mark)
        note = _NOTES.get(mark.findtext("beat-unit") or "", "")
        count = mark.findtext("per-minute") or ""
        dot = "." if mark.find("beat-unit-dot") is not None else ""
        words = f"{note}{dot} = {count}" if note and count.strip() else ""
        if words or not len(kind):
            SubElement(kind, "words").text = words or " "
    return score
