"""MuseScore on a screen that nobody sees, driven with mouse and keys; everything is waited for."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np

WIDTH, HEIGHT = 1400, 900
_GEOMETRY = ("-screen", "0", f"{WIDTH}x{HEIGHT}x24")
PATIENCE_S = float(os.environ.get("CLAMP3_PATIENCE_S", "120"))
DARK = 110
_SETTINGS = r"""[General]
[application]
startup\firstStart=false
checkForUpdate=false
[ui]
application\globalStyle={style}
application\startup\showStartCenter=false
application\startup\showSplashScreen=false
application\startup\showTours=false
application\startup\showNavigator=false
[io]
alsa\useAlsaAudio=false
portAudio\usePortAudio=false
pulseAudio\usePulseAudio=false
jack\useJackAudio={jack}
"""
_PLUGINS = """<?xml version="1.0" encoding="UTF-8"?>
<museScore version="3.02"><Plugin><path>{path}</path><load>1</load>
<SC><key>plugin_clamp3</key><seq>Ctrl+Shift+F9</seq></SC></Plugin></museScore>
"""
_T = TypeVar("_T")


def prepare_home(home: Path, *, light: bool = False, sound: bool = False) -> None:
    """Make a user's folder in which MuseScore starts without questions and loads the panel."""
    config, data = home / ".config/MuseScore", home / ".local/share/MuseScore/MuseScore3"
    config.mkdir(parents=True)
    data.mkdir(parents=True)
    (config / "MuseScore3.ini").write_text(
        _SETTINGS.format(style=int(light), jack=str(sound).lower())
    )
    panel = home / "Documents/MuseScore3/Plugins/clamp3/clamp3.qml"
    (data / "plugins.xml").write_text(_PLUGINS.format(path=panel))


