"""How ``clamp3`` ends: exit codes and one line that says what is wrong."""

import os
import subprocess
import sys

import click
import pytest

from clamp3_cli.find import Form, show
from clamp3_cli.main import COMMANDS, _end, clamp3
from clamp3_models.store import SHIPPED
from clamp3_plugin import __version__
from clamp3_plugin.errors import NoLibraryError
from clamp3_plugin.query import Answer

USAGE = [
    pytest.param(["find"], id="nothing asked"),
    pytest.param(["find", "--like", "x", "word"], id="two things asked"),
    pytest.param(["find", "jig", "--bars", "1-8"], id="bars of a text"),
    pytest.param(["find", "--bars", "1-8"], id="bars of nothing"),
    pytest.param(["find", "./jig.abc", "--bars", "8-1"], id="bars backwards"),
    pytest.param(["find", "jig", "--where", "colour=red"], id="unknown filter"),
    pytest.param(["find", "jig", "-n", "0"], id="no hits asked"),
    pytest.param(["find", "jig", "-n", "many"], id="no number"),
    pytest.param(["find", "jig", "--modality", "text"], id="unknown modality"),
    pytest.param(["find", "jig", "--json", "--print0"], id="two forms"),
    pytest.param(["find", "--text", " "], id="empty text"),
    pytest.param(["find", "x" * 5000], id="long text"),
    pytest.param(["find", "jig", "--colour"], id="unknown option"),
    pytest.param(["dance"], id="unknown command"),
    pytest.param(["tag"], id="nothing to tag"),
    pytest.param(["index"], id="nothing to index"),
    pytest.param(["embed", "x.abc"], id="no output"),
    pytest.param(["embed", "./a", "./b", "-o", "x.npy", "--local"], id="local of two"),
    pytest.param(["convert", "x.abc", "--to", "pdf"], id="unknown format"),
    pytest.param(["models", "use", "../up"], id="no name of a model"),
    pytest.param(["models", "remove", "mini", "--yes"], id="not to be removed"),
]


@pytest.mark.parametrize("words", USAGE)
def test_a_question_that_makes_no_sense_ends_with_2(run, home, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jig.abc").write_text("X:1\nK:G\nG|\n")
    if words[:2] == ["models", "remove"] and not _has_mini():
        pytest.skip("mini is not built yet")

    done = run(home, *words)

    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr


REFUSED = [
    pytest.param(["find", "./gone.mid"], "no such file", id="missing"),
    pytest.param(["find", "./empty.mid"], "empty", id="empty"),
    pytest.param(["find", "./folder"], "folder", id="a folder"),
    pytest.param(["find", "./pipe"], "no regular file", id="a pipe"),
    pytest.param(["find", "./huge.mid"], "over 64 MiB", id="huge"),
    pytest.param(["find", "./broken.mid"], "broken.mid", id="broken"),
    pytest.param(["find", "./song.mp4"], "not supported", id="no music"),
    pytest.param(["find", "./jig.abc", "--bars", "90-99"], "no bars 90-99", id="bars outside"),
    pytest.param(["tag", "./broken.mid"], "broken.mid", id="broken to tag"),
    pytest.param(["convert", "./broken.mid", "--to", "mtf"], "broken.mid", id="broken to convert"),
    pytest.param(["embed", "./broken.mid", "-o", "x.npy"], "broken.mid", id="broken to embed"),
    pytest.param(["find", "--like", "nosuchpiece"], "no piece", id="unknown piece"),
]


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_what_is_refused_says_why(run, served, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.mid").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "song.mp4").write_bytes(b"\0\0\0\x18ftyp")
    (tmp_path / "broken.mid").write_bytes(b"MThd\0\0\0\x06\0\0")
    (tmp_path / "jig.abc").write_text("X:1\nT:A\nM:4/4\nL:1/4\nK:G\nGABc|dcBA|\n")
    with (tmp_path / "huge.mid").open("wb") as file:
        file.truncate(65 << 20)
    os.mkfifo(tmp_path / "pipe")

    done = run(served, *words)

    usage = "--bars" in words  # bars that are not there are a wrong question
    assert done.exit_code == (2 if usage else 4)
    assert done.stdout == ""
    assert said in done.stderr
    assert done.stderr.startswith("clamp3: ")
    assert "Traceback" not in done.stderr


NOT_THERE = [
    pytest.param(["find", "jig", "--no-daemon"], "no library", id="no library"),
    pytest.param(["library", "stats", "--no-daemon"], "no library", id="no library to count"),
    pytest.param(["library", "backup", "x.tar"], "no library", id="no library to back up"),
    pytest.param(["daemon", "status"], "No daemon", id="no daemon"),
    pytest.param(["models", "show", "nix"], "no model", id="no model"),
]


@pytest.mark.parametrize(("words", "said"), NOT_THERE)
def test_what_is_not_there_ends_with_3(run, tiny, words, said):
    done = run(tiny, *words)

    assert done.exit_code == 3
    assert said in done.stderr


def test_an_empty_library_says_how_to_fill_it():
    with pytest.raises(NoLibraryError, match="clamp3 index FOLDER") as raised:
        show(Answer((), "a space", "library_empty"), Form())

    assert raised.value.exit_code == 3


def test_what_nobody_foresaw_is_a_line_without_a_traceback(capsys):
    code = _end(ZeroDivisionError("in the reader\x1b[2J"))

    said = capsys.readouterr().err
    assert code == 1
    assert said.startswith("clamp3: this is a mistake of ours: ZeroDivisionError: in the reader")
    assert said.count("\n") == 1
    assert "\x1b" not in said


def test_a_traceback_is_there_for_who_asks(process, home):
    home.config.mkdir(parents=True)
    (home.config / "config.toml").mkdir()

    quiet = process(home, "models", "list")
    loud = process(home, "models", "list", env={**os.environ, "CLAMP3_DEBUG": "1"})

    assert quiet.returncode == 4
    assert quiet.stderr.startswith(b"clamp3: ")
    assert quiet.stderr.count(b"\n") == 1
    assert b"Traceback" in loud.stderr


def test_the_version_is_the_package_s(run, home):
    assert run(home, "--version").stdout == f"clamp3 {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_line_of_a_command_is_its_own(name):
    with click.Context(clamp3) as context:
        command = clamp3.get_command(context, name)

    assert command is not None
    assert command.get_short_help_str(200) == COMMANDS[name].help


def test_help_imports_no_command():
    code = (
        "import sys; from clamp3_cli.main import clamp3\n"
        "try: clamp3(['--help'])\n"
        "except SystemExit: pass\n"
        "print([n for n in sys.modules if n.startswith('clamp3_')], file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert "clamp3_cli.find" not in done.stderr
    assert "clamp3_cli.main" in done.stderr


def test_asking_commands_for_help_imports_nothing_heavy():
    code = (
        "import sys; from clamp3_cli.main import COMMANDS, clamp3\n"
        "for name in COMMANDS:\n"
        "    try: clamp3([name, '--help'])\n"
        "    except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert done.stdout.count("Usage: ") == len(COMMANDS)
    assert not {"torch", "lancedb", "numpy", "rich"} & set(done.stderr.split())


def _has_mini():
    return (SHIPPED["mini"] / "config.json").exists()
