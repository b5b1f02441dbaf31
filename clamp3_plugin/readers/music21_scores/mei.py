"""MEI as scores: one piece for each movement (``mdiv``) that has a score.

music21 reads the first score of a file only, and knows one place of many for titles. So the file is
parsed here first, within the limits of XML from strangers, and music21 is given one movement at a
time, written anew without whatever else the file held.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import SubElement, tostring  # to write; defusedxml parses

from clamp3_plugin.errors import BrokenFileError, EmptyContentError, TooLargeError
from clamp3_plugin.readers.music21_scores.asking import MAX_BYTES, musicxml_of
from clamp3_plugin.readers.music21_scores.title_block import TitleBlock, with_title_block
from clamp3_plugin.readers.musicxml.parse import Element, parse_xml
from clamp3_plugin.readers.musicxml_score import read_musicxml
from clamp3_plugin.readers.score import Score

MAX_MOVEMENTS = 256
MAX_STAVES = 256
MOST = {
    "dots": 4,
    "meter.count": 256,
    "num": 1_000,  # of a multiRest: bars
    "num.default": 1_000,
    "numbase": 1_000,
    "oct": 9,
}
"""Highest value of an attribute; higher ones take music21 long, and no score has them."""

_CHILDREN = {
    "clef": {
        "shape": "clef.shape",
        "line": "clef.line",
        "dis": "clef.dis",
        "dis.place": "clef.dis.place",
    },
    "keySig": {"sig": "key.sig", "mode": "key.mode"},
    "meterSig": {"count": "meter.count", "unit": "meter.unit", "sym": "meter.sym"},
}
"""Signatures as elements, which MEI 4 and 5 write, and the attributes that music21 knows."""

_NAMESPACE = "http://www.music-encoding.org/ns/mei"


def read_mei(data: bytes) -> list[Score]:
    """Read an MEI file.

    Raises
    ------
    InputRefusedError
        It is broken, no MEI, without a score, or over a limit.
    """
    return [score for document in mei_as_musicxml(data) for score in read_musicxml(document)]


def mei_as_musicxml(data: bytes) -> list[bytes]:
    """Write each movement of an MEI file as MusicXML.

    Raises
    ------
    InputRefusedError
        It is broken, no MEI, without a score, or over a limit.
    """
    root = parse_xml(data)
    if root.tag != "mei":
        raise BrokenFileError(
            f"This is XML of the kind <{root.tag[:60]}>, not an MEI score.",
            "Export the score as MEI or MusicXML.",
        )
    movements = list(_movements(root))
    if not movements:
        raise EmptyContentError(
            "There is no score in this MEI file.", "Single parts and facsimiles are not read."
        )
    if len(movements) > MAX_MOVEMENTS:
        raise TooLargeError(
            f"The file has {len(movements)} movements, the limit is {MAX_MOVEMENTS}."
        )
    names = _title_block(root)
    written: list[bytes] = []
    for label, score in movements:
        _check(score)
        for definition in (*score.iter("scoreDef"), *score.iter("staffDef")):
            _flatten(definition)
        block = TitleBlock(names.title, label, names.composers, names.lyricists)
        documents = musicxml_of(_alone(score, root), "mei")
        written += [with_title_block(document, block) for document in documents]
    return written


def _movements(root: Element) -> Iterator[tuple[str, Element]]:
    """Find the scores, each with the label of the movement that it is."""
    waiting = [("", music) for music in reversed(root.findall("music"))]
    while waiting:
        label, element = waiting.pop()
        if element.tag == "score":
            yield label, element
            continue
        own = " ".join(element.get("label", "").split()) if element.tag == "mdiv" else ""
        waiting += [(own or label, child) for child in reversed(element)]


def _flatten(definition: Element) -> None:
    """Write signatures and names that are elements, or that MEI 5 renamed, as attributes."""
    if "keysig" in definition.attrib:
        definition.attrib.setdefault("key.sig", definition.get("keysig", ""))
    for child in definition:
        for name, known_as in _CHILDREN.get(child.tag, {}).items():
            if name in child.attrib:
                definition.attrib.setdefault(known_as, child.get(name, ""))
        if child.tag == "label" and definition.tag == "staffDef" and (name := _text(child)):
            definition.attrib.setdefault("label", name)


def _alone(score: Element, root: Element) -> bytes:
    """Write a movement as a file of its own."""
    version = {"meiversion": root.get("meiversion", "")} if root.get("meiversion") else {}
    mei = Element("mei", {"xmlns": _NAMESPACE, **version})
    for element in score.iter():
        for name in [name for name in element.attrib if "}" in name]:
            value = element.attrib.pop(name)
            if name.endswith("XML/1998/namespace}id"):
                element.set("xml:id", value)  # what slurs and ties refer to; links are dropped
    music = SubElement(mei, "music")
    SubElement(SubElement(music, "body"), "mdiv").append(score)
    data: bytes = tostring(mei, encoding="utf-8", xml_declaration=True)
    if len(data) > MAX_BYTES:
        raise TooLargeError(f"A movement has {len(data)} bytes, the limit is {MAX_BYTES}.")
    return data


def _check(score: Element) -> None:
    """Refuse what no score needs and music21 would take long over.

    Raises
    ------
    TooLargeError
        It has too many staves or a value over a limit of ``MOST``.
    """
    staves = {element.get("n") for element in score.iter("staffDef")}
    if len(staves) > MAX_STAVES:
        raise TooLargeError(f"The score has {len(staves)} staves, the limit is {MAX_STAVES}.")
    for element in score.iter():
        for name in MOST.keys() & element.attrib.keys():
            value = element.get(name, "").strip()
            if value.isdecimal() and (len(value) > 6 or int(value) > MOST[name]):
                raise TooLargeError(
                    f"A <{element.tag[:40]}> has the {name} {value[:20]},"
                    f" the limit is {MOST[name]}."
                )


def _title_block(root: Element) -> TitleBlock:
    """Read the names of the work, else those of the file."""
    title = ""
    composers: list[str] = []
    lyricists: list[str] = []
    head = root.find("meiHead")
    if head is None:
        return TitleBlock()
    file = head.find("fileDesc")
    for described in [*head.iter("work"), *([] if file is None else [file])]:
        # MEI 4 has the names of a work below it, MEI 3 and every file description in a titleStmt
        places = [described, *described.findall("titleStmt")]
        found = [text for place in places for text in _texts(place, "title")]
        title = title or next(iter(found), "")
        composers = composers or _people(places, "composer")
        lyricists = lyricists or _people(places, "lyricist") or _people(places, "librettist")
    return TitleBlock(title, "", composers, lyricists)


def _people(places: list[Element], role: str) -> list[str]:
    named = [text for place in places for text in _texts(place, role)]
    for place in places:
        people = (one for one in place.iterfind("respStmt/persName") if one.get("role") == role)
        named += filter(None, map(_text, people))
    return list(dict.fromkeys(named))


def _texts(place: Element, tag: str) -> list[str]:
    return [text for text in map(_text, place.findall(tag)) if text]


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())
