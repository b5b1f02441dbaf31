"""Where DAWs look for scripts, and what is put there."""

import shutil
import subprocess
from pathlib import Path

import pytest

from clamp3_bridges.ardour.host import ArdourHost
from clamp3_bridges.hosts import HOSTS
from clamp3_bridges.installing import (
    Host,
    Place,
    State,
    ThisSystem,
    install,
    mark,
    standing,
    uninstall,
)
from clamp3_bridges.puredata.host import PureDataHost
from clamp3_bridges.reaper.host import ReaperHost
from clamp3_bridges.supercollider.host import SuperColliderHost
from clamp3_plugin.config import Home

DAWS: list[Host] = [ArdourHost(), ReaperHost(), PureDataHost(), SuperColliderHost()]
COMMON = Path(__file__).parents[2] / "bridges" / "clamp3_bridges" / "clamp3_common.lua"


@pytest.mark.parametrize("host", DAWS, ids=lambda host: host.name)
def test_what_is_installed_is_marked_filled_in_and_taken_away_again(host, tmp_path):
    home = Home.locate(str(tmp_path / 'a "home", $HOME; of\\ mine'))
    place = Place(host.title, tmp_path / "scripts", is_present=True)

    paths = install(host, place, home)

    assert standing(host, place, home).state is State.CURRENT
    for path in paths:
        text = path.read_text()
        assert mark(host.name) in text
        assert not [word for word in ("@MARK@", "@COMMON@", "@COMMAND@", "@TOKEN") if word in text]
    uninstall(host, place, home)
    assert not [path for path in place.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("host", DAWS, ids=lambda host: host.name)
def test_a_program_is_found_where_it_keeps_its_settings(host, platform, tmp_path):
    system = ThisSystem(platform, tmp_path, {})
    places = host.places(system)
    assert not any(place.is_present for place in places)
    assert all(tmp_path in place.folder.parents for place in places)

    places[0].folder.mkdir(parents=True)

    assert host.places(system)[0].is_present


def test_the_command_line_knows_them_all():
    assert {host.name for host in DAWS} <= set(HOSTS)


@pytest.mark.parametrize(
    ("json", "lua"),
    [
        (
            r'{"a": [1, -2.5e1, true, null, {}], "b": ""}',
            "x.a[2] == -25 and x.a[4] == false and x.b == ''",
        ),
        (r'"tab\t \"quoted\" back\\slash"', r"""x == 'tab\t "quoted" back\\slash'"""),
        (r'"지그 \u00e9 \ud83c\udfb5 \udcff"', r"x == '지그 é 🎵 ?'"),
        ("  [ ]", "#x == 0"),
    ],
)
def test_the_scripts_read_json(json, lua, tmp_path):
    if shutil.which("lua5.4") is None:
        pytest.skip("lua5.4 is not installed")
    shared = COMMON.read_text()
    for name, value in {"@COMMAND@": "{}", "@FOLDER@": "''", "@WINDOWS@": "false"}.items():
        shared = shared.replace(name, value)
    script = tmp_path / "check.lua"
    script.write_text(
        f"{shared}\nlocal x = json_value([==[{json}]==], 1)\nassert({lua}, tostring(x))"
    )

    done = subprocess.run(["lua5.4", script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
