"""P11 of the promises, at the size of CI: many ask while the library changes.

Negative control, 2026-11-30: with ``Library.add`` giving its view the first half of a batch a moment before
the whole of it, answers held 64 of the 96 tunes. (That one of these tests asked for three seconds, and on a
busy machine was over before anything had changed, only this showed.)
"""

from pathlib import Path

from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home
from tests.cli.conftest import HASH_DAEMON, end
from tests.core.load.askers import Heard, Indexing, ask

WHOLE_ROUNDS = 2
"""That begin and end while it is asked; on a busy machine one may take seconds."""


def test_every_answer_is_of_one_version_of_the_library_and_none_is_an_error(tmp_path: Path):
    home = Home.locate(str(tmp_path / "home"))
    heard: list[Heard] = []
    try:
        ensure_daemon(home, command=HASH_DAEMON, timeout_s=90).close()
        indexing = Indexing(home, tmp_path / "music")
        indexing.next()

        with indexing:
            while indexing.rounds < 2 + WHOLE_ROUNDS and len(heard) < 60:
                heard.append(ask(home, askers=32, seconds=1, pause_s=0.25))
    finally:
        end(home)

    assert [each.errors for each in heard if each.errors] == []
    assert [each.wrong for each in heard if each.wrong] == []
    assert sum(len(each.took_ms) for each in heard) >= 32
    assert indexing.rounds >= 2 + WHOLE_ROUNDS
