"""One record: asked about until the answer is sound or patience ends.

Faults of an answer are named to the model at once. Trouble of the endpoint makes everybody wait, twice
as long each time, or as long as the endpoint says.
"""

import random
import threading
import time
import zlib
from dataclasses import dataclass, field

from clamp3_models.metadata.answers import Answer, BadAnswerError, read_answer
from clamp3_models.metadata.codes import languages
from clamp3_models.metadata.endpoint import Endpoint, RefusedError, Reply, TroubleError, ask
from clamp3_models.metadata.material import Material
from clamp3_models.metadata.prompt import ask_again, first_messages
from clamp3_plugin.errors import UsageError

LANGUAGES = (
    "am", "ar", "cs", "da", "de", "el", "es", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja",
    "kk", "km", "ko", "nl", "pl", "pt", "ro", "ru", "sv", "ta", "th", "tr", "uk", "vi", "zh",
)  # fmt: skip
"""Languages that are translated into by default, one for each record."""
_MOST_BACKOFF_S = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How records are asked about."""

    retries: int = 5
    """How often a record is asked about again before it is given up."""
    translate_to: tuple[str, ...] = LANGUAGES
    """Codes, of which each record gets one, by its id; none for no translations."""
    backoff_s: float = 1.0
    """Wait after the first trouble in a row, doubled with each further one."""

    def __post_init__(self) -> None:
        if unknown := [code for code in self.translate_to if code not in languages()]:
            raise UsageError(f"{', '.join(unknown)}: no language code of ISO 639-1 or 639-3.")

    def language_of(self, key: str) -> str:
        """Choose the language of a record's translations by its id, the same one every time."""
        if not self.translate_to:
            return ""
        # not hash(), which differs from run to run
        return self.translate_to[
            zlib.crc32(key.encode("utf-8", "replace")) % len(self.translate_to)
        ]


@dataclass(slots=True)
class Outcome:
    """What became of a record."""

    id: str
    status: str = "written"
    """``written``, ``skipped`` (it is there already), ``unfit`` or ``failed``."""
    reason: str = ""
    """Why not: what ``Unfit`` says, ``bad_answer``, ``endpoint`` or ``refused``."""
    message: str = ""
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    answer: Answer | None = field(default=None, repr=False)

    def count(self, reply: Reply) -> None:
        """Add what an answer cost."""
        self.prompt_tokens += reply.prompt_tokens
        self.completion_tokens += reply.completion_tokens

    def give_up(self, reason: str, error: Exception) -> None:
        """Leave the record unwritten, and say why."""
        self.status, self.reason = "failed", reason
        times = "1 request" if self.requests == 1 else f"{self.requests} requests"
        self.message = f"given up after {times}: {error}"


class StoppedError(Exception):
    """The run ends, and the record is left for the next one."""


class Gate:
    """Holds all workers while the endpoint wants to be left alone, and sends them home at the end."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._opens = 0.0

    def hold(self, wait_s: float) -> None:
        """Let nobody through for so long."""
        with self._lock:
            self._opens = max(self._opens, time.monotonic() + wait_s)

    def stop(self) -> None:
        """Let nobody through any more."""
        self._stopped.set()

    def wait(self) -> None:
        """Wait until it is open.

        Raises
        ------
        StoppedError
            It will not open again.
        """
        while not self._stopped.is_set():
            with self._lock:
                left = self._opens - time.monotonic()
            if left <= 0:
                return
            self._stopped.wait(left)
        raise StoppedError


def converse(material: Material, endpoint: Endpoint, plan: Plan, gate: Gate) -> Outcome:
    """Ask about a record.

    Raises
    ------
    NoModelError
        The endpoint takes no question.
    StoppedError
        The gate was closed for good.
    """
    outcome = Outcome(material.id)
    language = plan.language_of(material.id)
    first = messages = first_messages(material, language)
    troubles = 0
    while outcome.requests <= plan.retries:
        gate.wait()
        outcome.requests += 1
        try:
            reply = ask(endpoint, messages)
        except TroubleError as error:
            outcome.give_up("endpoint", error)
            gate.hold(_backoff(plan, troubles) if error.wait_s is None else error.wait_s)
            troubles += 1
            continue
        except RefusedError as error:
            outcome.give_up("refused", error)
            return outcome
        troubles = 0
        outcome.count(reply)
        try:
            outcome.answer = _sound(reply, material, language)
        except BadAnswerError as error:
            outcome.give_up("bad_answer", error)
            # with the last answer only: older ones would cost and teach nothing
            messages = ask_again(first, reply.text, error.faults)
        else:
            outcome.status, outcome.reason, outcome.message = "written", "", ""
            return outcome
    return outcome


def _sound(reply: Reply, material: Material, language: str) -> Answer:
    if not reply.is_whole:
        raise BadAnswerError("It was cut off at the longest answer the endpoint gives: be brief.")
    return read_answer(reply.text, material, language)


def _backoff(plan: Plan, troubles: int) -> float:
    """Wait longer each time, and not all at once."""
    longest = min(plan.backoff_s * 2.0**troubles, _MOST_BACKOFF_S)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