def until(look: Callable[[], _T | None], what: str, seconds: float = PATIENCE_S) -> _T:
    """Look again and again until there is something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (found := look()) is not None:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


class Screen:
    """An X server with MuseScore in it."""

    def __init__(
        self,
        program: Path,
        home: Path,
        score: Path,
        language: str = "en_US.UTF-8",
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._server, display = _x_server()
        runtime = home / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        kept = {name: os.environ[name] for name in ("PATH",)}
        self._environment = {
            **kept,
            **more,
            "DISPLAY": display,
            "HOME": str(home),
            "LANG": language,
            "LANGUAGE": language,
            "LC_ALL": language,
            "TMPDIR": str(runtime),  # else a MuseScore that runs already would be told to open it
            "XDG_RUNTIME_DIR": str(runtime),
        }
        self._log = home / "musescore.log"
        with self._log.open("wb") as log:
            self._program = subprocess.Popen(
                [str(program), "-m", "-w", str(score)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=home,
            )

    def close(self) -> None:
        for process in (self._program, self._server):
            process.send_signal(signal.SIGKILL)
            process.wait()

    def picture(self) -> np.ndarray:
        """The screen, ``(height, width, 3)``."""
        done = subprocess.run(
            ["import", "-window", "root", "-depth", "8", "rgb:-"],
            env=self._environment,
            capture_output=True,
            check=True,
            timeout=60,
        )
        return np.frombuffer(done.stdout, np.uint8).reshape(HEIGHT, WIDTH, 3).astype(int)

    def save(self, path: Path) -> None:
        subprocess.run(
            ["import", "-window", "root", str(path)], env=self._environment, check=True, timeout=60
        )

    def do(self, *words: object) -> None:
        """Press keys, move and click."""
        command = ["xdotool", *map(str, words)]
        subprocess.run(command, env=self._environment, check=True, timeout=60)

    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def bottom(self) -> int:
        """Give the row under which the panel ends: the status bar."""
        return HEIGHT - 140

    def says(self, text: str, times: int = 1) -> None:
        """Wait for a line of the panel."""
        until(lambda: self.log().count(text) >= times or None, f"the panel says {text!r}")

    # --- finding things

    def staves(self) -> list[tuple[int, int]]:
        """Top and bottom line of every staff that is seen, from the top."""

        def look() -> list[tuple[int, int]] | None:
            rows = _staff_lines(self.picture())
            staves = [rows[i : i + 5] for i in range(0, len(rows) - 4, 5)]
            return [(staff[0], staff[4]) for staff in staves] or None

        return until(look, "a score is seen")

    def barlines(self, staff: tuple[int, int]) -> list[int]:
        """Where the bar lines of a staff are, from the left; the first is that before bar 1."""
        brightest = self.picture().max(axis=2)
        top, bottom = staff
        full = (brightest[top + 1 : bottom] < DARK).all(axis=0) & (brightest[top - 8] > 200)
        found: list[int] = []
        for x in map(int, np.flatnonzero(full)):
            if not found or x - found[-1] > 40:  # a clef or a second line is nearer
                found.append(x)
        return found

    def button(self) -> tuple[int, int]:
        """The middle of the panel's button: a wide patch of one strong colour."""

        def look() -> tuple[int, int] | None:
            right = self.picture()[:, WIDTH * 3 // 5 :]
            strong = (right.max(axis=2) - right.min(axis=2)) > 50
            counts = strong.sum(axis=1)
            rows = np.flatnonzero(counts > 120)
            if not len(rows):
                return None
            gaps = np.flatnonzero(np.diff(rows) > 1)
            ours = rows[: gaps[0] + 1] if len(gaps) else rows
            columns = np.flatnonzero(strong[ours[0] + 3])
            return int(columns.mean()) + WIDTH * 3 // 5, int(ours.mean())

        return until(look, "the panel's button is seen")

    def switch(self) -> tuple[int, int]:
        """The middle of the switch for live questions, above the right end of the button."""
        self.button()
        right = self.picture()[:, WIDTH * 3 // 5 :]
        strong = (right.max(axis=2) - right.min(axis=2)) > 50
        top = int(np.flatnonzero(strong.sum(axis=1) > 120)[0])
        edge = int(np.flatnonzero(strong[top + 3])[-1]) + WIDTH * 3 // 5
        return edge - 15, top - 17

    def open_panel(self) -> tuple[int, int]:
        """Open the panel by its shortcut; gives the middle of its button."""
        self.staves()
        self.do("key", "F8")  # closes the Inspector, which would share the column
        for _ in range(5):
            self.do("key", "ctrl+shift+F9")
            try:
                until(lambda: self._strong() or None, "the panel opens", 15)
            except AssertionError:
                continue
            return self.button()
        raise AssertionError(f"the panel does not open\n{self.log()[-2000:]}")

    def _strong(self) -> bool:
        right = self.picture()[:, WIDTH * 3 // 5 :]
        return bool((((right.max(axis=2) - right.min(axis=2)) > 50).sum(axis=1) > 120).any())

    def select_bars(self, first: int, last: int, staves: tuple[int, int]) -> None:
        """Select bars by a click, and another with Shift."""
        seen = self.staves()
        # before anything is selected, and so coloured
        from_here = self.place_in_bar(first, seen[staves[0] - 1])
        to_there = self.place_in_bar(last, seen[staves[1] - 1])
        self.do("mousemove", *from_here, "click", 1)
        until(self._is_selected, "a bar is selected")
        count = self._blue()
        self.do("keydown", "shift")
        try:
            self.do("mousemove", *to_there, "click", 1)
            until(lambda: self._blue() > count or None, "more is selected")
        finally:
            self.do("keyup", "shift")

    def select_bar(self, number: int) -> None:
        """Select a bar of the first staff by a click."""
        self.do("mousemove", *self.place_in_bar(number, self.staves()[0]), "click", 1)
        until(self._is_selected, "a bar is selected")

    def place_in_bar(self, number: int, staff: tuple[int, int]) -> tuple[int, int]:
        """Give a place where nothing stands: between two lines, right of the last note."""
        lines = self.barlines(staff)
        left, right = lines[number - 1], lines[number]
        top, bottom = staff
        return round(left + 0.88 * (right - left)), round(top + (bottom - top) * 0.375)

    def _is_selected(self) -> bool | None:
        return self._blue() > 300 or None

    def _blue(self) -> int:
        """Count the pixels that have the colour of what is selected."""
        middle = self.picture()[140:, 240 : WIDTH * 3 // 4]  # below the tool bars
        return int(((middle[..., 2] - middle[..., 0]) > 80).sum())


def _x_server() -> "tuple[subprocess.Popen[bytes], str]":
    """Start an X server that answers; another may take its number at the same moment."""
    for _ in range(4):
        reading, writing = os.pipe()
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-nolisten", "tcp", *_GEOMETRY],
            pass_fds=(writing,),
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading) as told:
            display = f":{told.readline().strip()}"
        asked = subprocess.run(
            ["xdotool", "getdisplaygeometry"],
            env={"PATH": os.environ["PATH"], "DISPLAY": display},
            capture_output=True,
            check=False,
        )
        if asked.stdout.split() == [b"%d" % WIDTH, b"%d" % HEIGHT]:
            return server, display
        server.kill()
        server.wait()
    raise AssertionError("no X server answers")


def _staff_lines(picture: np.ndarray) -> list[int]:
    """Rows that are dark over much of a light page; a line of two pixels counts once."""
    page = picture[:, 240 : WIDTH * 3 // 5].max(axis=2)
    dark = (page < 225).mean(axis=1)
    light = (page > 230).mean(axis=1)
    around = np.array([light[max(0, y - 4) : y + 5].max() for y in range(HEIGHT)])
    rows = np.flatnonzero((dark > 0.6) & (dark < 0.97) & (around > 0.7))
    lines = [int(y) for i, y in enumerate(rows) if i == 0 or y - rows[i - 1] > 1]
    found: list[int] = []
    while len(lines) >= 5:
        gaps = np.diff(lines[:5])
        is_staff = gaps.max() - gaps.min() <= 2 and gaps.max() < 20
        found += lines[:5] if is_staff else []
        lines = lines[5 if is_staff else 1 :]
    return found
