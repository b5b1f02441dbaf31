"""The bridge as users run it, before a real daemon; and liblo's programs as a second opinion."""

import random
import shutil
import statistics
import subprocess
import threading
import time
from pathlib import Path

import pytest

from clamp3_bridges.osc.answers import Begin, End, Failure, Pong, Progress, Result, Tag
from clamp3_bridges.osc.packets import MAX_BLOB
from clamp3_bridges.osc.queries import (
    Cancel,
    FindFile,
    FindMidi,
    FindText,
    Ping,
    TagFile,
    TagText,
    TakeBegin,
    TakeEnd,
    TakeNote,
)
from clamp3_bridges.osc.secret import token_file
from clamp3_bridges.osc.takes import midi_file
from clamp3_plugin import __version__
from clamp3_plugin.wire import MAX_UPLOAD
from tests.bridges.osc.peer import Peer, free_port
from tests.bridges.osc.test_packets import hostile
from tests.core.tunes import write_bounce


def notes(count: int) -> list[TakeNote]:
    return [TakeNote("t", 60 + i % 12, 80, i * 0.25, 0.25) for i in range(count)]


TEMPO = b"\0\xff\x51\x03\x07\xa1\x20"
NO_TEMPO = midi_file(notes(16)).replace(TEMPO, b"\0\xff\x01\x03one")  # a text in its place


def test_a_text_finds_pieces(peer, music):
    begin, *results, end = peer.ask(FindText(1, "jig", 3))

    assert begin == Begin(1, 3)
    assert end == End(1, 3)
    assert [result.rank for result in results] == [1, 2, 3]
    assert all(Path(result.path).parent == music for result in results)
    assert {"The Tripping Jig", "Slow Waltz"} >= {result.title for result in results[:1]}


def test_a_file_of_the_library_finds_the_music_in_it(peer, music):
    heard = peer.ask(FindFile(1, str(music / "jig.abc"), 0, 0, 2))

    assert isinstance(heard[1], Result)
    assert heard[1].title == "The Tripping Jig"
    assert heard[1].score == pytest.approx(1.0)


def test_a_part_of_a_file_finds_pieces(peer, music):
    (music / "part.mid").write_bytes(midi_file(notes(64)))
    try:
        heard = peer.ask(FindFile(1, str(music / "part.mid"), 4.0, 4.0, 2))
    finally:
        (music / "part.mid").unlink()

    assert heard[-1] == End(1, 2)


def test_a_file_outside_the_library_is_as_missing_as_one_that_is_not(peer, music, tmp_path):
    outside = tmp_path / "outside.abc"
    outside.write_text("X:1\nK:C\nCDEF|\n")

    answers = [peer.ask(FindFile(1, str(path))) for path in (outside, tmp_path / "absent.abc")]

    assert answers[0] == answers[1]
    assert isinstance(answers[0][0], Failure)
    assert answers[0][0].code == 2


def test_a_file_in_the_inbox_finds_pieces(peer, served):
    (served.data / "inbox" / "take.mid").write_bytes(midi_file(notes(16)))

    heard = peer.ask(FindFile(1, str(served.data / "inbox" / "take.mid")))

    assert isinstance(heard[-1], End)


def test_a_file_of_eleven_minutes_finds_pieces(peer, served):
    (served.data / "inbox" / "long.mid").write_bytes(midi_file(notes(4 * 60 * 11)))

    heard = peer.ask(FindFile(1, str(served.data / "inbox" / "long.mid")))

    assert isinstance(heard[-1], End)


def test_a_bounce_of_a_minute_finds_pieces(peer, served):
    write_bounce(served.data / "inbox" / "bounce.wav")

    heard = peer.ask(FindFile(1, str(served.data / "inbox" / "bounce.wav")))

    assert isinstance(heard[-1], End)


def test_a_file_over_the_limit_is_refused(peer, served):
    with (served.data / "inbox" / "huge.wav").open("wb") as file:
        file.truncate(MAX_UPLOAD + 1)

    (answer,) = peer.ask(FindFile(1, str(served.data / "inbox" / "huge.wav")))

    assert isinstance(answer, Failure)
    assert answer.code == 3
    assert "over 64 MiB" in answer.message


def test_a_midi_file_as_a_blob_finds_pieces(peer):
    heard = peer.ask(FindMidi(41.0, midi_file(notes(16)), 2))

    assert heard[0] == Begin(41.0, 2)
    assert heard[-1] == End(41.0, 2)


def test_the_tempo_that_is_sent_along_counts(peer, served):
    (served.data / "inbox" / "no tempo.mid").write_bytes(NO_TEMPO)
    path = str(served.data / "inbox" / "no tempo.mid")

    heard = {
        (type(question), question.bpm): peer.ask(question)[1]
        for bpm in (60.0, 240.0)
        for question in (FindMidi(1, NO_TEMPO, bpm=bpm), FindFile(1, path, bpm=bpm))
    }

    assert heard[FindMidi, 60.0] == heard[FindFile, 60.0]
    assert heard[FindMidi, 240.0] == heard[FindFile, 240.0]
    assert heard[FindMidi, 60.0] != heard[FindMidi, 240.0]


def test_a_blob_of_60_kb_finds_pieces(peer):
    data = midi_file([TakeNote("t", 60 + i % 12, 80, i * 0.25, 0.25) for i in range(6700)])
    assert 0.95 * MAX_BLOB < len(data) <= MAX_BLOB

    assert isinstance(peer.ask(FindMidi(1, data))[-1], End)


