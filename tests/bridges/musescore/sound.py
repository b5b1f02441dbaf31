"""A sound card that is none: MuseScore plays only where there is one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bridges.musescore.screen import until

RATE = 44_100
_SERVER = ("jackd", "-r", "-t", "5000", "-d", "dummy", "-r", str(RATE), "-p", "1024")
_PORTS = ("-C", "0", "-P", "2")
PROGRAMS = ("jackd", "jack_lsp")


@contextmanager
def sound_card() -> Iterator[dict[str, str]]:
    """Run a JACK server of one's own; gives the environment of its clients."""
    ours = {"JACK_DEFAULT_SERVER": f"clamp3-{os.getpid()}", "JACK_NO_AUDIO_RESERVATION": "1"}
    server = subprocess.Popen(
        [*_SERVER, *_PORTS],
        env={**os.environ, **ours},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _ports(ours) or (server.poll() and ["none"]), "JACK runs", 30)
        # a server that is killed leaves its name in /dev/shm/jack*, which holds eight
        assert server.poll() is None, "jackd ended at once: does it start by hand?"
        yield ours
    finally:
        server.terminate()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:  # it waits for clients that have been killed
            server.kill()
            server.wait()


def _ports(ours: dict[str, str]) -> list[str]:
    done = subprocess.run(
        ["jack_lsp"], env={**os.environ, **ours}, capture_output=True, text=True, check=False
    )
    return [line for line in done.stdout.splitlines() if ":" in line] if not done.returncode else []
