"""The worker's job: bars of a score as MusicXML or engraved, a stretch of MIDI as a piano roll.

Runs in a process of its own (``readers.isolation``); nothing else imports verovio.
"""

from importlib import import_module
from pathlib import PurePath
from types import ModuleType
from xml.etree.ElementTree import Element, register_namespace, tostring

from clamp3_plugin.daemon.preview.abc_score import musicxml_of_abc
from clamp3_plugin.daemon.preview.excerpt import (
    cut_bars,
    titled,
    with_short_names,
    with_tempo_as_words,
)
from clamp3_plugin.daemon.preview.roll import piano_roll
from clamp3_plugin.daemon.preview.thin import thin_text, thin_tree
from clamp3_plugin.daemon.preview.thin_humdrum import thin_humdrum
from clamp3_plugin.daemon.preview.tiny_svg import simplified
from clamp3_plugin.errors import Clamp3Error, UsageError
from clamp3_plugin.music import Passage
from clamp3_plugin.readers import registry
from clamp3_plugin.readers.abc import read_abc_tune
from clamp3_plugin.readers.abc_book import decode
from clamp3_plugin.readers.isolation.child import Job, serve
from clamp3_plugin.readers.isolation.framing import Message
from clamp3_plugin.readers.musescore.write import musicxml_of
from clamp3_plugin.readers.musicxml.parse import parse_xml
from clamp3_plugin.readers.mxl import unzip_score
from clamp3_plugin.readers.performance import Performance
from clamp3_plugin.readers.score import Score

_OPTIONS = {
    "breaks": "auto",
    "adjustPageHeight": True,
    "header": "none",
    "footer": "none",
    "pageHeight": 60_000,
    "pageMarginLeft": 40,  # braces and names of parts stand in it
    "pageMarginRight": 15,
    "pageMarginTop": 15,
    "pageMarginBottom": 15,
    "scale": 40,
    "smuflTextFont": "none",
    "svgViewBox": True,
    "spacingSystem": 6,
}
_MUSICXML = {".musicxml", ".xml", ".mxl"}
_MUSESCORE = {".mscz", ".mscx"}
_VEROVIO = {".mei": "mei", ".krn": "humdrum"}
"""What verovio reads by itself."""
_HUMDRUM = {".krn"}
_BOOKS = {".abc"}
_ZIP = b"PK"


def prepare() -> Job:
    """Give the job."""
    register_namespace("", "http://www.w3.org/2000/svg")

    def work(question: Message) -> Message:
        try:
            return Message({}, _done(question))
        except Clamp3Error as error:
            return Message({"refused": error.code, "reason": error.message, "hint": error.hint})

    return work


def _done(question: Message) -> bytes:
    width = _whole(question, "width")
    suffix = PurePath(question.text("name")).suffix.lower()
    wants_picture = question.text("want") == "svg"
    if wants_picture and suffix in _VEROVIO:
        text, bars = decode(question.body), (_whole(question, "first"), _whole(question, "last"))
        thin = thin_humdrum(text, *bars) if bars[0] and suffix in _HUMDRUM else None
        if thin is not None:
            text, bars = thin, (0, 0)
        return _engraved(text, question, _VEROVIO[suffix], bars)
    if suffix in _MUSICXML or suffix in _MUSESCORE:
        score = _page(question, suffix)
    else:
        piece = _piece(question, suffix)
        if isinstance(piece, Performance):
            return _roll(piece, question, width)
        score = _written_out(piece, question)
    score = titled(score, question.text("title"))
    if wants_picture:
        with_short_names(with_tempo_as_words(score))
        return _engraved(tostring(score, encoding="unicode"), question)
    return bytes(tostring(score, encoding="utf-8", xml_declaration=True))


def _page(question: Message, suffix: str) -> Element:
    """Give the bars as the file has them on its page."""
    data, first, last = question.body, _whole(question, "first"), _whole(question, "last")
    if suffix in _MUSESCORE:
        root = parse_xml(unzip_score(data, (".mscx",)) if data.startswith(_ZIP) else data)
        if first and thin_tree(root, first, last):
            first, last = 1, last - first + 1
        score = musicxml_of(root)
    else:
        data = unzip_score(data) if data.startswith(_ZIP) else data
        thin = thin_text(data, first, last) if first else None
        score = parse_xml(data if thin is None else thin)
        if thin is not None:
            first, last = 2, last - first + 2
    cut = cut_bars(score, first, last) if first else score
    if cut.find("part/measure") is None:
        raise UsageError("The piece has no such bars.")
    return cut


def _piece(question: Message, suffix: str) -> object:
    """Read a file that has no page: its notes are all there is."""
    name, tune = question.text("name"), _whole(question, "tune")
    if suffix in _BOOKS:
        registry.check_size(len(question.body), name)
        return read_abc_tune(question.body, tune, _whole(question, "tunes"))
    return registry.read_bytes(question.body, name)[tune - 1]


def _written_out(piece: object, question: Message) -> Element:
    if not isinstance(piece, Score) or not piece.standard_abc:
        raise TypeError("no score")
    first, last = _whole(question, "first"), _whole(question, "last")
    last = max(first, min(last, piece.bar_count))  # a page is asked for that may be shorter
    part = piece.of_bars(Passage(first, last)) if first else piece
    return musicxml_of_abc(part.standard_abc, [bar.number for bar in part.bars])


def _roll(piece: Performance, question: Message, width: int) -> bytes:
    if question.text("want") != "svg":
        raise TypeError("no score")
    first, last = _whole(question, "first"), _whole(question, "last")
    start, end = _number(question, "start"), _number(question, "end") or piece.duration
    if first:
        line = piece.timeline
        start, end = (line.seconds(line.bar_start(bar)) for bar in (first, last + 1))
    return piano_roll(piece.notes(), start, min(end, piece.duration), width)


def _engraved(
    text: str, question: Message, form: str = "musicxml", bars: tuple[int, int] = (0, 0)
) -> bytes:
    """Engrave the first page: all that fits into the height asked for, one system at least."""
    verovio: ModuleType = import_module("verovio")  # an extra; it has no types
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    page_of = {"pageWidth": _whole(question, "width"), "inputFrom": form}
    if height := _whole(question, "height"):
        page_of["pageHeight"] = height
    toolkit.setOptions({**_OPTIONS, **page_of})
    if not toolkit.loadData(text):
        raise ValueError("verovio cannot read it")
    if bars[0]:
        toolkit.select({"measureRange": f"{bars[0]}-{bars[1]}"})
        toolkit.redoLayout()
    page: str = toolkit.renderToSVG(1)
    return bytes(tostring(simplified(parse_xml(page)), encoding="utf-8"))


def _whole(question: Message, name: str) -> int:
    value = question.fields.get(name)
    return value if isinstance(value, int) else 0


def _number(question: Message, name: str) -> float:
    value = question.fields.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


if __name__ == "__main__":
    serve(prepare)
