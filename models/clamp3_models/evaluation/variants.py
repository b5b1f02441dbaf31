"""The same music told otherwise, for every piece: transposed, or without some of its bars.

What training draws from, and may refuse a piece, is in ``clamp3_models.training.augmentation``; a
figure must not lose a piece, so a pitch that would leave the range stays at its edge here.

Conventions: scores are interleaved ABC, performances MTF (one MIDI message a line, ``kind values``,
time in ticks since the message before).
"""

import re

from clamp3_plugin.music import Passage
from clamp3_plugin.readers.score import Score

_TOLD_LINES = ("K:", "M:", "Q:", "L:")
_DRUMS = 9
_LINE = re.compile(r".*\n|.+$")
_VOICE = re.compile(r"\[V:[^\]]*\]")
_FIFTHS = dict(
    zip(("Fb", "Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#",
         "G#", "D#", "A#"), range(-8, 11), strict=True)
)  # fmt: skip
_BY_FIFTHS = {place: name for name, place in _FIFTHS.items()}
_MINOR = 3
"""A minor key has the signature of the major key three fifths lower."""


def transposed(performance: str, semitones: int) -> str:
    r"""Move every note but drums, and the key signature with them.

    Examples
    --------
    >>> transposed("ticks_per_beat 96\nkey_signature G 0\nnote_on 0 0 60 64\nnote_on 0 9 38 64", 3)
    'ticks_per_beat 96\nkey_signature Bb 0\nnote_on 0 0 63 64\nnote_on 0 9 38 64'
    """
    return "\n".join(_transposed(line, semitones) for line in performance.split("\n"))


def _transposed(line: str, semitones: int) -> str:
    words = line.split(" ")
    if words[0] in {"note_on", "note_off", "polytouch"} and int(words[2]) != _DRUMS:
        words[3] = str(min(127, max(0, int(words[3]) + semitones)))
    elif words[0] == "key_signature":
        words[1] = transposed_key(words[1], semitones)
    return " ".join(words)


def transposed_key(name: str, semitones: int) -> str:
    """Transpose a key as MTF names it, to the one with the fewest accidentals.

    Examples
    --------
    >>> transposed_key("F#m", 3), transposed_key("Bb", 3)
    ('Am', 'Db')
    """
    minor = _MINOR if name.endswith("m") else 0
    accidentals = _FIFTHS[name.removesuffix("m")] - minor
    moved = (accidentals + 7 * semitones + 5) % 12 - 5
    return _BY_FIFTHS[moved + minor] + ("m" if minor else "")


def rest_of(score: Score, passage: Passage) -> str:
    """Write a score without the bars of a passage, with what is in force where it goes on.

    Parameters
    ----------
    score
        Of more bars than the passage.
    passage
        In bars; at the start, in the middle or at the end.
    """
    if passage.first_bar is None or passage.last_bar is None:
        raise ValueError(f"{passage} is not given in bars")
    indexes = [bar.index for bar in score.bars]
    before = [index for index in indexes if index < passage.first_bar]
    after = [index for index in indexes if index > passage.last_bar]
    if not before:
        return score.excerpt(Passage(after[0], after[-1]))
    text = score.excerpt(Passage(before[0], before[-1]))
    return text + _going_on(text, score.excerpt(Passage(after[0], after[-1]))) if after else text


def _going_on(before: str, after: str) -> str:
    """Give the bars of an excerpt that follows another, with the fields that have changed."""
    header = {line for line in _LINE.findall(before) if line.startswith(_TOLD_LINES)}
    lines = _LINE.findall(after)
    changed = [line for line in lines if line.startswith(_TOLD_LINES) and line not in header]
    bars = [line for line in lines if line.startswith("[V:")]
    fields = "".join(f"[{line.rstrip()}]" for line in changed)
    bars[0] = _VOICE.sub(lambda voice: voice[0] + fields, bars[0])
    return "".join(bars)
