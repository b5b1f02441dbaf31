"""Play MIDI messages through a soundfont: FluidSynth's library, as far as rendering needs it.

Conventions: times are seconds from the start of what is rendered; a wave is mono float32 at
``SAMPLE_RATE``, the mean of both channels.

FluidSynth (LGPL-2.1-or-later) is no dependency: it is loaded where it is installed, to make training
data and nothing else.
"""

import ctypes
from collections.abc import Sequence
from ctypes.util import find_library
from functools import cache
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.errors import MissingFileError, NoModelError

SAMPLE_RATE = 24_000
_BLOCK = 64  # samples between which FluidSynth takes messages
_FAILED = -1
_GAIN = 0.4

Samples = NDArray[np.float32]
"""float32, shape ``(n,)``."""


class Message(NamedTuple):
    """One channel message; ``values`` as MIDI has them, the channel first."""

    second: float
    kind: str
    """``note_on``, ``note_off``, ``program_change``, ``control_change`` or ``pitchwheel``."""
    values: tuple[int, ...]


class Room(NamedTuple):
    """Effects of a rendering."""

    reverb: bool = True
    size: float = 0.5
    """Of the room, 0 to 1."""
    level: float = 0.4
    """Of the reverberation, 0 to 1."""
    damp: float = 0.3
    """Of its high tones, 0 to 1."""


class Synthesizer:
    """One soundfont, ready to play.

    The same messages give the same samples, whatever was played before.

    Parameters
    ----------
    soundfont : Path
        ``.sf2`` or ``.sf3``.

    Raises
    ------
    NoModelError
        FluidSynth is not installed.
    MissingFileError
        The soundfont is not there, or is none.
    """

    def __init__(self, soundfont: Path) -> None:
        self._library = _library()
        self._settings = ctypes.c_void_p(self._library.new_fluid_settings())
        self._set("synth.sample-rate", float(SAMPLE_RATE))
        self._set("synth.gain", _GAIN)
        self._set("synth.dynamic-sample-loading", 1)
        self._set("synth.lock-memory", 0)
        self._owner = ctypes.c_void_p(self._library.new_fluid_synth(self._settings))
        """Keeps the soundfont while synthesizers come and go."""
        number = self._library.fluid_synth_sfload(self._owner, str(soundfont).encode(), 1)
        if number == _FAILED:
            self.close()
            raise MissingFileError(f"{soundfont} is no soundfont that FluidSynth can load.")
        self._font = ctypes.c_void_p(self._library.fluid_synth_get_sfont_by_id(self._owner, number))

    def play(self, messages: Sequence[Message], seconds: float, room: Room) -> Samples:
        """Render messages, in the order of their times.

        Parameters
        ----------
        messages : sequence of Message
            What is played; later ones than ``seconds`` are left out.
        seconds : float
            Length of the wave.
        room : Room
            Effects.

        Returns
        -------
        Samples
            About -1 to 1, without any limit.
        """
        library = self._library
        synth = ctypes.c_void_p(library.new_fluid_synth(self._settings))
        try:  # a new one each time: no reset brings the modulation of the reverberation back
            library.fluid_synth_add_sfont(synth, self._font)
            self._set_up(synth, room)
            wave = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
            self._render(synth, messages, wave)
        finally:
            library.fluid_synth_remove_sfont(synth, self._font)
            library.delete_fluid_synth(synth)
        return wave

    def _render(self, synth: ctypes.c_void_p, messages: Sequence[Message], wave: Samples) -> None:
        n = len(wave)
        done = 0
        for message in messages:
            at = min(n, round(message.second * SAMPLE_RATE / _BLOCK) * _BLOCK)
            if at >= n:
                break
            if at > done:
                self._write(synth, wave[done:at])
                done = at
            self._send(synth, message)
        self._write(synth, wave[done:])

    def close(self) -> None:
        """Let go of the library's memory."""
        self._library.delete_fluid_synth(self._owner)
        self._library.delete_fluid_settings(self._settings)

    def __enter__(self) -> Self:
        """Close at the end of a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _set(self, name: str, value: float) -> None:
        """Set a number; FluidSynth keeps whole ones apart."""
        if isinstance(value, int):
            self._library.fluid_settings_setint(self._settings, name.encode(), value)
        else:
            number = ctypes.c_double(value)
            self._library.fluid_settings_setnum(self._settings, name.encode(), number)

    def _set_up(self, synth: ctypes.c_void_p, room: Room) -> None:
        self._library.fluid_synth_set_chorus_on(synth, 0)
        self._library.fluid_synth_set_reverb_on(synth, int(room.reverb))
        for name, value in (("roomsize", room.size), ("damp", room.damp), ("level", room.level)):
            setter = getattr(self._library, f"fluid_synth_set_reverb_{name}")
            setter(synth, ctypes.c_double(value))

    def _send(self, synth: ctypes.c_void_p, message: Message) -> None:
        library, values = self._library, message.values
        match message.kind:
            case "note_on":
                library.fluid_synth_noteon(synth, *values)
            case "note_off":
                library.fluid_synth_noteoff(synth, *values[:2])
            case "program_change":
                library.fluid_synth_program_change(synth, *values)
            case "control_change":
                library.fluid_synth_cc(synth, *values)
            case "pitchwheel":
                library.fluid_synth_pitch_bend(synth, values[0], values[1] + 8192)
            case _:
                raise ValueError(f"{message.kind} is nothing that is played")

    def _write(self, synth: ctypes.c_void_p, wave: Samples) -> None:
        """Render what comes next into a stretch of the wave."""
        n = len(wave)
        left, right = np.zeros(n, np.float32), np.zeros(n, np.float32)
        self._library.fluid_synth_write_float(
            synth, n, left.ctypes.data_as(ctypes.c_void_p), 0, 1,
            right.ctypes.data_as(ctypes.c_void_p), 0, 1,
        )  # fmt: skip
        wave[:] = (left + right) / 2


@cache
def _library() -> ctypes.CDLL:
    name = find_library("fluidsynth")
    if name is None:
        raise NoModelError(
            "Rendering needs FluidSynth, which is not installed.",
            "On Debian: apt install libfluidsynth3; elsewhere see fluidsynth.org.",
        )
    library = ctypes.CDLL(name)
    for maker in ("new_fluid_settings", "new_fluid_synth", "fluid_synth_get_sfont_by_id"):
        getattr(library, maker).restype = ctypes.c_void_p
    library.fluid_set_log_function.restype = ctypes.c_void_p
    for level in range(5):  # what it has to say goes to standard error
        library.fluid_set_log_function(level, None, None)
    return library
