"""``clamp3 find``: what it imports, what it asks, what it writes."""

import json
import os
import signal
import subprocess
import sys

import pytest

HEAVY = [
    "torch", "lancedb", "numpy", "rich", "http.client", "importlib.metadata", "asyncio",
    "platformdirs", "tomllib", "transformers", "pyarrow",
]  # fmt: skip


@pytest.fixture(scope="module")
def imported(served):
    """Names of the modules that a question brings in, as a process of its own tells them."""
    code = (
        "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
        "from clamp3_cli.main import clamp3;"
        f"clamp3(['--home', {str(served.run.parent)!r}, 'find', 'lively jig'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "rank" in done.stdout
    return set(done.stderr.split())


@pytest.mark.parametrize("name", HEAVY)
def test_a_question_to_the_daemon_does_without(imported, name):
    assert name not in imported


def test_a_text_finds_pieces_best_first(run, served):
    done = run(served, "find", "lively", "jig", "--json")

    hits = [json.loads(line) for line in done.stdout.splitlines()]
    scores = [hit["score"] for hit in hits]
    assert done.exit_code == 0
    assert [hit["rank"] for hit in hits] == list(range(1, len(hits) + 1))
    assert scores == sorted(scores, reverse=True)
    assert len(hits) == 5


def test_a_line_of_json_is_as_the_contract_says(run, served):
    done = run(served, "find", "waltz", "--json", "-n", "1")

    hit = json.loads(done.stdout)
    assert list(hit) == ["rank", "score", "percentile", "piece", "passage"]
    assert list(hit["piece"]) == ["id", "title", "composer", "path", "modality"]
    if hit["passage"] is not None:
        assert list(hit["passage"])[:4] == ["first_bar", "last_bar", "start", "end"]


def test_a_file_finds_itself(run, served, music):
    done = run(served, "find", str(music / "waltz.abc"), "--json", "-n", "1")

    hit = json.loads(done.stdout)
    assert hit["piece"]["title"] == "Slow Waltz"
    assert hit["score"] == pytest.approx(1, abs=1e-3)


def test_bars_ask_with_a_part_and_do_not_find_it_again(run, served, music):
    done = run(served, "find", str(music / "jig.abc"), "--bars", "9-16", "--json", "-n", "200")

    hits = [json.loads(line) for line in done.stdout.splitlines()]
    first = hits[0]
    assert first["piece"]["path"] != str(music / "jig.abc")
    assert (first["passage"]["first_bar"], first["passage"]["last_bar"]) == (9, 16)
    assert first["score"] == pytest.approx(1, abs=0.02)


def test_a_piece_of_the_library_finds_others(run, served):
    waltz = json.loads(run(served, "find", "waltz", "--json", "-n", "1").stdout)["piece"]

    done = run(served, "find", "--like", waltz["id"], "--json")

    found = {json.loads(line)["piece"]["id"] for line in done.stdout.splitlines()}
    assert found
    assert waltz["id"] not in found


def test_plus_and_minus_change_the_order(run, served, music):
    waltz = str(music / "waltz.abc")

    plus = run(served, "find", "jig", "--plus", waltz, "--json", "-n", "1")
    minus = run(served, "find", "jig", "--minus", waltz, "--json", "-n", "1")

    assert json.loads(plus.stdout)["piece"]["title"] == "Slow Waltz"
    assert json.loads(minus.stdout)["piece"]["title"] != "Slow Waltz"


def test_where_restricts(run, served):
    done = run(served, "find", "jig", "--where", "meter=3/4", "--json")

    titles = {json.loads(line)["piece"]["title"] for line in done.stdout.splitlines()}
    assert titles == {"Slow Waltz", "Second Tune"}


def test_what_lets_nothing_through_finds_nothing(run, served):
    done = run(served, "find", "jig", "--where", "meter=17/4")

    assert done.exit_code == 1
    assert done.stdout == ""
    assert "let nothing through" in done.stderr


def test_people_get_a_table(run, served, music):
    done = run(served, "find", str(music / "jig.abc"), "-n", "2")

    header, first, _ = done.stdout.splitlines()
    assert header.split() == ["rank", "score", "title", "composer", "where", "path"]
    assert "The Tripping Jig" in first
    assert "Anon. of Clare" in first
    assert "\x1b" not in done.stdout


def test_paths_may_be_of_any_bytes(process, served, music):
    name = os.fsencode(music) + b"/\xff\xfe name.abc"

    table = process(served, "find", name, "--where", "tempo=1-")
    paths = process(served, "find", name, "--print0")

    assert rb"\xff\xfe name.abc" in table.stdout
    assert name in paths.stdout.split(b"\0")
    assert paths.stdout.endswith(b"\0")


def test_paths_are_named_once(run, served, music):
    done = run(served, "find", "tune", "--print0")

    paths = done.stdout_bytes.split(b"\0")[:-1]
    assert paths.count(os.fsencode(music / "book.abc")) == 1


def test_stdin_can_be_asked_with(process, served, music):
    tune = (music / "waltz.abc").read_bytes()

    done = process(served, "find", "-", "--json", "-n", "1", input=tune)

    assert json.loads(done.stdout)["piece"]["title"] == "Slow Waltz"


def test_a_reader_that_goes_away_is_no_error(served):
    command = f"{sys.executable} -m clamp3_cli --home '{served.run.parent}' find jig --json | true"

    script = f"set -o pipefail; {command}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=False, text=True)

    assert done.returncode == 0
    assert done.stderr == ""


@pytest.fixture
def heeding_ctrl_c():
    """What a shell starts in the background ignores Ctrl-C, and so would what it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding_ctrl_c")
def test_ctrl_c_ends_with_130(served):
    command = [sys.executable, "-m", "clamp3_cli", "--home", str(served.run.parent)]
    asked = subprocess.Popen([*command, "find", "slowly now"], stderr=subprocess.PIPE, text=True)
    with pytest.raises(subprocess.TimeoutExpired):
        asked.wait(1.5)

    asked.send_signal(signal.SIGINT)
    _, said = asked.communicate(timeout=10)

    assert asked.returncode == 130
    assert said.strip() == "clamp3: interrupted"
