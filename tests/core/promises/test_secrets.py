"""P17 of the promises: the token is in one file of this user's, and what was asked is nowhere.

Negative controls, 2026-11-30: the token in the log, ``daemon.log`` was named; files readable to others, 24 of
them were named; the home open to others, one of eight tries succeeded; a wrong token given full rights,
200 for 401.
"""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.client.connection import read_run_file
from clamp3_plugin.config import Home
from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.query import Query, Source
from tests.core.daemon.conftest import COMMAND
from tests.hostile.case import CANARY
from tests.hostile.http_requests import request
from tests.hostile.sending import find, send


def holding(root: Path, word: bytes) -> list[str]:
    """Give the files below a folder that hold a word."""
    files = [path for path in root.rglob("*") if path.is_file()]
    return sorted(path.name for path in files if word in path.read_bytes())


def test_neither_token_nor_question_is_anywhere_but_in_the_run_file(served: Home):
    run = read_run_file(served)
    with Client.connect(served) as client:
        client.find(Query((Source(text=f"like {CANARY}"),)))
        with pytest.raises(Clamp3Error):
            client.find(Query((Source(name=f"{CANARY}.mid", data=b"MThd\0\0"),)))
        with pytest.raises(Clamp3Error):
            client.piece(CANARY)
    find(run, f"{CANARY}.abc", f"X:1\nT:{CANARY}\nK:C\ncdef|\n".encode())
    wrong = send(run, request("GET", f"/v1/{CANARY}?token={run.token}"))
    asking = [sys.executable, "-P", "-m", "clamp3_cli", "--home", str(served.run.parent)]
    with subprocess.Popen(
        [*asking, "find", "slowly now"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        shown = [
            Path(f"/proc/{pid}/{what}").read_bytes()
            for pid in (run.pid, process.pid)
            for what in ("cmdline", "environ")
            if sys.platform == "linux"
        ]
        said = b"".join(process.communicate())
    root = served.run.parent

    assert holding(root, run.token.encode()) == [served.run_file.name]
    assert holding(root, CANARY.encode()) == []
    assert not [text for text in (*shown, said, wrong.body) if run.token.encode() in text]


def test_all_files_and_folders_of_the_home_are_for_this_user_alone(served: Home):
    inside = [served.run_file, served.log_file, *served.data.rglob("*"), *served.state.rglob("*")]
    open_to_others = [path for path in inside if stat.S_IMODE(path.stat().st_mode) & 0o077]

    assert open_to_others == []
    assert stat.S_IMODE(served.run_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(served.run.stat().st_mode) == 0o700


def test_a_token_of_an_earlier_life_opens_nothing(tmp_path: Path):
    """P1: of the four ways without a good token, the others are in ``test_gate.py``."""
    home = Home.locate(str(tmp_path / "home"))
    with ensure_daemon(home, command=COMMAND, timeout_s=90) as first:
        token = first.run.token
        first.stop()
    headers = {"Authorization": f"Bearer {token}"}
    with ensure_daemon(home, command=COMMAND, timeout_s=90) as second:
        reply = send(second.run, request("GET", "/v1/status", headers=headers))
        second.stop()

    assert second.run.token != token
    assert (reply.status, reply.code) == (401, "unauthorized")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user"
)
class TestOthers:
    """P18 of the promises: another user of this machine gets nothing, tried as ``nobody``."""

    NOBODY = 65534
    TRIES = """
import os, socket, sys
run, port, pid, state, library, log = sys.argv[1:]
def tried(what):
    try:
        what()
    except OSError:
        return "refused"
    return "SUCCEEDED"
def ask():
    with socket.create_connection(("127.0.0.1", int(port)), 5) as link:
        link.sendall(f"GET /v1/status HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\nConnection: close\\r\\n\\r\\n".encode())
        if b" 401 " not in link.recv(4096).split(b"\\r\\n")[0]:
            return
    raise OSError
def squat():
    with socket.socket() as link:
        link.bind(("127.0.0.1", int(port)))
print(tried(lambda: open(run).read()))
print(tried(lambda: open(run, "w")))
print(tried(ask))
print(tried(squat))
print(tried(lambda: open(f"/proc/{pid}/environ").read()))
print(tried(lambda: os.listdir(library)))
print(tried(lambda: open(log).read()))
print(tried(lambda: open(os.path.join(state, "planted"), "w")))
"""

    def test_eight_tries_fail(self, served: Home):
        run = read_run_file(served)
        above = [parent for parent in served.run.parent.parents if parent != Path("/")]
        modes = {folder: stat.S_IMODE(folder.stat().st_mode) for folder in above}
        words = [served.run_file, run.port, run.pid, served.state, served.data, served.log_file]
        try:
            for folder in above:  # so that only our own folders stand in the way
                folder.chmod(0o755)
            served.run.parent.chmod(0o755)
            done = subprocess.run(
                ["/usr/bin/env", "python3", "-c", self.TRIES, *map(str, words)],
                user=self.NOBODY,
                group=self.NOBODY,
                extra_groups=[],
                cwd="/",
                env={"PATH": "/usr/bin:/bin"},
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            for folder, mode in modes.items():
                folder.chmod(mode)

        assert done.stdout.split() == ["refused"] * 8, done.stderr
