"""A daemon that a program with real-time rights starts does not keep them."""

import os
import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands real-time rights down so")
def test_real_time_rights_are_given_back():
    code = (
        "import os; from clamp3_plugin.daemon import lifecycle;"
        "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1));"
        "lifecycle._share_the_processor(); print(os.sched_getscheduler(0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if "PermissionError" in done.stderr:
        pytest.skip("this user may not have real-time rights")

    assert done.stdout.strip() == str(os.SCHED_OTHER)
