"""The patch tokeniser: interleaved ABC or MTF to rows of 64 character codes.

Conventions: a *patch* is one bar, one header line or a run of MIDI messages; ids 0 pad, 1 bos, 2 eos,
3 mask; characters are their ASCII codes. Rules as in ``M3Patchilizer`` of the reference
(github.com/sanderwood/clamp3, ``code/utils.py``), quirks included, since they define the embeddings of
the official weights: 63 characters or more leave no room for eos, a line without a barline vanishes,
and so does what follows the last barline of a line.
"""

import re

import numpy as np
from numpy.typing import NDArray

from clamp3_models.transliteration import to_ascii
from clamp3_plugin.errors import EmptyContentError

Patches = NDArray[np.uint8]
"""uint8, shape ``(n, PATCH_SIZE)``."""

PATCH_SIZE = 64
PATCH_LENGTH = 512  # patches the encoder sees at once
PAD, BOS, EOS, MASK = 0, 1, 2, 3

_BARLINES = re.compile(r"(\|:|::|:\||\[\||\|\||\|\]|\|)")
_ROOM = PATCH_SIZE - 2  # characters of a patch besides bos and eos


def patchify(text: str) -> Patches:
    r"""Cut a text into patches, with the special first and last one.

    Parameters
    ----------
    text : str
        Interleaved ABC, or MTF (its first word is ``ticks_per_beat``).

    Returns
    -------
    Patches
        uint8, shape ``(n, 64)``, ``n`` at least 2.

    Raises
    ------
    EmptyContentError
        There is no line in the text.

    Examples
    --------
    >>> patchify("L:1/8\nK:C\n[V:1]C2 D2|[V:2]E4|\n").shape
    (5, 64)
    """
    pieces = split(text)
    patches = np.zeros((len(pieces) + 2, PATCH_SIZE), np.uint8)
    patches[0] = BOS
    patches[-1] = EOS
    patches[:, 0] = BOS
    for row, piece in zip(patches[1:-1], pieces, strict=True):
        codes = np.frombuffer(piece[: PATCH_SIZE - 1].encode("ascii"), np.uint8)
        row[1 : 1 + len(codes)] = codes
        if len(codes) < PATCH_SIZE - 1:
            row[1 + len(codes)] = EOS
    return patches


def split(text: str) -> list[str]:
    """Cut a text into the strings that become patches, without the special ones."""
    text = text.replace("\r\n", "\n").replace(
        "\r", "\n"
    )  # universal newlines, as when read from a file
    ascii_text = to_ascii(text.replace("L:1/8\n", ""))
    lines = [line for line in re.findall(r".*?\n|.*$", ascii_text) if line]
    if not lines:
        raise EmptyContentError("There is nothing to encode in this text.")
    if lines[0].split(" ", 1)[0] == "ticks_per_beat":
        return _messages(lines)
    return [piece for line in lines for piece in _abc_line(line)]


def first_patches(text: str) -> list[int]:
    r"""Give, for every line of interleaved ABC, the row of its first patch in ``patchify(text)``.

    A line without a patch of its own (``L:1/8``) has the row of the next one; that of a bar is the
    row where its first voice begins.

    Examples
    --------
    >>> first_patches("L:1/8\nK:C\n[V:1]C2 D2|[V:2]E4|\n[V:1]C4|[V:2]E4|\n")
    [1, 1, 2, 4]
    """
    rows, row = [], 1  # row 0 is the special first patch
    for line in re.findall(r".*?\n|.+$", text):
        rows.append(row)
        kept = to_ascii(line.replace("L:1/8\n", ""))
        row += len(_abc_line(kept)) if kept else 0
    return rows


def _messages(lines: list[str]) -> list[str]:
    """Join messages of one kind into patches as long as they fit."""
    pieces: list[str] = []
    current = ""
    for line in lines:
        kind, _, rest = line.partition(" ")
        if current.startswith(kind) and len(current) + len(rest) <= _ROOM:
            current = current[:-1] + "\t" + rest
        else:
            if current:
                pieces.append(current)
            current = line
    return [*pieces, current]


def _abc_line(line: str) -> list[str]:
    if len(line) > 1 and ((line[0].isalpha() and line[1] == ":") or line.startswith("%%")):
        return [line]
    parts = [part for part in _BARLINES.split(line) if part]
    if len(parts) > 1 and _BARLINES.fullmatch(parts[0]):
        parts[:2] = [parts[0] + parts[1]]
    bars = [parts[i] + parts[i + 1] for i in range(0, len(parts) - 1, 2)]
    if bars:
        bars[-1] += "\n"
    return bars


def remove_instrument_info(text: str) -> str:
    r"""Take away what names the instruments, so that training cannot lean on it.

    Examples
    --------
    >>> remove_instrument_info('V:1 treble nm="Flute"\n[V:1]C|\n')
    'V:1 treble\n[V:1]C|\n'
    """
    return "".join(_without_instrument(line) for line in re.findall(r".*?\n|.*$", text))


def _without_instrument(line: str) -> str:
    if line.startswith("V:"):
        for mark in (" nm=", " snm="):
            if mark in line:
                return line.partition(mark)[0] + "\n"
    elif line.startswith("program_change"):
        return " ".join([*line.split(" ")[:-1], "0"]) + "\n"
    return line
