"""MusicXML bytes in, text out that can be cut at its tags.

In plain text every ``<`` begins or ends an element: there are no comments, no instructions, no CDATA
and no declarations. No part, measure or note is closed by its own tag, the parts stand at the end,
and elements are not nested without need. Nearly all files are plain but for comments and
instructions; others are rewritten from their tree.
"""

import codecs
import re
from xml.etree.ElementTree import Element, tostring

from clamp3_plugin.readers.musicxml.parse import TreeLimits

MAX_LEVELS = 32
"""Levels of plain text; MusicXML has a dozen."""

_ENCODING = re.compile(r"""<\?xml[^>]*\sencoding=["']([^"']*)""")
_ASIDE = re.compile(r"<!--[^-]*(?:-[^-]+)*-->|<\?[^?]*(?:\?(?!>)[^?]*)*\?>")
_PLACE = re.compile(r'-x="-?[\d.]+"')


def plain_text(data: bytes, limits: TreeLimits) -> str | None:
    """Decode a score that is plain but for asides, and leave these out; None if it is not plain.

    Horizontal places on the page, which nothing reads, become empty, so that equal notes are
    written by equal text.
    """
    text = _decoded(data)
    if text is None:
        return None
    if "<!--" in text or "<?" in text:
        text = _ASIDE.sub("", text)
    # one DOCTYPE at most, which declares nothing itself
    if "<![" in text or text.count("<!") > 1:
        return None
    # no element is shorter than <a/>
    if len(text) > 4 * limits.nodes and text.count("<") - text.count("</") > limits.nodes:
        return None
    return _PLACE.sub('-x=""', text)


def _decoded(data: bytes) -> str | None:
    """Decode UTF-8 and UTF-16; None for other encodings and where the file contradicts itself."""
    is_wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if is_wide else "utf-8"
    try:
        text = data.decode(encoding).lstrip("\ufeff \t\r\n")
    except UnicodeDecodeError:
        return None
    declared = _ENCODING.match(text)
    return text if (declared[1].lower() if declared else "utf-8") == encoding else None


def rewritten(score: Element) -> str:
    """Write a part-wise tree as plain text, without what nothing reads."""
    for element in score.iter():
        # names with namespaces are links and languages
        for name in [name for name in element.attrib if "}" in name]:
            del element.attrib[name]
    level = [score]
    for _ in range(MAX_LEVELS - 1):
        level = [child for parent in level for child in parent]
    for element in level:
        element.clear()
    parts = score.findall("part")
    for part in parts:
        score.remove(part)
        kept = Element("part", part.attrib)
        kept.extend(part.iterfind("measure"))
        for measure in kept:
            measure.tail = None
        score.append(kept)
    return tostring(score, encoding="unicode", short_empty_elements=False)
