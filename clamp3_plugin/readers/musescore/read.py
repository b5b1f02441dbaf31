"""A MuseScore file in, a score out: through MuseScore where it is installed, else by ourselves."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

from clamp3_plugin.errors import BrokenFileError
from clamp3_plugin.readers.isolation.framing import Message
from clamp3_plugin.readers.isolation.route import Route
from clamp3_plugin.readers.musescore.heading import titles
from clamp3_plugin.readers.musescore.write import musicxml_of
from clamp3_plugin.readers.musescore_program import export_musicxml, find_program
from clamp3_plugin.readers.musicxml.parse import parse_xml
from clamp3_plugin.readers.musicxml_score import read_musicxml
from clamp3_plugin.readers.mxl import unzip_score
from clamp3_plugin.readers.score import Score

_ZIP = b"PK"
_ENDINGS = (".mscx",)

_installed = cache(find_program)


def _exported_here(question: Message) -> Message:
    program = _installed()
    exported = None if program is None else export_musicxml(question.body, program)
    return Message({}, exported or b"")


MUSESCORE = Route("musescore", _exported_here)


def read_musescore(data: bytes) -> Sequence[Score]:
    """Read a .mscz or .mscx file, with the MuseScore that is installed if there is one.

    Raises
    ------
    InputRefusedError
        It is broken, too large, no score of MuseScore, or without notes.
    """
    return _read(data, lambda mscx: MUSESCORE(Message({}, mscx)).body)


def read_musescore_with(data: bytes, program: Path | None) -> Sequence[Score]:
    """Read a .mscz or .mscx file with that program, or by ourselves where it is None or fails.

    Raises
    ------
    InputRefusedError
        It is broken, too large, no score of MuseScore, or without notes.
    """
    return _read(data, partial(export_musicxml, program=program) if program else lambda _: None)


def _read(data: bytes, export: Callable[[bytes], bytes | None]) -> Sequence[Score]:
    mscx = unzip_score(data, _ENDINGS) if data.startswith(_ZIP) else data
    root = parse_xml(mscx)  # also before the program: what is no good XML is not given to it
    if root.tag != "museScore":
        raise BrokenFileError(
            f"This is XML of the kind <{root.tag[:60]}>, not a score of MuseScore.",
            "Save the score with MuseScore, or export it as MusicXML.",
        )
    if exported := export(mscx):
        return read_musicxml(_titled(exported, root))
    return read_musicxml(_bytes(musicxml_of(root)))


def _titled(exported: bytes, root: Element) -> bytes:
    """Add what stands in the title frame only, which MuseScore does not export as title."""
    score = parse_xml(exported)
    own = Element("score-partwise")
    titles(root if (inner := root.find("Score")) is None else inner, own)
    changed = False
    if score.find("work/work-title") is None and (work := own.find("work")) is not None:
        if (empty := score.find("work")) is not None:
            score.remove(empty)
        score.insert(0, work)
        changed = True
    names = score.find("identification")
    if names is not None:
        present = {creator.get("type") for creator in names.iterfind("creator")}
        for creator in own.iterfind("identification/creator"):
            if creator.get("type") not in present:
                names.insert(0, creator)
                changed = True
    return _bytes(score) if changed else exported


def _bytes(tree: Element) -> bytes:
    return bytes(tostring(tree, encoding="utf-8"))
