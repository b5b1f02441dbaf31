"""The real Ardour, without a window: it records, exports and bounces, and asks the running bridge."""

from pathlib import Path

from clamp3_bridges.ardour.host import ArdourHost
from clamp3_bridges.installing import Place, install
from clamp3_bridges.osc.answers import End, Failure, Result
from tests.bridges.apart import apart
from tests.bridges.ardour.conftest import RECORDED, Studio, record, run, studio


def test_ardour_records_and_asks_and_the_recorded_piece_is_found_first(ardour, tmp_path):
    with apart() as network:
        network.submit(_record_and_ask, ardour, tmp_path).result()


def _record_and_ask(ardour: str, folder: Path) -> None:
    with studio(folder) as here:
        said = record(ardour, here, folder)
        heard = [*here.peer.hear_all(120), *here.peer.hear_all(120)]
        asked = _ask_in_session(ardour, here, folder)
        keys, tone = _ask_with_ranges(ardour, folder)

    found = [answer for answer in heard if isinstance(answer, Result) and answer.id == "midi"]
    assert Path(found[0].path).stem == RECORDED
    for id_ in ("midi", "audio"):
        ends = [one for one in heard if isinstance(one, End | Failure) and one.id == id_]
        assert len(ends) == 1
    sounds = [Path(line.split(" ", 1)[1]) for line in said if line[:8] in {"recorded", "bounced "}]
    assert [path.read_bytes()[:4] for path in sounds] == [b"RIFF", b"RIFF"]
    assert f"1. {RECORDED}" in asked
    assert f"1. {RECORDED}" in keys
    assert tone.startswith("tone\n")
    assert tone.count("\n") > 1  # hits, or that the model has no ears


def _ask_in_session(ardour: str, here: Studio, folder: Path) -> str:
    """Ask with the installed script for sessions; gives what it said of the MIDI region."""
    place = Place("Ardour", folder / "scripts", is_present=True)
    install(ArdourHost(), place, here.home)
    script = folder / "scripts" / "clamp3_session.lua"
    command = [ardour, str(script), str(folder / "session"), "session", "keys"]
    said = run(command)
    assert "== " in said
    assert not list(here.home.cache.glob("clamp3-take-*"))
    return said


def _ask_with_ranges(ardour: str, folder: Path) -> list[str]:
    """Run the editor's script with a range of each track; gives what it showed, track by track."""
    script = Path(__file__).with_name("range.lua")
    command = [
        ardour,
        str(script),
        str(folder / "session"),
        str(folder / "scripts/clamp3_find.lua"),
    ]
    parts = run(command).split("== ")[1:]
    assert len(parts) == 2
    return parts
