"""A daemon, a library of a few tunes, and the command line as a user runs it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clamp3_cli.main import clamp3
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.client.connection import read_run_file
from clamp3_plugin.config import Home
from clamp3_plugin.errors import NoDaemonError

HASH_DAEMON = (sys.executable, "-P", str(Path(__file__).with_name("hash_daemon.py")))

JIG = """X:1
T:The Tripping Jig
C:Anon. of Clare
M:6/8
L:1/8
Q:3/8=110
K:G
GAB cde|dBG AFD|GAB cde|dcA G3|gfe dcB|cBA GFD|GAB cde|dcA G3|
BAB dBd|gdB GBd|ece dBG|AFD D3|BAB dBd|gdB GBd|ece dBG|AGF G3|
"""
WALTZ = """X:1
T:Slow Waltz
M:3/4
L:1/4
K:D
d f a|a2 f|d f a|g3|e g b|b2 g|c e a|d3|
"""
SECOND = """X:2
T:Second Tune
M:3/4
L:1/4
K:A
A A e|c2 c|B B d|A3|E E A|c2 e|d B G|A3|
"""
BOOK = f"{JIG}\n{SECOND}"

Run = Callable[..., Result]
Process = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="session")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sound files, one broken, one with a name that is no UTF-8."""
    folder = tmp_path_factory.mktemp("music")
    (folder / "jig.abc").write_text(JIG)
    (folder / "waltz.abc").write_text(WALTZ)
    (folder / "book.abc").write_text(BOOK)
    (folder / "broken.mid").write_bytes(b"MThd\x00\x00")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe name.abc")).write_text(
        JIG.replace("Tripping", "Nameless")
    )
    return folder


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, music: Path) -> Iterator[Home]:
    """A home whose daemon runs and whose library holds the music."""
    home = Home.locate(str(tmp_path_factory.mktemp("served")))
    with ensure_daemon(home, command=HASH_DAEMON, timeout_s=60) as client:
        list(client.index([str(music)]))
    yield home
    end(home)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home with nothing in it."""
    home = Home.locate(str(tmp_path / "home"))
    yield home
    end(home)


@pytest.fixture
def run() -> Run:
    """Run the command line in this process, for a home."""

    def run(home: Home, *words: str, **options) -> Result:
        arguments = ["--home", str(home.run.parent), *words]
        return CliRunner().invoke(clamp3, arguments, prog_name="clamp3", **options)

    return run


@pytest.fixture
def process() -> Process:
    """Run the command line as a process of its own, for a home."""

    def process(home: Home, *words: str | bytes, **options):
        command = [sys.executable, "-m", "clamp3_cli", "--home", str(home.run.parent), *words]
        return subprocess.run(command, capture_output=True, check=False, timeout=60, **options)

    return process


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, golden: Path) -> Home:
    """A home with a real model of small size in use, and no daemon."""
    home = Home.locate(str(tmp_path_factory.mktemp("tiny"))).create()
    root = ["--home", str(home.run.parent), "models"]
    source = str(golden / "model")
    for words in (["import", source, "--name", "tiny"], ["use", "tiny"]):
        done = CliRunner().invoke(clamp3, [*root, *words])
        assert done.exit_code == 0, done.output
    return home


@pytest.fixture
def tiny_home(tiny: Home, home: Home) -> Home:
    """A home of one's own with that model in use."""
    shutil.copytree(tiny.models, home.models)
    shutil.copytree(tiny.config, home.config)
    return home


def end(home: Home) -> None:
    try:
        os.kill(read_run_file(home).pid, signal.SIGKILL)
    except (NoDaemonError, ProcessLookupError):
        return
