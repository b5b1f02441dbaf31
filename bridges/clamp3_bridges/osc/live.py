"""Takes that are being played: suggestions meanwhile, the answer at their end.

A suggestion is a list without an end: ``result/begin`` and its results, in the place of the list before.
The one ``result/end`` (or ``error``) of a take comes with its final answer, which is that of the last
suggestion where this was asked with all of the take.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from clamp3_bridges.osc.answers import End
from clamp3_bridges.osc.arguments import Id
from clamp3_bridges.osc.jobs import Found, Jobs, Send
from clamp3_bridges.osc.queries import FindMidi, TakeBegin, TakeEnd, TakeNote
from clamp3_bridges.osc.takes import MIN_NOTES, Take, midi_file
from clamp3_plugin.errors import Clamp3Error, DaemonBusyError, UsageError

MAX_TAKES = 8
IDLE_S = 60.0
"""A take of which nothing was heard for so long is answered as if it had ended."""
PAUSE_S = 0.05
"""Least rest between two suggestions. It is as long as the last one took where that is longer: the
machine plays audio meanwhile, and half of its time is enough."""
_REMEMBERED = 64

OnError = Callable[[Id, int, Clamp3Error], None]
"""Sends an error to a port."""


class LiveTakes:
    """The open takes, by id. Everything runs in the event loop's thread."""

    def __init__(self, jobs: Jobs, send: Send, fail: OnError) -> None:
        self._jobs = jobs
        self._send = send
        self._fail = fail
        self._loop = asyncio.get_running_loop()
        self._takes: dict[Id, Take] = {}
        self._ended: deque[Id] = deque(maxlen=_REMEMBERED)

    def begin(self, message: TakeBegin, port: int) -> None:
        """Open a take; one that is begun again starts anew.

        Raises
        ------
        DaemonBusyError
            Too many are open.
        """
        if message.id not in self._takes and len(self._takes) >= MAX_TAKES:
            raise DaemonBusyError(f"{MAX_TAKES} takes are open.", "End one of them.")
        self._takes[message.id] = Take(message.id, port, message.reply_port)

    def note(self, message: TakeNote) -> None:
        """Add a note and look for suggestions; notes of no open take are left out."""
        take = self._takes.get(message.id)
        if take is None:
            return
        try:
            take.add(message)
        except Clamp3Error as error:
            self.fail(message.id, error)
            return
        self._suggest(take)

    def end(self, message: TakeEnd, sender: int) -> None:
        """Ask with the whole take; without a ``reply_port`` that of its begin holds.

        Raises
        ------
        UsageError
            It was not begun.
        """
        take = self._close(message.id)
        if take is None:
            if message.id in self._ended or self._jobs.is_running(message.id):
                return  # sent twice
            raise UsageError("No take of this id was begun.", "Send take/begin first.")
        port = message.reply_port or take.reply_port or sender
        try:
            question = FindMidi(message.id, midi_file(take.notes), message.n, is_take=True)
            self._jobs.start(question, port, take.found(question))
        except Clamp3Error as error:
            self._fail(message.id, port, error)

    def cancel(self, id_: Id) -> None:
        """Let go of a take."""
        take = self._close(id_)
        if take is not None:
            self._send(End(take.id, 0), take.port)

    def fail(self, id_: Id, error: Clamp3Error) -> None:
        """End a take by an error, if it is open."""
        take = self._close(id_)
        if take is not None:
            self._fail(take.id, take.port, error)

    def tidy(self) -> None:
        """End the takes whose end was lost; called again and again."""
        now = time.monotonic()
        for take in [take for take in self._takes.values() if now - take.heard >= IDLE_S]:
            self.end(TakeEnd(take.id), take.port)

    def _close(self, id_: Id) -> Take | None:
        take = self._takes.pop(id_, None)
        if take is not None:
            self._ended.append(id_)
        return take

    def _suggest(self, take: Take) -> None:
        """Look for suggestions, unless that is being done, was just done, or is too early."""
        if take.asking or not take.fresh or self._takes.get(take.id) is not take:
            return
        wait = take.rest_until - time.monotonic()
        notes = take.recent()
        if len(notes) < MIN_NOTES:
            return
        take.asking = True
        if wait > 0:
            self._loop.call_later(wait, self._retry, take)
            return
        take.fresh, take.asked = False, time.monotonic()
        question = FindMidi(take.id, midi_file(notes), is_take=True)
        future = self._jobs.suggest(question, lambda future: self._suggested(take, future))
        if future is None:
            take.fresh = True
            self._loop.call_later(PAUSE_S, self._retry, take)
        else:
            take.suggestion = question, future

    def _retry(self, take: Take) -> None:
        take.asking = False
        self._suggest(take)

    def _suggested(self, take: Take, future: Found) -> None:
        """Send a suggestion if the take is still being played; errors wait for its end."""
        now = time.monotonic()
        take.asking, take.rest_until = False, now + max(PAUSE_S, now - take.asked)
        if self._takes.get(take.id) is not take:
            return
        if not future.cancelled() and future.exception() is None:
            for answer in future.result():
                if not isinstance(answer, End):
                    self._send(answer, take.port)
        self._suggest(take)
