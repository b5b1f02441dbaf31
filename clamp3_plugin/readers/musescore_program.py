"""MuseScore itself as a reader of its files: found, started, watched and checked.

It runs without a shell and without a display, in a folder of its own that goes away with it, and is
stopped with everything that it has started when it takes too long.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

TIMEOUT = 60.0
MAX_EXPORT = 16 * 2**20
SWITCH = "CLAMP3_MUSESCORE"
"""Path of the program to use, or ``off`` for our own reader."""

_NAMES = (
    "mscore4",
    "musescore4",
    "MuseScore4",
    "mscore3",
    "musescore3",
    "musescore",
    "mscore",
    "mscore4portable",
)
_PLACES = (
    "/Applications/MuseScore 4.app/Contents/MacOS/mscore",
    "/Applications/MuseScore 3.app/Contents/MacOS/mscore",
    "C:/Program Files/MuseScore 4/bin/MuseScore4.exe",
    "C:/Program Files/MuseScore 3/bin/MuseScore3.exe",
)


def find_program(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Find an installed MuseScore, the newest first; None where there is none or it is not wanted.

    Examples
    --------
    >>> find_program({"CLAMP3_MUSESCORE": "off"}) is None
    True
    """
    wanted = environment.get(SWITCH, "").strip()
    if wanted:
        return Path(wanted) if wanted != "off" and Path(wanted).is_file() else None
    search = environment.get("PATH", "")
    for name in _NAMES:
        if found := shutil.which(name, path=search):
            return Path(found)
    return next((Path(place) for place in _PLACES if Path(place).is_file()), None)


def export_musicxml(mscx: bytes, program: Path, timeout: float = TIMEOUT) -> bytes | None:
    """Let MuseScore turn a score into MusicXML; None where it does not, for whatever reason.

    Its exit code does not tell: of many damaged files it makes an empty score and says success.
    """
    with TemporaryDirectory(prefix="clamp3-musescore-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        source, target = folder / "score.mscx", folder / "score.musicxml"
        source.write_bytes(mscx)
        if not _run([str(program), "-o", str(target), str(source)], folder, timeout):
            return None
        try:
            if not 0 < target.stat().st_size <= MAX_EXPORT:
                return None
            exported = target.read_bytes()
        except OSError:
            return None
    return exported if b"<pitch>" in exported or b"<unpitched>" in exported else None


def _run(command: list[str], folder: Path, timeout: float) -> bool:
    environment = dict(os.environ)
    # settings, sessions and caches of the user's own MuseScore are not touched
    environment |= {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(folder)}
    environment |= {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
    }
    try:
        process = subprocess.Popen(  # noqa: S603 - a program found above, and paths of our own
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        return process.wait(timeout) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it has started; its group has its number."""
    if process.poll() is None and sys.platform == "win32":
        process.kill()
    elif process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
