"""The smallest soundfont that plays: one looped tone, which every program but drums falls back to."""

import struct
from pathlib import Path

import numpy as np

RATE = 26_400
PERIOD = 60
"""Samples of 440 Hz, MIDI note 69."""
_PERIODS = 40
_SILENCE = 46  # samples that the format wants behind every tone
_INSTRUMENT, _SAMPLE, _LOOPS = 41, 53, 54  # generators


def write_soundfont(path: Path) -> Path:
    """Write a SoundFont 2 file with a preset of program 0; gives its path."""
    chunks = {
        "INFO": _chunk("ifil", struct.pack("<HH", 2, 1)) + _chunk("INAM", b"tiny\0\0"),
        "sdta": _chunk("smpl", _wave()),
        "pdta": _presets(),
    }
    lists = b"".join(_chunk("LIST", name.encode() + body) for name, body in chunks.items())
    path.write_bytes(_chunk("RIFF", b"sfbk" + lists))
    return path


def _wave() -> bytes:
    turns = np.arange(_PERIODS * PERIOD) / PERIOD
    tone = sum(np.sin(2 * np.pi * k * turns) / k for k in (1, 2, 3, 5))
    return (np.concatenate([tone, np.zeros(_SILENCE)]) * 12_000).astype("<i2").tobytes()


def _presets() -> bytes:
    """Give the tables; each ends with a row that only says where the one before ends."""
    end = _PERIODS * PERIOD
    tone = struct.pack("<IIIII", 0, end, PERIOD, end - PERIOD, RATE) + struct.pack(
        "<BbHH", 69, 0, 0, 1
    )
    return b"".join(
        _chunk(name, rows)
        for name, rows in (
            (
                "phdr",
                _named("tone", bytes(18)) + _named("EOP", struct.pack("<HHHIII", 0, 0, 1, 0, 0, 0)),
            ),
            ("pbag", _words(0, 0, 1, 0)),
            ("pmod", bytes(10)),
            ("pgen", _words(_INSTRUMENT, 0, 0, 0)),
            ("inst", _named("tone", _words(0)) + _named("EOI", _words(1))),
            ("ibag", _words(0, 0, 2, 0)),
            ("imod", bytes(10)),
            ("igen", _words(_LOOPS, 1, _SAMPLE, 0, 0, 0)),
            ("shdr", _named("tone", tone) + _named("EOS", bytes(26))),
        )
    )


def _named(name: str, rest: bytes) -> bytes:
    return name.encode().ljust(20, b"\0") + rest


def _words(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}H", *numbers)


def _chunk(name: str, body: bytes) -> bytes:
    return name.encode() + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
