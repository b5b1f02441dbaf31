"""The OSC bridge answers who has the token, once, and says nothing to others.

Negative control, 2026-11-30: the token not compared, strangers were answered in 3 of 3 cases.
"""

import threading
import time

import pytest

from clamp3_bridges.osc import jobs, live
from clamp3_bridges.osc.answers import Begin, End, Failure, Pong, Progress, Result
from clamp3_bridges.osc.arguments import MAX_ID
from clamp3_bridges.osc.packets import build
from clamp3_bridges.osc.queries import (
    Cancel,
    FindMidi,
    FindText,
    Ping,
    TakeBegin,
    TakeEnd,
    TakeNote,
)
from clamp3_plugin import __version__
from clamp3_plugin.errors import NoModelError
from clamp3_plugin.readers.performance import read_midi
from tests.bridges.osc.peer import Peer
from tests.bridges.osc.test_packets import hostile
from tests.hostile import osc
from tests.hostile.case import Accepted


def echo(question, tell):
    """Answer with what was asked: a text, or how many notes a take has."""
    asked = question.text if isinstance(question, FindText) else str(notes_in(question))
    result = Result(question.id, 1, 0.5, asked, "/music/a.abc")
    return [Begin(question.id, 1), result, End(question.id, 1)]


def notes_in(question: FindMidi) -> int:
    return len(read_midi(question.data)[0].notes())


class Gate:
    """Answers the text "slow" only once it is opened."""

    def __init__(self):
        self.opened = threading.Event()
        self.asked = 0

    def __call__(self, question, tell):
        self.asked += 1
        if isinstance(question, FindText) and question.text == "slow":
            tell(0.5, "waiting for the gate")
            self.opened.wait(20)
        return echo(question, tell)


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.opened.set()


def test_a_ping_is_answered_by_a_pong(serve):
    assert serve(echo).ask(Ping(7)) == [Pong(7, __version__, 1)]


@pytest.mark.parametrize("id_", [7, -7, 1 << 40, 41.0, 0.1, "take 1", "지그", "x" * MAX_ID])
def test_an_id_comes_back_as_it_was(serve, id_):
    (pong,) = serve(echo).ask(Ping(id_))

    assert pong.id == id_
    assert type(pong.id) is type(id_)


def test_a_question_ends_once(serve):
    peer = serve(echo)

    heard = peer.ask(FindText(1, "a jig"))

    assert [type(answer) for answer in heard] == [Begin, Result, End]
    assert peer.hears_nothing()


def test_answers_go_to_the_port_that_was_asked_for(serve):
    asker = serve(echo)
    with Peer(asker.port, asker.token) as other:
        asker.send(FindText(1, "a jig", 10, other.here))

        assert isinstance(other.hear_all()[-1], End)
    assert asker.hears_nothing()


@pytest.mark.parametrize("token", ["", "wrong", "a-token-of-the-tests-with-43-characters-abd"])
def test_without_the_token_there_is_no_answer(serve, token):
    peer = serve(echo)
    for message in (Ping(1), FindText(1, "x"), TakeBegin(1), TakeEnd(1), Cancel(1)):
        peer.send(message, token)
    peer.say("/clamp3/ping")
    peer.say("/clamp3/ping", 1, peer.token)
    peer.say("/clamp3/nothing", token, 1)

    assert peer.hears_nothing()
    assert peer.ask(Ping(2)) == [Pong(2, __version__)]


def test_hostile_datagrams_are_neither_answered_nor_remembered(serve):
    peer = serve(echo)
    for datagram in hostile().values():
        peer.throw(datagram)
        peer.throw(datagram.replace(b"token", peer.token.encode()))

    assert peer.hears_nothing()
    assert isinstance(peer.ask(FindText(2, "a jig"))[-1], End)


def test_the_corpus_of_hostile_datagrams_ends_each_question_once_and_never_answers_strangers(serve):
    peer = serve(lambda question, tell: [End(question.id, 0)])
    for case in osc.cases():
        peer.throw(case.write("x" * len(peer.token)))
    assert peer.hears_nothing()

    for case in osc.cases():
        peer.throw(case.write(peer.token))
        answers = []
        if case.good == Accepted() and case.name != "cancel":  # of what never began nothing is said
            answers = peer.hear_all()
            assert len(answers) == 1, case.name
        peer.send(Ping("after"))
        after = peer.hear_all()
        if not answers and isinstance(
            after[0], Failure
        ):  # it has the token, so its mistake is said
            assert after[0].code == 1, case.name
            after = peer.hear_all()
        assert after == [Pong("after", __version__)], case.name


def test_a_pattern_is_no_address(serve):
    peer = serve(echo)

    peer.throw(build("/clamp3/" + "*" * 40 + "X", peer.token, 3))

    (answer,) = peer.hear_all()
    assert isinstance(answer, Failure)
    assert (answer.id, answer.code) == (3, 1)


