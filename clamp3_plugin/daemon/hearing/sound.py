"""What a passage sounds like, and what was heard lately."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

_MOST_BYTES = 32 << 20  # that are remembered


@dataclass(frozen=True, slots=True)
class Timeline:
    """When the bars of a score begin in its sound, in seconds; nothing for other pieces."""

    bars: Sequence[int] = ()
    """From 1, in the order written; bars without a note in front of the music may be left out."""
    starts: Sequence[float] = ()
    end: float = 0.0
    """When the last of them ends."""

    def to_wire(self) -> dict[str, object]:
        """Write it as JSON has it."""
        bars = [
            {"bar": bar, "start": round(start, 3)}
            for bar, start in zip(self.bars, self.starts, strict=True)
        ]
        return {"bars": bars, "end": round(self.end, 3)}


@dataclass(frozen=True, slots=True)
class Sound:
    """A passage as it is heard."""

    ogg: bytes
    timeline: Timeline = Timeline()


class Heard:
    """Passages that were heard lately: who plays one often plays it again."""

    def __init__(self) -> None:
        self._sounds: OrderedDict[tuple[object, ...], Sound] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[object, ...]) -> Sound | None:
        """Give a sound, if it is remembered."""
        with self._lock:
            if key in self._sounds:
                self._sounds.move_to_end(key)
            return self._sounds.get(key)

    def put(self, key: tuple[object, ...], sound: Sound) -> None:
        """Remember a sound; the oldest go where there is no room."""
        with self._lock:
            self._sounds[key] = sound
            while sum(len(kept.ogg) for kept in self._sounds.values()) > _MOST_BYTES:
                self._sounds.popitem(last=False)
