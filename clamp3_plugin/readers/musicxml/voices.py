"""Which voices a part has, and on which staff each of them lives."""

from collections import Counter
from collections.abc import Iterable

from clamp3_plugin.errors import TooLargeError
from clamp3_plugin.readers.musicxml.notes import Shape

MAX_VOICES = 64  # of one part


class VoicePlan:
    """The voices of a part, found before anything is put into them.

    A voice belongs to the staff on which most of its notes stand.
    """

    def __init__(self, notes: Iterable[Shape], *, per_staff: bool) -> None:
        counts: dict[str, Counter[int]] = {}
        for shape, count in Counter(notes).items():
            counts.setdefault(shape.voice, Counter())[shape.staff] += count
        if len(counts) > MAX_VOICES:
            raise TooLargeError(f"A part has {len(counts)} voices, the limit is {MAX_VOICES}.")
        names = sorted(counts, key=lambda name: (len(name), name)) if per_staff else counts
        self.staff_of = {
            name: max(counts[name].items(), key=lambda item: (item[1], item[0]))[0]
            for name in names
        }

    def on_staff(self, staff: int) -> list[str]:
        """List the voices of a staff."""
        return [name for name, home in self.staff_of.items() if home == staff]

    def first_on(self, staff: int) -> str | None:
        """Give the first voice of a staff, or of the part."""
        return next(iter(self.on_staff(staff) or self.staff_of), None)
