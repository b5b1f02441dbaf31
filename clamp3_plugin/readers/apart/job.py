"""The worker's job: read a file of notation or MIDI, and send what an encoder reads of it.

Runs in a process of its own (``readers.isolation``). What is asked of a file is ``indexed`` (all
pieces, whole and in passages), ``whole`` (all pieces, no passages) or ``part`` (of one piece).
"""

from clamp3_plugin.errors import Clamp3Error, UnsupportedFormatError
from clamp3_plugin.readers import registry
from clamp3_plugin.readers.apart.parcel import packed, passage_of
from clamp3_plugin.readers.apart.routes import ROUTES
from clamp3_plugin.readers.content import Stretches, text_of, written
from clamp3_plugin.readers.isolation.child import Ask, Job, serve_asking
from clamp3_plugin.readers.isolation.framing import Message
from clamp3_plugin.readers.performance import Performance
from clamp3_plugin.readers.score import Score

SLICE = 8 * 2**20
"""Bytes of an answer that are sent at a time."""

_Written = Score | Performance


def prepare(ask: Ask) -> Job:
    """Have the program asked for what other processes do."""
    for route in ROUTES.values():
        route.lead_to(ask)
    file = _File()

    def work(question: Message) -> Message:
        try:
            answer = file.answer(question)
        except Clamp3Error as error:
            if isinstance(error.__cause__, MemoryError):
                raise error.__cause__ from error  # what is left of this process is not relied on
            return Message({"refused": error.code, "reason": error.message, "hint": error.hint})
        slices = [answer[start : start + SLICE] for start in range(0, len(answer), SLICE)]
        for each in slices[:-1]:
            ask(Message({}, each))
        return Message({}, slices[-1])

    return work


class _File:
    """The file that was read last: who asks for a part of it has asked for the whole before."""

    def __init__(self) -> None:
        self._key: tuple[str, bytes] = ("", b"")
        self._pieces: list[_Written] = []

    def answer(self, question: Message) -> bytes:
        key = (question.text("name"), question.body)
        if key != self._key:
            self._key, self._pieces = ("", b""), []  # so that two need not fit into the memory
            self._pieces = _read(*key)
            self._key = key
        if question.text("want") == "part":
            return _part(self._pieces, question)
        of = written if question.text("want") == "indexed" else _whole
        return packed((piece, of(piece)) for piece in self._pieces)


def _read(name: str, data: bytes) -> list[_Written]:
    pieces: list[_Written] = []
    for piece in registry.read_bytes(data, name):
        if not isinstance(piece, Score | Performance):
            raise UnsupportedFormatError(f"{name} is a recording.")
        pieces.append(piece)
    return pieces


def _whole(piece: _Written) -> Stretches:
    return Stretches(piece.whole())


def _part(pieces: list[_Written], question: Message) -> bytes:
    number, stretch, staves = (question.fields.get(n) for n in ("number", "passage", "staves"))
    piece = pieces[number if isinstance(number, int) else 0]
    if isinstance(staves, list):
        piece = piece.of_staves(*staves)
    passage = passage_of(stretch if isinstance(stretch, list) else None)
    text = text_of(piece, passage)
    if isinstance(piece, Score) and passage is not None:
        piece = piece.of_bars(passage)
    return packed([(piece, Stretches(text))])


if __name__ == "__main__":
    serve_asking(prepare)
