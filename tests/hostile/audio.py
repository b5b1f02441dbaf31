"""Audio: headers that lie, rates that ask for gigabytes, samples that are no numbers.

The corpus goes the way of all files: the index of the real daemon, with an encoder that hears.
"""

import math
import struct

from tests.hostile.case import FileCase, Indexed, Named, Outcome, refused

_RATE = 8_000
_PCM, _FLOAT = 1, 3
_UNFIT = refused("broken_file", "too_large", "unsupported_format")
_HEARD = Indexed()
_NOTHING = refused("broken_file", "empty", "too_large", "unsupported_format")
_LIAR = Named(_NOTHING.reasons)


def sine(pitch: float, seconds: float = 1.0, rate: int = _RATE) -> list[float]:
    """Make a tone of half the full scale."""
    return [math.sin(math.tau * pitch * i / rate) / 2 for i in range(int(rate * seconds))]


def pcm(samples: list[float]) -> bytes:
    """Write samples in 16 bits."""
    return struct.pack(f"<{len(samples)}h", *(round(32_767 * sample) for sample in samples))


def floats(samples: list[float]) -> bytes:
    """Write samples as they are."""
    return struct.pack(f"<{len(samples)}f", *samples)


def wav(
    data: bytes,
    *,
    codec: int = _PCM,
    channels: int = 1,
    rate: int = _RATE,
    bits: int = 16,
    length: int | None = None,
    between: bytes = b"",
) -> bytes:
    """Write a WAV file; what its header says may be a lie."""
    width = channels * bits // 8
    form = struct.pack("<HHLLHH", codec, channels, rate, rate * width % 2**32, width % 2**16, bits)
    announced = len(data) if length is None else length
    body = b"WAVEfmt \x10\0\0\0" + form + between + b"data" + struct.pack("<L", announced) + data
    return b"RIFF" + struct.pack("<L", len(body)) + body


_TONE = sine(440)
_DATA = pcm(_TONE)
_NAN, _INF = math.nan, math.inf
_ID3_MOON = b"ID3\x04\0\0\x7f\x7f\x7f\x7f"

GOOD: dict[str, tuple[bytes, str]] = {
    "tone.wav": (wav(_DATA), "a tone"),
    "float.wav": (wav(floats(_TONE), codec=_FLOAT, bits=32), "a tone in floats"),
    "stereo.wav": (wav(pcm(sine(330, 2)), channels=2), "a tone from two sides"),
    "eight-bit.wav": (
        wav(bytes(128 + round(100 * s) for s in sine(500)), bits=8), "a tone in 8 bits",
    ),
    "tagged.wav": (
        wav(_DATA, between=b"LIST\x1e\0\0\0INFOINAM\x12\0\0\0$(touch PWNED_wav)"),
        "a tone with a title for the shell",
    ),
    "loud.wav": (wav(floats([4 * s for s in _TONE]), codec=_FLOAT, bits=32), "twice too loud"),
    "SHOUTED.WAV": (wav(pcm(sine(220))), "a tone in capitals"),
}  # fmt: skip
BAD: dict[str, tuple[bytes, str, Outcome]] = {
    "nan.wav": (wav(floats([*_TONE, _NAN]), codec=_FLOAT, bits=32), "holds no numbers", _UNFIT),
    "infinite.wav": (wav(floats([*_TONE, _INF]), codec=_FLOAT, bits=32), "endless", _UNFIT),
    "huge.wav": (wav(floats([1e30, *_TONE]), codec=_FLOAT, bits=32), "far too loud", _UNFIT),
    "rate-191999.wav": (wav(pcm(sine(440, 1, 12_000)) * 8, rate=191_999), "asks for 19 GiB", _UNFIT),
    "rate-0.wav": (wav(_DATA, rate=0), "no samples a second", _UNFIT),
    "rate-1.wav": (wav(_DATA, rate=1), "one sample a second", _UNFIT),
    "rate-moon.wav": (wav(_DATA, rate=2**31), "two billion samples a second", _NOTHING),
    "channels-0.wav": (wav(_DATA, channels=0), "has no channel", _UNFIT),
    "channels-1000.wav": (wav(_DATA, channels=1_000), "has 1,000 channels", _NOTHING),
    "bits-0.wav": (wav(_DATA, bits=0), "samples of no bits", _UNFIT),
    "codec-none.wav": (wav(_DATA, codec=0xABCD), "a codec that there is not", _UNFIT),
    "no-samples.wav": (wav(b""), "has no samples", _NOTHING),
    "one-sample.wav": (wav(pcm([0.5])), "has one sample", _NOTHING),
    "silence.wav": (wav(bytes(16_000)), "is silent", _NOTHING),
    "cut.wav": (wav(_DATA)[:30], "ends in its header", _UNFIT),
    "empty.wav": (b"", "is no byte long", _NOTHING),
    "web-page.wav": (b"<!doctype html><script>PWNED</script>", "is a web page", _UNFIT),
    "midi.mp3": (b"MThd\0\0\0\6\0\0\0\1\1\xe0", "is MIDI", _UNFIT),
    "id3-moon.mp3": (_ID3_MOON + bytes(64), "a tag of 256 MiB", _UNFIT),
    "noise.flac": (b"fLaC\0\0\0\x22" + b"\xff" * 200, "a FLAC header of all ones", _UNFIT),
    "metadata-moon.flac": (b"fLaC\x04\xff\xff\xff" + bytes(50), "metadata of 16 MiB", _UNFIT),
    "pages.ogg": (b"OggS\0\2" + b"\xff" * 300, "pages without end", _UNFIT),
    "zero.aiff": (b"FORM\0\0\0\x2eAIFFCOMM\0\0\0\x12" + bytes(60), "all noughts", _NOTHING),
    "moon.m4a": (b"\xff\xff\xff\xffftypM4A " + bytes(40), "a box of 4 GiB", _UNFIT),
    "loop.m4a": (b"\0\0\0\x10ftypM4A \0\0\0\0\0\0\0\0moov", "a box of no length", _NOTHING),
}  # fmt: skip
LIARS = {
    "longer.wav": (wav(_DATA, length=2**31 - 1), "says that it has 2 GiB"),
    "endless.wav": (wav(_DATA, length=2**32 - 1), "says that it has 4 GiB, as streams do"),
}


def cases() -> list[FileCase]:
    """Give the cases of audio."""
    good = [FileCase("audio", name, does, _HEARD, data) for name, (data, does) in GOOD.items()]
    bad = [FileCase("audio", name, does, outcome, d) for name, (d, does, outcome) in BAD.items()]
    liars = [FileCase("audio", name, does, _LIAR, data) for name, (data, does) in LIARS.items()]
    return [*good, *bad, *liars]
