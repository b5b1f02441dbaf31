"""Recordings on the command line, through the real daemon: put in, found by a clip, shown."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile

from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home
from tests.cli.conftest import HASH_DAEMON, JIG, end
from tests.core.readers.audio.sounds import id3
from tests.core.tunes import RATE, played


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings, one of them tagged, a clip of it, and a score."""
    folder = tmp_path_factory.mktemp("sounds")
    for seed in (1, 2):
        wave = played(seed, 40.0)
        file = BytesIO()
        soundfile.write(file, wave, RATE, format="MP3")
        tags = id3(TIT2="Gravel", TPE1="The Mills", TALB="Stones") if seed == 1 else b""
        (folder / f"{seed}.mp3").write_bytes(tags + file.getvalue())
    (folder / "jig.abc").write_text(JIG)
    (folder / "clips").mkdir()
    soundfile.write(folder / "clips" / "clip.wav", played(1, 40.0)[20 * RATE : 30 * RATE], RATE)
    return folder


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory, folder: Path):
    """A home whose daemon runs and whose library holds the recordings and the score."""
    home = Home.locate(str(tmp_path_factory.mktemp("heard")))
    paths = [str(folder / name) for name in ("1.mp3", "2.mp3", "jig.abc")]
    with ensure_daemon(home, command=HASH_DAEMON, timeout_s=60) as client:
        list(client.index(paths))
    yield home
    end(home)


def lines(done) -> list[dict]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_clip_finds_where_it_is_from(run, heard, folder):
    done = run(heard, "find", str(folder / "clips" / "clip.wav"), "--json")

    hits = lines(done)
    assert [hit["piece"]["modality"] for hit in hits] == ["audio", "audio", "score"]
    assert (hits[0]["piece"]["title"], hits[0]["piece"]["composer"]) == ("Gravel", "The Mills")
    assert hits[0]["passage"]["first_bar"] is None
    assert hits[0]["passage"]["start"] == pytest.approx(20, abs=2.5)
    assert hits[0]["passage"]["end"] == pytest.approx(30, abs=2.5)


def test_a_part_of_a_file_is_taken_by_its_time(run, heard, folder):
    file = str(folder / "clips" / "clip.wav")

    part = run(heard, "find", "--file", file, "--time", "2-9", "--json", "-n", "1")
    outside = run(heard, "find", "--file", file, "--time", "0:12-0:20")
    bars = run(heard, "find", "--file", file, "--bars", "1-2")

    assert lines(part)[0]["passage"]["start"] == pytest.approx(22, abs=3)
    assert outside.exit_code == bars.exit_code == 2
    assert "the recording has 10.0 s" in outside.stderr
    assert "a recording has none" in bars.stderr


def test_people_see_each_modality_in_a_table_of_its_own(run, heard, folder):
    done = run(heard, "find", str(folder / "clips" / "clip.wav"))

    heads = [line for line in done.stdout.splitlines() if line in {"Scores", "Recordings"}]
    assert heads == ["Recordings", "Scores"]
    assert "0:20-0:30" in done.stdout or "0:19-0:29" in done.stdout


def test_a_recording_is_shown_with_its_tags_and_what_was_estimated(run, heard):
    [piece] = [p for p in lines(run(heard, "library", "list", "--json")) if p["title"] == "Gravel"]

    shown = dict(
        line.split(maxsplit=1)
        for line in run(heard, "library", "show", piece["id"]).stdout.splitlines()
        if line
    )

    assert (shown["artist"], shown["album"]) == ("The Mills", "Stones")
    assert float(shown["duration"]) == pytest.approx(40, abs=0.2)
    assert shown["tempo"].endswith("(estimated)")
    assert float(shown["tempo"].split()[0]) == pytest.approx(120, rel=0.02)
    assert shown["key"] in {"C (estimated)", "Am (estimated)"}  # the white keys


def test_a_question_larger_than_a_body_is_handed_over_first(run, heard, tmp_path):
    wave = np.repeat(played(1, 40.0)[:, None], 6, axis=1)
    soundfile.write(tmp_path / "wide.wav", wave, RATE, subtype="FLOAT")
    assert (tmp_path / "wide.wav").stat().st_size > 16 << 20

    done = run(heard, "find", str(tmp_path / "wide.wav"), "--time", "10-20", "--json", "-n", "1")

    assert done.exit_code == 0, done.output
    assert lines(done)[0]["piece"]["title"] == "Gravel"


def test_a_model_that_hears_nothing_counts_recordings_and_fails_no_run(run, home, folder):
    """The model that is shipped hears nothing yet, or hears: either way the run is good."""
    done = run(home, "index", str(folder / "2.mp3"), str(folder / "jig.abc"), "--no-daemon")

    assert done.exit_code == 0, done.output
    assert "failed" not in done.stdout
    assert "refused" not in done.stdout
