"""Ardour's window on a screen of its own, driven by Ardour's OSC surface: the dialog shows the hits."""

import base64
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from pythonosc.osc_message_builder import build_msg

from clamp3_bridges.ardour.host import ArdourHost
from clamp3_bridges.installing import Place, install
from tests.bridges.apart import apart
from tests.bridges.ardour.conftest import RECORDED, Studio, record, studio

PROGRAMS = ("ardour", "Xvfb", "xdotool", "import")
SURFACE = 3819
STARTS = 2
"""Ardour 7.3 aborts now and then as it opens a session (``std::bad_optional_access``), before our action is run;
then, and only then, it is started once more."""
COUNT = """
function factory() return function()
  local file = io.open("FILE", "w")
  file:write(Editor:get_selection().regions:regionlist():size())
  file:close()
end end
"""
OPTIONS = {"try-autostart-engine": "1", "hide-dummy-backend": "0"}
ENGINE = {
    "backend": "None (Dummy)",
    "driver": "Normal Speed",
    "device": "Silence",
    "input-device": "",
    "output-device": "",
    "sample-rate": "48000",
    "buffer-size": "1024",
    "n-periods": "0",
    "input-latency": "0",
    "output-latency": "0",
    "lm-input": "",
    "lm-output": "",
    "active": "1",
    "use-buffered-io": "0",
    "midi-option": "No MIDI I/O",
}


@pytest.fixture
def programs() -> None:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        packages = "packages ardour, xvfb, xdotool, imagemagick"
        pytest.skip(f"not installed: {', '.join(missing)} ({packages})")


@pytest.mark.usefixtures("programs")
def test_the_window_shows_the_hits(ardour, tmp_path):
    with apart() as network:
        network.submit(_show, ardour, tmp_path).result()


def _show(ardour: str, folder: Path) -> None:
    with studio(folder) as here:
        record(ardour, here)
        settings = folder / "config" / "ardour7"
        _write_settings(settings, folder, here)
        session = here.session / "session.ardour"
        _enable_surface(session)
        window = ["ardour", "--no-splash", "--no-announcements", str(session)]
        with _screen() as display:
            environment = {
                **os.environ,
                "DISPLAY": display,
                "XDG_CONFIG_HOME": str(settings.parent),
            }
            with _opened(window, folder, environment) as program:
                _ask(program, folder, environment)


@contextmanager
def _screen() -> Iterator[str]:
    """Start an X server; gives its display, a number that nobody had."""
    reading, writing = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(writing),
        "-screen",
        "0",
        "1280x800x24",
        "-nolisten",
        "tcp",
    ]
    with _running(command, pass_fds=[writing], stderr=subprocess.DEVNULL):
        os.close(writing)
        with os.fdopen(reading, "rb") as number:
            yield f":{number.readline().decode().strip()}"


@contextmanager
def _running(command: list[str], **options) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def _opened(
    command: list[str], folder: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Start Ardour and wait until what was recorded is selected; gives the program."""
    said = folder / "ardour.log"
    for _ in range(STARTS):
        with (
            said.open("wb") as log,
            _running(command, env=environment, stdout=log, stderr=log) as program,
        ):
            if _selects(program, folder, environment):
                yield program
                return
        if "bad_optional_access" not in said.read_text(errors="replace"):
            break
    pytest.fail(f"Ardour ended as it started: {_end_of(said)}")


def _selects(program: subprocess.Popen[bytes], folder: Path, environment: dict[str, str]) -> bool:
    """Have the editor select all until there is something; False where Ardour ended by itself."""
    count, deadline = folder / "selected.txt", time.monotonic() + 240
    while program.poll() is None:
        assert time.monotonic() < deadline, f"nothing selected: {_end_of(folder / 'ardour.log')}"
        if _window(environment, "session - Ardour"):  # what comes sooner it does not hear
            _act("Editor/select-all-objects", "LuaAction/script-2")
        time.sleep(1)
        if count.is_file() and count.read_text() not in {"", "0"}:
            return True
    return False


def _ask(program: subprocess.Popen[bytes], folder: Path, environment: dict[str, str]) -> None:
    """Run the action, and look at the dialog."""
    told, deadline = folder / "told.txt", time.monotonic() + 120
    _act("LuaAction/script-1")
    while not (told.is_file() and _window(environment, "CLaMP 3")):
        assert program.poll() is None, _end_of(folder / "ardour.log")
        assert time.monotonic() < deadline, f"no answer: {_end_of(folder / 'ardour.log')}"
        time.sleep(0.5)
    shot = Path(os.environ.get("CLAMP3_SHOT", folder / "shot.png"))
    subprocess.run(["import", "-window", "root", str(shot)], env=environment, check=True)
    assert shot.stat().st_size > 10_000
    assert f"1. {RECORDED}" in told.read_text()


def _act(*actions: str) -> None:
    """Have Ardour's OSC surface run actions, in the order of the words."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as surface:
        for action in actions:
            datagram = build_msg("/access_action", [action]).dgram
            surface.sendto(datagram, ("127.0.0.1", SURFACE))


def _window(environment: dict[str, str], name: str) -> bool:
    """Tell whether a window of this name is there."""
    search = ["xdotool", "search", "--onlyvisible", "--name", name]
    done = subprocess.run(search, env=environment, capture_output=True, timeout=60, check=False)
    return bool(done.stdout)


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-12:])


def _write_settings(settings: Path, folder: Path, here: Studio) -> None:
    """Install the script, fill two slots, and choose the engine without a sound card."""
    install(ArdourHost(), Place("Ardour 7", settings / "scripts", is_present=True), here.home)
    options = "".join(f'<Option name="{name}" value="{value}"/>' for name, value in OPTIONS.items())
    engine = " ".join(f"{name}={quoteattr(value)}" for name, value in ENGINE.items())
    states = f"<EngineStates><State {engine}/></EngineStates>"
    extra = f"<Extra><AudioMIDISetup>{states}</AudioMIDISetup></Extra>"
    (settings / "config").write_text(f"<Ardour><Config>{options}</Config>{extra}</Ardour>")
    (settings / ".a7").touch()  # the welcome was seen
    script = (settings / "scripts" / "clamp3_find.lua").read_text()
    # what it shows, written down for the test as well
    spied = script.replace(
        "  local function say(text, kind)\n",
        f"  local function say(text, kind)\n    write_file('{folder / 'told.txt'}', text)\n",
    )
    assert spied != script
    counting = COUNT.replace("FILE", str(folder / "selected.txt"))
    slots = "scripts = {}" + _slot(1, spied) + _slot(2, counting)
    encoded = base64.b64encode(slots.encode()).decode()
    (settings / "ui_scripts").write_text(
        f'<UIScripts><ActionScript lua="Lua 5.3">{encoded}</ActionScript></UIScripts>'
    )


def _slot(number: int, script: str) -> str:
    factory = _lua(_factory(script))
    return f" scripts[{number}] = {{ n = 'action', s = '', a = {{}}, f = {factory} }}"


def _factory(script: str) -> str:
    return f"local ardour = function() end {script} return factory(...)"


def _lua(text: str) -> str:
    return f"[=====[{text}]=====]"


def _enable_surface(session: Path) -> None:
    text = session.read_text()
    off, on = (f'name="Open Sound Control (OSC)" active="{active}"' for active in "01")
    assert off in text
    session.write_text(text.replace(off, on))
