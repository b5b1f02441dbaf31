"""OSC datagrams: lengths that loop, times that never come, patterns that crawl, strangers.

Every datagram is made for a token; where the token is right a query is answered, else there is
silence. The bytes are the whole case: what serves them is tested by sending them.
"""

import struct
from collections.abc import Callable

from tests.hostile.case import OUTSIDE, Accepted, DatagramCase, Dropped, Outcome

Write = Callable[[str], bytes]
Argument = str | int | float | bytes


def padded(data: bytes) -> bytes:
    """End with a NUL and fill up to a multiple of four."""
    return data + bytes(4 - len(data) % 4)


def message(address: str, *arguments: Argument, tags: str | None = None) -> bytes:
    """Write a message; its type tags may be a lie."""
    kinds = {str: "s", int: "i", float: "f", bytes: "b"}
    given = "".join(kinds[type(argument)] for argument in arguments)
    parts = [padded(address.encode()), padded(f",{given if tags is None else tags}".encode())]
    return b"".join(parts + [_written(argument) for argument in arguments])


def bundle(*elements: bytes, time: int = 1, lengths: tuple[int, ...] = ()) -> bytes:
    """Write a bundle; the lengths of its elements may be lies."""
    sizes = lengths or tuple(len(element) for element in elements)
    body = b"".join(
        struct.pack(">i", size) + element for size, element in zip(sizes, elements, strict=True)
    )
    return b"#bundle\0" + struct.pack(">Q", time) + body


def _written(argument: Argument) -> bytes:
    match argument:
        case str():
            return padded(argument.encode("utf-8", "surrogateescape"))
        case int():
            return struct.pack(">i", argument)
        case float():
            return struct.pack(">f", argument)
        case bytes():
            return struct.pack(">i", len(argument)) + argument + bytes(-len(argument) % 4)


