"""A few made-up tunes with true metadata, as records and as pieces."""

from pathlib import Path

import pytest

from clamp3_models.evaluation.pieces import Pieces, read_pieces
from clamp3_models.training.records import Record

DANCES = {"jig": "6/8", "reel": "4/4"}


def record(i: int, **fields: object) -> Record:
    """Make one tune of 20 bars, its notes depending on its number."""
    dance = ("jig", "reel")[i % 2]
    notes = "".join("CDEFGAB"[(i * k + k) % 7] + str(1 + (i + k) % 3) + "|" for k in range(20))
    return Record(
        id=f"tune{i}",
        family=f"f{i}",
        source=("book", "list")[i // 6],
        fields={
            "abc": f"X:1\nL:1/8\nM:{DANCES[dance]}\nK:G\nV:1 treble\nV:1\n{notes}\n",
            "licence_class": ("open", "permission", "nc")[i % 3],
            "artists": [f"Player {i % 5}"],
            "genres": ["folk"] if i % 2 else ["classical"],
            "dance_type": dance,
            "metre": DANCES[dance],
            **fields,
        },
        folder=Path(),
        midi=midi(i),
    )


def midi(i: int) -> bytes:
    """Make a MIDI file of eight notes."""
    notes = b"".join(
        bytes([0, 0x90, 60 + (i * k) % 12, 64, 48, 0x80, 60 + (i * k) % 12, 64]) for k in range(8)
    )
    track = b"\x00\xff\x51\x03\x07\xa1\x20" + notes + b"\x00\xff\x2f\x00"
    head = b"MThd" + (6).to_bytes(4, "big") + bytes([0, 0, 0, 1, 0, 96])
    return head + b"MTrk" + len(track).to_bytes(4, "big") + track


@pytest.fixture(scope="session")
def records() -> list[Record]:
    """Twelve tunes, half of them jigs, one of the MIDI files broken."""
    made = [record(i) for i in range(11)]
    broken = record(11)
    return [*made, Record(broken.id, broken.family, broken.source, broken.fields, Path(), b"MThd")]


@pytest.fixture(scope="session")
def tunes(records: list[Record]) -> Pieces:
    """The same, read."""
    return read_pieces(records)
