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
        record(ardour, here, folder)
        settings = folder / "config" / "ardour7"
        _write_settings(settings, here)
        session = folder / "session" / "session.ardour"
        _enable_surface(session)
        window = ["ardour", "--no-splash", "--no-announcements", str(session)]
        with _screen() as display, (folder / "ardour.log").open("wb") as log:
            environment = {
                **os.environ,
                "DISPLAY": display,
                "XDG_CONFIG_HOME": str(settings.parent),
            }
            with _running(window, env=environment, stdout=log, stderr=log):
                _drive(folder, environment)


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
def _running(command: list[str], **options) -> Iterator[None]:
    with subprocess.Popen(command, **options) as process:
        try:
            yield
        finally:
            process.kill()


def _drive(folder: Path, environment: dict[str, str]) -> None:
    """Select the region that was recorded, run the action, and look at the dialog."""
    told = folder / "home" / "state" / "hits.txt"
    _until(_surface_listens, 120, "Ardour's OSC surface does not listen")
    _until(lambda: _window(environment, "session - Ardour"), 120, "Ardour showed no session")
    time.sleep(10)  # until the editor has drawn the session
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as surface:
        for action in ("Editor/select-all-objects", "LuaAction/script-1"):
            datagram = build_msg("/access_action", [action]).dgram
            surface.sendto(datagram, ("127.0.0.1", SURFACE))
            time.sleep(2)
    _until(told.is_file, 120, "no answer came")
    time.sleep(1)
    shot = Path(os.environ.get("CLAMP3_SHOT", folder / "shot.png"))
    subprocess.run(["import", "-window", "root", str(shot)], env=environment, check=True)
    assert shot.stat().st_size > 10_000
    assert f"1. {RECORDED}" in told.read_text()


def _surface_listens() -> bool:
    """Look at the ports of this thread's network."""
    return f":{SURFACE:04X} " in Path("/proc/thread-self/net/udp").read_text()


def _window(environment: dict[str, str], name: str) -> bool:
    """Tell whether a window of this name is there."""
    search = ["xdotool", "search", "--onlyvisible", "--name", name]
    done = subprocess.run(search, env=environment, capture_output=True, timeout=20, check=False)
    return bool(done.stdout)


def _until(done, seconds: float, message: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, message
        time.sleep(0.5)


def _write_settings(settings: Path, here: Studio) -> None:
    """Install the script, give it the first slot, and choose the engine without a sound card."""
    install(ArdourHost(), Place("Ardour 7", settings / "scripts", is_present=True), here.home)
    options = "".join(f'<Option name="{name}" value="{value}"/>' for name, value in OPTIONS.items())
    engine = " ".join(f"{name}={quoteattr(value)}" for name, value in ENGINE.items())
    states = f"<EngineStates><State {engine}/></EngineStates>"
    extra = f"<Extra><AudioMIDISetup>{states}</AudioMIDISetup></Extra>"
    (settings / "config").write_text(f"<Ardour><Config>{options}</Config>{extra}</Ardour>")
    (settings / ".a7").touch()  # the welcome was seen
    script = (settings / "scripts" / "clamp3_find.lua").read_text()
    # what it shows, written down for the test as well
    told = here.home.state / "hits.txt"
    spied = script.replace(
        "  local function say(text, kind)\n",
        f"  local function say(text, kind)\n    write_file('{told}', text)\n",
    )
    assert spied != script
    slot = f"scripts = {{}} scripts[1] = {{ n = 'find', s = '', a = {{}}, f = {_lua(_factory(spied))} }}"
    encoded = base64.b64encode(slot.encode()).decode()
    (settings / "ui_scripts").write_text(
        f'<UIScripts><ActionScript lua="Lua 5.3">{encoded}</ActionScript></UIScripts>'
    )


def _factory(script: str) -> str:
    return f"local ardour = function() end {script} return factory(...)"


def _lua(text: str) -> str:
    return f"[=====[{text}]=====]"


def _enable_surface(session: Path) -> None:
    text = session.read_text()
    off, on = (f'name="Open Sound Control (OSC)" active="{active}"' for active in "01")
    assert off in text
    session.write_text(text.replace(off, on))
