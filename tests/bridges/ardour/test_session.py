"""The real Ardour, without a window: it records, exports and bounces, and asks the running bridge."""

import json
from pathlib import Path
from typing import Any

from clamp3_bridges.ardour.host import ArdourHost
from clamp3_bridges.installing import Place, install
from clamp3_bridges.osc.answers import End, Failure, Result
from clamp3_bridges.osc.queries import FindFile
from tests.bridges.apart import apart
from tests.bridges.ardour.conftest import RECORDED, Studio, mix, record, run, studio
from tests.bridges.watch.watching import watching

QUESTIONS = {"midi": ".mid", "audio": ".wav", "bounce": ".wav", "mix": ".wav"}
"""What is asked with: by Ardour's OSC the exported region, what it recorded, a bounce; and an exported mix."""
EXPORTS = {"take 1.mid": f"{RECORDED}.mid", "mix.wav": f"{RECORDED}.wav"}
"""What it writes into the folder that is watched, and what is found first for it."""


def test_ardour_records_and_asks_and_the_recorded_piece_is_found_first(ardour, tmp_path):
    with apart() as network:
        network.submit(_record_and_ask, ardour, tmp_path).result()


def _record_and_ask(ardour: str, folder: Path) -> None:
    with studio(folder) as here, watching(here.home, here.inbox, "--json") as watcher:
        said = record(ardour, here)
        heard = [answer for _ in range(3) for answer in here.peer.hear_all(120)]
        mixed = here.peer.ask(FindFile("mix", str(mix(ardour, here))))
        watched = [json.loads(watcher.line()) for _ in EXPORTS]
        asked = _ask_in_session(ardour, here, folder)
        keys, tone = _ask_with_ranges(ardour, here, folder)

    heard += mixed
    for id_, suffix in QUESTIONS.items():
        first = next(one for one in heard if isinstance(one, Result) and one.id == id_)
        assert Path(first.path).name == f"{RECORDED}{suffix}"
        ends = [one for one in heard if isinstance(one, End | Failure) and one.id == id_]
        assert len(ends) == 1
    sounds = [Path(line.split(" ", 1)[1]) for line in said if line[:8] in {"recorded", "bounced "}]
    assert [path.read_bytes()[:4] for path in sounds] == [b"RIFF", b"RIFF"]
    assert {Path(one["path"]).name: _first(one) for one in watched} == EXPORTS
    assert asked.count(f"1. {RECORDED}") == asked.count("== ") == 2
    assert f"1. {RECORDED}" in keys
    assert f"1. {RECORDED}" in tone


def _first(answer: dict[str, Any]) -> str:
    return Path(answer["hits"][0]["piece"]["path"]).name


def _ask_in_session(ardour: str, here: Studio, folder: Path) -> str:
    """Ask with the installed script for sessions; gives what it said of the regions."""
    place = Place("Ardour", folder / "scripts", is_present=True)
    install(ArdourHost(), place, here.home)
    script = folder / "scripts" / "clamp3_session.lua"
    said = run([ardour, str(script), str(here.session), "session", "Take1"])
    assert not list(here.home.cache.glob("clamp3-take-*"))
    return said


def _ask_with_ranges(ardour: str, here: Studio, folder: Path) -> list[str]:
    """Run the editor's script with a range of each track; gives what it showed, track by track."""
    script = Path(__file__).with_name("range.lua")
    command = [
        ardour,
        str(script),
        str(here.session),
        str(folder / "scripts/clamp3_find.lua"),
    ]
    parts = run(command).split("== ")[1:]
    assert len(parts) == 2
    return parts