_PING, _TEXT = "/clamp3/ping", "/clamp3/find/text"
_FILE, _MIDI = "/clamp3/find/file", "/clamp3/find/midi"
_YES, _NO = Accepted(), Dropped()
_CASES: dict[str, tuple[Write, str, Outcome]] = {
    "ping": (lambda token: message(_PING, token, 1), "asks whether it lives", _YES),
    "id-text": (lambda token: message(_PING, token, "$(touch PWNED_osc)"), "a shell id", _YES),
    "id-float": (lambda token: message(_PING, token, 1.5), "a broken id", _YES),
    "id-nan": (lambda token: message(_PING, token, float("nan")), "an id that is no number", _YES),
    "text": (lambda token: message(_TEXT, token, 2, "a jig", 3), "asks", _YES),
    "text-escape": (lambda token: message(_TEXT, token, 3, "\x1b[2J\u202e"), "odd signs", _YES),
    "text-4096": (lambda token: message(_TEXT, token, 4, "a" * 4_096), "as long as may be", _YES),
    "n-moon": (lambda token: message(_TEXT, token, 5, "a", 2**31 - 1), "two billion hits", _YES),
    "n-negative": (lambda token: message(_TEXT, token, 6, "a", -1), "fewer than no hits", _YES),
    "port-low": (lambda token: message(_TEXT, token, 7, "a", 1, 22), "an answer to port 22", _NO),
    "port-negative": (lambda token: message(_TEXT, token, 8, "a", 1, -1), "no such port", _YES),
    "port-moon": (lambda token: message(_TEXT, token, 9, "a", 1, 65_536), "a port too high", _YES),
    "file-passwd": (lambda token: message(_FILE, token, 10, "/etc/passwd"), "a file outside", _YES),
    "file-climbing": (
        lambda token: message(_FILE, token, 11, f"../../{OUTSIDE}/secret.abc"), "climbs out", _YES,
    ),
    "file-address": (
        lambda token: message(_FILE, token, 12, "file:///etc/passwd"), "an address", _YES,
    ),
    "file-bytes": (lambda token: message(_FILE, token, 13, "\udcff.abc"), "no UTF-8", _NO),
    "midi-noise": (lambda token: message(_MIDI, token, 14, b"\xff" * 99), "MIDI that is none", _YES),
    "midi-empty": (lambda token: message(_MIDI, token, 15, b""), "no MIDI at all", _YES),
    "few": (lambda token: message(_TEXT, token, 16), "asks nothing", _YES),
    "kind": (lambda token: message(_TEXT, token, 17, 18), "a number for a text", _YES),
    "cancel": (lambda token: message("/clamp3/cancel", token, 99), "ends what never began", _YES),
    "no-token": (lambda _: message(_PING), "has no token", _NO),
    "wrong-token": (lambda _: message(_PING, "x" * 43, 1), "has another token", _NO),
    "empty-token": (lambda _: message(_PING, "", 1), "has an empty token", _NO),
    "number-token": (lambda _: message(_PING, 0, 1), "has a number for a token", _NO),
    "longer-token": (lambda token: message(_PING, f"{token}x", 1), "has a longer token", _NO),
    "empty": (lambda _: b"", "is no byte long", _NO),
    "slash": (lambda _: b"/", "is one byte long", _NO),
    "prose": (lambda _: b"Dear friend,\0\0\0\0", "is a letter", _NO),
    "stun": (lambda _: b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12), "is what a browser can send", _NO),
    "uneven": (lambda token: message(_PING, token, 1) + b"x", "is no multiple of four", _NO),
    "no-end": (lambda _: b"/clamp3/ping", "has an address without an end", _NO),
    "no-tags": (lambda token: padded(_PING.encode()) + padded(token.encode()), "has no tags", _NO),
    "tags-more": (
        lambda token: message(_PING, token, 1, tags="siiiiiii"), "announces more than it has", _NO,
    ),
    "tags-unknown": (lambda token: message(_PING, token, 1, tags="sQ"), "a type of none", _NO),
    "tags-arrays": (
        lambda token: message(_PING, token, 1, tags="si" + "[" * 500), "500 arrays", _NO,
    ),
    "blob-negative": (
        lambda token: message(_MIDI, token, 1, -4, tags="sib"), "a blob of -4 bytes", _NO,
    ),
    "blob-moon": (
        lambda token: message(_MIDI, token, 1, 2**31 - 1, tags="sib"), "a blob of 2 GiB", _NO,
    ),
    "arguments-1000": (lambda token: message(_TEXT, token, *range(1_000)), "1,000 arguments", _NO),
    "large": (lambda token: message(_TEXT, token, 1, "a" * 9_000), "has over 8 KiB", _NO),
    "pattern": (
        lambda token: message("/clamp3/" + "*" * 40 + "X", token, 1), "a pattern that crawls", _NO,
    ),
    "pattern-all": (lambda token: message("/clamp3/*", token, 1), "calls all at once", _NO),
    "braces": (lambda token: message("/clamp3/{ping,find}", token, 1), "calls two at once", _NO),
    "unknown": (lambda token: message("/clamp3/shutdown", token, 1), "calls what is not", _NO),
    "address-long": (lambda token: message("/" + "a" * 4_000, token, 1), "a long address", _NO),
    "bundle": (lambda token: bundle(message(_PING, token, 1)), "is a bundle", _NO),
    "bundle-negative": (
        lambda token: bundle(message(_PING, token, 1), lengths=(-4,)), "goes back for ever", _NO,
    ),
    "bundle-zero": (lambda _: bundle(b"", lengths=(0,)), "never goes on", _NO),
    "bundle-moon": (lambda _: bundle(b"", lengths=(2**31 - 1,)), "an element of 2 GiB", _NO),
    "bundle-future": (
        lambda token: bundle(message(_PING, token, 1), time=0xFFFFFFFF << 32), "until 2036", _NO,
    ),
    "bundle-deep": (lambda _: _nested(300), "300 bundles in each other", _NO),
}  # fmt: skip


def _nested(depth: int) -> bytes:
    data = message(_PING, "x", 1)
    for _ in range(depth):
        data = bundle(data)
    return data


def cases() -> list[DatagramCase]:
    """Give the cases of OSC."""
    return [DatagramCase("osc", n, does, good, write) for n, (write, does, good) in _CASES.items()]
