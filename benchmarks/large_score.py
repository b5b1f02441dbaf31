"""How soon the MuseScore panel answers for four bars of 20 parts and 300 bars, and how long it freezes.

The real MuseScore 3 under Xvfb, the real panel, the real daemon with the shipped model, keys pressed as
a composer presses them. The score is random and the same every time; the library holds it too (so that
its own pages are engraved), beside small ones. A clock that the panel gets for this run measures the gaps
of its event loop.

    python benchmarks/large_score.py [--parts 20] [--bars 300] [--asks 3] [--export] [--keep FOLDER]

Of a score so large the panel sends the notes of the selected bars; --export makes it export all of it, as
it does with smaller ones.
"""

import argparse
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from clamp3_bridges.installing import Place, install
from clamp3_bridges.musescore.host import MuseScoreHost
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.client.connection import read_run_file
from clamp3_plugin.config import Home
from clamp3_plugin.errors import NoDaemonError
from clamp3_plugin.readers.musescore_program import find_program
from tests.bridges.musescore import scores
from tests.bridges.musescore.screen import Screen, prepare_home

ANSWER_S, FREEZE_S = 3.0, 1.0
FIRST, COUNT, STAVES = 9, 4, 4
CLOCK = """
    Timer {
        interval: 10; repeat: true; running: true
        property real before: 0
        onTriggered: {
            var now = Date.now();
            if (before) { root.frozen = Math.max(root.frozen, now - before); }
            before = now;
            if (root.phase === "answers" && root.tags.length && root.previewed >= hits.count && !root.isMeasured) {
                root.isMeasured = true;
                console.log("MEASURED " + JSON.stringify({
                    answer: root.took, all: now - root.begun, freeze: root.frozen, asked: root.asked}));
            }
        }
    }
    property real frozen: 0
    property bool isMeasured: false
    onBegunChanged: { frozen = 0; isMeasured = false; }
}
"""


def large(parts: int, bars: int, seed: int = 20) -> str:
    """Write a score in MuseScore's own format: eighths that wander, a row of voices of one choir."""
    choose = random.Random(seed)  # noqa: S311 - notes
    scale = [(48 + 12 * octave + step, tpc) for octave in range(4)
             for step, tpc in ((0, 14), (2, 16), (4, 18), (5, 13), (7, 15), (9, 17), (11, 19))]  # fmt: skip
    listed, staves = [], []
    for part in range(1, parts + 1):
        place = 14
        measures = []
        for bar in range(bars):
            head = "<TimeSig><sigN>4</sigN><sigD>4</sigD></TimeSig>" if bar == 0 else ""
            chords = []
            for _ in range(8):
                place = min(21, max(7, place + choose.randint(-2, 2)))
                pitch, tpc = scale[place]
                chords.append(
                    "<Chord><durationType>eighth</durationType>"
                    f"<Note><pitch>{pitch}</pitch><tpc>{tpc}</tpc></Note></Chord>"
                )
            measures.append(f"<Measure><voice>{head}{''.join(chords)}</voice></Measure>")
        listed.append(
            f'<Part><Staff id="{part}"><StaffType group="pitched"><name>stdNormal</name></StaffType>'
            f"</Staff><trackName>Flute {part}</trackName><Instrument><longName>Flute {part}</longName>"
            f"<trackName>Flute</trackName><instrumentId>wind.flutes.flute</instrumentId>"
            '<Channel><program value="73"/></Channel></Instrument></Part>'
        )
        staves.append(f'<Staff id="{part}">{"".join(measures)}</Staff>')
    return (
        '<?xml version="1.0" encoding="UTF-8"?><museScore version="3.01"><Score><Division>480</Division>'
        "<Style><pageWidth>16.54</pageWidth><pageHeight>23.39</pageHeight></Style>"  # A2
        '<metaTag name="workTitle">Large</metaTag>'
        f"{''.join(listed)}{''.join(staves)}</Score></museScore>"
    )


def prepare_panel(user: Path, home: Home, *, export: bool) -> None:
    """Install the panel with a clock in it."""
    prepare_home(user)
    folder = user / "Documents/MuseScore3/Plugins"
    install(MuseScoreHost(), Place("MuseScore 3", folder, is_present=True), home)
    panel = folder / "clamp3/clamp3.qml"
    text = panel.read_text("utf-8").rstrip().removesuffix("}") + CLOCK
    if export:
        text = text.replace("Score.isLarge(curScore)", "false")
    panel.write_text(text, "utf-8")


def select(screen: Screen) -> None:
    """Select some bars and staves with keys."""
    screen.do("key", "ctrl+Home")
    for _ in range(FIRST - 1):
        screen.do("key", "ctrl+Right")
    for _ in range(COUNT):
        screen.do("key", "ctrl+shift+Right")
    for _ in range(STAVES - 1):
        screen.do("key", "shift+Down")


def measured(screen: Screen, count: int, patience_s: float = 120) -> dict[str, str]:
    """Wait until the panel has measured a question, and give the figures."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        lines = re.findall(r"MEASURED \{(.*)\}", screen.log())
        if len(lines) >= count:
            return dict(re.findall(r'"(\w+)":"?([^",]*)', lines[count - 1]))
        time.sleep(0.1)
    raise SystemExit(f"The panel does not answer.\n{screen.log()[-3000:]}")


def asked_and_measured(screen: Screen, asks: int) -> Iterator[tuple[float, float]]:
    """Ask again and again; gives seconds to the answer, and of the longest freeze."""
    x, y = screen.open_panel()
    for ask in range(1, asks + 1):
        select(screen)
        time.sleep(2)  # until the score is drawn again
        screen.do("mousemove", x, y, "click", 1)
        told = measured(screen, ask)
        answer, whole, freeze = (float(told[name]) / 1000 for name in ("answer", "all", "freeze"))
        print(
            f"{ask}: {told['asked']}: answer {answer:.2f} s, with tags and pictures {whole:.2f} s,"
            f" longest freeze {freeze:.2f} s"
        )
        yield answer, freeze


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", type=int, default=20)
    parser.add_argument("--bars", type=int, default=300)
    parser.add_argument("--asks", type=int, default=3)
    parser.add_argument("--export", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder for a picture of the screen")
    options = parser.parse_args()
    program = find_program({"PATH": os.environ.get("PATH", "")})
    if program is None:
        raise SystemExit("MuseScore 3 is not installed.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        base = Path(folder)
        home, music = Home.locate(str(base / "home")), base / "music"
        music.mkdir()
        score = music / "large.mscx"
        score.write_text(large(options.parts, options.bars), "utf-8")
        for bars in range(8, 20):
            (music / f"small{bars}.musicxml").write_bytes(scores.plain(bars))
        with ensure_daemon(home, timeout_s=300) as client:
            list(client.index([str(music)]))
        prepare_panel(base / "user", home, export=options.export)
        screen = Screen(program, base / "user", score)
        try:
            figures = list(asked_and_measured(screen, options.asks))
        finally:
            if options.keep:
                screen.save(options.keep / "large_score.png")
            screen.close()
            with suppress(NoDaemonError, ProcessLookupError):
                os.kill(read_run_file(home).pid, signal.SIGTERM)
    answer, freeze = (max(column) for column in zip(*figures, strict=True))
    print(
        f"slowest answer {answer:.2f} s (at most {ANSWER_S:g}),"
        f" longest freeze {freeze:.2f} s (at most {FREEZE_S:g})"
    )
    return 0 if answer < ANSWER_S and freeze < FREEZE_S else 1


if __name__ == "__main__":
    sys.exit(main())
