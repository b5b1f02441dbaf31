"""Folders that lead astray: loops, ways out, pipes that never answer, depths, crowds."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from tests.hostile.abc import tune
from tests.hostile.case import ODD, OUTSIDE, TOO_LARGE, Outcome, Skipped, TrapCase, refused

_GONE = refused("not_found")
CROWD = 10_000
DEEPEST = 64
"""Folders below the one that is named into which a survey looks; the traps are two deep."""


def write(path: Path, number: int) -> None:
    """Write a good tune."""
    path.write_text(tune(number, title=f"Trap {number}"))


def _loops(folder: Path) -> None:
    write(folder / "tune.abc", 1)
    (folder / "self").symlink_to(".")
    (folder / "up").symlink_to("..")
    (folder / "ring.abc").symlink_to("ring.abc")
    (folder / "to.abc").symlink_to("fro.abc")
    (folder / "fro.abc").symlink_to("to.abc")


def _ways_out(folder: Path) -> None:
    outside = folder.parents[2] / OUTSIDE
    write(folder / "tune.abc", 2)
    (folder / "secret.abc").symlink_to(outside / "secret.abc")
    (folder / "outside").symlink_to(outside)
    (folder / "root").symlink_to("/")
    (folder / "passwd.abc").symlink_to("/etc/passwd")
    (folder / "memory.mid").symlink_to("/proc/self/mem")
    (folder / "zero.mid").symlink_to("/dev/zero")
    (folder / "dangling.abc").symlink_to("nowhere.abc")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.abc")
    write(folder / "tune.abc", 3)


def _socket(folder: Path) -> None:
    os.mknod(folder / "socket.mid", stat.S_IFSOCK | 0o600)
    write(folder / "tune.abc", 4)


def _device(folder: Path) -> None:
    os.mknod(folder / "zero.mid", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    write(folder / "tune.abc", 5)


def _unreadable(folder: Path) -> None:
    write(folder / "closed.abc", 6)
    (folder / "closed.abc").chmod(0)
    write(folder / "tune.abc", 7)


def _closed_folder(folder: Path) -> None:
    write(folder / "tune.abc", 8)
    (folder / "closed").mkdir(mode=0)


def _folder_as_file(folder: Path) -> None:
    (folder / "folder.abc").mkdir()
    write(folder / "folder.abc" / "tune.abc", 9)


def _deep(folder: Path) -> None:
    below = folder
    for _ in range(DEEPEST + 6):
        below /= "d"
        below.mkdir()
    write(folder.joinpath(*["d"] * 9, "tune.abc"), 10)
    write(below / "tune.abc", 11)


def _crowd(folder: Path) -> None:
    for i in range(CROWD):
        (folder / f"{i}.txt").touch()
    write(folder / "tune.abc", 12)


def _sparse(folder: Path) -> None:
    for name in ("terabyte.mid", "terabyte.abc", "terabyte.musicxml"):
        with (folder / name).open("wb") as file:
            file.truncate(2**40)
    write(folder / "tune.abc", 13)


def _hard_links(folder: Path) -> None:
    write(folder / "tune.abc", 14)
    for i in range(3):
        os.link(folder / "tune.abc", folder / f"again-{i}.abc")


def _read_only(folder: Path) -> None:
    (folder / "closed").mkdir()
    write(folder / "closed" / "tune.abc", 15)
    (folder / "closed").chmod(0o500)


_IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
_CLOSED: Outcome = ODD if _IS_ROOT else _GONE
_TUNE: dict[str, Outcome] = {"tune.abc": ODD}
_SKIPPED = Skipped()
_TRAPS: dict[str, tuple[Callable[[Path], None], str, dict[str, Outcome]]] = {
    "loops": (
        _loops, "links that lead back",
        dict.fromkeys(("ring.abc", "to.abc", "self/tune.abc", "up/loops/tune.abc"), _SKIPPED),
    ),
    "ways-out": (
        _ways_out, "links that lead out",
        dict.fromkeys(("secret.abc", "outside/secret.abc", "passwd.abc", "memory.mid", "zero.mid", "dangling.abc"), _SKIPPED),
    ),
    "pipe": (_pipe, "a pipe into which nobody writes", {"pipe.abc": _SKIPPED}),
    "socket": (_socket, "a socket that nobody serves", {"socket.mid": _SKIPPED}),
    "device": (_device, "a device without end", {"zero.mid": _SKIPPED}),
    "unreadable": (_unreadable, "a file that may not be read", {"closed.abc": _CLOSED}),
    "closed-folder": (
        _closed_folder, "a folder that may not be read", {} if _IS_ROOT else {"closed": _GONE},
    ),
    "folder-as-file": (
        _folder_as_file, "a folder named like a file",
        {"folder.abc": _SKIPPED, "folder.abc/tune.abc": ODD},
    ),
    "deep": (
        _deep, "seventy folders in each other",
        {
            f"{'d/' * 9}tune.abc": ODD,
            f"{'d/' * (DEEPEST + 6)}tune.abc": _SKIPPED,
            "/".join("d" * (DEEPEST - 2)): refused("unsupported_format"),
        },
    ),
    "crowd": (_crowd, "10,000 files that are no music", {"5000.txt": _SKIPPED}),
    "sparse": (
        _sparse, "files of a terabyte that take no room",
        {f"terabyte.{kind}": TOO_LARGE for kind in ("mid", "abc", "musicxml")},
    ),
    "hard-links": (
        _hard_links, "one file under four names", {f"again-{i}.abc": ODD for i in range(3)},
    ),
    "read-only": (_read_only, "a folder into which nobody may write", {"closed/tune.abc": ODD}),
}  # fmt: skip
_WITHOUT_TUNE = frozenset({"deep", "folder-as-file", "read-only"})


def cases() -> list[TrapCase]:
    """Give the traps."""
    return [
        TrapCase("traps", name, does, ODD, build, paths if name in _WITHOUT_TUNE else _TUNE | paths)
        for name, (build, does, paths) in _TRAPS.items()
    ]
