"""Renderings made ready for training: frames of sound, and the notes of each window of ten seconds.

Conventions: a bank is a folder of shards, ``00012.npz`` with the renderings of a few pieces and a
``00012.json`` that describes them; frames are stored as bytes. Which pieces a shard holds depends on
the records and the seed alone, so a bank can be made by several processes, stopped, and gone on with.
"""

import base64
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clamp3_models.audio.frames import FRAME_RATE, WIDTH, FrameExtractor
from clamp3_models.patches import PATCH_SIZE, Patches, patchify
from clamp3_models.training.records import Record
from clamp3_models.training.rendering import Renderer, Rendering
from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.music import Passage
from clamp3_plugin.readers.performance import Performance, read_midi

PIECES_OF_SHARD = 16
WINDOW_S, HOP_S = 10, 5
_MOST_PATCHES = 128  # of a window: what mini reads at once

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Window:
    """Ten seconds of a rendering, and the same notes as the symbolic tower reads them."""

    first: int
    """Frame where it begins."""
    patches: Patches


@dataclass(frozen=True, slots=True)
class Recorded:
    """One rendering in the bank."""

    id: str
    """Of the piece."""
    instruments: frozenset[str]
    faithful: bool
    frames: Bytes
    """uint8 ``(T, WIDTH)``, 255 for 1."""
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Studio:
    """Plays pieces, and listens to them."""

    renderer: Renderer
    extract: FrameExtractor


def make_shards(
    records: Sequence[Record],
    folder: Path,
    studio: Studio,
    *,
    copies: range,
    part: tuple[int, int] = (0, 1),
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> None:
    """Render records into a bank; shards that are there already are left as they are.

    Parameters
    ----------
    records : sequence of Record
        What is rendered, if it has a MIDI file.
    folder : Path
        Of the bank.
    studio : Studio
        Makes them.
    copies : range
        Numbers of the renderings of each piece.
    part : (int, int)
        Which of how many processes this is.
    progress : callable
        Told after each shard how many there are so far, and of how many.
    """
    folder.mkdir(parents=True, exist_ok=True)
    order = sorted(records, key=lambda record: zlib.crc32(record.id.encode(), 1))
    place, processes = part
    jobs = [(copy, first) for copy in copies for first in range(0, len(order), PIECES_OF_SHARD)]
    for number, (copy, first) in enumerate(jobs):
        name = folder / f"{copy:02d}-{first:06d}"
        if number % processes != place or name.with_suffix(".json").exists():
            continue
        pieces = order[first : first + PIECES_OF_SHARD]
        made = [_recorded(record, copy, studio) for record in pieces]
        _write(name, [recorded for recorded in made if recorded])
        progress(number + 1, len(jobs))


def read_bank(folder: Path) -> Iterator[Recorded]:
    """Read all shards of a bank, in the order of their names."""
    for description in sorted(folder.glob("*.json")):
        arrays = np.load(description.with_suffix(".npz"))
        frames, patches = arrays["frames"], arrays["patches"]
        at = row = 0
        for key, instruments, faithful, length, windows in json.loads(
            description.read_text("utf-8")
        ):
            cut = []
            for first, count in windows:
                cut.append(Window(first, patches[row : row + count]))
                row += count
            heard = frames[at : at + length]
            yield Recorded(key, frozenset(instruments), faithful, heard, tuple(cut))
            at += length


def performance_of(record: Record) -> Performance | None:
    """Read the MIDI file of a record; None where it has none that can be read."""
    encoded = record.fields.get("midi_b64")
    try:
        data = record.midi or (base64.b64decode(encoded) if encoded else None)
        return read_midi(data)[0] if data else None
    except (Clamp3Error, ValueError):  # one odd file must not end a run of hours
        return None


def to_bytes(frames: NDArray[np.float32]) -> Bytes:
    """Round frames to what the bank stores."""
    return np.asarray(np.round(np.clip(frames, 0, 1) * 255), np.uint8)


def _recorded(record: Record, copy: int, studio: Studio) -> Recorded | None:
    performance = performance_of(record)
    if performance is None:
        return None
    rendering = studio.renderer.render(record, performance, copy)
    frames = to_bytes(studio.extract(rendering.samples))
    windows = tuple(_windows(performance, rendering, len(frames)))
    if not windows:
        return None
    return Recorded(record.id, rendering.instruments, rendering.faithful, frames, windows)


def _windows(performance: Performance, rendering: Rendering, frames: int) -> Iterator[Window]:
    """Cut a rendering into windows; a shorter one is a window of its own."""
    last = max(0, frames // FRAME_RATE - WINDOW_S)
    for second in range(0, last + 1, HOP_S):
        start = rendering.of_piece(second)
        end = rendering.of_piece(min(second + WINDOW_S, rendering.seconds))
        try:
            notes = performance.excerpt(Passage(start=start, end=end))
            yield Window(second * FRAME_RATE, patchify(notes)[:_MOST_PATCHES])
        except Clamp3Error:  # no note begins in it
            continue


def _write(name: Path, recorded: Sequence[Recorded]) -> None:
    frames = [np.zeros((0, WIDTH), np.uint8), *(one.frames for one in recorded)]
    patches = [np.zeros((0, PATCH_SIZE), np.uint8)]
    patches += [window.patches for one in recorded for window in one.windows]
    described = [
        (
            one.id, sorted(one.instruments), one.faithful, len(one.frames),
            [(window.first, len(window.patches)) for window in one.windows],
        )
        for one in recorded
    ]  # fmt: skip
    arrays = {"frames": np.concatenate(frames), "patches": np.concatenate(patches)}
    with name.with_suffix(".npz").open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    name.with_suffix(".json").write_text(json.dumps(described), "utf-8")  # last: the shard is whole
