"""A waveform: how loud a recording is, time from left to right, without margins."""

import numpy as np

from clamp3_plugin.encoding import Samples
from clamp3_plugin.errors import EmptyContentError

_INK = "#1f4e79"
_ASPECT = 0.18
_COLUMN = 4
"""Width of a column, of a page that is some 1100 wide."""
_LEAST = 1.0
_ROOT = 0.6
"""Power of the level that is drawn: quiet music is not a line."""


def waveform(samples: Samples, width: int) -> bytes:
    """Draw samples as columns, each as high as the loudest in it.

    Raises
    ------
    EmptyContentError
        There are none.
    """
    columns = width // _COLUMN
    if not len(samples):
        raise EmptyContentError("There is no sound in this passage.")
    height = round(width * _ASPECT)
    edges = np.linspace(0, len(samples), columns + 1).astype(int)
    starts = np.minimum(edges[:-1], len(samples) - 1)
    levels = np.maximum.reduceat(np.abs(samples), starts)
    peak = float(levels.max()) or 1.0
    tall = np.maximum((levels / peak) ** _ROOT * (height - 4), _LEAST)
    bars = "".join(
        f"M{i * _COLUMN} {(height - tallness) / 2:.1f}h{_COLUMN - 1}v{tallness:.1f}h-{_COLUMN - 1}z"
        for i, tallness in enumerate(tall.tolist())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}"><path fill="{_INK}" d="{bars}"/></svg>'
    ).encode("ascii")
