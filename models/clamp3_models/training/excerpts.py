"""Stretches of music to train on: as long as what is indexed, and now and then a whole piece."""

import random
from collections.abc import Sequence

import numpy as np

from clamp3_models.patches import PATCH_SIZE, Patches, patchify, remove_instrument_info
from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.music import Passage
from clamp3_plugin.readers.content import Content

_WHOLE_SHARE = 0.35
_LONG_SHARE = 0.2
"""Share of stretches that join several windows."""
_NAMELESS_SHARE = 0.5
"""Share of excerpts whose instrument names are taken away, so that the notes must tell."""


_MOST_CHARACTERS = 256
"""Of a patch before it is cut to what fits; only bars of very dense music have more."""


def excerpts_of(
    content: Content, choose: random.Random, *, count: int, max_patches: int
) -> list[Patches]:
    """Cut random stretches of a piece, each ready for the encoder and no longer than asked.

    Parameters
    ----------
    content
        A score or a performance.
    choose
        Source of randomness.
    count
        How many; a piece of one stretch gives one.
    max_patches
        Longer stretches keep their head.

    Returns
    -------
    list of Patches
        uint8, shape ``(n, 64)`` each, ``2 <= n <= max_patches``.
    """
    windows = content.passages()
    found = []
    for _ in range(count if windows else 1):
        try:
            text = _stretch(content, windows, choose)
        except Clamp3Error:  # a window without notes: the next one will do
            continue
        if choose.random() < _NAMELESS_SHARE:
            text = remove_instrument_info(text)
        # a long piece need not be tokenised to its end for its head
        found.append(head(patchify(text[: max_patches * _MOST_CHARACTERS]), max_patches))
    return found


def _stretch(content: Content, windows: Sequence[Passage], choose: random.Random) -> str:
    if not windows or choose.random() < _WHOLE_SHARE:
        return content.whole()
    i = choose.randrange(len(windows))
    if choose.random() > _LONG_SHARE:
        return content.excerpt(windows[i])
    last = windows[min(len(windows) - 1, i + choose.randint(1, 4))]
    first = windows[i]
    return content.excerpt(Passage(first.first_bar, last.last_bar, first.start, last.end))


def head(patches: Patches, max_patches: int) -> Patches:
    """Keep the first patches and the last special one, no more than asked."""
    if len(patches) <= max_patches:
        return patches
    kept = np.empty((max_patches, PATCH_SIZE), np.uint8)
    kept[:-1], kept[-1] = patches[: max_patches - 1], patches[-1]
    return kept
