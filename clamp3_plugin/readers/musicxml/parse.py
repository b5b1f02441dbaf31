"""MusicXML bytes in, the tree of a score out: safe, within limits, part by part.

Conventions: whatever comes in, the root that goes out holds ``part`` elements with ``measure``
elements inside, and no name carries a namespace.
"""

from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, TreeBuilder  # defusedxml parses

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from clamp3_plugin.errors import BrokenFileError, TooLargeError

__all__ = ["LIMITS", "Element", "TreeLimits", "check_parts", "check_size", "parse_xml", "read_tree"]


@dataclass(frozen=True, slots=True)
class TreeLimits:
    """How large a score may be; the defaults hold wherever a file comes from a user."""

    size: int = 16 * 2**20
    """Bytes of the unpacked XML."""
    depth: int = 64
    nodes: int = 2_000_000
    parts: int = 256
    declared: int = 256
    """Characters of attributes that a DTD gives to elements which do not name them."""


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
    check_size(data, limits)
    root = parse_xml(data, limits)
    if root.tag == "score-timewise":
        root = _part_wise(root)
    if root.tag != "score-partwise":
        raise BrokenFileError(
            f"This is XML of the kind <{root.tag[:60]}>, not a MusicXML score.",
            "Export the score as MusicXML.",
        )
    check_parts(len(root.findall("part")), limits)
    return root


def check_size(data: bytes, limits: TreeLimits) -> None:
    """Refuse a file that is too large to look into."""
    if len(data) > limits.size:
        raise TooLargeError(f"The MusicXML has {len(data)} bytes, the limit is {limits.size}.")


def check_parts(count: int, limits: TreeLimits) -> None:
    """Refuse a score of too many parts."""
    if count > limits.parts:
        raise TooLargeError(f"The score has {count} parts, the limit is {limits.parts}.")


def parse_xml(data: bytes | str, limits: TreeLimits = LIMITS) -> Element:
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


def _count_and_parse(data: bytes | str, limits: TreeLimits) -> Element:
    """Build the tree, counting while it grows: a bomb must not be stored before it is refused."""
    builder = TreeBuilder()
    parser = DefusedXMLParser(target=builder, forbid_dtd=False)
    counting = _CountingBuilder(builder, limits)
    # beneath defusedxml, whose guards stay: its events would take longer than all else here
    parser.parser.StartElementHandler = counting.start
    parser.parser.EndElementHandler = counting.end
    parser.parser.AttlistDeclHandler = counting.declare
    # some programs write an empty line before the declaration, which XML forbids
    parser.feed(data.lstrip() if data[:1].isspace() else data)
    root: Element = parser.close()
    return root


class _CountingBuilder:
    """Builds elements without namespaces, as long as there are not too many."""

    def __init__(self, builder: TreeBuilder, limits: TreeLimits) -> None:
        self._start = builder.start
        self._end = builder.end
        self._limits = limits
        self._nodes_left = limits.nodes
        self._levels_left = limits.depth
        self._declared_left = limits.declared

    def declare(
        self, element: str, attribute: str, _: str, default: str | None, _is_required: int
    ) -> None:
        """Count what every element of a kind would get, be it of megabytes."""
        self._declared_left -= len(attribute) + len(default or "")
        if self._declared_left < 0:
            raise BrokenFileError(
                f"The XML declares attributes of many characters, the last"
                f" {attribute[:30]!r} of <{element[:30]}>, which no score needs.",
                "Export the score anew from a notation program.",
            )

    def start(self, tag: str, attributes: list[str]) -> None:
        """Begin an element; names and values of its attributes alternate."""
        self._nodes_left -= 1
        self._levels_left -= 1
        if self._nodes_left < 0 or self._levels_left < 0:
            raise TooLargeError(
                f"The XML has over {self._limits.depth} levels or {self._limits.nodes} elements.",
                "This is more than any score needs.",
            )
        pairs = iter(attributes)
        self._start(_local(tag), dict(zip(pairs, pairs, strict=True)) if attributes else {})

    def end(self, tag: str) -> None:
        """End an element."""
        self._levels_left += 1
        self._end(_local(tag))


def _local(tag: str) -> str:
    return tag.rpartition("}")[2] if "}" in tag else tag


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
