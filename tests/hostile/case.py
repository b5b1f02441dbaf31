"""What a hostile case is: its bytes, what they try, and what a good program does with them.

Every payload that would run writes a file whose name begins with ``PWNED``, and everything that
reaches out of the folder reaches for a file that holds ``CANARY``: neither may ever show.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

SEED = 20_261_124
CANARY = "Canary-of-the-secret-tune"
OUTSIDE = "outside"
"""Folder beside that of the corpus, which holds ``secret.abc`` and is never named to the program."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """It is music, odd as it may be."""

    pieces: int = 1
    unless: frozenset[str] = frozenset()
    """Reasons for which a model that cannot hear it may refuse it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It is named, with one of these reasons (codes of ``errors.py``)."""

    reasons: frozenset[str]


@dataclass(frozen=True, slots=True)
class Skipped:
    """It is no music file by its name and kind: not opened, not named."""


@dataclass(frozen=True, slots=True)
class Named:
    """Damage at random: whatever comes of it, it is music or a refusal by its reason."""

    reasons: frozenset[str] = frozenset({"broken_file", "too_large", "empty"})


@dataclass(frozen=True, slots=True)
class Answered:
    """The daemon answers so; ``code`` is that of the error, empty for a good answer."""

    status: int = 200
    code: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """It is done: a model is imported, a datagram answered."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A datagram that gets no answer."""


Outcome = Indexed | Refused | Skipped | Named | Answered | Accepted | Dropped


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that somebody may put before the program."""

    kind: str
    name: str
    does: str
    good: Outcome

    @property
    def is_valid(self) -> bool:
        """Tell what a good program serves from what it turns away."""
        return isinstance(self.good, (Indexed, Accepted)) or self.good == Answered()


@dataclass(frozen=True, slots=True)
class FileCase(Case):
    """A file; its name is that of the case, or bytes that no text can hold."""

    content: bytes
    file: bytes = b""

    @property
    def path(self) -> bytes:
        """Where it lies below the folder of the corpus."""
        return self.kind.encode() + b"/" + (self.file or self.name.encode())


@dataclass(frozen=True, slots=True)
class TrapCase(Case):
    """Something in a folder that is no plain file."""

    build: Callable[[Path], None]
    """Makes it in an empty folder of its own; ``OSError`` where this machine cannot."""
    paths: Mapping[str, Outcome]
    """What becomes of paths in it; of all others nothing is said."""


@dataclass(frozen=True, slots=True)
class ModelCase(Case):
    """A model that somebody offers: the files of its folder, or one checkpoint."""

    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class RequestCase(Case):
    """A request to the daemon."""

    write: Callable[[str, str], bytes]
    """Gives its bytes for a host (with port) and a token."""


@dataclass(frozen=True, slots=True)
class DatagramCase(Case):
    """A datagram to the OSC port."""

    write: Callable[[str], bytes]
    """Gives its bytes for a token."""


def may_end(outcome: Outcome, reason: str) -> bool:
    """Tell whether a file may be refused for a reason; for an empty one, whether it may be read."""
    match outcome:
        case Indexed(unless=reasons):
            return not reason or reason in reasons
        case Named(reasons):
            return not reason or reason in reasons
        case Refused(reasons):
            return reason in reasons
        case _:
            return False


def refused(*reasons: str) -> Refused:
    """Write a refusal by its reasons."""
    return Refused(frozenset(reasons))


BROKEN = refused("broken_file")
TOO_LARGE = refused("too_large")
EMPTY = refused("empty")
ODD = Indexed()
"""Odd, and music all the same."""
