"""``clamp3 bridge install``, ``uninstall`` and ``status``."""

import json
from pathlib import Path

from clamp3_plugin.config import Home
from tests.cli.conftest import Run


def test_a_bridge_is_installed_told_of_and_removed(home: Home, run: Run, tmp_path: Path):
    into = ["--into", str(tmp_path / "Plugins")]

    installed = run(home, "bridge", "install", "musescore", *into)
    told = run(home, "bridge", "status", "musescore", "--json", *into)
    removed = run(home, "bridge", "uninstall", "musescore", *into)
    again = run(home, "bridge", "uninstall", "musescore", *into)

    assert installed.exit_code == told.exit_code == removed.exit_code == 0
    assert Path(installed.stdout.splitlines()[0]).name == "clamp3.qml"
    assert "Plugin Manager" in installed.stderr
    assert json.loads(told.stdout)["state"] == "current"
    assert removed.stdout == installed.stdout
    assert again.exit_code == 1
    assert not list((tmp_path / "Plugins").iterdir())


def test_hosts_are_listed(home: Home, run: Run):
    assert "musescore" in run(home, "bridge", "list").stdout
