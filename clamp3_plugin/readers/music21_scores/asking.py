"""Ask the worker for the MusicXML of a file in another format."""

import re
from itertools import accumulate, pairwise
from typing import Literal

from clamp3_plugin.errors import BrokenFileError, EmptyContentError
from clamp3_plugin.readers.isolation.framing import Message
from clamp3_plugin.readers.isolation.limits import Limits
from clamp3_plugin.readers.isolation.route import Route
from clamp3_plugin.readers.isolation.worker import JobError, Worker

MAX_BYTES = 16 * 2**20
"""Longest file that music21 is given, and the longest that its process may write."""

WORKER = Worker(
    "clamp3_plugin.readers.music21_scores.job", Limits(file_bytes=MAX_BYTES), needs="music21"
)
MUSIC21 = Route("music21", WORKER.ask)


def musicxml_of(data: bytes, form: Literal["humdrum", "mei", "midi"]) -> list[bytes]:
    """Have a file read by music21 and written as MusicXML, one document for each score in it.

    Raises
    ------
    InputRefusedError
        music21 cannot read it, or not within the limits.
    """
    try:
        answer = MUSIC21(Message({"format": form}, data))
    except JobError as error:
        raise BrokenFileError(
            f"music21 cannot read it ({error.kind}{_shown(error.reason)}).",
            "Correct the file, or export the score as MusicXML.",
        ) from error
    sizes = answer.fields.get("sizes")
    if not isinstance(sizes, list) or not all(isinstance(size, int) for size in sizes):
        raise BrokenFileError("music21 gave no score.", "Export the score as MusicXML.")
    scores = [answer.body[a:b] for a, b in pairwise(accumulate(sizes, initial=0))]
    if not any(scores):
        raise EmptyContentError("There is no score in it.")
    return scores


def _shown(reason: str) -> str:
    """Show the first line of what a parser says, without paths or control characters."""
    line = re.sub(r"\S*[/\\]\S*", "…", reason.strip().partition("\n")[0])
    text = "".join(c for c in line if c.isprintable())[:120].rstrip(" .")
    return f": {text}" if text else ""
