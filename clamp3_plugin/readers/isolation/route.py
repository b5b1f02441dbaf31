"""Where a reader asks for what another process does: here, or, where it is in a worker, the program.

A worker may start nothing, and a music21 or a MuseScore of its own would be under its limits too.
"""

from collections.abc import Callable, Mapping

from clamp3_plugin.errors import Clamp3Error, error_of
from clamp3_plugin.readers.isolation.framing import Message
from clamp3_plugin.readers.isolation.worker import JobError

Does = Callable[[Message], Message]
_ROUTE = "route"
_JOB = "job"


class Route:
    """Has something done for a reader; what goes wrong is raised alike on either way.

    Parameters
    ----------
    name
        Known to both sides.
    here
        Does it in this process; raises ``JobError`` or ``Clamp3Error``.
    """

    def __init__(self, name: str, here: Does) -> None:
        self.name = name
        self._here = here
        self._program: Does | None = None

    def __call__(self, question: Message) -> Message:
        """Have it done."""
        if self._program is None:
            return self._here(question)
        asked = Message({**question.fields, _ROUTE: self.name}, question.body)
        return _unpacked(self._program(asked))

    def lead_to(self, program: Does) -> None:
        """Ask the program from now on: this process is a worker."""
        self._program = program


def answer(routes: Mapping[str, Route], question: Message) -> Message | None:
    """Do for a worker what it asks for by the name of a route; None where it asks something else."""
    route = routes.get(question.text(_ROUTE))
    if route is None:
        return None
    try:
        return route(question)
    except JobError as error:
        return Message({"raised": _JOB, "message": error.kind, "hint": error.reason})
    except Clamp3Error as error:
        return Message({"raised": error.code, "message": error.message, "hint": error.hint})


def _unpacked(answered: Message) -> Message:
    code, message, hint = (answered.text(name) for name in ("raised", "message", "hint"))
    if code == _JOB:
        raise JobError(message, hint)
    if code:
        raise error_of(code, message, hint)
    return answered
