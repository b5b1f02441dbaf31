"""Notes of a voice that stand on another staff than the voice itself."""

from clamp3_plugin.readers.musicxml.events import Event, Mark, Note


def mark_staff_changes(bars: list[list[Event]], staff: int) -> None:
    """Put ``[I:staff ±n]`` where a voice moves to another staff."""
    current = staff
    for bar in bars:
        moved: list[Event] = []
        for event in bar:
            if isinstance(event, Note) and event.staff and event.staff != current:
                moved.append(Mark(event.time, f"[I:staff {event.staff - current:+d}]"))
                current = event.staff
            moved.append(event)
        bar[:] = moved
