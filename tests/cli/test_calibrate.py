"""``clamp3 train calibrate``: a model that says afterwards how often its tags are right."""

import json
import shutil
from pathlib import Path

import pytest

from clamp3_models.folder import check_sums

DANCES = (("6/8", "jig", 6), ("4/4", "reel", 8))


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Twenty-four tunes, and a jig of a licence class that shipped models may not learn from."""
    lines = [line(i, "open") for i in range(24)]
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "dev.jsonl").write_text("\n".join([*lines, line(24, "nc")]) + "\n", "utf-8")
    return folder


def line(i: int, licence_class: str) -> str:
    metre, dance, length = DANCES[i % 2]
    notes = ("CDEFGABc"[i % 8] * length + "|") * 4
    abc = f"X:1\nL:1/8\nM:{metre}\nK:C\nV:1 treble\nV:1\n{notes}\n"
    return json.dumps(
        {"id": f"t{i}", "licence_class": licence_class, "abc": abc, "dance_type": dance}
    )


def test_a_calibrated_model_says_how_often_its_tags_are_right(
    run, tiny_home, records, music, tmp_path
):
    model = tiny_home.models / "tiny"
    words = ("train", "calibrate", str(model), "--data", str(records), "--lang", "en")

    done = run(tiny_home, *words)
    tagged = run(tiny_home, "tag", str(music / "jig.abc"), "--no-daemon", "-n", "200", "--json")
    shown = run(tiny_home, "tag", str(music / "jig.abc"), "--no-daemon", "-n", "9", "--lang", "ko")
    worded = run(tiny_home, "tag", "--text", "a jig", "--no-daemon", "-n", "1", "--json")

    assert done.exit_code == 0, done.output
    assert "score: 2 of 206 tags" in done.stdout
    assert "learnt from 24 scores" in done.stdout
    check_sums(model)
    tags = {tag["tag"]: tag for tag in map(json.loads, tagged.stdout.splitlines())}
    assert {tag for tag, row in tags.items() if row["probability"] is not None} == {"jig", "reel"}
    assert all(0 <= tags[tag]["probability"] <= 1 for tag in ("jig", "reel"))
    assert shown.stdout.splitlines()[0].split() == ["rank", "score", "right", "ko", "category"]
    assert "%" in shown.stdout
    assert json.loads(worded.stdout)["probability"] is None
    imported = run(tiny_home, "models", "import", str(model), "--name", "copy")
    assert imported.exit_code == 0, imported.output
    assert (tiny_home.models / "copy" / "tags.json").read_bytes() == (
        model / "tags.json"
    ).read_bytes()


def test_it_can_be_written_elsewhere_and_from_every_licence_class(
    run, tiny_home, records, tmp_path
):
    model, path = tiny_home.models / "tiny", tmp_path / "made.json"
    before = {file.name for file in model.iterdir()}
    words = ("train", "calibrate", str(model), "--data", str(records))

    done = run(tiny_home, *words, "-o", str(path), "--lang", "en", "--all-classes")

    assert done.exit_code == 0, done.output
    assert json.loads(path.read_text("utf-8"))["concepts"]["jig"]["score"]["examples"] == 13
    assert {file.name for file in model.iterdir()} == before


def test_too_little_music_is_told_and_nothing_written(run, tiny_home, tmp_path):
    model = tiny_home.models / "tiny"
    (tmp_path / "few.jsonl").write_text(line(0, "open") + "\n", "utf-8")

    done = run(tiny_home, "train", "calibrate", str(model), "--data", str(tmp_path))

    assert done.exit_code == 4
    assert "too little music" in done.stderr
    assert not (model / "tags.json").exists()


def test_a_damaged_calibration_is_named(run, tiny_home):
    model = tiny_home.models / "tiny"
    shutil.copyfile(model / "README.md", model / "tags.json")

    done = run(tiny_home, "tag", "a jig", "--no-daemon")

    assert done.exit_code == 3
    assert "tags.json is damaged" in done.stderr
