"""Sessions of the page: a code that is good once, and a token that may do less than the daemon's.

No cookies: they are shared by all ports of a machine. The page holds its token in ``sessionStorage``
and sends it as every client does.
"""

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

CODE_S = 60.0
IDLE_S = 12 * 3600.0
MOST_CODES = 8
MOST_SESSIONS = 32

MAY = frozenset(
    {
        "cancel",
        "errors",
        "events",
        "file",
        "find",
        "healthz",
        "index",
        "job",
        "library",
        "map_begin",
        "map_cancel",
        "map_points",
        "map_state",
        "piece",
        "pieces",
        "preview",
        "session",
        "sound",
        "status",
        "tag",
        "timeline",
        "upload",
        "version",
        "watch",
        "watched",
    }
)
"""Endpoints that a session of the page may use. What forgets, stops or makes codes is not among them."""


class Sessions:
    """Codes that wait to be used, and sessions that were opened with one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._codes: OrderedDict[str, float] = OrderedDict()
        self._sessions: OrderedDict[str, float] = OrderedDict()

    def make_code(self) -> str:
        """Make a code, good for one minute and one session; the oldest goes where there are many."""
        code = secrets.token_urlsafe(16)
        self._codes[code] = self._clock()
        while len(self._codes) > MOST_CODES:
            self._codes.popitem(last=False)
        return code

    def open(self, code: str) -> str | None:
        """Open a session with a code and give its token; None where the code is not good."""
        made = self._take(self._codes, code)
        if made is None or self._clock() - made > CODE_S:
            return None
        token = secrets.token_urlsafe(32)
        self._sessions[token] = self._clock()
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return token

    def admits(self, token: str) -> bool:
        """Tell whether a session is open, and keep it open for some hours more."""
        used = self._take(self._sessions, token)
        if used is None or self._clock() - used > IDLE_S:
            return False
        self._sessions[token] = self._clock()
        return True

    @staticmethod
    def _take(table: "OrderedDict[str, float]", given: str) -> float | None:
        """Take an entry out, in the same time whichever it is."""
        known = [key for key in table if hmac.compare_digest(key.encode(), given.encode())]
        return table.pop(known[0]) if known else None
