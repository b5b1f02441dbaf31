"""Tell by its first bytes what a file is, whatever its name says."""

_SIGNATURES = (
    (b"MThd", "a MIDI file"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"fLaC", "FLAC audio"),
    (b"OggS", "Ogg audio"),
    (b"ID3", "MP3 audio"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
LOOKED_AT = 1024
"""Bytes from the start that are enough."""


def looks_like(data: bytes) -> str:
    r"""Name what the bytes look like; empty where they may be any text.

    Examples
    --------
    >>> looks_like(b"MThd\x00"), looks_like(b"<!DOCTYPE html><p>"), looks_like(b"X:1")
    ('a MIDI file', 'an HTML page', '')
    """
    known = next((name for magic, name in _SIGNATURES if data.startswith(magic)), "")
    if known:
        return known
    if data.startswith(b"RIFF"):
        return "a MIDI file" if data[8:12] == b"RMID" else "a WAV or other RIFF file"
    head = data[:LOOKED_AT]
    if head.startswith(_BYTE_ORDER_MARKS[1:]):
        return "XML" if head[2:].replace(b"\0", b"").lstrip().startswith(b"<") else "UTF-16 text"
    text = head.removeprefix(_BYTE_ORDER_MARKS[0]).lstrip().lower()
    if text.startswith(b"<"):
        return "an HTML page" if b"<html" in text or b"<!doctype html" in text else "XML"
    if text.startswith(b"ticks_per_beat "):
        return "MTF"
    return "binary data" if b"\0" in head else ""
