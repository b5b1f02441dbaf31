"""Files that may be named by OSC: those of the library and of the inbox, and no other.

Negative control, 2026-11-30: containment by the beginning of the text, the secret came by ``/proc/self/root``.
"""

import os
import threading
from pathlib import Path

import pytest

from clamp3_bridges.osc.library_files import LibraryFiles
from clamp3_plugin.errors import MissingFileError, TooLargeError
from clamp3_plugin.music import Modality, Piece
from clamp3_plugin.wire import MAX_UPLOAD


class Library:
    """Lists pieces as the client does, and counts how often it was asked."""

    def __init__(self, *paths):
        self.paths = [str(path) for path in paths]
        self.asked = 0

    def pieces(self, where=None, offset=0, limit=100):
        self.asked += 1
        paths = self.paths[offset : offset + limit]
        return [Piece(path, path, Modality.SCORE) for path in paths]


@pytest.fixture
def inbox(tmp_path):
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


@pytest.fixture
def scores(tmp_path):
    (tmp_path / "scores" / "new").mkdir(parents=True)
    (tmp_path / "scores" / "a.abc").write_text("X:1")
    (tmp_path / "scores" / "new" / "b.abc").write_text("X:2")
    (tmp_path / "secret.abc").write_text("X:3")
    return tmp_path / "scores"


@pytest.fixture
def library(scores):
    return Library(scores / "a.abc")


def test_files_beside_and_below_a_piece_are_read(scores, library, inbox):
    files = LibraryFiles(inbox)

    assert files.read(library, str(scores / "a.abc")) == b"X:1"
    assert files.read(library, str(scores / "new" / "b.abc")) == b"X:2"


def test_files_of_the_inbox_are_read_without_a_library(inbox):
    (inbox / "take.mid").write_bytes(b"MThd")

    assert LibraryFiles(inbox).read(Library(), str(inbox / "take.mid")) == b"MThd"


def test_what_is_elsewhere_is_missing_in_the_same_words(scores, library, inbox):
    files = LibraryFiles(inbox)
    outside = scores.parent / "secret.abc"
    (scores / "link.abc").symlink_to(outside)
    (scores / "folder.abc").mkdir()
    named = [
        outside,
        scores / ".." / "secret.abc",
        scores / "link.abc",
        scores / "absent.abc",
        scores / "folder.abc",
        f"/{scores}/a.abc",
        "a.abc",
        "~/a.abc",
        "file:///a.abc",
        f"{scores}/a.abc\0.mid",
        "/" + "a" * 5000,
        "/etc/passwd",
        "/dev/zero",
    ]

    messages = set()
    for path in named:
        with pytest.raises(MissingFileError) as refused:
            files.read(library, str(path))
        messages.add(str(refused.value))

    assert len(messages) == 1


def ways_to(target: Path, scores: Path) -> list[str]:
    """Write a path outside of the library in 200 ways and more."""
    up = (
        "..",
        "%2e%2e",
        "%252e%252e",
        ".%2e",
        "..%00",
        "\u2024\u2024",
        "..;",
        "...",
        ". .",
        "..\\",
    )
    between = ("/", "//", "/./", "\\", "%2f", "/x/../")
    climbing = [f"{scores}{gap}{step}{gap}{target.name}" for step in up for gap in between]
    before = (
        "",
        "file://",
        "file:",
        "\\\\?\\",
        "//localhost",
        "/proc/self/root",
        "/proc/self/cwd",
        "~",
        "C:",
    )
    after = ("", "/", "/.", "\0", "\0.mid", " ", ".", "::$DATA", "%00", "?x", "#x", "\n", ";.abc")
    named = [f"{first}{target}{last}" for first in before for last in after]
    proc = [f"/proc/self/fd/{n}" for n in range(8)] + [f"/dev/fd/{n}" for n in range(8)]
    cases = [str(target).upper(), str(target).swapcase(), os.path.relpath(target), target.name]
    devices = [
        "/dev/stdin",
        "/dev/zero",
        "/proc/self/mem",
        "/proc/self/environ",
        "CON",
        "/etc/shadow",
    ]
    return [*climbing, *named, *proc, *cases, *devices]


def test_200_ways_to_a_folder_whose_name_begins_like_ours_lead_nowhere(scores, library, inbox):
    """P3 of the promises; containment that compares beginnings of texts lets the first one in."""
    secret = scores.with_name(scores.name + "-secret") / "s.abc"
    secret.parent.mkdir()
    secret.write_text("X:3")
    files = LibraryFiles(inbox)
    ways = [str(secret), *ways_to(secret, scores), *ways_to(scores.parent / "secret.abc", scores)]

    got = set()
    for path in ways:
        try:
            got.add((path, files.read(library, path)))
        except MissingFileError:
            continue

    assert len(set(ways)) >= 200
    assert got == set()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_named_pipe_does_not_keep_us_waiting(scores, library, inbox):
    os.mkfifo(scores / "pipe.mid")
    files = LibraryFiles(inbox)

    def read():
        with pytest.raises(MissingFileError):
            files.read(library, str(scores / "pipe.mid"))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()


def test_a_file_over_the_limit_is_refused(scores, library, inbox):
    with (scores / "large.mid").open("wb") as file:
        file.truncate(MAX_UPLOAD + 1)

    with pytest.raises(TooLargeError):
        LibraryFiles(inbox).read(library, str(scores / "large.mid"))


def test_a_home_folder_is_no_folder_of_the_library(tmp_path, inbox, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.abc").write_text("X:1")
    (tmp_path / "key.abc").write_text("X:2")

    with pytest.raises(MissingFileError):
        LibraryFiles(inbox).read(Library(tmp_path / "a.abc"), str(tmp_path / "key.abc"))


def test_many_refused_files_ask_the_library_once(scores, library, inbox):
    files = LibraryFiles(inbox)
    for _ in range(20):
        with pytest.raises(MissingFileError):
            files.read(library, str(scores.parent / "secret.abc"))

    assert library.asked == 2  # a page, and the empty one behind it
