"""What can be done with a hit, in the real MuseScore 3 with a mouse; JACK stands in for a sound card."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clamp3_bridges.installing import Place, install
from clamp3_bridges.musescore.host import MuseScoreHost
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home
from tests.bridges.musescore import scores, sound
from tests.bridges.musescore.probe import Probe, put_probe
from tests.bridges.musescore.recorder import restart
from tests.bridges.musescore.screen import Screen, prepare_home
from tests.cli.conftest import HASH_DAEMON, end

FIRST = 9  # bar of the piece in the library with which the score on the screen begins


@pytest.fixture
def card() -> Iterator[dict[str, str]]:
    """Give the environment of programs that play to JACK."""
    if missing := [name for name in sound.PROGRAMS if shutil.which(name) is None]:
        pytest.skip(f"not installed: {', '.join(missing)} (apt-get install jackd2)")
    with sound.sound_card() as card:
        yield card


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    (folder / "duet.musicxml").write_bytes(scores.telling(1, 40, "Duet"))
    return folder


@pytest.fixture
def home(music: Path, tmp_path: Path) -> Iterator[Home]:
    home = Home.locate(str(tmp_path / "home"))
    try:
        with ensure_daemon(home, command=HASH_DAEMON, timeout_s=180) as client:
            list(client.index([str(music)]))
        yield home
    finally:
        end(home)


@pytest.fixture
def probe(
    screen_programs: Path, tmp_path: Path, home: Home, card: dict[str, str]
) -> Iterator[Probe]:
    """A panel that has answered: the first hit is the piece that has the selected bars."""
    user = tmp_path / "user"
    prepare_home(user, sound=True)
    plugins = user / "Documents/MuseScore3/Plugins"
    install(MuseScoreHost(), Place("MuseScore 3", plugins, is_present=True), home)
    put_probe(plugins / "clamp3/clamp3.qml")
    mine = user / "mine.musicxml"
    mine.write_bytes(scores.telling(FIRST, FIRST + 15, "Mine"))
    screen = Screen(screen_programs, user, mine, more=card)
    try:
        probe = Probe(screen, screen.open_panel())
        screen.select_bars(2, 5, staves=(1, 2))
        probe.ask()
        probe.until("phase", "answers")
        yield probe
    finally:
        screen.close()


def pitches(bars: range) -> list[int]:
    """Give the pitches of bars of the piece, in order of size."""
    steps = [step for bar in bars for part in range(2) for step in scores.steps_of(bar, part)]
    return sorted(map(scores.midi_pitch, steps))


def test_a_passage_is_inserted_opened_and_played_and_a_piece_that_is_gone_is_said(
    probe: Probe, music: Path, home: Home
):
    part = probe.seen()["hits"][0]["passage"]
    bars = range(part["first_bar"], part["last_bar"] + 1)
    assert bars[0] > 1  # else what follows would be no proof
    insert(probe, bars)
    renew(probe, home, music)
    part = probe.seen()["hits"][0]["passage"]
    open_piece(probe, part["first_bar"])
    play(probe, part["first_bar"])


def insert(probe: Probe, bars: range) -> None:
    """The passage stands where the selection was, and nothing else has changed."""
    before = probe.seen()
    assert before["selected"]["bars"] == [2, 5]

    probe.press("Insert", 0)

    place = {"bars": [2, 1 + len(bars)], "staves": [1, 2], "kind": "range"}
    after = probe.until("selected", place)
    assert sorted(after["pitches"]) == pitches(bars)
    assert (after["title"], after["bars"], after["notice"]) == ("mine", 16, "")


def open_piece(probe: Probe, first: int) -> None:
    """The piece is shown, and its bar selected."""
    probe.press("Open", 0)

    shown = probe.until("selected", {"bars": [first, first], "staves": [1, 1], "kind": "note"})
    assert (shown["title"], shown["bars"]) == ("renamed", 40)


def play(probe: Probe, first: int) -> None:
    """MuseScore plays, from that bar, a piece that is open already and must not be read again."""
    probe.press("Play", 0)

    probe.screen.says("changeState NORMAL  -> PLAY")
    shown = probe.until("selected", {"bars": [first, first], "staves": [1, 1], "kind": "note"})
    assert shown["title"] == "renamed"
    assert shown["notice"] == ""


def renew(probe: Probe, home: Home, music: Path) -> None:
    """A daemon with a new token is found at once, and what it says of its library is shown."""
    renamed = (music / "duet.musicxml").rename(music / "renamed.musicxml")
    restart(home)
    with ensure_daemon(home, timeout_s=180) as client:
        list(client.index([str(music)]))

    probe.press("Insert", 0)  # of an answer of the daemon before, with its token

    told = probe.until_not("notice", "")
    assert "piece" in told["notice"]
    assert told["phase"] == "answers"

    probe.ask()

    probe.until("paths", [str(renamed)])
    again = probe.until("phase", "answers")
    assert again["notice"] == ""
