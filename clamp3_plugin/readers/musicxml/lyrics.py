"""Words under the notes, as ``w:`` lines."""

from collections.abc import Iterable, Sequence

from clamp3_plugin.readers.musicxml.events import Event, Note
from clamp3_plugin.readers.musicxml.parse import Element

Syllables = dict[str, str]
"""Words under a note, by the number of the verse."""

EXTENDER = "_"
MAX_VERSES = 64


def read_syllables(lyrics: Iterable[Element]) -> Syllables:
    """Read the syllables under a note, by the number of their verse."""
    syllables: Syllables = {}
    for lyric in lyrics:
        text = "".join(piece.text or "" for piece in lyric.iterfind("text")).strip()
        if not text:
            continue
        for plain, escaped in (("\n", " "), (" ", "~"), ("-", "\\-"), ("_", "\\_")):
            text = text.replace(plain, escaped)
        if (lyric.findtext("syllabic") or "").strip() in {"begin", "middle"}:
            text += "-"
        elif lyric.find("extend") is not None:
            text += "\n"  # stands for the extender until the line is written
        syllables[lyric.get("number", "1")[:20]] = text
    return syllables


class Verses:
    """The verses of one voice, written bar by bar in step with its notes."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(names)[:MAX_VERSES]
        self._extending: dict[str, int] = {}

    def lines(self, bars: Sequence[Sequence[Event]]) -> list[str]:
        """Write the ``w:`` lines under one line of music."""
        lines = []
        for name in self._names:
            texts = [self._bar(name, bar) for bar in bars]
            if any(text.strip(" *_") for text in texts):
                lines.append("w: " + "|".join(texts) + "|")
        return lines

    def _bar(self, name: str, bar: Sequence[Event]) -> str:
        words: list[str] = []
        left = self._extending.get(name, 0)
        for event in bar:
            if not isinstance(event, Note) or event.grace or not event.heads:
                continue
            word = event.syllables.get(name) if event.syllables else None
            if word is None:
                words.append(EXTENDER if left else "*")
                continue
            # an extender reaches to the end of the bar after the one in which it begins
            left = 2 if word.endswith("\n") else 0
            words.append(word.rstrip("\n"))
        self._extending[name] = max(0, left - 1)
        while words and words[-1] == "*":
            words.pop()
        return " ".join(words)
