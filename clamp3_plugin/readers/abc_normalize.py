"""Write any tune as the reference's converter would: ``L:1/8``, one ``V:n`` section per voice.

CLaMP 3 was trained on ABC that came from MusicXML, so a hand-written tune is brought into that
form: lengths in eighths, words and information fields dropped, one space before each beam, repeats
and broken rhythm kept. Compared with the same tunes converted by way of MusicXML.

Conventions: positions are quarter notes from the start of the tune, repeats not played out.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from clamp3_plugin.errors import EmptyContentError, TooLargeError
from clamp3_plugin.readers import limits
from clamp3_plugin.readers.abc_book import Tune, is_field
from clamp3_plugin.readers.abc_fields import (
    Tempo,
    clef_of,
    key_of,
    metre_of,
    tempo_of,
    unit_length_of,
    voice_name_of,
)
from clamp3_plugin.readers.abc_notes import Barline, Item, Mark, Sound, VoiceScanner

# neither group can take what the other could: an unclosed bracket costs one look at the line
_INLINE_VOICE = re.compile(r"\[V:\s*([^\[\]\s]+)((?:\s[^\[\]]*)?)\]")
_BARLINE = re.compile(r"\||::")
_LINE_CHARS = 100
_RANK = {"|": 0, "||": 1, "|]": 2, ":|": 3, "|:": 3, "::": 4}


@dataclass(frozen=True, slots=True)
class NormalTune:
    """A tune in standard ABC, with what was learnt on the way."""

    abc: str
    key: str
    metre: str
    tempo: Tempo | None
    instruments: tuple[str, ...]
    onsets: tuple[Fraction, ...]
    """Where each bar begins, and where the last ends."""


@dataclass(slots=True)
class _Voice:
    scanner: VoiceScanner
    clef: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Bar:
    items: tuple[Sound | Mark, ...]
    right: Barline

    @property
    def length(self) -> Fraction:
        """Sounding length in quarter notes."""
        plain: Counter[int] = Counter()  # numerators by denominator: adding fractions is slow
        others = Fraction(0)
        for item in self.items:
            if not isinstance(item, Sound):
                continue
            if item.ratio is None:
                plain[item.length.denominator] += item.length.numerator
            else:
                others += item.length * item.ratio
        return sum((Fraction(above, below) for below, above in plain.items()), start=others) / 2


def normalize(tune: Tune) -> NormalTune:
    """Bring a tune into the form that the encoder knows.

    Raises
    ------
    EmptyContentError
        There is no bar with a note or rest.
    TooLargeError
        It has too many voices.
    """
    metre = metre_of(tune.last("M")) if tune.last("M") else "none"
    unit_length = unit_length_of(tune.last("L"), metre)
    key = key_of(tune.last("K")) or "none"
    tempo = next(filter(None, (tempo_of(q, unit_length) for q in reversed(tune.all("Q")))), None)
    voices = _scan(tune, metre, unit_length)
    cut = [(voice, *_bars(voice.scanner.finish())) for voice in voices]
    cut = [(voice, left, bars) for voice, left, bars in cut if bars]
    if not cut:
        raise EmptyContentError("There is no music in it.")
    header = ["X:1"]
    if len(cut) > 1:
        header.append("%%score " + " ".join(str(i + 1) for i in range(len(cut))))
    header += ["L:1/8", *([f"Q:{tempo}"] if tempo else []), f"M:{metre}", f"K:{key}"]
    header += [_voice_line(i, voice) for i, (voice, _, _) in enumerate(cut, 1)]
    body = [_section(i, left, bars) for i, (_, left, bars) in enumerate(cut, 1)]
    names = tuple(voice.name for voice, _, _ in cut if voice.name)
    onsets = tuple(_onsets([bars for _, _, bars in cut]))
    return NormalTune("\n".join([*header, *body, ""]), key, metre, tempo, names, onsets)


def _voice_line(number: int, voice: _Voice) -> str:
    # The reference's converter names a nameless part so.
    return f'V:{number} {voice.clef or "treble"} nm="{voice.name or f"Part {number}"}"'


def _scan(tune: Tune, metre: str, unit_length: Fraction) -> list[_Voice]:
    """Hand every line to the voice that it belongs to."""
    voices: dict[str, _Voice] = {}
    clef = clef_of(tune.last("K"))
    has_length = bool(tune.last("L"))
    # Of an endless bar the encoder would see only the first 62 characters; lines are phrases.
    is_unbarred = not any(_BARLINE.search(line) for line in tune.body)

    def voice_of(name: str, description: str) -> _Voice:
        if name not in voices:
            if len(voices) == limits.MAX_VOICES:
                raise TooLargeError(f"The tune has more than {limits.MAX_VOICES} voices.")
            scanner = VoiceScanner(metre, unit_length, has_length=has_length)
            voices[name] = _Voice(scanner, clef)
        voice = voices[name]
        voice.clef = clef_of(description) or voice.clef
        voice.name = voice_name_of(description).replace('"', "") or voice.name
        return voice

    for value in tune.all("V"):
        voice_of(*_name_and_rest(value))
    current = next(iter(voices.values()), None) or voice_of("1", "")
    current.scanner.read_tempo_words(tune.last("Q"))
    for line in tune.body:
        for voice_name, description, text in _by_voice(line):
            if voice_name:
                current = voice_of(voice_name, description)
            if is_field(text):
                # A change before any V: of the body holds for all voices; one by one is the rule.
                current.scanner.read_field(text[0], text[2:])
            else:
                current.scanner.read_line(text, ends_bar=is_unbarred)
    return list(voices.values())


def _name_and_rest(value: str) -> tuple[str, str]:
    name, _, rest = value.strip().partition(" ")
    return name or "1", rest


def _by_voice(line: str) -> Iterator[tuple[str, str, str]]:
    """Split a line at its changes of voice: name, description, text; no name: as before."""
    if line.startswith("V:"):
        yield *_name_and_rest(line[2:]), ""
        return
    pieces = _INLINE_VOICE.split(line)
    if pieces[0].strip():
        yield "", "", pieces[0]
    for i in range(1, len(pieces), 3):
        yield pieces[i], pieces[i + 1], pieces[i + 2]


def _bars(items: Iterable[Item]) -> tuple[str, list[_Bar]]:
    """Cut a voice into bars, each with a sound in it, and the barline that opens the first."""
    bars: list[_Bar] = []
    left = ""
    open_items: list[Sound | Mark] = []
    for item in items:
        if not isinstance(item, Barline):
            open_items.append(item)
        elif any(isinstance(opened, Sound) for opened in open_items):
            bars.append(_Bar(tuple(open_items), item))
            open_items = []
        elif bars:
            bars[-1] = _Bar(bars[-1].items, _joined(bars[-1].right, item))
        elif item.text in {"|:", "::"} or item.ending:
            left = ("|:" if item.text in {"|:", "::"} else "|") + item.ending
    if any(isinstance(opened, Sound) for opened in open_items):
        bars.append(_Bar(tuple(open_items), Barline("|]" if bars else "|")))
    return left, bars


def _joined(one: Barline, other: Barline) -> Barline:
    """Join two barlines without music between them."""
    ending = other.ending or one.ending
    if one.text == ":|" and other.text == "|:":
        return Barline("::", ending)
    if one.text == "|:" and other.text == ":|":
        return Barline("::", ending)
    return Barline(max(one.text, other.text, key=lambda text: _RANK[text]), ending)


def _section(number: int, left: str, bars: Sequence[_Bar]) -> str:
    """Write one voice, in lines as long as the reference's converter writes them."""
    lines = [f"V:{number}"]
    line = left
    for bar in bars:
        text = f"{_music(bar.items)} {bar.right.text}{bar.right.ending}"
        if len(line) + len(text) > _LINE_CHARS and line:
            lines.append(line)
            line = ""
        line += text
    return "\n".join([*lines, line])


