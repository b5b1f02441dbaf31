"""Verovio's SVG in the simpler kind that Qt draws: no nested pictures, no references, plain texts."""

import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

_KEPT = ("d", "x", "y", "width", "height", "cx", "cy", "rx", "ry", "points", "transform")
_LOOKS = ("stroke-width", "stroke-linecap", "stroke-dasharray", "fill-opacity")
_SHAPES = {"path", "rect", "ellipse", "polygon", "polyline", "circle", "line"}
_INK = "#101010"
_FONT = "FreeSerif"  # MuseScore brings it; others take their serif


def simplified(svg: Element) -> Element:
    """Rewrite a page of verovio's, which has one picture inside of another.

    Its names are expected without namespaces.
    """
    inner = svg.find("svg")
    source = svg if inner is None else inner
    glyphs = {
        group.get("id", ""): path.get("d", "")
        for group in svg.iterfind("defs/g")
        if (path := group.find("path")) is not None
    }
    box = source.get("viewBox", "0 0 1000 1000")
    written = Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=box)
    outer = svg.get("viewBox", box).split()
    written.set("width", outer[2])
    written.set("height", outer[3])
    written.extend(_children(source, glyphs))
    return written


def _children(source: Element, glyphs: Mapping[str, str]) -> Iterator[Element]:
    for child in source:
        tag = child.tag
        if "placeholder" in child.get("class", "").split():
            continue  # a dot, where something without a sign stands
        if tag == "g":
            group = Element("g")
            if transform := child.get("transform"):
                group.set("transform", transform)
            group.extend(_children(child, glyphs))
            if len(group):
                yield group
        elif tag == "use":
            yield _glyph(child, glyphs)
        elif tag in _SHAPES:
            yield _shape(child, tag)
        elif tag == "text":
            yield from _text(child)


def _glyph(use: Element, glyphs: Mapping[str, str]) -> Element:
    reference = next((value for key, value in use.items() if key.endswith("href")), "")
    name = reference.removeprefix("#")
    transform = f"{use.get('transform', '')} scale(1,-1)".strip()
    return Element("path", d=glyphs.get(name, ""), transform=transform, fill=_INK, stroke="none")


def _shape(child: Element, tag: str) -> Element:
    shape = Element(tag, {name: value for name in _KEPT if (value := child.get(name)) is not None})
    looks = {name: value for name in _LOOKS if (value := child.get(name)) is not None}
    is_line = "stroke-width" in looks or child.get("stroke") not in {None, "none"}
    shape.set("fill", "none" if child.get("fill") == "none" else _INK)
    shape.set("stroke", _INK if is_line else "none")
    for name, value in looks.items():
        shape.set(name, value)
    return shape


def _text(child: Element) -> Iterator[Element]:
    """Write a text in one piece, with the size and style of its innermost span."""
    words = "".join(child.itertext()).strip()
    words = re.sub(r"\s+", " ", words)
    spans = [child, *child.iter("tspan")]
    sizes = [size for span in spans if (size := span.get("font-size")) not in {None, "0px"}]
    fonts = [font for span in spans if (font := span.get("font-family"))]
    if not words or any("Leipzig" in font for font in fonts):
        return
    text = Element("text", {"fill": _INK, "font-family": _FONT})
    for name in ("x", "y"):
        given = [value for span in spans if (value := span.get(name)) is not None]
        text.set(name, given[-1] if given else "0")
    text.set("font-size", (sizes[-1] if sizes else "400px").removesuffix("px"))
    for name in ("text-anchor", "font-style", "font-weight"):
        given = [value for span in spans if (value := span.get(name))]
        if given:
            text.set(name, given[-1])
    if transform := child.get("transform"):
        text.set("transform", transform)
    text.text = words
    yield text
