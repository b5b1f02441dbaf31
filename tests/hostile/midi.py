"""MIDI: chunks that lie about their length, times beyond the year, numbers that never end."""

from random import Random

from tests.hostile.case import (
    BROKEN,
    EMPTY,
    ODD,
    SEED,
    TOO_LARGE,
    FileCase,
    Indexed,
    Named,
    Outcome,
    refused,
)

END = b"\0\xff\x2f\0"


def varlen(number: int) -> bytes:
    """Write a number of variable length."""
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))


def chunk(name: bytes, content: bytes, length: int | None = None) -> bytes:
    """Write a chunk; its length may be a lie."""
    return name + (len(content) if length is None else length).to_bytes(4) + content


def header(kind: int = 1, tracks: int = 1, division: int = 480) -> bytes:
    """Write the header chunk."""
    return chunk(b"MThd", b"".join(n.to_bytes(2) for n in (kind, tracks, division)))


def meta(kind: int, data: bytes, wait: int = 0) -> bytes:
    """Write a meta event."""
    return varlen(wait) + bytes([0xFF, kind]) + varlen(len(data)) + data


def notes(start: int, count: int = 8, ticks: int = 480) -> bytes:
    """Write notes that differ with the number."""
    return b"".join(
        b"\0\x90" + bytes([48 + (start * (i + 2) + 5 * i) % 36, 80]) + varlen(ticks) + b"\x80"
        + bytes([48 + (start * (i + 2) + 5 * i) % 36, 64])
        for i in range(count)
    )  # fmt: skip


def song(start: int, *, before: bytes = b"", after: bytes = b"") -> bytes:
    """Write a file of one track with something before its notes, and something after them."""
    return header() + chunk(b"MTrk", before + notes(start) + after + END)


def _track(body: bytes) -> bytes:
    return header() + chunk(b"MTrk", body)


_TWO = (chunk(b"MTrk", notes(1) + END), chunk(b"MTrk", notes(2) + END))
_RIFF = song(3)

