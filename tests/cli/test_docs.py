"""The page on the command line says what the command line says."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import PROJECT


def test_the_page_holds_the_help_of_every_command():
    script = str(Path(__file__).with_name("write_docs.py"))

    wanted = subprocess.run([sys.executable, script, "--print"], capture_output=True, check=True)

    page = (PROJECT / "docs" / "cli.md").read_bytes()
    assert page == wanted.stdout, "run: python tests/cli/write_docs.py"
