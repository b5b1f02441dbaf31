"""The bytes of an OSC message, and the guard before python-osc reads them.

python-osc turns endlessly in a bundle with a negative length, sleeps until the time tag of another,
compiles address patterns to regular expressions that never end, and misreads what follows a type it
does not know. So only plain messages reach it whose every length is right, its dispatcher is not used,
and an address is looked up as it stands.
"""

import math
import struct
from dataclasses import dataclass

from pythonosc.osc_message import OscMessage, ParseError
from pythonosc.osc_message_builder import OscMessageBuilder

ROOT = b"/clamp3/"
MAX_DATAGRAM = 65_507  # what UDP can carry
MAX_PLAIN = 8 << 10  # bytes of a message without a blob
MAX_BLOB = 60 << 10
MAX_STRING = 4 << 10
MAX_ADDRESS = 64
MAX_ARGUMENTS = 16

_FIXED = {"i": 4, "f": 4, "h": 8, "d": 8, "T": 0, "F": 0, "N": 0}

Value = int | float | str | bytes | None


class BadPacketError(ValueError):
    """A datagram that is no message for us; it is dropped without an answer."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A message as it came: what it is called and what it carries."""

    address: str
    values: tuple[Value, ...]


def parse(datagram: bytes) -> Packet:
    """Read a message, once its every length was found to be right.

    Raises
    ------
    BadPacketError
        It is a bundle, no message of ours, or damaged.

    Examples
    --------
    >>> parse(build("/clamp3/ping", "secret", 41.0))
    Packet(address='/clamp3/ping', values=('secret', 41.0))
    """
    _check(datagram)
    try:
        message = OscMessage(datagram)
    except ParseError as error:
        raise BadPacketError("it cannot be parsed") from error
    return Packet(message.address, tuple(message.params))


def token_of(datagram: bytes) -> bytes:
    """Give the string that comes first, having looked no further: what strangers send costs no more.

    Raises
    ------
    BadPacketError
        It is no message of ours, or does not begin with a string.

    Examples
    --------
    >>> token_of(build("/clamp3/ping", "secret", 41.0))
    b'secret'
    """
    address_end = datagram.find(b"\0", 0, MAX_ADDRESS + 1)
    tags = address_end + 4 - address_end % 4
    if not datagram.startswith(ROOT) or address_end < 0 or not datagram.startswith(b",s", tags):
        raise BadPacketError("it is no message of ours")
    tags_end = datagram.find(b"\0", tags, tags + MAX_ARGUMENTS + 2)
    first = tags_end + 4 - tags_end % 4
    end = datagram.find(b"\0", first, first + MAX_STRING + 1)
    if tags_end < 0 or end < 0:
        raise BadPacketError("a string does not end")
    return datagram[first:end]


def build(address: str, *values: Value) -> bytes:
    """Write a message; what OSC cannot carry in a string is replaced.

    Examples
    --------
    >>> build("/clamp3/pong", 7).hex(" ", 4)
    '2f636c61 6d70332f 706f6e67 00000000 2c690000 00000007'
    """
    builder = OscMessageBuilder(address)
    for value in values:
        if isinstance(value, str):
            builder.add_arg(plain(value), "s")
        elif isinstance(value, float):
            builder.add_arg(value, "f" if _is_single(value) else "d")
        else:
            builder.add_arg(value)
    datagram: bytes = builder.build().dgram
    return datagram


def single(value: float) -> float:
    """Round to what four bytes hold, which every host understands.

    Examples
    --------
    >>> single(0.1)
    0.10000000149011612
    """
    rounded: float = struct.unpack(">f", struct.pack(">f", value))[0]
    return rounded


def plain(text: str) -> str:
    """Replace what OSC cannot carry: NUL, and bytes of a path that are no UTF-8."""
    data = text.encode("utf-8", "surrogateescape" if _has_escapes(text) else "replace")
    return data.decode("utf-8", "replace").replace("\0", "\ufffd")


def cut(text: str, size: int) -> str:
    """Shorten a text to so many bytes of UTF-8, never within a character.

    Examples
    --------
    >>> cut("Für Elise", 9), cut("지그 № 3", 10), cut("jig", 9)
    ('Für E…', '지그…', 'jig')
    """
    data = plain(text).encode()
    if len(data) <= size:
        return plain(text)
    return data[: size - 3].decode("utf-8", "ignore").rstrip() + "…"


def _check(datagram: bytes) -> None:
    """Walk the datagram from field to field, as its lengths say."""
    if not datagram.startswith(ROOT) or len(datagram) > MAX_DATAGRAM:
        raise BadPacketError("it is no message of ours")
    address, at = _string(datagram, 0, MAX_ADDRESS)
    tags, at = _string(datagram, at, MAX_ARGUMENTS + 1)
    if not address.isascii() or not tags.startswith(","):
        raise BadPacketError("its address or its types are damaged")
    if len(datagram) > MAX_PLAIN and "b" not in tags:
        raise BadPacketError("it is too long")
    for tag in tags[1:]:
        if tag in _FIXED:
            at += _FIXED[tag]
        elif tag == "s":
            _, at = _string(datagram, at, MAX_STRING)
        elif tag == "b":
            at = _blob_end(datagram, at)
        else:
            raise BadPacketError("it has a type that nobody needs")
    if at != len(datagram):
        raise BadPacketError("it is shorter or longer than its types say")


def _string(datagram: bytes, start: int, most: int) -> tuple[str, int]:
    """Read a string; gives it and where the next field starts."""
    end = datagram.find(b"\0", start, start + most + 1)
    after = end + 4 - (end - start) % 4
    if start >= len(datagram) or end < 0 or after > len(datagram):
        raise BadPacketError("a string does not end")
    try:
        return datagram[start:end].decode("utf-8"), after
    except UnicodeDecodeError as error:
        raise BadPacketError("a string is no UTF-8") from error


def _blob_end(datagram: bytes, start: int) -> int:
    """Tell where a blob ends; its length is believed only if it fits."""
    size = int.from_bytes(datagram[start : start + 4], signed=True)
    after = start + 4 + size + -size % 4
    if not 0 <= size <= MAX_BLOB or after > len(datagram):
        raise BadPacketError("a blob has a length that cannot be")
    return after


def _is_single(value: float) -> bool:
    """Tell whether four bytes hold the number; others keep the eight they came in."""
    try:
        return math.isnan(value) or struct.unpack(">f", struct.pack(">f", value))[0] == value
    except OverflowError:
        return False


def _has_escapes(text: str) -> bool:
    """Tell whether all surrogates are bytes that Python escaped, as in a path of any bytes."""
    surrogates = [char for char in text if "\ud800" <= char <= "\udfff"]
    return bool(surrogates) and all("\udc80" <= char <= "\udcff" for char in surrogates)
