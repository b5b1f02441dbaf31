"""Take the pictures of docs/bridges/musescore.md: the panel in the real MuseScore 3, with the shipped model.

    python tests/bridges/musescore/take_pictures.py [NAME ...]

The library is made of pieces of the music21 corpus. Look at each picture before it is committed.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from music21 import corpus

sys.path.insert(0, str(Path(__file__).parents[3]))

from clamp3_bridges.installing import Place, install
from clamp3_bridges.musescore.host import MuseScoreHost
from clamp3_plugin import __version__
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.client.connection import read_run_file
from clamp3_plugin.config import Home
from clamp3_plugin.readers.musescore_program import find_program
from tests.bridges.musescore.screen import Screen, prepare_home

FREE = (700, 860)  # a place without anything
PROJECT = Path(__file__).parents[3]
ASKED = "haydn/opus74no1/movement3"
WORKS = {
    "haydn/opus74no1": "Haydn/Quartet Op. 74 No. 1",
    "haydn/opus1no1": "Haydn/Quartet Op. 1 No. 1",
    "mozart/k155": "Mozart/Quartet K. 155",
    "mozart/k156": "Mozart/Quartet K. 156",
    "mozart/k458": "Mozart/Quartet K. 458",
    "corelli/opus3no1": "Corelli/Sonata Op. 3 No. 1",
    "bach/bwv66.6": "Bach/Chorale BWV 66.6",
    "bach/bwv57.8": "Bach/Chorale BWV 57.8",
    "ryansMammoth/BuckleyJig": "Ryan/Buckley Jig",
    "ryansMammoth/CottilionReel": "Ryan/Cotillion Reel",
}
"""As files are called by people, who see these names where a piece has no title."""


@dataclass(frozen=True)
class Scene:
    """One picture."""

    language: str = "en_US.UTF-8"
    light: bool = False
    served: bool = True


SCENES = {
    "panel_dark": Scene(),
    "panel_light": Scene(light=True),
    "panel_japanese": Scene("ja_JP.UTF-8"),
    "panel_no_daemon": Scene(light=True, served=False),
}


def works(folder: Path) -> Path:
    """Copy the pieces into a folder; gives the score that is opened."""
    for work, name in WORKS.items():
        for path in corpus.getPaths():
            inside = "/".join(path.parts[path.parts.index("corpus") + 1 :])
            if inside.startswith(work) and not inside.startswith(f"{ASKED}."):
                movement = path.stem.removeprefix("movement")
                more = f", {movement}" if movement.isdecimal() else ""
                target = folder / f"{name}{more}{path.suffix}"
                target.parent.mkdir(exist_ok=True)
                shutil.copy(path, target)
    found = corpus.getWork(ASKED)
    return Path(found[0] if isinstance(found, list) else found)


def take(name: str, scene: Scene, home: Home, program: Path, score: Path, folder: Path) -> None:
    """Take one picture."""
    user = folder / name
    prepare_home(user, light=scene.light)
    plugins = user / "Documents/MuseScore3/Plugins"
    install(MuseScoreHost(), Place("MuseScore 3", plugins, is_present=True), home)
    if not scene.served:
        place = plugins / "clamp3/clamp3_place.js"
        nobody = json.dumps(str(folder / "nobody"))
        place.write_text(
            f".pragma library\nvar runFile = {nobody};\nvar version = '{__version__}';\nvar start = [];\n"
        )
    shown = user / "Quartet.mxl"
    shutil.copy(score, shown)
    screen = Screen(program, user, shown, scene.language)
    try:
        x, _ = screen.open_panel()
        edge = 2 * x - screen.switch()[0] - 22  # of the column, which is made wider
        screen.do("mousemove", edge, 440, "mousedown", 1)
        for step in range(1, 7):
            screen.do("mousemove", edge - 22 * step, 440)
        screen.do("mouseup", 1)
        screen.select_bar(1)
        for key in (*["ctrl+shift+Right"] * 3, *["shift+Down"] * 3):
            screen.do("key", key)  # one at a time: a modifier that comes late transposes
            time.sleep(0.5)
        time.sleep(1)
        screen.do("mousemove", *screen.button(), "click", 1)
        screen.says("clamp3 panel: answers" if scene.served else "clamp3 panel: noDaemon")
        time.sleep(15 if scene.served else 2)  # the pictures come one by one
        screen.do("mousemove", *FREE)
        time.sleep(1)
        taken = PROJECT / f"docs/bridges/musescore/{name}.png"
        screen.save(taken)
        smaller = [
            "convert",
            str(taken),
            "-bordercolor",
            "black",
            "-border",
            "1",
            "-trim",
            "+repage",
            "-colors",
            "96",
            "-strip",
            f"PNG8:{taken}",
        ]
        subprocess.run(smaller, check=True)
    finally:
        screen.close()


def main() -> int:
    program = find_program({"PATH": os.environ.get("PATH", "")})
    if program is None:
        raise SystemExit("MuseScore 3 is not installed.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        home, music = Home.locate(str(folder / "home")), folder / "Quartets"
        music.mkdir()
        score = works(music)
        with ensure_daemon(home, timeout_s=300) as client:
            list(client.index([str(music)]))
        try:
            for name in sys.argv[1:] or SCENES:
                take(name, SCENES[name], home, program, score, folder)
        finally:
            os.kill(read_run_file(home).pid, signal.SIGTERM)
    return 0


if __name__ == "__main__":
    sys.exit(main())
