"""What one training example is: a text and music of one record, as the paper draws them.

Conventions: with a source of randomness an example is drawn as for training (lines of the text left
out, instruments taken away, a random window); with None it is that of evaluation, always the same.

References
----------
Wu et al., "CLaMP 3", arXiv 2502.10362; rules as in github.com/sanderwood/clamp3
``train_clamp3_symbolic.py`` and ``train_clamp3_audio.py``. There, distinct lines come in the order of
a set, which changes with every process; here they come in order of first occurrence.
"""

import random
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from clamp3_models.tokenizer import SEP

_TRANSLATION_SHARE = 0.5
_LINE_SHARE = 0.5
NAMELESS_SHARE = 0.9
"""Share of pieces whose instrument names are taken away."""
_NO_TEXT = frozenset(
    {"id", "filepaths", "language", "translations", "family", "src", "abc", "midi_b64"}
)
"""Fields that are not text, or name the language of the rest; the last four are ours."""

_S = TypeVar("_S", list[int], NDArray[np.uint8], NDArray[np.float32])


def text_of(fields: Mapping[str, Any], choose: random.Random | None) -> str:
    r"""Write the text of a record: some of its lines in any order, or for evaluation its analysis.

    Examples
    --------
    >>> fields = {"id": "1", "genres": ["Folk", "Jig"], "analysis": "A jig in G."}
    >>> text_of(fields, None)
    'A jig in G.'
    >>> text_of(fields, random.Random(3))
    'Jig'
    """
    if choose is None:
        analysis = "\n".join(_strings(fields.get("analysis")))
        return SEP.join(_lines(analysis or "\n".join(_originals(fields))))
    said = list(_translations(fields)) if choose.random() < _TRANSLATION_SHARE else []
    lines = _lines("\n".join(said or _originals(fields)))
    kept = [line for line in lines if choose.random() < _LINE_SHARE] or lines
    choose.shuffle(kept)
    return SEP.join(kept)


def has_text(fields: Mapping[str, Any]) -> bool:
    """Tell whether a record says anything of its music."""
    return any(line.strip() for line in (*_originals(fields), *_translations(fields)))


def window(sequence: _S, length: int, choose: random.Random | None) -> _S:
    """Take the head, the tail or the middle of what is too long, each as often; the head without choice.

    Examples
    --------
    >>> window([1, 2, 3, 4], 3, None)
    [1, 2, 3]
    """
    rest = len(sequence) - length
    if rest <= 0:
        return sequence
    start = 0 if choose is None else choose.choice((0, rest, choose.randint(1, rest)))
    return sequence[start : start + length]


def _originals(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        if name not in _NO_TEXT:
            yield from _strings(value)


def _translations(fields: Mapping[str, Any]) -> Iterator[str]:
    translations = fields.get("translations")
    if isinstance(translations, Mapping):
        for name, value in translations.items():
            if name != "language":
                yield from _strings(value)


def _strings(value: object) -> Iterator[str]:
    """Give the texts of a field, which holds one or a list of them."""
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, str) and part:
            yield part


def _lines(text: str) -> list[str]:
    return [line for line in dict.fromkeys(text.split("\n")) if line]
