"""The watch folder as users run it, before a real daemon."""

import json
import os
import time
from pathlib import Path

import pytest
import soundfile

from clamp3_bridges.osc.queries import TakeNote
from clamp3_bridges.osc.takes import midi_file
from clamp3_bridges.watch.asking import Asker
from clamp3_plugin import wire
from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.errors import NoDaemonError
from tests.bridges.watch.watching import watching
from tests.cli.conftest import HASH_DAEMON, JIG
from tests.core.tunes import played, write_bounce

TAKE = midi_file([TakeNote("t", 60 + i % 12, 80, i * 0.25, 0.25) for i in range(32)])


def test_a_bounce_is_answered_by_a_line_and_a_notification(served, tmp_path):
    programs, bounces = tmp_path / "bin", tmp_path / "bounces"
    programs.mkdir()
    bounces.mkdir()
    told = tmp_path / "told"
    fake = programs / "notify-send"
    fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{told}.part"\nmv "{told}.part" "{told}"\n')
    fake.chmod(0o755)

    with (
        watching(served, bounces, "--no-notify") as silent,
        watching(served, bounces, path=str(programs)) as watcher,
    ):
        (bounces / "jig & reel.abc").write_text(JIG)
        line = watcher.line().decode()
        assert silent.line().decode() == line
        until = time.monotonic() + 30
        while not told.exists():  # the line comes first, then the notification
            assert time.monotonic() < until, "nobody was notified"
            time.sleep(0.05)

    assert "jig & reel.abc: The Tripping Jig (1.000); " in line
    assert line.count(";") == 2
    assert told.read_text().splitlines()[1:3] == ["--", "jig & reel.abc"]
    assert "The Tripping Jig" in told.read_text()


def test_json_gives_hits_or_an_error(served, tmp_path):
    with watching(served, tmp_path, "--json", "-n", "2") as watcher:
        (tmp_path / "take.mid").write_bytes(TAKE)
        found = json.loads(watcher.line())
        soundfile.write(tmp_path / "bounce.wav", played(1, 6.0, rate=8000), 8000)
        heard = json.loads(watcher.line())
        (tmp_path / "broken.mid").write_bytes(TAKE[:14] + b"XXXX" + TAKE[18:])
        refused = json.loads(watcher.line())

    assert found["path"] == str(tmp_path / "take.mid")
    assert [hit["rank"] for hit in found["hits"]] == [1, 2]
    assert heard["path"] == str(tmp_path / "bounce.wav")
    assert [hit["rank"] for hit in heard["hits"]] == [1, 2]
    assert refused["path"] == str(tmp_path / "broken.mid")
    assert refused["error"]["code"] == "broken_file"


def test_output_into_the_folder_and_a_file_touched_are_not_answered(served, tmp_path):
    with watching(served, tmp_path, "--json") as watcher:
        (tmp_path / "take.mid").write_bytes(TAKE)
        (tmp_path / "clamp3-hit.mid").write_bytes(TAKE)
        line = watcher.line()
        (tmp_path / "answers.json").write_bytes(line)
        os.utime(tmp_path / "take.mid")

        assert watcher.is_silent(3)


def test_a_daemon_that_was_restarted_meanwhile_is_found_again(home, music, tmp_path):
    bounces = tmp_path / "bounces"
    bounces.mkdir()
    with ensure_daemon(home, command=HASH_DAEMON, timeout_s=60) as client:
        list(client.index([str(music)]))
    with watching(home, bounces, "--json") as watcher:
        (bounces / "one.mid").write_bytes(TAKE)
        assert json.loads(watcher.line())["hits"]
        Client.connect(home).stop()
        ensure_daemon(home, command=HASH_DAEMON, timeout_s=60).close()

        (bounces / "two.mid").write_bytes(TAKE)

        assert json.loads(watcher.line())["hits"]


def test_a_daemon_that_is_gone_is_asked_again_and_then_said(home, tmp_path):
    (tmp_path / "a.mid").write_bytes(TAKE)
    waits: list[float] = []

    finding = Asker(lambda: Client.connect(home), 3, sleep=waits.append).ask(tmp_path / "a.mid")

    assert finding is not None
    assert isinstance(finding.error, NoDaemonError)
    assert waits == [1.0, 3.0, 10.0]


def test_a_file_is_not_among_its_own_hits(served, music):
    finding = Asker(lambda: ensure_daemon(served), 3).ask(music / "jig.abc")

    assert finding is not None
    assert len(finding.hits) == 3
    assert str(music / "jig.abc") not in {hit.piece.path for hit in finding.hits}


def test_a_bounce_larger_than_a_question_is_asked_with(served, tmp_path):
    write_bounce(tmp_path / "bounce.wav")
    assert (tmp_path / "bounce.wav").stat().st_size > wire.MAX_CONTENT

    finding = Asker(lambda: ensure_daemon(served), 3).ask(tmp_path / "bounce.wav")

    assert finding is not None
    assert finding.error is None
    assert len(finding.hits) == 3


def test_a_bounce_over_the_limit_is_said(tmp_path):
    with (tmp_path / "long.wav").open("wb") as file:
        file.truncate(wire.MAX_UPLOAD + 1)

    finding = Asker(pytest.fail, 3).ask(tmp_path / "long.wav")

    assert finding is not None
    assert "over 64 MiB" in wire.dumps(finding.to_wire()).decode()


def test_a_file_that_went_away_is_said(tmp_path):
    finding = Asker(pytest.fail, 3).ask(Path(tmp_path / "gone.mid"))

    assert finding is not None
    assert json.loads(wire.dumps(finding.to_wire()))["error"]["code"] == "not_found"


def test_a_folder_that_is_not_there_is_refused(home, process, tmp_path):
    done = process(home, "bridge", "watch", str(tmp_path / "absent"))

    assert done.returncode == 4
    assert b"there is no such folder" in done.stderr
