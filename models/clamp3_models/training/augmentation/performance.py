"""Change a performance in MTF: its key, tempo, octave and instruments, or what its meta events tell.

A line is one message; only the numbers that change are written anew.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping

from clamp3_models.training.augmentation.keys import Key, best_shift
from clamp3_plugin.readers.midi import KEYS

_NOTE = re.compile(r"^((?:note_on|note_off|polytouch) \d+ (\d+) )(\d+)", re.MULTILINE)
_KEY = re.compile(r"^key_signature (\S+)", re.MULTILINE)
_PROGRAM = re.compile(r"^(program_change \d+ (\d+) )(\d+)", re.MULTILINE)
_TEMPO = re.compile(r"^set_tempo (\d+) (\d+)$", re.MULTILINE)
_TELLING = ("set_tempo ", "time_signature ", "key_signature ")
_TIMED_FIRST = re.compile(
    r"(note_on|note_off|polytouch|control_change|program_change|aftertouch|pitchwheel|quarter_frame"
    r"|songpos|song_select|tune_request|clock|start|stop|continue|active_sensing|sysex) (\d+)"
)
"""Messages of channels and of the system; all others tell their time at the end."""
_DRUMS = "9"
_DEFAULT_TEMPO = 500_000
_SLOWEST = (1 << 24) - 1
_MELODIC_PROGRAMS = 112
"""General MIDI's percussive sounds and effects begin there."""


def transpose_performance(mtf: str, semitones: int) -> str:
    r"""Transpose a performance; drums (channel 9) stay, key signatures go along.

    Raises
    ------
    ValueError
        A pitch would lie outside 0 to 127.

    Examples
    --------
    >>> print(transpose_performance("ticks_per_beat 480\nkey_signature G 0\nnote_on 5 0 67 90", 2))
    ticks_per_beat 480
    key_signature A 0
    note_on 5 0 69 90
    """
    moved = _with_pitches(mtf, semitones)
    return _KEY.sub(lambda found: f"key_signature {_moved_key(found[1], semitones)}", moved)


def shift_performance(mtf: str, octaves: int) -> str:
    """Move all notes but drums by octaves.

    Raises
    ------
    ValueError
        A pitch would lie outside 0 to 127.
    """
    return _with_pitches(mtf, 12 * octaves)


def pace_performance(mtf: str, factor: float) -> str:
    """Play a performance so many times as fast.

    Where no tempo stands at the start, the default of 120 quarters a minute is meant, and its change
    is written there.

    Raises
    ------
    ValueError
        A tempo would be too slow or too fast to be written.
    """

    def paced(found: re.Match[str]) -> str:
        return f"set_tempo {_paced(int(found[1]), factor)} {found[2]}"

    changed = _TEMPO.sub(paced, mtf)
    first, line_break, rest = changed.partition("\n")
    if _starts_with_tempo(rest):
        return changed
    return f"{first}\nset_tempo {_paced(_DEFAULT_TEMPO, factor)} 0{line_break}{rest}"


def change_instruments(mtf: str, programs: Mapping[int, int] | random.Random) -> str:
    r"""Give other programs; drums (channel 9) keep theirs.

    A channel that never says a program plays program 0; its new one is written at the start.

    Parameters
    ----------
    mtf
        A performance.
    programs
        New program by old, 0 to 127; or a source of randomness, which draws a melodic one for each
        program of the piece.

    Examples
    --------
    >>> print(change_instruments("ticks_per_beat 480\nprogram_change 0 0 24", {24: 40}))
    ticks_per_beat 480
    program_change 0 0 40
    >>> print(change_instruments("ticks_per_beat 480\nnote_on 5 3 60 90", {0: 12}))
    ticks_per_beat 480
    program_change 0 3 12
    note_on 5 3 60 90
    """
    said = [(found[2], int(found[3])) for found in _PROGRAM.finditer(mtf)]
    heard = {found[2] for found in _NOTE.finditer(mtf)}
    silent = sorted(heard - {channel for channel, _ in said} - {_DRUMS}, key=int)
    if isinstance(programs, random.Random):
        melodic = {number for channel, number in said if channel != _DRUMS}
        old = sorted(melodic | ({0} if silent else set()))
        programs = {number: programs.randrange(_MELODIC_PROGRAMS) for number in old}
    if not all(0 <= number <= 127 for number in programs.values()):
        raise ValueError(f"a program lies outside 0 to 127: {programs}")
    chosen = programs

    def changed(found: re.Match[str]) -> str:
        old = int(found[3])
        return found[0] if found[2] == _DRUMS else f"{found[1]}{chosen.get(old, old)}"

    first, line_break, rest = _PROGRAM.sub(changed, mtf).partition("\n")
    added = [f"program_change 0 {channel} {chosen[0]}" for channel in silent if chosen.get(0)]
    return "\n".join([first, *added]) + line_break + rest


def without_meta(mtf: str) -> str:
    r"""Leave out tempos, metres and keys; what follows still comes at its tick.

    Examples
    --------
    >>> without_meta("ticks_per_beat 480\nset_tempo 500000 30\nnote_on 10 0 60 90")
    'ticks_per_beat 480\nnote_on 40 0 60 90'
    """
    return "\n".join(_told_less(mtf.split("\n")))


def _told_less(lines: list[str]) -> Iterator[str]:
    owed = 0
    for line in lines:
        if line.startswith(_TELLING):
            owed += int(line.rpartition(" ")[2])
        elif owed and line.strip() and not line.startswith("ticks_per_beat "):
            yield _later(line, owed)
            owed = 0
        else:
            yield line


def _later(line: str, ticks: int) -> str:
    """Add to the time since the message before."""
    if found := _TIMED_FIRST.match(line):
        return f"{found[1]} {int(found[2]) + ticks}{line[found.end() :]}"
    content, _, time = line.rpartition(" ")
    return f"{content} {int(time) + ticks}"


def _starts_with_tempo(messages: str) -> bool:
    """Tell whether a tempo stands at the first tick; time runs only where a message says so."""
    for line in messages.split("\n"):
        found = _TIMED_FIRST.match(line)
        time = found[2] if found else line.rpartition(" ")[2]
        if time != "0":
            return False
        if line.startswith("set_tempo "):
            return True
    return False


def _with_pitches(mtf: str, semitones: int) -> str:
    return _NOTE.sub(_mover(semitones), mtf)


def _mover(semitones: int) -> Callable[[re.Match[str]], str]:
    def moved(found: re.Match[str]) -> str:
        if found[2] == _DRUMS:
            return found[0]
        pitch = int(found[3]) + semitones
        if not 0 <= pitch <= 127:
            raise ValueError(f"the pitch {found[3]} cannot be moved by {semitones} semitones")
        return f"{found[1]}{pitch}"

    return moved


def _moved_key(name: str, semitones: int) -> str:
    if name not in KEYS:
        raise ValueError(f"there is no key {name!r}")
    key = Key.of(name)
    shift = best_shift({key.fifths: 1}, semitones) if key else None
    return name if key is None or shift is None else key.moved(shift)


def _paced(microseconds: int, factor: float) -> int:
    paced = round(microseconds / factor)
    if not 1 <= paced <= _SLOWEST:
        raise ValueError(f"a quarter note of {paced} microseconds cannot be written")
    return paced
