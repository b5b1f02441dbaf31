"""Read ABC: tune books, single tunes, standard ABC with voices, and ABC that is interleaved already.

A hand-written tune is first written as the reference's converter would write it (``abc_normalize``);
what comes in that form, or interleaved, is taken as it is.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice

from clamp3_plugin.errors import (
    BrokenFileError,
    EmptyContentError,
    InputRefusedError,
    TooLargeError,
)
from clamp3_plugin.music import Metadata
from clamp3_plugin.readers import limits
from clamp3_plugin.readers.abc_book import Tune, check_size, decode, is_field, tunes_of
from clamp3_plugin.readers.abc_fields import (
    Tempo,
    display_key,
    key_of,
    metre_of,
    plain_text,
    tempo_of,
    unit_length_of,
    voice_name_of,
)
from clamp3_plugin.readers.abc_normalize import NormalTune, normalize
from clamp3_plugin.readers.general_midi import INSTRUMENTS
from clamp3_plugin.readers.key_estimate import with_estimated_key
from clamp3_plugin.readers.score import (
    Score,
    score_from_interleaved_abc,
    score_from_standard_abc,
)

_VOICE_IN_LINE = re.compile(r"\[V:[^\[\]]*\]")
_BARLINES = re.compile(r"\[\||[|:][|:\]]*(?<=[|\]:])")
_BARE_VOICE = re.compile(r"V:\s*\S+\s*$")
_HAS_BARLINE = re.compile(r"\||::")
_PROGRAM = re.compile(r"^%%MIDI[ \t]+program(?:[ \t]+\d{1,2})?[ \t]+(\d{1,3})\b", re.MULTILINE)
_POET = re.compile(r"\s*(?:lyrics|lyricist|words|text)(?:\s+by\b:?|\s*:)\s*(\S.*)", re.IGNORECASE)
"""The standard has no field for who wrote the words; people say it in C: and Z:."""


def read_abc(data: bytes) -> list[Score]:
    """Read all tunes of an ABC file; those without music are passed over.

    Raises
    ------
    InputRefusedError
        None of its tunes can be read; the error is that of the first.
    """
    tunes = tunes_of(decode(data))
    refusals: list[InputRefusedError] = []
    scores = list(_readable(tunes, refusals))
    if not scores and refusals:
        raise refusals[0]
    return scores


def read_abc_tune(data: bytes, number: int, count: int = 0) -> Score:
    """Read one tune of an ABC file, as ``read_abc`` numbers them.

    Parameters
    ----------
    data
        The file.
    number
        Of the tune, from 1; tunes without music are not counted.
    count
        How many tunes ``read_abc`` reads of this file, where that is known. If those are all there
        are, the ones before the tune need not be read to be counted.

    Raises
    ------
    InputRefusedError
        There is no such tune.
    """
    book = tunes_of(decode(data))
    if number <= len(book) == count:
        return with_estimated_key(_score(book.tune(number)))
    score = next(islice(_readable(book, []), number - 1, None), None)
    if score is None:
        raise EmptyContentError(f"There is no tune {number} any more.", "Index its folder again.")
    return score


def _readable(tunes: Iterable[Tune], refusals: list[InputRefusedError]) -> Iterator[Score]:
    """Read one tune after the other, as they are asked for; notes why others cannot be read."""
    for tune in tunes:
        try:
            yield with_estimated_key(_score(tune))
        except InputRefusedError as error:
            refusals.append(error)


def _score(tune: Tune) -> Score:
    check_size(tune)
    music = [line for line in tune.body if not is_field(line)]
    if _is_interleaved(music):
        return _interleaved_score(tune)
    if not any(_HAS_BARLINE.search(line) for line in music) and not tune.fields:
        raise BrokenFileError(
            "It holds no tune in ABC.", "A tune has fields such as K:G and bars ended by |."
        )
    if _is_standard(tune):
        return score_from_standard_abc(tune.text, metadata=_metadata(tune))
    normal = normalize(tune)
    return score_from_standard_abc(
        normal.abc,
        onsets=_seconds(normal.onsets, normal.tempo, normal.abc),
        positions=[float(onset) for onset in normal.onsets],
        metadata=_metadata(tune, normal),
    )


def _is_interleaved(music: Sequence[str]) -> bool:
    """Tell ABC with one bar of every voice in a line from music with inline changes of voice."""
    if not music or not all(line.startswith("[V:") for line in music):
        return False
    openings = [_VOICE_IN_LINE.findall(line) for line in music]
    return all(
        found == openings[0]
        and all(_is_one_bar(part, is_first=i == 0) for part in _VOICE_IN_LINE.split(line)[1:])
        for i, (found, line) in enumerate(zip(openings, music, strict=True))
    )


def _is_one_bar(part: str, *, is_first: bool) -> bool:
    bare = re.sub(r'"[^"]*"|\[[A-Za-z]:[^\[\]]*\]', "", part)
    barlines = len(_BARLINES.findall(bare))
    return barlines == 1 or (is_first and barlines == 2)


def _interleaved_score(tune: Tune) -> Score:
    if _voices(tune.body) > limits.MAX_VOICES:
        raise TooLargeError(f"It has more than {limits.MAX_VOICES} voices.")
    lines = [line for line in tune.text.split("\n") if line.strip()]
    start = next(i for i, line in enumerate(lines) if line.startswith("[V:"))
    return score_from_interleaved_abc(lines[:start], lines[start:], metadata=_metadata(tune))


def _voices(lines: Sequence[str]) -> int:
    return max(len(_VOICE_IN_LINE.findall(line)) for line in lines)


def _is_standard(tune: Tune) -> bool:
    """Tell what a converter wrote from what a hand wrote: nothing in it would change."""
    opened = [line.strip() for line in tune.body if _BARE_VOICE.match(line)]
    key, metre = tune.last("K"), tune.last("M")
    return (
        opened[:1] == ["V:1"]
        and len(opened) == len(set(opened)) <= limits.MAX_VOICES
        and tune.last("L") == "1/8"
        and key_of(key) == key
        and metre_of(metre) == metre
        and not any("[V:" in line for line in tune.body)
    )


def _metadata(tune: Tune, normal: NormalTune | None = None) -> Metadata:
    metre = normal.metre if normal else metre_of(tune.last("M"))
    unit_length = unit_length_of(tune.last("L"), metre)
    tempo = normal.tempo if normal else tempo_of(tune.last("Q"), unit_length)
    names = (normal.instruments if normal else _voice_names(tune)) or _programs(tune)
    composers = [plain_text(value) for value in tune.all("C")]
    poets = [found for value in tune.all("C") + tune.all("Z") if (found := _POET.match(value))]
    return Metadata(
        title=plain_text(tune.first("T")),
        composer=", ".join(name for name in composers if name and not _POET.match(name)),
        lyricist=", ".join(plain_text(found[1]) for found in poets),
        key=display_key(normal.key if normal else key_of(tune.last("K"))),
        meter="" if metre == "none" else metre,
        tempo=tempo.quarters_per_minute if tempo else None,
        instruments=names,
    )


def _programs(tune: Tune) -> tuple[str, ...]:
    """Name the General MIDI programs of the directives that choose them, in order."""
    chosen = (int(found[1]) for found in _PROGRAM.finditer(tune.text))
    return tuple(dict.fromkeys(INSTRUMENTS[n] for n in chosen if n < len(INSTRUMENTS)))


def _voice_names(tune: Tune) -> tuple[str, ...]:
    names = (voice_name_of(line[2:]) for line in tune.text.split("\n") if line.startswith("V:"))
    return tuple(dict.fromkeys(name for name in names if name))


def _seconds(onsets: Sequence[Fraction], tempo: Tempo | None, abc: str) -> list[float]:
    """Turn quarters into seconds, where one tempo holds throughout."""
    if tempo is None or "[Q:" in abc:
        return []
    return [float(onset) * 60 / tempo.quarters_per_minute for onset in onsets]
