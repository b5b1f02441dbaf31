"""MusicXML bytes in, the tree of a score out: safe, within limits, part by part.

Conventions: whatever comes in, the root that goes out holds ``part`` elements with ``measure``
elements inside, and no name carries a namespace.
"""

from dataclasses import dataclass
from io import BytesIO
from xml.etree.ElementTree import Element, ParseError  # types only: defusedxml parses

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from clamp3_plugin.errors import BrokenFileError, TooLargeError

__all__ = ["LIMITS", "Element", "TreeLimits", "parse_xml", "read_tree"]


@dataclass(frozen=True, slots=True)
class TreeLimits:
    """How large a score may be; the defaults hold wherever a file comes from a user."""

    size: int = 16 * 2**20
    """Bytes of the unpacked XML."""
    depth: int = 64
    nodes: int = 2_000_000
    parts: int = 256


LIMITS = TreeLimits()


def read_tree(data: bytes, limits: TreeLimits = LIMITS) -> Element:
    """Parse a score and bring it into the part-wise order.

    Raises
    ------
    BrokenFileError
        The bytes are no well-formed XML, no MusicXML, or play tricks with entities.
    TooLargeError
        The file is over a limit.
    """
    if len(data) > limits.size:
        raise TooLargeError(f"The MusicXML has {len(data)} bytes, the limit is {limits.size}.")
    root = parse_xml(data, limits)
    if root.tag == "score-timewise":
        root = _part_wise(root)
    if root.tag != "score-partwise":
        raise BrokenFileError(
            f"This is XML of the kind <{root.tag[:60]}>, not a MusicXML score.",
            "Export the score as MusicXML.",
        )
    parts = len(root.findall("part"))
    if parts > limits.parts:
        raise TooLargeError(f"The score has {parts} parts, the limit is {limits.parts}.")
    return root


def parse_xml(data: bytes, limits: TreeLimits = LIMITS) -> Element:
    """Parse XML of any kind within the limits of depth and size, without namespaces.

    Raises
    ------
    BrokenFileError
        The bytes are no well-formed XML, or play tricks with entities.
    TooLargeError
        It has too many elements or levels.
    """
    try:
        return _count_and_parse(data, limits)
    except DefusedXmlException as error:
        raise BrokenFileError(
            f"The XML declares entities ({type(error).__name__}), which no score needs.",
            "Export the score anew from a notation program.",
        ) from error
    # Python's expat says ValueError or LookupError of encodings that it cannot decode
    except (ParseError, ValueError, LookupError) as error:
        raise BrokenFileError(
            f"The XML cannot be read: {error}.", "The file is damaged or incomplete."
        ) from error


def _count_and_parse(data: bytes, limits: TreeLimits) -> Element:
    """Build the tree, counting while it grows: a bomb must not be stored before it is refused."""
    root: Element | None = None
    depth = nodes = 0
    # some programs write an empty line before the declaration, which XML forbids
    source = BytesIO(data.lstrip() if data[:1].isspace() else data)
    for event, element in iterparse(source, events=("start", "end"), forbid_dtd=False):
        if event == "end":
            depth -= 1
            continue
        depth += 1
        nodes += 1
        if depth > limits.depth or nodes > limits.nodes:
            raise TooLargeError(
                f"The XML has over {limits.depth} levels or {limits.nodes} elements.",
                "This is more than any score needs.",
            )
        if element.tag.startswith("{"):
            element.tag = element.tag.rpartition("}")[2]
        if root is None:
            root = element
    if root is None:
        raise BrokenFileError("The XML is empty.")
    return root


def _part_wise(score: Element) -> Element:
    """Turn a score of measures that hold parts into one of parts that hold measures."""
    turned = Element("score-partwise")
    parts: dict[str, Element] = {}
    for child in score:
        if child.tag != "measure":
            turned.append(child)
            continue
        for slot in child.iterfind("part"):
            name = slot.get("id", "")
            if name not in parts:
                parts[name] = Element("part", {"id": name})
            measure = Element("measure", child.attrib)
            measure.extend(slot)
            parts[name].append(measure)
    turned.extend(parts.values())
    return turned
