"""A worker process: it answers, and whatever it does to itself costs one question.

Negative controls, 2026-11-30: lateness not noticed, 2 failed (the worker was killed and called broken); no limit
of memory, what grows was refused for its time, not for its memory.
"""

import os
import subprocess
import sys
import threading
import time
from io import BytesIO
from pathlib import Path

import pytest

from clamp3_plugin.errors import BrokenFileError, TooLargeError, UnsupportedFormatError
from clamp3_plugin.readers.isolation.framing import (
    MAX_BODY,
    MAX_HEADER,
    FrameError,
    Message,
    receive,
    send,
)
from clamp3_plugin.readers.isolation.limits import Limits
from clamp3_plugin.readers.isolation.worker import JobError, Worker

MODULE = "tests.core.readers.strange_job"
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")


@pytest.fixture(scope="module")
def worker():
    worker = Worker(MODULE, Limits(seconds=20, memory=2**29))
    yield worker
    worker.close()


def ask(worker, what, body=b""):
    return worker.ask(Message({"do": what}, body))


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_message_arrives_as_it_was_sent():
    pipe = BytesIO()
    send(pipe, Message({"name": "é\n"}, b"\0\xff"))
    pipe.seek(0)

    assert receive(pipe) == Message({"name": "é\n"}, b"\0\xff")
    assert receive(pipe) is None


@pytest.mark.parametrize(
    "data",
    [
        b"\0",
        b"\0\0\0\0",
        (MAX_HEADER + 1).to_bytes(4, "big"),
        b"\0\0\0\x02[]",
        b"\0\0\0\x02{}",
        b"\0\0\0\x03abc",
        b"\0\0\0\x09{" + b'"size":' + b"5",
        b'\0\0\0\x0a{"size":5}1234',
        b'\0\0\0\x0b{"size":-1}',
        len(f'{{"size":{MAX_BODY + 1}}}').to_bytes(4, "big") + b'{"size":%d}' % (MAX_BODY + 1),
        (2**15).to_bytes(4, "big") + b"[" * 2**15,
    ],
)
def test_what_is_no_message_is_refused(data):
    with pytest.raises(FrameError):
        receive(BytesIO(data))


def test_one_process_answers_many_questions(worker):
    answers = [ask(worker, "echo", bytes([i])) for i in range(3)]

    assert [answer.body for answer in answers] == [b"\0", b"\1", b"\2"]
    assert len({answer.fields["pid"] for answer in answers}) == 1


def test_large_answers_come_whole(worker):
    body = os.urandom(2**20)

    assert ask(worker, "echo", body).body == body


def test_a_job_asks_back_while_it_works(worker):
    def double(message):
        return Message({}, message.body * int(message.fields["number"]))

    assert worker.ask(Message({"do": "ask back"}, b"ab"), double).body == b"ababab"


def test_a_job_that_asks_where_nobody_answers_is_ended(worker):
    with pytest.raises(BrokenFileError):
        ask(worker, "ask back")

    assert ask(worker, "echo", b"next").body == b"next"


def test_what_an_answer_raises_ends_the_process_and_reaches_the_caller(worker):
    def refuse(message):
        raise LookupError("enough")

    pid = ask(worker, "echo").fields["pid"]
    with pytest.raises(LookupError, match="enough"):
        worker.ask(Message({"do": "ask back"}), refuse)

    assert not alive(pid)
    assert ask(worker, "echo", b"next").body == b"next"


def test_a_question_may_have_a_deadline_of_its_own(worker):
    with pytest.raises(TooLargeError, match=r"within 0\.3 s"):
        worker.ask(Message({"do": "hang", "seconds": 0.3}))


def test_what_a_job_raises_is_told_and_the_process_goes_on(worker):
    before = worker.pid or ask(worker, "echo").fields["pid"]

    with pytest.raises(JobError) as error:
        ask(worker, "raise")

    assert error.value.kind == "LookupError"
    assert "no such key" in error.value.reason
    assert ask(worker, "echo").fields["pid"] == before


def test_endless_recursion_is_an_error_of_the_job(worker):
    with pytest.raises(JobError, match="RecursionError"):
        ask(worker, "recurse")


def test_a_dead_worker_is_replaced(worker):
    with pytest.raises(BrokenFileError, match="exit code 3"):
        ask(worker, "die")

    assert ask(worker, "echo", b"again").body == b"again"


@posix_only
def test_too_much_memory_is_refused_and_the_process_replaced(worker):
    before = ask(worker, "echo").fields["pid"]

    with pytest.raises(TooLargeError, match=r"0\.5 GiB"):
        ask(worker, "grow")

    assert ask(worker, "echo").fields["pid"] != before


@posix_only
def test_a_worker_writes_no_file(worker):
    with pytest.raises(JobError, match="OSError"):
        ask(worker, "write")


def test_a_worker_that_hangs_is_killed():
    worker = Worker(MODULE, Limits(seconds=0.5))
    pid = ask(worker, "echo").fields["pid"]
    began = time.monotonic()

    with pytest.raises(TooLargeError, match=r"within 0\.5 s"):
        ask(worker, "hang")

    assert time.monotonic() - began < 5
    assert not alive(pid)
    worker.close()


@posix_only
def test_a_worker_lives_in_an_empty_folder_and_session_of_its_own():
    worker = Worker(MODULE)  # a fresh one: a refused write leaves an empty file behind
    answer = ask(worker, "where")
    worker.close()

    folder, *names, content = answer.body.decode().split("\n")
    assert Path(folder).name.startswith("clamp3-")
    assert content == "[]"
    assert not set(names) - {"PYTHONPATH", "HOME", "TMPDIR", "OPENBLAS_NUM_THREADS", "LC_CTYPE"}
    assert answer.fields["session"] != os.getsid(0)


def test_a_closed_worker_leaves_no_process_and_no_folder():
    worker = Worker(MODULE)
    folder = ask(worker, "where").body.decode().split("\n")[0]
    pid = worker.pid

    worker.close()

    assert not alive(pid)
    assert not Path(folder).exists()


def test_a_process_is_replaced_after_its_number_of_jobs():
    worker = Worker(MODULE, Limits(jobs=2))

    pids = [ask(worker, "echo").fields["pid"] for _ in range(4)]
    worker.close()

    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_threads_get_their_own_answers(worker):
    answers = {}

    def question(number):
        answers[number] = ask(worker, "echo", str(number).encode()).body

    threads = [threading.Thread(target=question, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {i: str(i).encode() for i in range(8)}


def test_a_job_that_cannot_be_imported_is_named():
    worker = Worker("tests.core.readers.no_such_job", needs="something")

    with pytest.raises(UnsupportedFormatError, match="does not start"):
        ask(worker, "echo")


@posix_only
def test_the_worker_goes_when_its_program_is_killed():
    program = (
        "import os; from clamp3_plugin.readers.isolation.framing import Message\n"
        "from clamp3_plugin.readers.isolation.worker import Worker\n"
        f"worker = Worker({MODULE!r})\n"
        "print(worker.ask(Message({'do': 'echo'})).fields['pid'], flush=True)\n"
        "print(worker.ask(Message({'do': 'where'})).body.decode().split()[0], flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    pid, folder = int(done.stdout.split()[0]), Path(done.stdout.split()[1])

    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)

    assert not alive(pid)
    assert not folder.exists()
