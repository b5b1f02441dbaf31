"""Interleave the voices of standard ABC bar by bar: the form in which CLaMP 3 reads scores.

Standard ABC writes voice after voice; interleaved ABC writes, for every bar, one line with that bar
of each voice: ``[V:1]E2 c2|[V:2]C2 E2|``. The steps and their order are those of CLaMP 3's
preprocessing (abctoolkit), because its weights know nothing else; where that drops a whole piece
(voices of unequal length), this pads the shorter voices instead.

Conventions: bars count from 1 as they stand in the standard ABC. All scanning is linear.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from clamp3_plugin.errors import BrokenFileError, EmptyContentError

_DROPPED_FIELDS = ("X:", "T:", "C:", "W:", "w:", "Z:", "%%MIDI")
_BARLINE = re.compile(r"(\|\|:|:\|\||\[\|:|:\|\]|\|\]:|:\[\||\|:|::|:\||\[\||\|\||\|\]|\|)")
_BAR_COMMENT = re.compile(r"%\d+$")
_INFORMATION = re.compile(r"[A-Za-z]:")
_QUOTE = re.compile(r'"[^"]*"')
# No "[" inside: an unclosed bracket then ends at the next one, and scanning stays linear.
_INLINE_FIELD = re.compile(r"\[[A-Za-z]:[^\[\]]*\]")
_DECORATION = re.compile(r"![^!]*!")
_ANNOTATION = re.compile(r'"[\^_<>@][^"]*"')
_SOUND_OR_FIELD = re.compile(r"[A-WYa-wy]")
_NOTE = re.compile(r"[A-Ga-g]")
_ENDING_NUMBERS = "0123456789,.-:"
_BARE_VOICE = re.compile(r"V:\s*\S+$")
# From plain to telling: of two barlines without music between them the more telling one stays.
_RANK = {"": -1, "|": 0, "[|": 1, "||": 2, "|]": 3}


@dataclass(frozen=True, slots=True)
class InterleavedBar:
    """One bar of all voices."""

    line: str
    """``[V:1]…|[V:2]…|``, without a line break."""
    index: int
    """Bar in the standard ABC, from 1."""


@dataclass(frozen=True, slots=True)
class Interleaved:
    """A score in interleaved ABC, by line."""

    header: tuple[str, ...]
    """Lines before the music, without line breaks."""
    bars: tuple[InterleavedBar, ...]
    """Bars that are kept: empty ones at both ends are not."""
    bar_count: int
    """Bars of the standard ABC, with the empty ones."""

    @property
    def text(self) -> str:
        """What the encoder reads."""
        return "".join(f"{line}\n" for line in chain(self.header, (bar.line for bar in self.bars)))


@dataclass(frozen=True, slots=True)
class _Bar:
    """A bar of one voice, between its barlines."""

    left: str
    text: str
    right: str
    index: int


@dataclass(frozen=True, slots=True)
class _Voice:
    key: str
    """The line that opens the voice, e.g. ``V:1``."""
    prefix: str
    """Fields that stand before the first barline."""
    bars: tuple[_Bar, ...]


def interleave(standard_abc: str) -> Interleaved:
    r"""Interleave a tune in standard ABC.

    Parameters
    ----------
    standard_abc
        One tune whose voices are opened by lines ``V:1``, ``V:2``, …

    Raises
    ------
    BrokenFileError
        There is no line that opens a voice.
    EmptyContentError
        No voice has a note.

    Examples
    --------
    >>> print(interleave("X:1\nK:C\nV:1 treble\nV:1\n C4 | E4 |]\n").text, end="")
    K:C
    V:1 treble
    [V:1]C4|
    [V:1]E4|]
    """
    header, body = _header_and_body(standard_abc)
    voices = [
        _split_bars(key, text) for key, text in _voice_texts(_without_barline_quotes(body)).items()
    ]
    voices = [voice for voice in voices if voice.bars]
    if not voices:
        raise EmptyContentError("There is no bar of music in it.")
    counting = _counting_voice(voices)
    voices = _same_length(voices)
    count = max(bar.index for voice in voices for bar in voice.bars)
    kept = [_fold_leading_fields(voice) for voice in _strip_empty_bars(voices)]
    shortest = min(len(voice.bars) for voice in kept)
    kept = [_join_first_bars(voice, len(voice.bars) - shortest) for voice in kept]
    bars = tuple(
        InterleavedBar("".join(_written(voice, i) for voice in kept), kept[counting].bars[i].index)
        for i in range(shortest)
    )
    return Interleaved(tuple(header), bars, count)


def _header_and_body(standard_abc: str) -> tuple[list[str], list[str]]:
    """Split the lines at the last line that opens the first voice."""
    lines = [
        line
        for line in standard_abc.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if line.strip() and not line.startswith(_DROPPED_FIELDS)
    ]
    opening = [i for i, line in enumerate(lines) if line.strip() == "V:1"]
    if not opening:
        # The reference knows only V:1. A hand-written file may name its first voice otherwise.
        bare = [i for i, line in enumerate(lines) if _BARE_VOICE.match(line.strip())]
        opening = [i for i in bare if lines[i].strip() == lines[bare[0]].strip()]
    if not opening:
        raise BrokenFileError("No line opens a voice (such as V:1).", "Is it one tune in ABC?")
    start = opening[-1]
    return lines[:start], [_BAR_COMMENT.sub("", line) for line in lines[start:]]


def _without_barline_quotes(body: Sequence[str]) -> Iterator[str]:
    r"""Remove escaped quotes, and texts in which a barline stands.

    The reference looks for such texts in the line before it removed the ``\"``, and deletes them
    from that; so in a line with such a text the ``\"`` come back. The weights were trained so.
    """
    for line in body:
        if _INFORMATION.match(line) or line.startswith("%"):
            yield line
            continue
        offending = {quote for quote in _QUOTE.findall(line) if _BARLINE.search(quote)}
        if not offending:
            yield line.replace(r"\"", "")
            continue
        yield _QUOTE.sub(lambda quote: "" if quote[0] in offending else quote[0], line)  # noqa: B023 - called within this turn of the loop


def _voice_texts(body: Iterator[str]) -> dict[str, str]:
    """Gather the text of every voice; one that is opened again starts anew, as in the reference."""
    texts: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in body:
        if line.startswith("V:"):
            lines = texts[line.strip()] = []
        else:
            lines.append(line + "\n")
    return {key: "".join(lines) for key, lines in texts.items()}


def _split_bars(key: str, text: str) -> _Voice:
    """Cut a voice at its barlines, with the numbers of endings on the barline before."""
    pieces = _BARLINE.split(text.strip())  # text, barline, text, …, text
    prefix, left, start = "", "", 0
    first = pieces[0].strip()
    opened = not _INLINE_FIELD.sub("", first).strip()  # nothing, or fields only
    if opened and len(pieces) > 1:
        prefix, left, start = first, pieces[1], 2
    bars: list[_Bar] = []
    for i in range(start, len(pieces) - 1, 2):
        content, right = pieces[i].strip().replace("\n", ""), pieces[i + 1]
        if not content:  # two barlines beside each other
            if bars:
                bars[-1] = replace(bars[-1], right=_more_telling(bars[-1].right, right))
            else:
                left = _more_telling(left, right)
            continue
        content, numbers = _ending_numbers(content)
        if not bars:
            left += numbers
        elif numbers:
            bars[-1] = replace(bars[-1], right=bars[-1].right + numbers)
        before = bars[-1].right if bars else left
        bars.append(_Bar(before, content, right, (i - start) // 2 + 1))
    return _Voice(key, prefix, tuple(bars))


def _ending_numbers(content: str) -> tuple[str, str]:
    """Take the numbers of an ending off the text of a bar.

    Examples
    --------
    >>> _ending_numbers("1,2 C4")
    ('C4', '1,2')
    """
    if content[0] not in "0123456789:":
        return content, ""
    rest = content.lstrip(_ENDING_NUMBERS) or content[-1]
    return rest.strip(), content[: len(content) - len(rest)]


def _more_telling(one: str, other: str) -> str:
    """Join two barlines that have no music between them.

    Examples
    --------
    >>> _more_telling("|", ":|"), _more_telling(":|", "|:"), _more_telling("|]", "|")
    (':|', '::', '|]')
    """
    plain, plain_other = one.rstrip(_ENDING_NUMBERS), other.rstrip(_ENDING_NUMBERS)
    if one.startswith(":") and other.endswith(":"):
        return "::"
    return one if _RANK.get(plain or one, 4) >= _RANK.get(plain_other or other, 4) else other


def _counting_voice(voices: Sequence[_Voice]) -> int:
    """Choose the voice whose count of bars is everybody's: a longest one, with the fewest gaps."""
    longest = max(len(voice.bars) for voice in voices)
    full = [i for i, voice in enumerate(voices) if len(voice.bars) == longest]
    return min(full, key=lambda i: voices[i].bars[-1].index)


