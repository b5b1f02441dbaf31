"""The daemon's log: a JSON object a line, rotated, for this user's eyes.

What was searched for and where files lie is private: the text of an exception may hold either, so
a traceback is logged as type and places, and its text only at DEBUG.
"""

import json
import logging
import math
import os
import time
import traceback
from collections import Counter, OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

MAX_BYTES = 1 << 20
FILES = 5
_KINDS = 256  # of events whose last moment is remembered

_ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class JsonLines(logging.Formatter):
    """One line an event; control characters cannot forge another (JSON escapes them)."""

    def __init__(self, *, private: bool) -> None:
        super().__init__()
        self._private = private

    def format(self, record: logging.LogRecord) -> str:
        """Write the line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "from": record.name.removeprefix("clamp3_plugin."),
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = self._places(record.exc_info)
        return json.dumps(line)

    def _places(self, info: _ExceptionInfo) -> list[str]:
        kind, error, trace = info
        head = kind.__name__ if self._private else f"{kind.__name__}: {error}"
        frames = traceback.extract_tb(trace)
        places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        return [head, *places]


class OncePerSecond(logging.Filter):
    """Lets an event of one kind pass once a second; the next that passes says how many did not.

    Of one kind are events of the same text and, where it has more places, the same first two of what
    fills them: endpoint and status of a request, but not its time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed: OrderedDict[tuple[object, ...], float] = OrderedDict()
        self._held: Counter[tuple[object, ...]] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to write it."""
        filled = record.args[:2] if isinstance(record.args, tuple) else ()
        kind = (record.name, record.msg, *map(str, filled))
        now = self._clock()
        if now - self._passed.get(kind, -math.inf) < 1:
            self._held[kind] += 1
            return False
        self._passed[kind] = now
        self._passed.move_to_end(kind)
        if held := self._held.pop(kind, 0):
            record.msg, record.args = f"{record.getMessage()} (and {held} more)", ()
        while len(self._passed) > _KINDS:
            self._held.pop(self._passed.popitem(last=False)[0], None)
        return True


class _PrivateFile(RotatingFileHandler):
    """A rotating file that is born readable to its owner only."""

    def _open(self):  # type: ignore[no-untyped-def]  # noqa: ANN202 - as its parent declares it
        os.close(os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        return super()._open()


def begin(path: Path, level: int = logging.INFO) -> None:
    """Send all logging of this process to the file."""
    handler = _PrivateFile(
        path, maxBytes=MAX_BYTES, backupCount=FILES - 1, encoding="utf-8", errors="backslashreplace"
    )
    handler.setFormatter(JsonLines(private=level > logging.DEBUG))
    handler.addFilter(OncePerSecond())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error"):  # its access log is off: it would hold queries
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
