"""``clamp3 library check --deep``, ``doctor`` and ``report``: what is promised, tried and told."""

import json
import shutil
from pathlib import Path

import pytest

from clamp3_cli import promises
from clamp3_cli.report import redacted
from clamp3_plugin.client.connection import read_run_file
from tests.cli.conftest import JIG

TITLE = "Lament for the Unpublished"


@pytest.fixture
def private(run, tiny_home, tmp_path):
    """A home whose library holds a tune that nobody may hear of, and a file that is refused."""
    folder = tmp_path / "secret commission"
    folder.mkdir()
    (folder / "lament.abc").write_text(JIG.replace("The Tripping Jig", TITLE))
    (folder / "broken.mid").write_bytes(b"MThd\x00\x00")
    run(tiny_home, "index", str(folder), "--no-daemon")
    tiny_home.create()
    message = {"time": "now", "level": "INFO", "from": "daemon", "message": f"lost '{TITLE}'"}
    line = json.dumps({**message, "error": [f"OSError: {folder}/lament.abc", "app.py:7 find"]})
    tiny_home.log_file.write_text(f"{line}\nno event at all: {TITLE}\n")
    return tiny_home


def test_a_report_holds_what_is_needed_and_nothing_private(run, private, tmp_path):
    done = run(private, "report")

    assert done.exit_code == 0
    for said in ("torch ", '"pieces": 1', '{"broken_file": 1}', "app.py:7 find", "ok    keeping"):
        assert said in done.stdout
    for hidden in (TITLE, "Lament", "lament", "commission", str(tmp_path), str(Path.home())):
        assert hidden not in done.stdout


@pytest.mark.parametrize(
    "text",
    [
        "'Xyzzy' is damaged",
        'the piece "Xy\\"zzy" is gone',
        "~/Xyzzy/a b.mid is gone",
        r"C:\Users\Xyzzy\a.mid",
        "token Xyzzy4f9a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5",
    ],
)
def test_names_paths_and_secrets_leave_no_trace(text):
    assert "zzy" not in redacted(text)


def test_check_names_a_damaged_model_and_a_file_that_is_gone(run, tiny_home, tmp_path):
    (tmp_path / "music").mkdir()
    tune = tmp_path / "music" / "jig.abc"
    tune.write_text(JIG)
    run(tiny_home, "index", str(tmp_path / "music"), "--no-daemon")
    sound = run(tiny_home, "library", "check", "--deep", "--no-daemon")
    tune.unlink()
    [config] = tiny_home.models.rglob("README.md")
    config.write_text(config.read_text() + " ")

    shallow = run(tiny_home, "library", "check", "--no-daemon")
    deep = run(tiny_home, "library", "check", "--deep", "--no-daemon")

    assert (sound.exit_code, sound.stdout) == (0, "The library is sound.\n")
    assert shallow.exit_code == 0
    assert deep.exit_code == 1
    assert "jig.abc is in the library, but no longer on the disk" in deep.stdout
    assert "README.md" in deep.stdout


def test_the_doctor_tries_the_promises_of_a_daemon_that_runs(served):
    found = [each for promise in promises.PROMISES for each in promise(served)]

    assert {(each.state, each.what) for each in found} <= {
        ("ok", "keeping"),
        ("warn", "keeping"),  # a disk that is busy is slow
        ("ok", "reading"),
        ("ok", "secrecy"),
    }
    said = " ".join(each.text for each in found)
    assert "survives a power cut" in said
    assert "tried 4 ways" in said
    assert read_run_file(served).token not in said
    assert not list(served.data.glob(".doctor-*"))


def test_the_doctor_names_a_secret_that_others_can_read(served, tmp_path, home):
    home.create()
    shutil.copyfile(served.run_file, home.run_file)
    home.run_file.chmod(0o644)

    found = list(promises._private(home))

    assert [each.state for each in found] == ["fail"]
    assert "chmod go=" in found[0].text
