"""Which voices a part has, and on which staff each of them lives."""

from collections import Counter

from clamp3_plugin.errors import TooLargeError
from clamp3_plugin.readers.musicxml.parse import Element
from clamp3_plugin.readers.musicxml.values import whole

MAX_VOICES = 64  # of one part


class VoicePlan:
    """The voices of a part, found before anything is put into them.

    A voice belongs to the staff on which most of its notes stand.
    """

    def __init__(self, part: Element, *, per_staff: bool) -> None:
        self._per_staff = per_staff
        counts: dict[str, Counter[int]] = {}
        for note in part.iterfind("measure/note"):
            staff = whole(note.findtext("staff"), 1, 1, 99)
            counts.setdefault(self.voice_of(note), Counter())[staff] += 1
        if len(counts) > MAX_VOICES:
            raise TooLargeError(f"A part has {len(counts)} voices, the limit is {MAX_VOICES}.")
        names = sorted(counts, key=lambda name: (len(name), name)) if per_staff else counts
        self.staff_of = {
            name: max(counts[name].items(), key=lambda item: (item[1], item[0]))[0]
            for name in names
        }

    def voice_of(self, note: Element) -> str:
        """Name the voice of a note."""
        voice = (note.findtext("voice") or "").strip() or "1"
        if self._per_staff:
            # Sibelius counts the voices of each staff from 1
            staff = whole(note.findtext("staff"), 1, 1, 99)
            return str(whole(voice, 1, 0, 99) + 100 * staff)
        return voice

    def on_staff(self, staff: int) -> list[str]:
        """List the voices of a staff."""
        return [name for name, home in self.staff_of.items() if home == staff]

    def first_on(self, staff: int) -> str | None:
        """Give the first voice of a staff, or of the part."""
        return next(iter(self.on_staff(staff) or self.staff_of), None)
