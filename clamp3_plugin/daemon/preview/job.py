"""The worker's job: cut bars out of a score, and engrave them.

Runs in a process of its own (``readers.isolation``); nothing else imports verovio.
"""

from importlib import import_module
from pathlib import PurePath
from xml.etree.ElementTree import Element, register_namespace, tostring

from clamp3_plugin.daemon.preview.excerpt import cut_bars, titled
from clamp3_plugin.daemon.preview.tiny_svg import simplified
from clamp3_plugin.readers.isolation.child import Job, serve
from clamp3_plugin.readers.isolation.framing import Message
from clamp3_plugin.readers.musescore.write import musicxml_of
from clamp3_plugin.readers.musicxml.parse import parse_xml
from clamp3_plugin.readers.mxl import unzip_score

_OPTIONS = {
    "breaks": "auto",
    "adjustPageHeight": True,
    "header": "none",
    "footer": "none",
    "pageHeight": 60_000,
    "pageMarginLeft": 15,
    "pageMarginRight": 15,
    "pageMarginTop": 15,
    "pageMarginBottom": 15,
    "scale": 40,
    "svgViewBox": True,
    "spacingSystem": 6,
}
_ZIP = b"PK"


def prepare() -> Job:
    """Give the job."""
    register_namespace("", "http://www.w3.org/2000/svg")

    def work(question: Message) -> Message:
        score = _score(question)
        first, last = int(question.text("first")), int(question.text("last"))
        if first:
            score = cut_bars(score, first, last)
        score = titled(score, question.text("title"))
        data = tostring(score, encoding="utf-8", xml_declaration=True)
        if question.text("want") == "svg":
            data = _engraved(data.decode("utf-8"), int(question.text("width")))
        return Message({}, data)

    return work


def _score(question: Message) -> Element:
    suffix = PurePath(question.text("name")).suffix.lower()
    data = question.body
    if suffix in {".mscz", ".mscx"}:
        return musicxml_of(parse_xml(unzip_score(data, (".mscx",)) if _is_zip(data) else data))
    return parse_xml(unzip_score(data) if _is_zip(data) else data)


def _is_zip(data: bytes) -> bool:
    return data.startswith(_ZIP)


def _engraved(musicxml: str, width: int) -> bytes:
    verovio = import_module("verovio")  # an extra; it has no types
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions({**_OPTIONS, "pageWidth": width})
    if not toolkit.loadData(musicxml):
        raise ValueError("verovio cannot read it")
    page: str = toolkit.renderToSVG(1)
    return bytes(tostring(simplified(parse_xml(page)), encoding="utf-8"))


if __name__ == "__main__":
    serve(prepare)
