"""Putting bridges into host programs, and MuseScore's folders on every system."""

from pathlib import Path

import pytest

from clamp3_bridges.hosts import HOSTS
from clamp3_bridges.installing import (
    Place,
    State,
    ThisSystem,
    chosen,
    install,
    mark,
    standing,
    uninstall,
)
from clamp3_bridges.musescore.host import MuseScoreHost
from clamp3_plugin import __version__
from clamp3_plugin.config import Home
from clamp3_plugin.errors import UsageError

HOST = MuseScoreHost()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.locate(str(tmp_path / "home"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("MuseScore 3", tmp_path / "Plugins", is_present=True)


def test_what_was_installed_is_current_and_goes_without_a_trace(place: Place, home: Home):
    place.folder.mkdir()
    theirs = place.folder / "other.qml"
    theirs.write_text("import MuseScore 3.0")

    written = install(HOST, place, home)

    assert all(path.is_file() for path in written)
    assert standing(HOST, place, home).state is State.CURRENT
    assert uninstall(HOST, place, home) == written
    assert list(place.folder.iterdir()) == [theirs]
    assert standing(HOST, place, home).state is State.ABSENT
    assert uninstall(HOST, place, home) == []


def test_installing_again_renews_an_older_one(place: Place, home: Home):
    for path in install(HOST, place, home):
        path.write_bytes(path.read_bytes().replace(__version__.encode(), b"0.0.1"))

    assert standing(HOST, place, home).state is State.OUTDATED
    assert standing(HOST, place, home).version == "0.0.1"
    install(HOST, place, home)
    assert standing(HOST, place, home).state is State.CURRENT


def test_another_home_is_noticed(place: Place, home: Home, tmp_path: Path):
    install(HOST, place, home)

    other = Home.locate(str(tmp_path / "other"))

    assert standing(HOST, place, other).state is State.ALTERED


def test_a_file_that_no_bridge_wrote_stays(place: Place, home: Home):
    theirs = place.folder / "clamp3" / "clamp3.qml"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine")

    with pytest.raises(UsageError, match=r"clamp3\.qml is there already"):
        install(HOST, place, home)

    assert standing(HOST, place, home).state is State.FOREIGN
    assert uninstall(HOST, place, home) == []
    assert theirs.read_text() == "mine"
    assert [path.name for path in theirs.parent.iterdir()] == ["clamp3.qml"]


@pytest.mark.parametrize(
    ("platform", "settings", "environ", "folder"),
    [
        ("linux", ".local/share/MuseScore/MuseScore3", {}, "Documents/MuseScore3/Plugins"),
        (
            "darwin",
            "Library/Application Support/MuseScore/MuseScore3",
            {},
            "Documents/MuseScore3/Plugins",
        ),
        ("win32", "AppData/Local/MuseScore/MuseScore3", {}, "Documents/MuseScore3/Plugins"),
    ],
    ids=["linux", "macos", "windows"],
)
def test_musescore_is_found_by_what_it_makes_when_first_started(
    tmp_path: Path, platform: str, settings: str, environ: dict[str, str], folder: str
):
    (tmp_path / settings).mkdir(parents=True)

    places = chosen(HOST, ThisSystem(platform, tmp_path, environ))

    assert [(place.program, place.folder) for place in places] == [
        ("MuseScore 3", tmp_path / folder)
    ]


def test_documents_may_have_another_name(tmp_path: Path):
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config/user-dirs.dirs").write_text('XDG_DOCUMENTS_DIR="$HOME/Dokumente"\n')
    (tmp_path / "Dokumente/MuseScore4").mkdir(parents=True)

    places = chosen(HOST, ThisSystem("linux", tmp_path, {}))

    assert [place.folder for place in places] == [tmp_path / "Dokumente/MuseScore4/Plugins"]


def test_without_the_program_it_is_said_where_it_was_looked_for(tmp_path: Path):
    with pytest.raises(UsageError, match="MuseScore is not found here") as told:
        chosen(HOST, ThisSystem("linux", tmp_path, {}))

    assert str(tmp_path / "Documents/MuseScore4/Plugins") in told.value.message
    assert (
        chosen(HOST, ThisSystem("linux", tmp_path, {}), tmp_path / "x")[0].folder == tmp_path / "x"
    )


def test_paths_of_any_letters_are_written_in_ascii(place: Place, tmp_path: Path):
    home = Home.locate(str(tmp_path / "Übung '𝄞' \\ x"))

    install(HOST, place, home)

    written = (place.folder / "clamp3/clamp3_place.js").read_text("ascii")
    assert "\\u00dcbung \\u0027\\ud834\\udd1e\\u0027 \\u005c x" in written


@pytest.mark.parametrize("name", HOSTS)
def test_every_file_of_every_host_is_marked(name: str, place: Place, home: Home):
    files = HOSTS[name].files(place, home)

    assert files
    assert all(mark(name).encode() in content for content in files.values())
    assert HOSTS[name].next_steps(place)
