"""P11 of the promises, at the size of CI: many ask while the library changes.

Negative control, expected and not yet tried: with ``Library.add`` giving its view the new rows before it takes the old ones out,
answers name tunes twice.
"""

from pathlib import Path

from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home
from tests.cli.conftest import HASH_DAEMON, end
from tests.core.load.askers import Indexing, ask


def test_every_answer_is_of_one_version_of_the_library_and_none_is_an_error(tmp_path: Path):
    home = Home.locate(str(tmp_path / "home"))
    try:
        ensure_daemon(home, command=HASH_DAEMON, timeout_s=90).close()
        indexing = Indexing(home, tmp_path / "music")
        indexing.next()

        with indexing:
            heard = ask(home, askers=32, seconds=3, pause_s=0.5)
    finally:
        end(home)

    assert heard.errors == {}
    assert heard.wrong == []
    assert len(heard.took_ms) >= 32
    assert indexing.rounds >= 2