def _music(items: Sequence[Sound | Mark]) -> str:
    """Write the items of a bar; two beamed notes of 3:1 or 1:3 as broken rhythm."""
    written: list[str] = []
    sounds = [item for item in items if isinstance(item, Sound)]
    broken = dict(_broken_rhythm(sounds))
    position = -1
    for item in items:
        if isinstance(item, Mark):
            written.append(item.text)
            continue
        position += 1
        length, sign = broken.get(position, (item.length, ""))
        written += (
            item.grace,
            "" if item.joined else " ",
            item.tuplet,
            "(" * item.slurs,
            item.decorations,
            item.text,
            _length(length),
            "-" if item.tie else "",
            sign,
            item.closing,
        )
    return "".join(written)


def _broken_rhythm(sounds: Sequence[Sound]) -> Iterator[tuple[int, tuple[Fraction, str]]]:
    """Find neighbours that are written as ``A>B``: index, length to write, sign behind the note."""
    taken = -1
    for i, (one, other) in enumerate(pairwise(sounds)):
        if i <= taken or not other.joined or one.ratio or other.ratio:
            continue
        # cross products, since fractions are slow
        ours = one.length.numerator * other.length.denominator
        its = other.length.numerator * one.length.denominator
        if ours == 3 * its or 3 * ours == its:
            mean = (one.length + other.length) / 2
            yield i, (mean, ">" if one.length > other.length else "<")
            yield i + 1, (mean, "")
            taken = i + 1


def _length(eighths: Fraction) -> str:
    """Write a length.

    Examples
    --------
    >>> [_length(Fraction(n)) for n in ("1", "3", "1/2", "3/2", "1/4")]
    ['', '3', '/', '3/2', '/4']
    """
    above = "" if eighths.numerator == 1 else str(eighths.numerator)
    below = eighths.denominator
    if below == 1:
        return above
    return f"{above}/" + ("" if not above and below == 2 else str(below))


def _onsets(voices: Sequence[Sequence[_Bar]]) -> Iterator[Fraction]:
    """Where each bar begins: after the longest of the voices in every bar before."""
    now = Fraction(0)
    yield now
    for i in range(max(map(len, voices))):
        now += max(voice[i].length for voice in voices if i < len(voice))
        yield now
