"""Leave out what a picture of some bars does not need of a Humdrum file, before it is engraved.

Spines split, join and end in the bars that are left out, too; each is followed, with what is in force
in it. Conventions: a bar is what sounds between two barlines, counted from 1; ends are included.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_IN_FORCE = tuple(
    map(
        re.compile,
        (
            r"\*I?Tr",  # transposition
            r"\*clef",
            r"\*k\[",  # signature
            r"\*[A-Ga-g][#-]?:",  # key
            r"\*M\d",  # metre
            r"\*met\(",  # and its sign
            r"\*MM\d",  # tempo
        ),
    )
)
_SHAPES = {"*^", "*v", "*x", "*-"}
"""What changes the number or the order of the spines."""

_State = dict[int, str]  # words by their place in _IN_FORCE


class _OtherShapeError(Exception):
    """The spines are not as they should be."""


@dataclass
class _Thinner:
    first: int
    last: int
    kept: list[str] = field(default_factory=list)
    columns: list[_State] = field(default_factory=list)
    has_begun: bool = False
    """Whether what comes belongs to the bars."""
    bar: int = 0
    sounds: bool = False
    """Whether something sounded since the last barline."""

    def read(self, line: str) -> bool:
        """Take a line; tells whether more is needed."""
        if line.startswith("!"):
            if self.has_begun or not self.bar:
                self.kept.append(line)
            return True
        words = line.split("\t")
        if line.startswith("**"):
            self.columns = [{} for _ in words]
            self.kept.append(line)
            return True
        if len(words) != len(self.columns):
            raise _OtherShapeError
        if line.startswith("*"):
            self._interpretation(words, line)
        elif line.startswith("="):
            return self._barline(line)
        else:
            self._notes(line)
        return True

    def _interpretation(self, words: Sequence[str], line: str) -> None:
        if self.has_begun:
            self.kept.append(line)
        else:
            others = [word if self._stays(word) else "*" for word in words]
            if any(word != "*" for word in others):
                self.kept.append("\t".join(others))
        self.columns = _followed(self.columns, words)

    def _stays(self, word: str) -> bool:
        """Tell what is kept of what stands before the bars: shapes, and at the start names of parts."""
        return word in _SHAPES or (not self.bar and _place(word) is None)

    def _barline(self, line: str) -> bool:
        if self.bar >= self.last and self.sounds:
            self.kept += [line, "\t".join("*-" for _ in self.columns)]
            return False
        if self.bar + 1 == self.first and not self.has_begun:
            self._begin()
        if self.has_begun:
            self.kept.append(line)
        self.sounds = False
        return True

    def _notes(self, line: str) -> None:
        if not self.sounds:
            self.sounds = True
            self.bar += 1
            if self.bar == self.first and not self.has_begun:
                self._begin()
        if self.has_begun:
            self.kept.append(line)

    def _begin(self) -> None:
        """Write what is in force before the first bar."""
        self.has_begun = True
        for place in range(len(_IN_FORCE)):
            words = [column.get(place, "*") for column in self.columns]
            if any(word != "*" for word in words):
                self.kept.append("\t".join(words))


def thin_humdrum(text: str, first: int, last: int) -> str | None:
    r"""Take bars out of a Humdrum file; None where its spines are not followed.

    Examples
    --------
    >>> kern = "**kern\n*clefG2\n*M2/4\n=1\n4c\n4d\n=2\n*clefF4\n2E\n=3\n2F\n==\n*-\n"
    >>> thin_humdrum(kern, 2, 2).split("\n")
    ['**kern', '*clefG2', '*M2/4', '=2', '*clefF4', '2E', '=3', '*-', '']
    """
    thinner = _Thinner(first, last)
    try:
        for line in text.splitlines():
            if line and not thinner.read(line):
                break
    except _OtherShapeError:
        return None
    return "\n".join([*thinner.kept, ""]) if thinner.has_begun and thinner.bar >= first else None


def _place(word: str) -> int | None:
    return next((i for i, kind in enumerate(_IN_FORCE) if kind.match(word)), None)


def _followed(columns: list[_State], words: Sequence[str]) -> list[_State]:
    """Give the spines behind a line of interpretations."""
    found: list[_State] = []
    before = ""
    for i, (state, word) in enumerate(zip(columns, words, strict=True)):
        if word == "*+":
            raise _OtherShapeError
        if word == "*x":
            other = i + 1 if before != "*x" else i - 1
            found.append(columns[min(other, len(columns) - 1)])
            before = "" if before == "*x" else word
            continue
        if word == "*^":
            found.append(dict(state))
        if word not in {"*-", "*v"} or (word == "*v" and before != "*v"):
            place = _place(word)
            if place is not None:
                state[place] = word
            found.append(state)
        before = word
    return found
