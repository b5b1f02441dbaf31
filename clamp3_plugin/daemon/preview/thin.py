"""Leave out what a picture of some bars does not need, before a score is parsed or converted.

Of the bars before, only what stays in force is kept, in one bar that comes first.
"""

import codecs
import re
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement

from clamp3_plugin.readers.musescore.timeline import real_measures
from clamp3_plugin.readers.musicxml.values import whole

_PART = re.compile(r"<part(?=[\s>])")
_MEASURE = re.compile(r"<measure(?=[\s>])")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ATTRIBUTES = re.compile(r"<attributes[\s>].*?</attributes>", re.DOTALL)
_TEMPO = re.compile(r"""<sound\s[^<>]*?\btempo=["'][\d.]+["'][^<>]*>""")
_DECLARED = re.compile(r"""encoding=["']([^"']*)""")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # as some versions of Finale export
_BEGIN, _END = "<score-partwise", "</score-partwise>"
_IN_FORCE = ("Clef", "KeySig", "TimeSig")
_NOTES = {"Chord", "Rest"}
_OLD = 3  # before version 3 MuseScore wrote no voices


def thin_text(data: bytes, first: int, last: int) -> str | None:
    """Take bars out of a MusicXML file, behind one bar of what is in force before them.

    Gives None where that cannot be done with its text; then its tree must be cut. What is given is
    as well-formed as the file.
    """
    text = _plain(data)
    if text is None:
        return None
    head, *parts = _PART.split(text)
    thin = [part for part in (_thin_part(part, first, last) for part in parts) if part]
    return "".join([head, *thin, _END]) if thin and len(thin) == len(parts) else None


def _plain(data: bytes) -> str | None:
    """Decode a score whose text can be cut at its tags, and leave out what stands before it."""
    encoding = "utf-16" if data.startswith(_UTF_16) else "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    start = text.find(_BEGIN)
    if start < 0 or "<![" in text or "<!ENTITY" in text:
        return None
    declared = _DECLARED.search(text, 0, start)
    if declared and declared[1].lower() != encoding:
        return None
    return _COMMENT.sub("", text[start:]) if "<!--" in text else text[start:]


def _thin_part(text: str, first: int, last: int) -> str | None:
    head, *measures = _MEASURE.split(text)
    if not measures or not all(
        measure.rstrip().endswith("</measure>") for measure in measures[:-1]
    ):
        return None
    inside, closed, _ = measures[-1].rpartition("</part>")
    if not closed:
        return None
    measures[-1] = inside
    kept = "".join(f"<measure{measure}" for measure in measures[first - 1 : last])
    before = "".join(_in_force(measures[: first - 1]))
    return f"<part{head}<measure>{before}</measure>{kept}</part>"


def _in_force(measures: Sequence[str]) -> Iterator[str]:
    tempo = ""
    for measure in measures:
        yield from _ATTRIBUTES.findall(measure)
        if "tempo=" in measure and (found := _TEMPO.findall(measure)):
            tempo = found[-1].removesuffix(">").removesuffix("/") + "/>"
    yield tempo


def thin_tree(root: Element, first: int, last: int) -> bool:
    """Take bars out of the tree of a MuseScore file; False where it is left as it is.

    The bars keep their printed numbers.
    """
    score = root.find("Score")
    version = whole((root.get("version") or "").partition(".")[0], 0, 0, 99)
    if score is None or version < _OLD or first == 1:
        return False
    for staff in score.iterfind("Staff"):
        measures = real_measures(staff)
        kept = measures[first - 1 : last]
        if not kept:
            return False
        before = measures[: first - 1]
        chosen = set(map(id, kept))
        for measure in staff.findall("Measure"):
            if id(measure) not in chosen:
                staff.remove(measure)
        _begin(kept[0], before)
    return True


def _begin(measure: Element, before: Sequence[Element]) -> None:
    """Write what is in force into a measure that does not change it at once."""
    count = sum(whole(other.findtext("noOffset"), 0, -10_000, 10_000) for other in before)
    count += sum(other.find("irregular") is None for other in before)
    count += whole(measure.findtext("noOffset"), 0, -10_000, 10_000)
    for old in measure.findall("noOffset"):
        measure.remove(old)
    SubElement(measure, "noOffset").text = str(count)
    voice = measure.find("voice")
    if voice is None:
        return
    changed = set()
    for item in voice:
        if item.tag in _NOTES:
            break
        changed.add(item.tag)
    state = {
        sign.tag: sign
        for other in before
        for sign in other.iterfind("voice/*")
        if sign.tag in _IN_FORCE
    }
    for place, sign in enumerate(
        state[tag] for tag in _IN_FORCE if tag in state and tag not in changed
    ):
        voice.insert(place, sign)