GOOD: dict[str, tuple[bytes, str]] = {
    "plain": (song(1), "a file like any other"),
    "type-1": (header(1, 2) + b"".join(_TWO), "has two tracks"),
    "running": (
        _track(b"\0\x90\x3c\x50" + b"\x60\x3c\0\0\x40\x50" * 20 + END), "leaves out the status",
    ),
    "smpte": (header(division=0xE728) + chunk(b"MTrk", notes(2) + END), "counts film frames"),
    "riff.rmi": (
        b"RIFF" + (len(_RIFF) + 12).to_bytes(4, "little") + b"RMIDdata"
        + len(_RIFF).to_bytes(4, "little") + _RIFF,
        "is wrapped in RIFF",
    ),
    "alien-chunk": (header(1, 1) + chunk(b"XFIH", b"PWNED" * 9) + _TWO[0], "has a strange chunk"),
    "garbage-after": (song(4) + b"PWNED" * 1_000, "has garbage behind its end"),
    "header-long": (chunk(b"MThd", header()[8:] + b"PWNED!") + _TWO[1], "has a longer header"),
    "no-end": (_track(notes(5)), "has no end of track"),
    "name-escape": (song(6, before=meta(3, b"\x1b[2J\x1b]0;PWNED\x07")), "a name for the terminal"),
    "name-html": (song(7, before=meta(3, b"<script>PWNED</script>")), "a name for a browser"),
    "name-nul": (song(8, before=meta(3, b"a\0b\xff\xfe")), "a name with a NUL"),
    "name-shell": (song(9, before=meta(3, b"$(touch PWNED_mid)")), "a name for the shell"),
    "text-long": (song(10, before=meta(1, b"la" * 100_000)), "a text of 200 kB"),
    "key-of-9": (song(11, before=meta(0x59, b"\x09\0")), "a key of nine sharps"),
    "tempo-short": (song(12, before=meta(0x51, b"\1\2")), "a tempo of two bytes"),
    "sysex-8-bit": (song(13, before=b"\0\xf0\x04\x80\xff\x80\xf7"), "an exclusive of 8 bits"),
    "metre-moon": (song(14, before=meta(0x58, b"\x04\xff\x18\x08")), "a metre of 4 by 2^255"),
    "metre-zero": (song(15, before=meta(0x58, b"\0\x02\x18\x08")), "a metre of no beats"),
    "headers-two": (header() * 2 + _TWO[1], "has its header twice"),
    "tracks-more": (header(1, 1) + _TWO[0] * 100, "has 100 tracks and says one"),
    "songs-two": (song(18) * 2, "is two files in a row"),
    "riff-moon": (
        b"RIFF" + b"\xff" * 4 + b"RMIDdata" + b"\xff" * 4 + song(19), "is wrapped in 4 GiB of RIFF",
    ),
    "tempo-least": (song(20, before=meta(0x51, (1_000).to_bytes(3))), "60,000 beats a minute"),
    "struck-5000-times": (
        _track(b"\0\x90\x3c\x50" + b"\1\x3c\x50" * 5_000 + b"\1\x3c\0" * 5_000 + END),
        "strikes one key 5,000 times before it lets go",
    ),
    "sysex-parts": (
        song(21, before=b"\0\xf0\1\1" + b"\0\xf7\1\1" * 2_000 + b"\0\xf7\1\xf7"),
        "an exclusive in 2,000 parts",
    ),
    "note-stuck": (_track(b"\0\x90\x3c\x50" + notes(1) + END), "a note that is never ended"),
    "offs-only-after": (song(16, after=b"\0\x80\x3c\0" * 500), "ends 500 notes that never began"),
    "zero-long": (_track(notes(3, ticks=0) + END), "notes of no length"),
    "chord-of-all": (
        _track(b"".join(b"\0\x90" + bytes([p, 80]) for p in range(128)) + notes(1) + END),
        "128 notes at once",
    ),
    "tempos-2000": (
        song(17, before=b"".join(meta(0x51, (9_000 + i).to_bytes(3), 1) for i in range(2_000))),
        "2,000 tempos",
    ),
}  # fmt: skip
BAD: dict[str, tuple[bytes, str, Outcome]] = {
    "empty": (b"", "is no byte long", EMPTY),
    "start-only": (b"MThd", "is four bytes of a header", BROKEN),
    "header-cut": (header()[:11], "ends in its header", BROKEN),
    "header-moon": (b"MThd\xff\xff\xff\xff" + header()[8:], "a header of 4 GiB", BROKEN),
    "header-short": (chunk(b"MThd", b"\0\1"), "a header of two bytes", BROKEN),
    "tracks-moon": (header(1, 32_767) + _TWO[0], "32,767 tracks, all but one absent", BROKEN),
    "tracks-negative": (header(1, 65_535) + _TWO[0], "65,535 tracks", refused("broken_file", "empty")),
    "tracks-none": (header(1, 0), "has no track", EMPTY),
    "division-zero": (header(division=0) + _TWO[0], "no time passes", BROKEN),
    "frames-zero": (header(division=0xE700) + _TWO[0], "no time passes in a frame", BROKEN),
    "chunk-moon": (
        header() + chunk(b"MTrk", notes(1) + END, 0xFFFFFFFF), "a track of 4 GiB", BROKEN,
    ),
    "cut": (song(1)[:-20], "ends in the middle", BROKEN),
    "tick-moon": (_track(b"\xff\xff\xff\x7f" + notes(1)[1:] + END), "starts in 2^28 ticks", TOO_LARGE),
    "varlen-5": (_track(b"\x81" * 4 + b"\0" + notes(1)[1:] + END), "a time of 5 bytes", BROKEN),
    "varlen-moon": (
        _track(b"\x81" * 256_000 + b"\0" + notes(1)[1:] + END), "a time of 256 kB", BROKEN,
    ),
    "tempo-zero": (song(1, before=meta(0x51, b"\0\0\0")), "endless speed", TOO_LARGE),
    "division-negative": (header(division=0x8000) + _TWO[0], "frames of no kind", BROKEN),
    "tempo-999": (
        song(1, before=meta(0x51, (999).to_bytes(3))), "over 60,000 beats a minute", TOO_LARGE,
    ),
    "tracks-empty": (header(1, 65_535) + chunk(b"MTrk", END) * 20_000, "20,000 empty tracks", EMPTY),
    "nul-before": (b"\0" + song(1), "begins with a NUL", BROKEN),
    "macbinary": (bytes(128) + song(1), "begins as old Macs have it", BROKEN),
    "days": (
        song(1, before=meta(0x51, b"\xff\xff\xff") , after=meta(6, b"x", 3_000_000)),
        "lasts for more than a day", TOO_LARGE,
    ),
    "events": (
        _track(b"\0\x90\x3c\x50" + b"\0\x3c\x50" * 200_001 + END), "has over 200,000 events",
        TOO_LARGE,
    ),
    "data-8-bit": (_track(b"\0\x90\xbc\x50" + END), "a pitch of 188", BROKEN),
    "no-status": (_track(b"\0\x3c\x50" + END), "a note before any status", BROKEN),
    "status-f4": (_track(b"\0\xf4" + notes(1) + END), "an event that there is not", BROKEN),
    "meta-long": (_track(b"\0\xff\x01\xff\xff\xff\x7fx"), "a text of 256 MiB", BROKEN),
    "sysex-long": (_track(b"\0\xf0\xff\xff\xff\x7fx"), "an exclusive of 256 MiB", BROKEN),
    "no-notes": (_track(meta(3, b"silence") + END), "has no notes", EMPTY),
    "riff-without": (b"RIFF\x0c\0\0\0RMIDINFO\xff\xff\xff\x7f", "RIFF without MIDI", BROKEN),
    "wav": (b"RIFF\x24\0\0\0WAVEfmt ", "is a WAV file", BROKEN),
    "xml": (b"<?xml version='1.0'?><score-partwise/>", "is MusicXML", BROKEN),
    "over-4-mib": (song(1) + bytes(4 * 2**20), "has over 4 MiB", TOO_LARGE),
}  # fmt: skip


def cases() -> list[FileCase]:
    """Give the cases of MIDI."""
    two = header(2, 3) + b"".join(_TWO) + chunk(b"MTrk", END)
    good = [_case(name, does, ODD, data) for name, (data, does) in GOOD.items()]
    bad = [_case(name, does, outcome, data) for name, (data, does, outcome) in BAD.items()]
    return [
        *good,
        _case("type-2", "holds two songs and an empty one", Indexed(2), two),
        *bad,
        *_mutations(),
    ]


def _case(name: str, does: str, outcome: Outcome, data: bytes) -> FileCase:
    return FileCase("midi", f"{name.removesuffix('.rmi')}.mid", does, outcome, data)


def _mutations() -> list[FileCase]:
    random = Random(SEED)  # noqa: S311 - the same bytes each time, for no secret
    found = []
    for i in range(4):
        data = bytearray(song(i))
        for _ in range(4):
            data[random.randrange(4, len(data))] = random.randrange(256)
        found.append(_case(f"mutation-{i}", "a file damaged at random", Named(), bytes(data)))
    return found
