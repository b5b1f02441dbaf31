"""What a worker may use, in one value that both sides know."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a worker's process and of one job of it."""

    seconds: float = 60
    """Of processor for one job; then the process is killed."""
    memory: int = 3 * 2**29
    """Bytes of address space (1.5 GiB)."""
    file_bytes: int = 0
    """Longest file that it may write."""
    descriptors: int = 32
    jobs: int = 200
    """Jobs until a fresh process takes over, so that what leaks or lingers has an end."""
    patience: float = 3
    """Times ``seconds`` that the clock may run for one job: other programs need the processor too."""
    start_seconds: float = 60
    """Until it must be ready; imports from a cold disk are slow."""

    def text(self) -> str:
        """Write the limits for a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def of_text(cls, text: str) -> "Limits":
        """Read what ``text`` wrote.

        Examples
        --------
        >>> Limits.of_text(Limits(seconds=5).text()).seconds
        5
        """
        return cls(**json.loads(text))
