"""Where the daemon and its workers keep what is needed for a moment: a folder that is ours alone."""

import os
import shutil
import tempfile
from pathlib import Path

from clamp3_plugin.config import Home


def keep_to_ourselves(home: Home) -> None:
    """Have temporary files made below the run folder, which nobody else may enter, from now on.

    What a daemon that was killed has left there goes. Call it with the lock held.
    """
    folder = _folder(home)
    if folder.is_symlink():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(folder)
    os.environ["TMPDIR"] = str(folder)  # for what is not written in Python


def leave_nothing(home: Home) -> None:
    """Remove the folder; nothing is written any more."""
    shutil.rmtree(_folder(home), ignore_errors=True)


def _folder(home: Home) -> Path:
    return home.run / "tmp"
