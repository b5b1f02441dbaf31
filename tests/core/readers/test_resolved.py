"""A file is opened where it was seen, or not at all.

Negative controls, 2026-11-30: links followed, 4 failed, the secret was read; only the last one refused
(``O_NOFOLLOW``, as the program did until that day), 2 failed, by way of the folder.
"""

import errno
import os
import threading
from pathlib import Path

import pytest

from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.readers import resolved
from clamp3_plugin.readers.apart.formats import ApartFormats
from clamp3_plugin.readers.resolved import open_resolved

SWAPS = 2000
SECRET = b"the secret outside"


@pytest.fixture(params=["by the system", "by comparing"])
def opens(request, monkeypatch):
    """Open on either way."""
    if request.param == "by comparing":
        monkeypatch.setattr(resolved, "_openat2", lambda: None)
    return open_resolved


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "tune.abc").write_bytes(SECRET)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "library" / "a"
    folder.mkdir(parents=True)
    (folder / "tune.abc").write_bytes(b"ours")
    return folder


def content(path: Path) -> bytes:
    with os.fdopen(open_resolved(path), "rb") as file:
        return file.read()


def test_a_file_is_opened(opens, folder):
    assert content(folder / "tune.abc") == b"ours"


@pytest.mark.parametrize("swapped", ["tune.abc", "."], ids=["the file", "its folder"])
def test_a_link_in_its_place_is_not_followed(opens, folder, outside, swapped):
    path = folder / "tune.abc"
    taken = (folder / swapped).resolve()
    taken.rename(taken.with_name("away"))
    taken.symlink_to(outside / "tune.abc" if taken == path else outside)

    with pytest.raises(OSError, match="symbolic") as caught:
        opens(path)

    assert caught.value.errno == errno.ELOOP


def test_a_nul_is_no_end_of_a_path(opens, folder):
    with pytest.raises(ValueError, match="null"):
        opens(f"{folder}/tune.abc\0.mid")


def test_a_pipe_does_not_keep_us_waiting(opens, folder):
    os.mkfifo(folder / "pipe.abc")

    os.close(opens(folder / "pipe.abc"))


def test_a_reader_of_the_library_says_that_a_link_is_in_the_place(folder, outside):
    (folder / "tune.abc").unlink()
    (folder / "tune.abc").symlink_to(outside / "tune.abc")

    with pytest.raises(Clamp3Error, match=r"no regular file|a link"):
        ApartFormats().read(folder / "tune.abc")


@pytest.mark.parametrize("swapped", ["tune.abc", "."], ids=["the file", "its folder"])
def test_however_often_it_is_swapped_nothing_outside_is_read(opens, folder, outside, swapped):
    """P3 of the promises: 2,000 swaps while it is opened."""
    path = folder / "tune.abc"
    place = (folder / swapped).resolve()
    away, link = place.with_name("away"), place.with_name("link")
    link.symlink_to(outside / "tune.abc" if place == path else outside)
    over = threading.Event()
    swaps = 0

    def swap() -> None:
        nonlocal swaps
        for _ in range(SWAPS):
            place.rename(away)
            link.rename(place)
            place.rename(link)
            away.rename(place)
            swaps += 1
        over.set()

    thread = threading.Thread(target=swap)
    thread.start()
    read = set()
    while not over.is_set():
        try:
            read.add(content(path))
        except OSError:
            continue
    thread.join()

    assert swaps == SWAPS
    assert read <= {b"ours"}
