"""A range of staves of a score, as interleaved ABC of just these voices; and one voice after another.

Conventions: staves count from 1, from the top of the page; a staff holds one voice or several.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

_VOICE_LINE = re.compile(r"V:\s*(\S+)")
_VOICE_IN_BAR = re.compile(r"(\[V:\s*([^\[\]\s]+)[^\[\]]*\])")
_LAYOUT = re.compile(r"%%(?:score|staves)\b")
_TEMPO = re.compile(r"\[Q:[^\[\]]*\]")
_CLOSING = {"{": "}", "[": "]", "(": ")"}


def voices_of(header: Iterable[str], line: str) -> list[str]:
    """Name the voices in the order of the header, or of a bar where the header names none.

    Examples
    --------
    >>> voices_of(["K:C", "V:1 treble", "V:2 bass"], "[V:1]C|[V:2]C|")
    ['1', '2']
    """
    named = [found[1] for found in map(_VOICE_LINE.match, header) if found]
    in_bar = [found[2] for found in _VOICE_IN_BAR.finditer(line)]
    return list(dict.fromkeys([*named, *in_bar]))


def header_of(header: Iterable[str], kept: Collection[str]) -> tuple[str, ...]:
    """Leave out of a header what it says of other voices."""
    lines: list[str] = []
    is_kept = True
    for line in header:
        if opening := _VOICE_LINE.match(line):
            is_kept = opening[1] in kept
        if _LAYOUT.match(line):
            lines += _layout_of(line, kept)
        elif is_kept:
            lines.append(line)
    return tuple(lines)


def line_of(line: str, kept: Collection[str]) -> str:
    """Leave out other voices of a bar; a tempo that stands in one of them moves to the front.

    Examples
    --------
    >>> line_of("[V:1][Q:1/4=80] C|[V:2]E|", {"2"})
    '[V:2][Q:1/4=80] E|'
    """
    pieces = _VOICE_IN_BAR.split(line)
    voices = [(pieces[i], pieces[i + 1], pieces[i + 2]) for i in range(1, len(pieces), 3)]
    text = "".join(opening + music for opening, name, music in voices if name in kept)
    tempos = _TEMPO.findall(line)
    if tempos and not _TEMPO.search(text):
        opening = next((opening for opening, name, _ in voices if name in kept), "")
        music = text[len(opening) :]
        gap = "" if music.startswith(("[", "|", " ")) else " "
        return f"{opening}{tempos[-1]}{gap}{music}"
    return text


def voice_by_voice(header: Sequence[str], lines: Sequence[str]) -> str:
    r"""Write interleaved ABC as a tune in standard ABC.

    Examples
    --------
    >>> print(voice_by_voice(["K:C", "V:1", "V:2"], ["[V:1]C|[V:2]E|", "[V:1]D|[V:2]F|"]), end="")
    X:1
    K:C
    V:1
    V:2
    V:1
    C|D|
    V:2
    E|F|
    """
    music: dict[str, list[str]] = {}
    for line in lines:
        pieces = _VOICE_IN_BAR.split(line)
        for name, text in zip(pieces[2::3], pieces[3::3], strict=True):
            music.setdefault(name, []).append(text)
    body = [line for name, texts in music.items() for line in (f"V:{name}", "".join(texts))]
    opened = [] if header and header[0].startswith("X:") else ["X:1"]
    return "\n".join([*opened, *header, *body, ""])


def _layout_of(line: str, kept: Collection[str]) -> Iterator[str]:
    """Write the brackets of the staves that are kept; nothing where one voice is left."""
    command, *marks = re.findall(r"%%\w+|[{}\[\]()|]|[^\s{}\[\]()|]+", line)
    groups: list[list[str]] = [[]]
    for mark in marks:
        if mark in _CLOSING:
            groups.append([mark])
        elif mark in _CLOSING.values() and len(groups) > 1:
            inner = _trimmed(groups.pop())
            voices = [name for name in inner if name not in _CLOSING and name != "|"]
            if len(voices) > 1:
                groups[-1] += [*inner, mark]
            else:  # a bracket around one staff or none
                groups[-1] += voices
        elif mark == "|" or mark in kept:
            groups[-1].append(mark)
    left = _trimmed([mark for group in groups for mark in group])
    if len(left) > 1:
        yield f"{command} {' '.join(left)}"


def _trimmed(marks: list[str]) -> list[str]:
    """Leave out bar line marks that no longer stand between two staves."""
    trimmed: list[str] = []
    for mark in marks:
        if mark != "|" or (trimmed and trimmed[-1] not in {*_CLOSING, "|"}):
            trimmed.append(mark)
    while trimmed and trimmed[-1] == "|":
        trimmed.pop()
    return trimmed
