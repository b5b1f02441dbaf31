"""The bridge as users run it, before a real daemon."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from clamp3_bridges.osc.answers import Answer, Begin, End, Failure, Pong, Progress, Result, Tag
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
from clamp3_bridges.osc.takes import midi_file
from clamp3_plugin import __version__
from clamp3_plugin.wire import MAX_UPLOAD
from tests.bridges.osc.flood import ask_steadily, flood
from tests.core.tunes import played, write_bounce


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


def test_a_midi_file_of_eleven_minutes_finds_pieces(peer, served):
    (served.data / "inbox" / "long.mid").write_bytes(midi_file(notes(4 * 60 * 11)))

    heard = peer.ask(FindFile(1, str(served.data / "inbox" / "long.mid")))

    assert isinstance(heard[-1], End)


def test_a_recording_of_eleven_minutes_finds_pieces_and_keeps_nobody_waiting(peer, served):
    minute = played(1, 60.0, rate=8000)
    soundfile.write(served.data / "inbox" / "long.wav", np.tile(minute, 11), 8000)

    peer.send(FindFile("long", str(served.data / "inbox" / "long.wav"), n=2))
    heard = [*peer.ask(FindText("short", "a jig", 2)), *peer.hear_all(120)]

    ends = [answer for answer in heard if isinstance(answer, End | Failure)]
    assert ends == [End("short", 2), End("long", 2)]


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


def test_a_take_of_5000_notes_is_answered_once(peer):
    peer.send(TakeBegin("t"))
    heard: list[Answer] = []
    for number, note in enumerate(notes(5000)):
        peer.send(note)
        if number % 100 == 99:  # as fast as they are read, so that the system drops none
            peer.send(Ping(number))
            while heard[-1:] != [Pong(number, __version__)]:
                heard.append(peer.hear())
    peer.send(TakeEnd("t", 2))

    heard += peer.hear_all()

    ends = [answer for answer in heard if isinstance(answer, End | Failure)]
    assert ends == [End("t", 2)]


def test_a_slow_question_says_so_keeps_nobody_waiting_and_can_be_cancelled(peer):
    peer.send(FindText("slow", "slowly now"))

    assert isinstance(peer.hear(5), Progress)
    peer.send(Ping(2))
    while not isinstance(answer := peer.hear(3), Pong):
        assert isinstance(answer, Progress)
    peer.send(Cancel("slow"))
    assert peer.hear_all(3) == [End("slow", 0)]


def test_a_flood_of_hostile_datagrams_delays_no_answer_and_leaves_nothing_behind(peer, running):
    count, rate = 3000, 1500.0
    begun = time.monotonic()
    alone = ask_steadily(peer, "alone", lambda: time.monotonic() > begun + 1.5)
    memory = _memory(running.pid)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(flood, running.port, running.token, count, rate)
        amid = ask_steadily(peer, "amid", sending.done)
        flooded = sending.result()

    assert (flooded.to_strangers, flooded.to_insiders) == (0, 0)
    assert amid.lost == alone.lost == 0
    assert len(amid.seconds) >= 10
    # three times what it takes alone, on a machine that does nothing else (benchmarks/osc_hostile.py)
    assert amid.median < max(3 * alone.median, 0.1)
    assert _memory(running.pid) - memory < 1024


def _memory(pid: int) -> int:
    """Give the kilobytes that a process holds; 0 where the system does not tell in this way."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


def test_a_port_that_is_taken_is_said(running, served, process):
    done = process(served, "bridge", "osc", "--port", str(running.port))

    assert done.returncode == 2
    assert f"UDP port {running.port} is taken".encode() in done.stderr


def test_the_version_is_that_of_the_program(peer):
    assert peer.ask(Ping("v")) == [Pong("v", __version__)]
