"""FluidSynth, run as a program of its own on MIDI files that we wrote, with a soundfont of the user's.

Neither is shipped: the program is under the LGPL, good soundfonts are large.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from clamp3_plugin.errors import BrokenFileError, UnsupportedFormatError

SOUNDFONT = "CLAMP3_SOUNDFONT"
RATE = 44_100
SECONDS = 60  # by the clock, of which a busy machine gives a program little
_FOLDERS = {
    "linux": ("/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/soundfonts"),
    "darwin": ("~/Library/Audio/Sounds/Banks", "/opt/homebrew/share/soundfonts"),
    "win32": ("~/soundfonts", "C:/soundfonts"),
}
_OWN = ("~/.local/share/soundfonts", "~/.local/share/sounds/sf2")
_PREFERRED = ("fluidr3", "generaluser", "musescore_general", "default-gm", "timgm")
_HINT = "Linux: apt install fluidsynth fluid-soundfont-gm. Elsewhere: see docs/web.md."


def soundfont() -> Path:
    """Find the soundfont: the one that ``CLAMP3_SOUNDFONT`` names, else one where systems keep them.

    Raises
    ------
    UnsupportedFormatError
        There is none.
    """
    named = os.environ.get(SOUNDFONT)
    found = [Path(named)] if named else sorted(_installed(), key=_preference)
    if not found or not found[0].is_file():
        where = f"{SOUNDFONT}={named} is no file" if named else "No soundfont was found"
        raise UnsupportedFormatError(f"{where}; without one only recordings can be heard.", _HINT)
    return found[0]


def play(midi: bytes) -> bytes:
    """Render a MIDI file of ours to Ogg Vorbis.

    Raises
    ------
    UnsupportedFormatError
        There is no FluidSynth, or no soundfont.
    BrokenFileError
        It gave no sound.
    """
    program = shutil.which("fluidsynth")
    if program is None:
        message = "FluidSynth is not installed; without it only recordings can be heard."
        raise UnsupportedFormatError(message, _HINT)
    font = soundfont()
    with tempfile.TemporaryDirectory(prefix="clamp3-") as folder:
        notes, sound = Path(folder, "passage.mid"), Path(folder, "passage.ogg")
        notes.write_bytes(midi)
        options = ["-n", "-i", "-q", "-r", str(RATE), "-g", "0.7", "-T", "oga", "-F", str(sound)]
        try:
            done = subprocess.run(  # noqa: S603 - a program of the system, and files that are ours
                [program, *options, str(font), str(notes)],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS,
                cwd=folder,
            )
        except subprocess.TimeoutExpired as error:
            raise BrokenFileError(f"FluidSynth took longer than {SECONDS} s.") from error
        if not sound.is_file():
            message = f"FluidSynth gave no sound (it ended with {done.returncode})."
            raise BrokenFileError(message, f"Soundfont: {font}")
        return sound.read_bytes()


def _installed() -> Iterator[Path]:
    for folder in (*_OWN, *_FOLDERS.get(sys.platform, ())):
        for suffix in ("*.sf2", "*.sf3"):
            yield from Path(folder).expanduser().glob(suffix)


def _preference(font: Path) -> tuple[int, str]:
    name = font.name.casefold()
    ranks = [rank for rank, known in enumerate(_PREFERRED) if name.startswith(known)]
    return (ranks[0] if ranks else len(_PREFERRED)), name