def _same_length(voices: Sequence[_Voice]) -> list[_Voice]:
    """Give the shorter voices invisible bars, with the barlines of the longest voice."""
    longest = max(voices, key=lambda voice: len(voice.bars))
    return [
        replace(
            voice,
            bars=voice.bars
            + tuple(replace(bar, text="x") for bar in longest.bars[len(voice.bars) :]),
        )
        for voice in voices
    ]


def _strip_empty_bars(voices: Sequence[_Voice]) -> list[_Voice]:
    """Leave out what is empty in all voices at both ends; the outer barlines stay."""
    count = len(voices[0].bars)
    first = min((_first(voice, _begins_something) for voice in voices), default=count)
    last = count - min(_first(voice, _sounds, backwards=True) for voice in voices)
    if first >= last:
        raise EmptyContentError("There is no note in it.")
    return [_cut(voice, first, last) for voice in voices]


def _first(voice: _Voice, is_useful: Callable[[str], bool], *, backwards: bool = False) -> int:
    """Count the bars before the first useful one."""
    bars = reversed(voice.bars) if backwards else voice.bars
    return next((i for i, bar in enumerate(bars) if is_useful(bar.text)), len(voice.bars))


def _begins_something(text: str) -> bool:
    """Tell whether a bar has a note, a chord symbol or a field: anything but rests and words."""
    return bool(_SOUND_OR_FIELD.search(_ANNOTATION.sub("", _DECORATION.sub("", text))))


