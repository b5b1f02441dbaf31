"""``clamp3 train metadata`` as a user runs it: lines, exit codes, killed and started again."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.models.metadata.chat import GOOD, SOURCE, Chat, Say, record, translated

KEY = "sk-secret-of-the-test"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(record(f"{i}")) + "\n" for i in range(6)))
    return path


def words(chat, source, *more):
    target = source.with_name("out.jsonl")
    named = ["--endpoint", chat.url, "--llm", "small"]
    return ["train", "metadata", str(source), "-o", str(target), *named, *more]


def ids(source):
    lines = source.with_name("out.jsonl").read_text("utf-8").splitlines()
    return sorted(json.loads(line)["id"] for line in lines)


def test_metadata_is_written_and_its_cost_told(run, home, source):
    with Chat() as chat:
        done = run(home, *words(chat, source))

    assert done.exit_code == 0
    assert ids(source) == list("012345")
    assert "6 written; 6 requests, 600 prompt tokens, 120 completion tokens" in done.stdout


def test_json_lines_end_with_the_summary(run, home, source):
    with Chat([Say(status=400, body="too long")]) as chat:
        done = run(home, *words(chat, source, "--json", "--concurrency", "1"))

    *lines, last = map(json.loads, done.stdout.splitlines())
    assert done.exit_code == 1
    assert [line["status"] for line in lines] == ["failed", *["written"] * 5]
    assert lines[0]["reason"] == "refused"
    assert last["summary"].items() >= {"written": 5, "failed": 1, "skipped": 0, "unfit": 0}.items()


def test_a_failed_record_is_named_on_stderr_and_asked_about_by_the_next_run(run, home, source):
    with Chat([Say("No.")]) as chat:
        first = run(home, *words(chat, source, "--retries", "0", "--concurrency", "1"))
        second = run(home, *words(chat, source))

    assert first.exit_code == 1
    assert "clamp3: failed: 0: given up after 1 request: It holds no JSON object." in first.stderr
    assert second.exit_code == 0
    assert "1 written, 5 skipped" in second.stdout
    assert len(chat.requests) == 7


def test_the_key_comes_from_the_environment_and_is_told_to_nobody(run, home, source, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    monkeypatch.setenv("CLAMP3_LLM_KEY", KEY)
    with Chat([Say(status=401, body=f"bad key {KEY}")]) as chat:
        done = run(home, *words(chat, source, "--json"))

    assert done.exit_code == 3
    assert chat.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert "bad key …" in done.stderr
    assert KEY not in done.output
    assert KEY not in source.with_name("out.jsonl").read_text()


def test_without_a_key_of_ours_the_usual_one_is_taken(run, home, source, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("CLAMP3_LLM_KEY", "")
    with Chat() as chat:
        run(home, *words(chat, source))

    assert chat.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_texts_come_from_a_folder(run, home, tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "a/b", "title": "The Jig", "artists": "Anon."}\n')
    (tmp_path / "texts" / "a").mkdir(parents=True)
    (tmp_path / "texts" / "a" / "b.txt").write_text(SOURCE)
    with Chat() as chat:
        done = run(home, *words(chat, source, "--texts", str(tmp_path / "texts")))

    assert done.exit_code == 0
    assert SOURCE in chat.requests[0]["messages"][1]["content"]


def test_translations_can_be_chosen_or_left_out(run, home, source):
    with Chat() as chat:
        run(home, *words(chat, source, "--translate-to", "yue", "--limit", "1"))
        run(home, *words(chat, source, "--translate-to", ""))

    lines = source.with_name("out.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0])["translations"]["language"] == "yue"
    assert [json.loads(line)["translations"] for line in lines[1:]] == [{}] * 5


@pytest.mark.parametrize(
    "more",
    [
        ("--endpoint", "http://host/v1"),
        ("--translate-to", "french"),
        ("--concurrency", "0"),
        ("-o", "out.jsonl.zst"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(run, home, source, more):
    with Chat() as chat:
        done = run(home, *words(chat, source, *more))

    assert done.exit_code == 2
    assert not chat.requests


def test_the_input_is_not_written_over(run, home, source):
    before = source.read_bytes()
    with Chat() as chat:
        done = run(home, *words(chat, source, "-o", str(source)))

    assert done.exit_code == 2
    assert source.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("how", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)], ids=["killed", "interrupted"]
)
def test_a_run_that_was_stopped_goes_on_where_it_was(process, home, source, how, code):
    def choose(request):
        return Say(translated(request), wait_s=30 if len(chat.requests) > 3 else 0)

    target = source.with_name("out.jsonl")
    with Chat(choose=choose) as chat:
        command = words(chat, source, "--concurrency", "1")
        root = ["--home", str(home.run.parent)]
        with subprocess.Popen([sys.executable, "-m", "clamp3_cli", *root, *command]) as running:
            wait_until(lambda: len(chat.requests) > 3)
            began = time.monotonic()
            os.kill(running.pid, how)
            assert running.wait(20) == code
        assert time.monotonic() - began < 15, "it waited for the answer"
    with target.open("ab") as file:
        file.write(b'{"id": "3", "title": "The J')

    with Chat() as chat:
        done = process(home, *words(chat, source))

    assert done.returncode == 0, done.stderr
    assert ids(source) == list("012345")
    assert len(chat.requests) == 3


def wait_until(true):
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_good_answer_of_these_tests_has_every_field():
    assert set(GOOD) > {"region", "language", "genres", "tags", "scene", "translations"}
