"""What the panel does with words, in the real MuseScore without a screen."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clamp3_bridges.installing import Place, install
from clamp3_bridges.musescore.host import MuseScoreHost
from clamp3_plugin.config import Home
from clamp3_plugin.readers.musicxml.parse import parse_xml
from tests.bridges.musescore import scores
from tests.bridges.musescore.conftest import run_headless

Act = Callable[[str], list[Any]]
OPENED = "        button.focusIt();\n"
WRITE = 'writeScore(curScore, "{}/after", "musicxml");'


@pytest.fixture
def act(program: Path, tmp_path: Path) -> Act:
    """Run JavaScript in the panel itself, opened on six bars; gives what it told."""

    def run(body: str) -> list[Any]:
        install(
            MuseScoreHost(),
            Place("MuseScore 3", tmp_path, is_present=True),
            Home.locate(str(tmp_path / "nobody")),
        )
        panel = tmp_path / "clamp3" / "clamp3.qml"
        text = panel.read_text("utf-8")
        assert text.count(OPENED) == 1
        tell = 'function tell(value) { console.log("TOLD " + JSON.stringify(value)); }'
        panel.write_text(text.replace(OPENED, f"{OPENED}{tell}\n{body}\nQt.quit();\n"), "utf-8")
        score = tmp_path / "score.musicxml"
        score.write_bytes(scores.plain(6))
        log = run_headless(program, ["-p", str(panel), str(score)], tmp_path)
        assert not [line for line in log if "Error:" in line]
        return [json.loads(line.partition("TOLD ")[2]) for line in log if "TOLD " in line]

    return run


def test_a_word_is_written_above_the_bar_and_kept_in_the_score(act: Act, tmp_path: Path):
    told = act(
        """
        cmd("first-element"); for (var i = 0; i < 5; i++) { cmd("next-chord"); }
        tags = ["calm", "waltz"];
        writeTag("calm"); tell(notice);
        keepTags(); tell([notice, curScore.metaTag("clamp3Tags")]);
        """
        + WRITE.format(tmp_path)
    )

    score = parse_xml((tmp_path / "after.musicxml").read_bytes())
    found = {
        measure.get("number"): words.text
        for measure in score.iterfind("part/measure")
        for words in measure.iter("words")
    }
    assert found == {"3": "calm"}
    assert told[0] == "“calm” is written above bar 3"
    assert told[1] == ["Kept in the score’s properties", "calm, waltz"]
