"""``clamp3 index``, ``library`` and ``daemon`` from end to end, with a real daemon."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from clamp3_plugin.client import ensure_daemon
from tests.cli.conftest import HASH_DAEMON


@pytest.fixture
def own(tmp_path, music):
    """Music of its own, which a test may change."""
    return shutil.copytree(music, tmp_path / "music")


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_library_grows_and_shrinks_by_the_daemon(run, home, own):
    ensure_daemon(home, command=HASH_DAEMON, timeout_s=60).close()

    *events, last = lines(first := run(home, "index", str(own), "--json"))
    by_name = {Path(event["path"]).name: event for event in events}
    assert first.exit_code == 1  # broken.mid
    assert list(by_name["jig.abc"]) == ["path", "status", "reason", "message", "passages"]
    assert by_name["jig.abc"]["status"] == "indexed"
    assert by_name["jig.abc"]["passages"] == 3
    assert by_name["broken.mid"]["status"] == "refused"
    assert by_name["broken.mid"]["reason"] == "broken_file"
    assert last["summary"]["indexed"] == 4
    assert "broken.mid" in first.stderr

    (own / "broken.mid").unlink()
    (own / "waltz.abc").rename(own / "moved.abc")
    again = run(home, "index", str(own))
    assert again.exit_code == 0
    assert again.stdout.startswith("3 unchanged, 1 moved, 1 removed")

    assert run(home, "library", "compact").exit_code == 0
    assert run(home, "library", "check", "--deep").stdout == "The library is sound.\n"
    assert run(home, "library", "errors").stdout == "Every file could be read.\n"
    forgotten = run(home, "library", "forget", str(own / "book.abc"))
    assert forgotten.stdout == "2 pieces forgotten.\n"
    assert run(home, "library", "forget", str(own / "book.abc")).exit_code == 1

    (status,) = lines(run(home, "daemon", "status", "--json"))
    assert status["state"] == "ready"
    assert status["library"]["pieces"] == 3
    assert "serving" in run(home, "daemon", "logs", "-n", "20").stdout
    assert run(home, "daemon", "stop").stdout == "The daemon has stopped.\n"
    assert run(home, "daemon", "stop").exit_code == 0


def test_a_library_is_counted_listed_and_shown(run, served):
    (stats,) = lines(run(served, "library", "stats", "--json"))
    listed = lines(run(served, "library", "list", "--where", "meter=3/4", "--json"))
    shown = run(served, "library", "show", listed[0]["id"][:8])
    few = lines(run(served, "library", "list", "-n", "2", "--json"))
    none = run(served, "library", "list", "--modality", "audio")

    assert (stats["files"], stats["refused"], stats["pieces"]) == (4, 1, 5)
    assert [piece["title"] for piece in listed] == ["Second Tune", "Slow Waltz"]
    assert "Second Tune" in shown.stdout
    assert len(few) == 2
    assert none.exit_code == 1


def test_everything_works_without_a_daemon_too(run, tiny_home, own):
    indexed = run(tiny_home, "index", str(own), "--no-daemon")
    found = run(tiny_home, "find", "--file", str(own / "waltz.abc"), "--no-daemon", "--json")
    tagged = run(tiny_home, "tag", "--text", "a jig", "--no-daemon", "-n", "2", "--json")
    counted = run(tiny_home, "library", "stats", "--no-daemon")

    assert indexed.exit_code == 1
    assert indexed.stdout.startswith("4 indexed, 1 refused")
    assert lines(found)[0]["piece"]["title"] == "Slow Waltz"
    assert len(lines(tagged)) == 2
    assert "tiny" in counted.stdout
    assert not tiny_home.run_file.exists()


def test_an_estimated_key_is_shown_as_one(run, tiny_home, tmp_path):
    melody = "CEGC DEFG|AGFE DGBC|]"
    for name, key in (("given", "Am"), ("silent", "none")):
        tune = f"X:1\nT:{name}\nM:4/4\nL:1/8\nK:{key}\n{melody}\n"
        (tmp_path / f"{name}.abc").write_text(tune)
    run(tiny_home, "index", str(tmp_path), "--no-daemon")

    (piece,) = lines(run(tiny_home, "library", "list", "--where", "key=C", "--no-daemon", "--json"))
    shown = run(tiny_home, "library", "show", piece["id"], "--no-daemon").stdout
    told = lines(run(tiny_home, "library", "show", piece["id"], "--no-daemon", "--json"))[0]
    (other,) = lines(
        run(tiny_home, "library", "list", "--where", "key=Am", "--no-daemon", "--json")
    )
    given = run(tiny_home, "library", "show", other["id"], "--no-daemon").stdout

    assert piece["title"] == "silent"
    assert "C (estimated)" in shown
    assert "key_is_estimated" not in shown
    assert (told["key"], told["key_is_estimated"]) == ("C", True)
    assert "(estimated)" not in given


def test_a_backup_brings_the_library_back(run, tiny_home, own, tmp_path):
    archive = str(tmp_path / "kept.tar")
    run(tiny_home, "index", str(own), "--no-daemon")

    kept = run(tiny_home, "library", "backup", archive)
    run(tiny_home, "library", "forget", str(own), "--no-daemon")
    (empty,) = lines(run(tiny_home, "library", "stats", "--no-daemon", "--json"))
    restored = run(tiny_home, "library", "restore", archive)
    (full,) = lines(run(tiny_home, "library", "stats", "--no-daemon", "--json"))

    assert kept.exit_code == 0
    assert empty["pieces"] == 0
    assert restored.exit_code == 0
    assert "kept in" in restored.stderr
    assert full["pieces"] == 5


def test_what_is_not_there_is_named(run, served, tmp_path):
    done = run(served, "index", str(tmp_path / "nowhere"))

    assert done.exit_code == 1
    assert "nowhere" in done.stderr


def test_a_whole_home_folder_is_not_taken(run, served):
    done = run(served, "index", str(Path.home()))

    assert done.exit_code == 2
    assert "home folder" in done.stderr


def test_tags_come_in_the_languages_asked_for(run, served, music):
    done = run(served, "tag", str(music / "jig.abc"), "--lang", "ko,en", "-n", "3", "--json")

    tags = [json.loads(line) for line in done.stdout.splitlines()]
    assert [tag["rank"] for tag in tags] == [1, 2, 3]
    assert list(tags[0]) == ["rank", "tag", "category", "score", "probability", "labels"]
    assert set(tags[0]["labels"]) == {"ko", "en"}


def test_tags_come_in_the_language_of_the_user(run, served):
    done = run(served, "tag", "a jig", "-n", "1", env={"LC_ALL": "fi_FI.UTF-8"})

    assert done.stdout.split()[:5] == ["rank", "score", "fi", "en", "category"]


@pytest.mark.parametrize(("asked", "shown"), [("ko-KR", "ko"), ("no", "nb"), ("iw,IN", "he id")])
def test_a_language_has_its_column_by_whatever_name_it_was_asked_for(run, served, asked, shown):
    done = run(served, "tag", "a jig", "-n", "1", "--lang", asked)

    header, first = done.stdout.splitlines()[:2]
    assert header.split() == ["rank", "score", *shown.split(), "category"]
    assert len(first.split()) >= len(header.split())


def test_refused_files_are_listed_with_the_reason(run, served):
    done = run(served, "library", "errors", "--json")

    (line,) = map(json.loads, done.stdout.splitlines())
    assert line["path"].endswith("broken.mid")
    assert line["reason"] == "broken_file"


def test_the_threads_of_an_encoder_in_this_process_are_as_asked(run, tiny_home, own):
    before = torch.get_num_threads()
    try:
        done = run(tiny_home, "index", str(own / "waltz.abc"), "--no-daemon", "--threads", "1")
        used = torch.get_num_threads()
    finally:
        torch.set_num_threads(before)

    assert done.exit_code == 0
    assert used == 1


def test_the_threads_of_the_daemon_are_not_for_one_run_to_set(run, served, own):
    done = run(served, "index", str(own), "--threads", "1")

    assert done.exit_code == 2
    assert "--threads is for --no-daemon" in done.stderr
    assert "config.toml" in done.stderr