@pytest.mark.parametrize("rest", [[], [5], ["jig", 1000], ["jig", 5, 80], ["jig", 5, 0, 1]])
def test_a_malformed_question_ends_in_one_error(serve, rest):
    peer = serve(echo)
    peer.say("/clamp3/find/text", peer.token, 9, *rest)

    (answer,) = peer.hear_all()

    assert isinstance(answer, Failure)
    assert (answer.id, answer.code) == (9, 1)
    assert peer.hears_nothing(0.1)


def test_a_question_without_an_id_ends_in_an_error_without_one(serve):
    peer = serve(echo)
    peer.say("/clamp3/find/text", peer.token)

    (answer,) = peer.hear_all()

    assert isinstance(answer, Failure)
    assert (answer.id, answer.code) == ("", 1)


def test_the_bridge_does_not_talk_to_itself(serve):
    peer = serve(echo)
    peer.send(Ping(1, peer.port))

    (answer,) = peer.hear_all()

    assert isinstance(answer, Failure)
    assert peer.hears_nothing(0.1)


def test_a_slow_question_keeps_nobody_waiting(serve, gate):
    peer = serve(gate)
    for number in range(jobs.MAX_PENDING - 1):
        peer.send(FindText(number, "slow"))

    heard = peer.ask(FindText("quick", "a jig"))

    assert [answer.id for answer in heard] == ["quick"] * 3
    gate.opened.set()
    ends = [peer.hear_all()[-1] for _ in range(jobs.MAX_PENDING - 1)]
    assert {end.id for end in ends} == set(range(jobs.MAX_PENDING - 1))


def test_too_many_questions_are_refused_as_busy(serve, gate):
    peer = serve(gate)
    for number in range(jobs.MAX_PENDING):
        peer.send(FindText(number, "slow"))

    (answer,) = peer.ask(FindText("more", "a jig"))

    assert isinstance(answer, Failure)
    assert (answer.id, answer.code) == ("more", 6)


def test_a_question_that_takes_its_time_says_so(serve, gate):
    peer = serve(gate)
    peer.send(FindText(1, "slow"))

    assert peer.hear(10) == Progress(1, 0.5, "waiting for the gate")
    gate.opened.set()
    assert isinstance(peer.hear_all()[-1], End)


def test_a_cancelled_question_ends_at_once_and_once(serve, gate):
    peer = serve(gate)
    peer.send(FindText(1, "slow"))
    peer.send(Cancel(1))

    assert peer.hear_all(5) == [End(1, 0)]
    gate.opened.set()
    peer.send(Cancel(1))
    assert peer.hears_nothing()


def test_a_question_sent_twice_is_answered_once(serve, gate):
    peer = serve(gate)
    peer.send(FindText(1, "slow"))
    peer.send(FindText(1, "slow"))
    peer.ask(Ping(2))
    gate.opened.set()

    assert isinstance(peer.hear_all()[-1], End)
    assert peer.hears_nothing()
    assert gate.asked == 1


def test_what_goes_wrong_is_said_with_its_code(serve):
    def fail(question, tell):
        raise NoModelError("There is no model.", "Pull one.")

    (answer,) = serve(fail).ask(FindText(1, "a jig"))

    assert answer == Failure(1, 7, "There is no model. Pull one.")


def test_a_mistake_of_ours_ends_the_question_too(serve, caplog):
    def crash(question, tell):
        raise ZeroDivisionError

    (answer,) = serve(crash).ask(FindText(1, "a jig"))

    assert isinstance(answer, Failure)
    assert answer.code == 7
    assert "a mistake of ours" in caplog.text


def play(peer: Peer, id_, count: int, start: float = 0.0):
    for number in range(count):
        peer.send(TakeNote(id_, 60 + number % 12, 90, start + number * 0.25, 0.25))


def test_a_take_is_asked_with_as_a_whole(serve):
    peer = serve(echo)
    peer.send(TakeBegin("t"))
    play(peer, "t", 100)
    peer.send(TakeEnd("t", 5))

    heard = peer.hear_all()

    assert heard[-1] == End("t", 1)
    assert heard[-2].title == "100"
    assert peer.hears_nothing()


def test_suggestions_come_while_somebody_plays(serve):
    peer = serve(echo)
    peer.send(TakeBegin("t"))
    play(peer, "t", 100)

    first = [peer.hear(), peer.hear()]
    play(peer, "t", 1, start=100.0)
    play(peer, "t", 5, start=100.0)
    later = [peer.hear(), *peer.hear_for(0.5)]

    assert first[0] == Begin("t", 1)
    assert int(first[1].title) >= 4
    assert not any(isinstance(answer, End) for answer in first + later)


