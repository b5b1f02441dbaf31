"""Makes the bytes of small MIDI files."""

from collections.abc import Iterable

END = (0, b"\xff\x2f\x00")


def varlen(number: int) -> bytes:
    """Write a number of variable length."""
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))


def chunk(name: bytes, content: bytes) -> bytes:
    """Write a chunk."""
    return name + len(content).to_bytes(4) + content


def midi(
    *tracks: Iterable[tuple[int, bytes]], kind: int = 1, division: bytes = b"\x01\xe0"
) -> bytes:
    """Write a file of tracks, each of deltas and messages; 480 ticks a quarter unless told."""
    header = kind.to_bytes(2) + len(tracks).to_bytes(2) + division
    bodies = (b"".join(varlen(delta) + data for delta, data in track) for track in tracks)
    return chunk(b"MThd", header) + b"".join(chunk(b"MTrk", body) for body in bodies)


def meta(kind: int, data: bytes) -> bytes:
    """Write a meta event."""
    return bytes([0xFF, kind]) + varlen(len(data)) + data


def note(pitch: int, ticks: int, channel: int = 0, wait: int = 0) -> list[tuple[int, bytes]]:
    """Write a note that starts after a wait and sounds for some ticks."""
    on, off = bytes([0x90 | channel, pitch, 80]), bytes([0x80 | channel, pitch, 64])
    return [(wait, on), (ticks, off)]
