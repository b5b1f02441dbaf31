"""What can be changed in a score and in a performance alike: tempo, octave, headers."""

import re

from clamp3_models.training.augmentation.performance import (
    pace_performance,
    shift_performance,
    without_meta,
)
from clamp3_models.training.augmentation.score import shift_score

_SCORE_TEMPO = re.compile(r"^Q:.*|\[Q:[^\[\]]*\]", re.MULTILINE)
_BEATS = re.compile(r'("[^"]*")|((?:^Q:|\[Q:|=)\s*)(\d+(?:\.\d+)?)(?=\s*(?:\]|$|"))')
_HEADERS = ("K:", "M:", "Q:", "L:")


def change_tempo(mtf_or_abc: str, factor: float) -> str:
    r"""Make music so many times as fast; a score that tells no tempo stays as it is.

    The beats per minute of a score are rounded to whole ones.

    Raises
    ------
    ValueError
        The factor is not positive, or leads to a tempo that cannot be written.

    Examples
    --------
    >>> change_tempo('Q:"Slow" 1/4=60\n[V:1][Q:1/8=50] C|', 1.5)
    'Q:"Slow" 1/4=90\n[V:1][Q:1/8=75] C|'
    """
    if not factor > 0:
        raise ValueError(f"music cannot be {factor} times as fast")
    if _is_performance(mtf_or_abc):
        return pace_performance(mtf_or_abc, factor)

    def paced(found: re.Match[str]) -> str:
        return found[0] if found[1] else f"{found[2]}{max(1, round(float(found[3]) * factor))}"

    return _SCORE_TEMPO.sub(lambda tempo: _BEATS.sub(paced, tempo[0]), mtf_or_abc)


def shift_octave(text: str, octaves: int) -> str:
    """Move all pitched notes by octaves; the key stays.

    Raises
    ------
    ValueError
        A pitch of a performance would lie outside 0 to 127.
    """
    shift = shift_performance if _is_performance(text) else shift_score
    return shift(text, octaves)


def remove_headers(text: str) -> str:
    r"""Leave out what tells key, metre, tempo and unit length, so that they have to be heard.

    Of a score these are the header lines, of voices too; changes within the music stay. Of a performance
    these are the meta events; the messages behind them keep their time.

    Examples
    --------
    >>> remove_headers("L:1/8\nM:6/8\nK:G\nV:1 treble\n[V:1]G3 B3|\n")
    'V:1 treble\n[V:1]G3 B3|\n'
    """
    if _is_performance(text):
        return without_meta(text)
    return "\n".join(line for line in text.split("\n") if not line.startswith(_HEADERS))


def _is_performance(text: str) -> bool:
    return text.startswith("ticks_per_beat ")