@pytest.mark.parametrize(
    ("data", "code"), [(b"garbage", 3), (midi_file(notes(1))[:20], 3), (b"MThd", 3)]
)
def test_a_broken_blob_is_refused(peer, data, code):
    (answer,) = peer.ask(FindMidi(1, data))

    assert isinstance(answer, Failure)
    assert answer.code == code


def test_a_text_and_a_file_are_tagged(peer, music):
    for question in (TagText(1, "a jig", "ko"), TagFile(1, str(music / "jig.abc"), "ko")):
        begin, *tags, end = peer.ask(question)

        assert begin == Begin(1, 10)
        assert end == End(1, 10)
        assert all(isinstance(tag, Tag) and tag.language == "ko" for tag in tags)


def test_a_take_is_answered_while_and_after_it_is_played(peer):
    peer.send(TakeBegin("t"))
    for note in notes(24):
        peer.send(note)
    suggested = peer.hear()
    peer.send(TakeEnd("t", 2))

    heard = [suggested, *peer.hear_all()]

    assert isinstance(suggested, Begin)
    assert heard[-1] == End("t", 2)
    assert sum(isinstance(answer, End | Failure) for answer in heard) == 1


def test_a_slow_question_says_so_keeps_nobody_waiting_and_can_be_cancelled(peer):
    peer.send(FindText("slow", "slowly now"))

    assert isinstance(peer.hear(5), Progress)
    peer.send(Ping(2))
    while not isinstance(answer := peer.hear(3), Pong):
        assert isinstance(answer, Progress)
    peer.send(Cancel("slow"))
    assert peer.hear_all(3) == [End("slow", 0)]


def test_a_flood_of_hostile_datagrams_delays_no_answer_and_leaves_nothing_behind(peer, running):
    port, pid = running
    alone = [_seconds(peer, number) for number in range(10)]
    memory = _memory(pid)
    with Peer(port, "wrong") as stranger:
        thread = threading.Thread(target=_flood, args=(stranger, 4000))
        thread.start()
        amid: list[float] = []
        while thread.is_alive():
            amid.append(_seconds(peer, 1000 + len(amid)))
        thread.join()
        is_silent = stranger.hears_nothing(0.5)

    assert is_silent
    assert len(amid) >= 10
    assert statistics.median(amid) < max(3 * statistics.median(alone), 0.1)
    assert _memory(pid) - memory < 4096


def _seconds(peer: Peer, number: int) -> float:
    """Ask a tenth of a second after the last one was answered; gives how long the answer took."""
    time.sleep(0.1)
    begun = time.monotonic()
    assert peer.ask(FindText(number, "a jig", 2))[-1] == End(number, 2)
    return time.monotonic() - begun


def _flood(stranger: Peer, count: int) -> None:
    """Send what is broken, what is noise, and what only lacks the token."""
    chance = random.Random(1)  # noqa: S311 - no secret is made of it
    questions = (Ping(1), FindText(2, "a jig"), TakeBegin(3), TakeEnd(3), FindMidi(4, bytes(9000)))
    bad = [*hostile().values(), *(question.to_osc(stranger.token) for question in questions)]
    for _ in range(count):
        noise = b"/clamp3/" + chance.randbytes(4 * chance.randint(0, 300))
        stranger.throw(chance.choice([*bad, noise]))
        time.sleep(0.0005)


def _memory(pid: int) -> int:
    """Give the kilobytes that a process holds; 0 where the system does not tell in this way."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


def test_a_port_that_is_taken_is_said(bridge, served, process):
    done = process(served, "bridge", "osc", "--port", str(bridge))

    assert done.returncode == 2
    assert f"UDP port {bridge} is taken".encode() in done.stderr


@pytest.fixture
def liblo() -> None:
    for program in ("oscsend", "oscdump"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (package liblo-tools)")


@pytest.mark.usefixtures("liblo")
def test_liblo_asks_and_hears_one_end(bridge, served):
    port = free_port()
    token = token_file(served).read_text().strip()
    send = ["oscsend", f"osc.udp://127.0.0.1:{bridge}"]
    with subprocess.Popen(["oscdump", "-L", str(port)], stdout=subprocess.PIPE) as dump:
        assert dump.stdout is not None
        lines: list[bytes] = []
        try:
            for _ in range(50):  # until oscdump listens
                ping = ["/clamp3/ping", "sii", token, "1", str(port)]
                subprocess.run([*send, *ping], check=True)
                time.sleep(0.1)
                if _listens(port):
                    break
            text = ["/clamp3/find/text", "sisii", token, "7", "지그 jig", "2", str(port)]
            subprocess.run([*send, *text], check=True)
            while not lines or b"/clamp3/result/end" not in lines[-1]:
                lines.append(dump.stdout.readline())
                assert lines[-1], "oscdump ended"
        finally:
            dump.kill()

    words = [line.split()[1:] for line in lines if b"/pong" not in line and b"/prog" not in line]
    assert words[0] == [b"/clamp3/result/begin", b"ii", b"7", b"2"]
    assert [word for word, *_ in words[1:]] == [b"/clamp3/result"] * 2 + [b"/clamp3/result/end"]


def _listens(port: int) -> bool:
    """Tell whether a UDP port is taken."""
    table = Path("/proc/net/udp")
    return not table.exists() or f":{port:04X} " in table.read_text()


def test_the_version_is_that_of_the_program(peer):
    assert peer.ask(Ping("v")) == [Pong("v", __version__)]
