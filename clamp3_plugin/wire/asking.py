"""What is asked of the daemon: sources, filters and queries, as JSON and as typed on a command line.

Conventions: bars count from 1; times are seconds; a range is ``"80-120"``, ``"80-"``, ``"-120"`` or
``"80"``, ends included. Standard library only.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from clamp3_plugin.errors import TooLargeError, UsageError
from clamp3_plugin.music import Modality, Passage
from clamp3_plugin.query import Filter, Query, Source
from clamp3_plugin.wire.fields import Fields, JsonObject

MAX_CONTENT = 16 << 20  # bytes of a file inside a JSON body: the largest score a reader takes
MAX_UPLOAD = (
    64 << 20
)  # bytes of a file that is handed over before the question: some minutes of audio
MAX_SOURCES = 16  # of plus and minus together
TEXT_FORMATS = frozenset({"abc", "mtf", "musicxml", "txt", "xml"})  # their data is text, not base64

Uploads = Callable[[str], tuple[str, bytes]]
"""Name and bytes of what was uploaded under an id."""
_ASK = "Ask with one of: text, piece_id, upload_id, content."


def source_from_wire(value: object, uploads: Uploads, what: str = "The source") -> Source:
    """Read a source: ``{text | piece_id | upload_id | content{…}, bars, time, staves}``."""
    return need_source(Fields(value, what), uploads)


def need_source(fields: Fields, uploads: Uploads) -> Source:
    """Read the fields of a source that nobody took yet; others are refused."""
    source = take_source(fields, uploads)
    fields.close()
    if source is None:
        raise UsageError("A source holds nothing to ask with.", _ASK)
    return source


def take_source(fields: Fields, uploads: Uploads) -> Source | None:
    """Take the fields of a source out of a body; None where there are none."""
    text, piece_id = fields.take("text", str), fields.take("piece_id", str)
    upload_id, content = fields.take("upload_id", str), fields.take("content", dict)
    stretch = passage(fields.pair("bars"), fields.stretch("time"))
    staves = _staves(fields.pair("staves"))
    is_part = stretch is not None or staves is not None
    if all(given is None for given in (text, piece_id, upload_id, content)):
        if is_part:
            raise UsageError("Bars, seconds or staves of what?", _ASK)
        return None
    if upload_id is not None and content is not None:
        raise UsageError("Ask with one of: upload_id, content.")
    name, data = "", None
    if content is not None:
        name, data = _content_from_wire(content)
    elif upload_id is not None:
        name, data = uploads(upload_id)
    if text is not None:
        _utf8(text)
        if is_part:
            raise UsageError("A text has no bars, no seconds and no staves.")
    return Source(text, piece_id, data, name, stretch, staves)


def source_to_wire(source: Source, upload_id: str = "") -> JsonObject:
    """Give a source as JSON, its content by the id of an upload if it was handed over before."""
    body: JsonObject = {}
    if source.text is not None:
        body["text"] = source.text
    elif source.piece_id is not None:
        body["piece_id"] = source.piece_id
    elif upload_id:
        body["upload_id"] = upload_id
    else:
        body["content"] = _content_to_wire(source.name, source.data or b"")
    if source.passage is not None and source.passage.first_bar is not None:
        body["bars"] = [source.passage.first_bar, source.passage.last_bar]
    if source.passage is not None and source.passage.start is not None:
        body["time"] = [source.passage.start, source.passage.end]
    if source.staves is not None:
        body["staves"] = list(source.staves)
    return body


def query_from_wire(value: object, uploads: Uploads) -> Query:
    """Read the body of ``/v1/find``."""
    fields = Fields(value, "The query")
    first = take_source(fields, uploads)
    plus, minus = fields.take("plus", list) or [], fields.take("minus", list) or []
    n = fields.take("n", int)
    where = where_from_wire(fields.take("where", dict) or {}, fields.texts("modalities"))
    fields.close()
    if len(plus) + len(minus) > MAX_SOURCES:
        raise UsageError(f"More than {MAX_SOURCES} sources in plus and minus.")
    more = [source_from_wire(item, uploads, "A source of plus") for item in plus]
    less = [source_from_wire(item, uploads, "A source of minus") for item in minus]
    return Query((*([first] if first else []), *more), tuple(less), 10 if n is None else n, where)


def query_to_wire(
    query: Query, write: Callable[[Source], JsonObject] = source_to_wire
) -> JsonObject:
    """Give a query as the body of ``/v1/find``, its sources by ``write``."""
    body = write(query.plus[0])
    body["n"] = query.n
    body["plus"] = [write(source) for source in query.plus[1:]]
    body["minus"] = [write(source) for source in query.minus]
    body["modalities"] = [str(modality) for modality in query.where.modalities]
    body["where"] = where_to_wire(query.where)
    return body


def where_from_wire(value: object, modalities: Sequence[str] = ()) -> Filter:
    """Read a filter; its modalities stand beside it."""
    fields = Fields(value, "The filter")
    where = Filter(
        tuple(_modality(name) for name in modalities),
        key=fields.text("key"),
        meter=fields.text("meter"),
        composer=fields.text("composer"),
        folder=fields.text("folder"),
        tempo=_range_from_wire(fields.text("tempo"), "tempo"),
        bars=_range_from_wire(fields.text("bars"), "bars"),
        duration=_range_from_wire(fields.text("duration"), "duration"),
    )
    fields.close()
    if where.folder and not Path(where.folder).is_absolute():
        raise UsageError(f"The folder {where.folder!r} is no absolute path.")
    return where


def where_to_wire(where: Filter) -> JsonObject:
    """Give a filter as JSON, without its modalities."""
    texts = {name: getattr(where, name) for name in ("key", "meter", "composer", "folder")}
    ranges = {name: getattr(where, name) for name in ("tempo", "bars", "duration")}
    body: JsonObject = {name: text for name, text in texts.items() if text}
    body.update({name: _range_to_wire(pair) for name, pair in ranges.items() if pair})
    return body


def passage(
    bars: tuple[float, float] | None, time: tuple[float | None, float | None] | None
) -> Passage | None:
    """Make a passage of bars, seconds, both or neither."""
    if bars is None and time is None:
        return None
    first, last = bars or (None, None)
    start, end = time or (None, None)
    if any(bar is not None and int(bar) != bar for bar in (first, last)):
        raise UsageError(f"Bars are whole numbers, not {first}-{last}.")
    try:
        return Passage(
            None if first is None else int(first), None if last is None else int(last), start, end
        )
    except ValueError as error:
        raise UsageError(f"This is no part of a piece: {error}.") from error


def parse_where(text: str) -> Filter:
    """Read ``--where``: ``key=G,meter=6/8,tempo=80-120``; a comma inside a value may stay.

    Examples
    --------
    >>> parse_where("composer=Bach, J. S.,tempo=80-120").composer
    'Bach, J. S.'
    """
    fields: JsonObject = {}
    for part in re.split(r",(?=\s*\w+=)", text):
        name, equals, value = part.strip().partition("=")
        if not equals or not value.strip():
            raise UsageError(
                f"{part!r} is no filter.", "Write name=value, e.g. key=G,tempo=80-120."
            )
        if name in fields:
            raise UsageError(f"The filter {name!r} is given twice.")
        fields[name] = value.strip()
    if isinstance(folder := fields.get("folder"), str):
        fields["folder"] = str(Path(folder).expanduser().absolute())
    return where_from_wire(fields)


def parse_bars(text: str) -> tuple[int, int]:
    """Read ``--bars``.

    Examples
    --------
    >>> parse_bars("12-16"), parse_bars("5")
    ((12, 16), (5, 5))
    """
    ends = _first_and_last(text, most_digits=6)
    if ends is None:
        raise UsageError(f"{text!r} names no bars.", "Write 12-16, or 12.")
    first, last = ends
    if not 1 <= first <= last:
        raise UsageError(f"{text!r} names no bars.", "Bars count from 1 upwards.")
    return first, last


def parse_time(text: str) -> tuple[float, float | None]:
    """Read ``--time``, in seconds or minutes:seconds; an open end is None.

    Examples
    --------
    >>> parse_time("1.5-9"), parse_time("1:30-")
    ((1.5, 9.0), (90.0, None))
    """
    moment = r"(?:(\d{1,4}):)?(\d{1,6}(?:\.\d+)?)"
    match = re.fullmatch(rf"\s*{moment}\s*[-–]\s*(?:{moment}\s*)?", text)
    if match is None:
        raise UsageError(f"{text!r} names no stretch of time.", "Write 1.5-9 or 0:30-1:15.")
    start = 60 * int(match[1] or 0) + float(match[2])
    end = None if match[4] is None else 60 * int(match[3] or 0) + float(match[4])
    if end is not None and end <= start:
        raise UsageError(f"{text!r} ends before it starts.", "Write 1.5-9 or 0:30-1:15.")
    return start, end


def parse_staves(text: str) -> tuple[int, int]:
    """Read ``--staves``.

    Examples
    --------
    >>> parse_staves("1-2"), parse_staves("3")
    ((1, 2), (3, 3))
    """
    ends = _first_and_last(text, most_digits=4)
    if ends is None:
        raise UsageError(f"{text!r} names no staves.", "Write 1-2, or 1.")
    return _counted_staves(*ends)


def _first_and_last(text: str, *, most_digits: int) -> tuple[int, int] | None:
    """Read ``A-B``, or ``A`` for one alone; None where it is neither."""
    number = rf"(\d{{1,{most_digits}}})"
    match = re.fullmatch(rf"\s*{number}\s*(?:[-–]\s*{number}\s*)?", text)
    return (int(match[1]), int(match[2] or match[1])) if match else None


def _staves(pair: tuple[float, float] | None) -> tuple[int, int] | None:
    if pair is None:
        return None
    if any(int(staff) != staff for staff in pair):
        raise UsageError(f"Staves are whole numbers, not {pair[0]}-{pair[1]}.")
    return _counted_staves(int(pair[0]), int(pair[1]))


def _counted_staves(first: int, last: int) -> tuple[int, int]:
    if not 1 <= first <= last:
        raise UsageError(f"There are no staves {first}-{last}.", "Staves count from 1 at the top.")
    return first, last


def _modality(name: str) -> Modality:
    try:
        return Modality(name)
    except ValueError as error:
        known = ", ".join(Modality)
        raise UsageError(f"There is no modality {name!r}.", f"Known: {known}.") from error


def _range_from_wire(text: str, name: str) -> tuple[float, float] | None:
    if not text:
        return None
    number = r"(\d{1,9}(?:\.\d{1,9})?)?"  # thousands of digits would be infinity
    match = re.fullmatch(rf"\s*{number}\s*([-–])?\s*{number}\s*", text)
    if match is None or (match[1] is None and match[3] is None) or (match[3] and not match[2]):
        raise UsageError(f"{name}={text[:40]} is no range.", "Write 80-120, 80-, -120 or 80.")
    low = float(match[1] or 0)
    high = float(match[3]) if match[3] else math.inf if match[2] else low
    if high < low:
        raise UsageError(f"{name}={text} ends before it starts.")
    return low, high


def _range_to_wire(pair: tuple[float, float]) -> str:
    low, high = (f"{end:.6f}".rstrip("0").rstrip(".") for end in pair)
    return f"{low}-" if math.isinf(pair[1]) else f"{low}-{high}"


def _content_from_wire(value: Mapping[str, object]) -> tuple[str, bytes]:
    fields = Fields(dict(value), "The content")
    kind = fields.need("format", str).lower().removeprefix(".")
    text, name, coding = fields.need("data", str), fields.text("name"), fields.text("encoding")
    fields.close()
    if not re.fullmatch(r"[a-z0-9]{1,12}", kind):
        raise UsageError(f"The content has no format called {kind!r}.", "E.g. musicxml, abc, mid.")
    if coding not in {"", "text", "base64"}:
        raise UsageError(f"The content is encoded as {coding!r}.", "Known: text, base64.")
    is_text = coding == "text" or (not coding and kind in TEXT_FORMATS)
    data = _utf8(text) if is_text else _base64(text)
    if len(data) > MAX_CONTENT:
        raise TooLargeError(f"The content has {len(data)} bytes, the limit is {MAX_CONTENT}.")
    extension = "mid" if kind == "midi" else kind
    name = name or "content"
    fits = name.lower().endswith((f".{extension}", f".{kind}"))
    return name if fits else f"{name}.{extension}", data


def _content_to_wire(name: str, data: bytes) -> JsonObject:
    kind = Path(name).suffix.lower().removeprefix(".")
    body: JsonObject = {"format": kind or "txt", "name": name}
    if kind in TEXT_FORMATS:
        try:
            return {**body, "encoding": "text", "data": data.decode("utf-8")}
        except UnicodeDecodeError:
            pass  # UTF-16 and Latin-1 scores exist; the reader knows what to do with the bytes
    return {**body, "encoding": "base64", "data": base64.b64encode(data).decode("ascii")}


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError(f"The data is no base64: {error}.") from error


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError("The text holds half a character (a lone surrogate).") from error