def test_suggestions_are_asked_with_the_last_seconds_only(serve):
    asked = []

    def note_down(question, tell):
        asked.append(notes_in(question))
        return echo(question, tell)

    peer = serve(note_down)
    peer.send(TakeBegin("t"))
    play(peer, "t", 400)
    time.sleep(0.5)
    peer.send(TakeEnd("t"))
    while not isinstance(peer.hear(), End):
        pass

    assert asked[-1] == 400
    assert max(asked[:-1]) <= 50


@pytest.mark.parametrize("has_come", [True, False])
def test_a_take_that_a_suggestion_was_asked_with_is_not_asked_with_again(serve, has_come):
    asked, opened = [], threading.Event()

    def wait(question, tell):
        asked.append(notes_in(question))
        opened.wait(20)
        return echo(question, tell)

    peer = serve(wait)
    peer.send(TakeBegin("t"))
    play(peer, "t", 4)
    if has_come:
        opened.set()
        assert [peer.hear(), peer.hear().title] == [Begin("t", 1), "4"]
    peer.send(TakeEnd("t"))
    if not has_come:
        peer.ask(Ping(1))  # the end was heard, the suggestion is under way
        opened.set()

    assert peer.hear_all() == [Begin("t", 1), Result("t", 1, 0.5, "4", "/music/a.abc"), End("t", 1)]
    assert asked == [4]
    assert peer.hears_nothing()


def test_a_take_whose_suggestion_failed_is_asked_with_again(serve):
    asked = []

    def fail_first(question, tell):
        asked.append(question)
        if len(asked) == 1:
            raise NoModelError("The model is still loading.")
        return echo(question, tell)

    peer = serve(fail_first)
    peer.send(TakeBegin("t"))
    play(peer, "t", 4)
    assert peer.hears_nothing()
    peer.send(TakeEnd("t"))

    assert peer.hear_all()[-1] == End("t", 1)
    assert len(asked) == 2


def test_a_take_of_5000_notes_ends_once(serve):
    peer = serve(echo)
    peer.send(TakeBegin("t"))
    for part in range(50):
        play(peer, "t", 100, start=25.0 * part)
        peer.ask(Ping(part))  # as fast as they are read, so that the system drops none
    peer.send(TakeEnd("t"))

    answers = peer.hear_all()

    assert answers[-2].title == "5000"


def test_a_take_whose_end_was_lost_is_answered(serve, monkeypatch):
    monkeypatch.setattr(live, "IDLE_S", 0.5)
    peer = serve(echo)
    peer.send(TakeBegin("t"))
    play(peer, "t", 3)

    assert peer.hear_all(10)[-1] == End("t", 1)
    peer.send(TakeEnd("t"))
    assert peer.hears_nothing()


def test_a_take_without_notes_ends_in_an_error(serve):
    peer = serve(echo)
    peer.send(TakeBegin("t"))

    (answer,) = peer.ask(TakeEnd("t"))

    assert isinstance(answer, Failure)
    assert answer.code == 4


def test_a_take_that_was_not_begun_ends_in_an_error(serve):
    peer = serve(echo)
    play(peer, "t", 5)

    (answer,) = peer.ask(TakeEnd("t"))

    assert isinstance(answer, Failure)
    assert answer.code == 1


def test_a_note_that_makes_no_sense_ends_its_take_once(serve):
    peer = serve(echo)
    peer.send(TakeBegin("t"))
    peer.say("/clamp3/take/note", peer.token, "t", 200, 90, 0.0, 1.0)
    peer.say("/clamp3/take/note", peer.token, "t", 200, 90, 0.0, 1.0)
    peer.send(TakeEnd("t"))

    (answer,) = peer.hear_all()

    assert isinstance(answer, Failure)
    assert answer.code == 1
    assert peer.hears_nothing()


def test_a_cancelled_take_ends_once(serve):
    peer = serve(echo)
    peer.send(TakeBegin("t"))
    play(peer, "t", 3)
    peer.send(Cancel("t"))

    assert peer.hear_all() == [End("t", 0)]
    peer.send(TakeEnd("t"))
    assert peer.hears_nothing()


def test_takes_have_a_number(serve):
    peer = serve(echo)
    for number in range(live.MAX_TAKES):
        peer.send(TakeBegin(number))

    (answer,) = peer.ask(TakeBegin("more"))

    assert isinstance(answer, Failure)
    assert answer.code == 6


def test_the_port_of_the_begin_holds_for_the_end(serve):
    asker = serve(echo)
    with Peer(asker.port, asker.token) as screen:
        asker.send(TakeBegin("t", screen.here))
        play(asker, "t", 3)
        asker.send(TakeEnd("t"))

        assert screen.hear_all()[-1] == End("t", 1)
    assert asker.hears_nothing()
