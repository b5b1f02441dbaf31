"""Step back behind other programs: what nobody waits for leaves the processor to whoever plays music."""

import os
import sys
import threading

NICENESS = 10
"""Of 19; at 10 a thread gets a tenth of what one at 0 gets, where both want the same core."""


def step_back() -> None:
    """Lower the priority of the calling thread, and of the threads that it will start.

    On Linux only, where priorities are those of threads; elsewhere nothing happens. It cannot be taken
    back without privileges, so it is for threads that have no other work.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        if os.getpriority(os.PRIO_PROCESS, thread) < NICENESS:
            os.setpriority(os.PRIO_PROCESS, thread, NICENESS)
