"""``clamp3 bridge watch`` as a process."""

import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager


class Watcher:
    def __init__(self, process):
        self.process = process
        self.lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        assert b"Watching" in process.stderr.readline()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)

    def line(self) -> bytes:
        return self.lines.get(timeout=120)

    def is_silent(self, for_s: float) -> bool:
        try:
            self.lines.get(timeout=for_s)
        except queue.Empty:
            return True
        return False


@contextmanager
def watching(home, folder, *options, path=""):
    """Run the command; with programs of ``path`` before those of the system."""
    command = [sys.executable, "-m", "clamp3_cli", "--home", str(home.run.parent)]
    environment = dict(os.environ, PATH=f"{path}{os.pathsep}{os.environ['PATH']}")
    with subprocess.Popen(
        [*command, "bridge", "watch", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        try:
            yield Watcher(process)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
