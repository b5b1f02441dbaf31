"""Have a torch checkpoint read by a process of its own: checked first, given up in time.

A checkpoint is a pickle, and a pickle is a program (see ``unpickling``). Nothing here imports torch.
"""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

from clamp3_plugin.errors import NoModelError

TIMEOUT_S = 1800.0  # a slow disk needs minutes for the 2.6 GB of saas
_PICKLE_LIMIT = 64 << 20  # bytes of the pickle beside the tensors; the official file has 0.8 MB


def read_elsewhere(module: str, source: Path, *arguments: str, timeout_s: float) -> None:
    """Run one of our modules on a checkpoint, in a process of its own.

    Parameters
    ----------
    module : str
        Module to run; it answers as ``unpickling.answer`` does.
    source : Path
        The checkpoint, its first argument.
    arguments : str
        Its other arguments.
    timeout_s : float
        Seconds that it may take.

    Raises
    ------
    NoModelError
        The checkpoint is damaged, hostile or another's, or it took too long.
    """
    _check_archive(source)
    command = [sys.executable, "-m", module, str(source), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - our own module in our own interpreter, no shell
            command, capture_output=True, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise NoModelError(
            f"{source} was given up: reading it took over {timeout_s:g} s."
        ) from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        # what the process says on stderr is torch's, and may advise to turn its guard off
        raise NoModelError(
            f"{source} cannot be imported: the process that reads it ended with {done.returncode}.",
            "The file is damaged, or there is too little memory or disk space for it.",
        ) from error
    if answer:
        raise NoModelError(answer["message"], answer["hint"])


def _check_archive(source: Path) -> None:
    """Refuse what is no torch archive before torch sees it: other formats, cut files, bombs."""
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise NoModelError(
            f"{source} is no torch checkpoint, or it is truncated: it is not a whole zip archive.",
            "Download it again, or give a model folder.",
        ) from error
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise NoModelError(f"{source} is no torch checkpoint: its parts are compressed.")
    pickles = [entry for entry in entries if entry.filename.endswith("/data.pkl")]
    if len(pickles) != 1 or pickles[0].file_size > _PICKLE_LIMIT:
        raise NoModelError(f"{source} is no torch checkpoint: it does not hold one data.pkl.")