def _sounds(text: str) -> bool:
    """Tell whether a bar has a note or a chord symbol."""
    bare = _INLINE_FIELD.sub("", _ANNOTATION.sub("", _DECORATION.sub("", text)))
    return bool(_NOTE.search(bare))


def _cut(voice: _Voice, first: int, last: int) -> _Voice:
    bars = list(voice.bars[first:last])
    bars[0] = replace(bars[0], left=voice.bars[0].left)
    bars[-1] = replace(bars[-1], right=voice.bars[-1].right)
    return replace(voice, bars=tuple(bars))


def _fold_leading_fields(voice: _Voice) -> _Voice:
    """Make a first bar of nothing but fields the prefix, as the reference's second reading does."""
    first = voice.bars[0]
    is_opening = not voice.prefix and not first.left and len(voice.bars) > 1
    if is_opening and not _INLINE_FIELD.sub("", first.text).strip():
        return replace(voice, prefix=first.text, bars=voice.bars[1:])
    return voice


def _join_first_bars(voice: _Voice, surplus: int) -> _Voice:
    """Put surplus bars in front into the first, where another voice lost its first to a prefix."""
    if not surplus:
        return voice
    head, first = voice.bars[:surplus], voice.bars[surplus]
    text = "".join(bar.text + bar.right for bar in head) + first.text
    joined = replace(first, left=head[0].left, text=text)
    return replace(voice, bars=(joined, *voice.bars[surplus + 1 :]))


def _written(voice: _Voice, i: int) -> str:
    """Write one bar of one voice; the first with what stands before it."""
    bar = voice.bars[i]
    opening = voice.prefix + bar.left if i == 0 else ""
    return f"[{voice.key}]{opening}{bar.text}{bar.right}"
