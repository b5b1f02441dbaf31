"""The panel's requests, sent from the real MuseScore to the real daemon, without a screen."""

import json
from pathlib import Path

import pytest

from clamp3_plugin import __version__
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.client.connection import read_run_file
from clamp3_plugin.config import Home
from tests.bridges.musescore import scores
from tests.bridges.musescore.conftest import Headless
from tests.cli.conftest import HASH_DAEMON, end

ASK = """
        file.source = Place.runFile;
        var run = file.exists() ? Clamp3.readRun(file.read()) : null;
        %(before)s
        function meant(what) {
            return function (status, answer) { tell([what, status, Clamp3.meaning(status, answer)]); };
        }
        var content;
        if (%(as_notes)s) {
            content = {name: "score.notes", text: JSON.stringify(Score.notesOf(curScore, division, names()))};
        } else {
            writeScore(curScore, "%(folder)s/written", "musicxml");
            file.source = "%(folder)s/written.musicxml";
            content = {name: "score.musicxml", text: file.read()};
        }
        Clamp3.send(run, "POST", "/v1/upload?name=" + content.name, content.text, Clamp3.SCORE_TYPE,
            function (status, answer) {
                if (status !== 200) { meant("upload")(status, answer); return; }
                var question = Clamp3.question(answer.upload_id, {bars: [2, 4], staves: [1, 2]}, 5);
                Clamp3.sendJson(run, "/v1/find", question, meant("find"), true);
                question.languages = ["ko", "en"];
                Clamp3.sendJson(run, "/v1/tag", question, function (status, answer) {
                    tell(["tag", status, answer]);
                }, true);
            }, true);
"""


def ask(headless: Headless, folder: Path, home: Home, *, before: str = "", as_notes: bool = False):
    words = {"before": before, "as_notes": json.dumps(as_notes), "folder": folder}
    return headless(ASK % words, scores.plain(6), home)


@pytest.mark.parametrize("as_notes", [False, True], ids=["MusicXML", "notes"])
def test_bars_are_found_and_tagged_both_ways(
    headless: Headless, tmp_path: Path, library: Home, *, as_notes: bool
):
    found, tagged = ask(headless, tmp_path, library, as_notes=as_notes)

    assert found[:2] == ["find", 200]
    hits = found[2]["hits"]
    assert found[2]["state"] == "answers"
    assert len(hits) == 5
    assert hits[0]["piece"]["title"]
    assert tagged[:2] == ["tag", 200]
    assert set(tagged[2]["tags"][0]["labels"]) == {"ko", "en"}


def test_both_ways_find_the_same(headless: Headless, tmp_path: Path, library: Home):
    exported, walked = (
        ask(headless, tmp_path, library, as_notes=as_notes)[0][2]["hits"]
        for as_notes in (False, True)
    )

    assert walked == exported


def test_nobody_answers_where_no_daemon_is(headless: Headless, tmp_path: Path, library: Home):
    told = ask(headless, tmp_path, library, before="run.port = 9;")

    assert told == [["upload", 0, {"state": "noDaemon"}]]


def test_a_wrong_token_means_another_daemon(headless: Headless, tmp_path: Path, library: Home):
    told = ask(headless, tmp_path, library, before='run.token = "old";')

    assert told[0][1:] == [401, {"state": "noDaemon", "again": True}]


def test_an_empty_library_is_said(headless: Headless, tmp_path: Path):
    home = Home.locate(str(tmp_path / "empty"))
    try:
        ensure_daemon(home, command=HASH_DAEMON, timeout_s=180).close()
        told = ask(headless, tmp_path, home)
    finally:
        end(home)

    assert told[0] == ["find", 200, {"state": "empty"}]


def test_bars_without_notes_are_said(headless: Headless, tmp_path: Path, library: Home):
    body = """
        file.source = Place.runFile;
        var run = Clamp3.readRun(file.read());
        var content = {format: "notes", encoding: "text", data: JSON.stringify(
            Score.notesOf(curScore, division, names()))};
        Clamp3.sendJson(run, "/v1/find", {content: content}, function (status, answer) {
            tell(Clamp3.meaning(status, answer));
        }, true);
    """
    rests = scores.score(
        [[scores.attributes() + "<note><rest/><duration>96</duration></note>"] * 2]
    )

    assert headless(body, rests, library) == [{"state": "noMusic"}]


def test_the_panel_knows_where_the_daemon_is_and_not_its_token(
    headless: Headless, library: Home, tmp_path: Path
):
    body = "tell([Place.runFile, Place.version, Place.start]);"

    run_file, version, start = headless(body, scores.plain(1), library)[0]

    assert run_file == str(library.run_file)
    assert version == __version__
    assert start[-4:] == ["--home", str(library.run.parent), "daemon", "start"]
    token = read_run_file(library).token
    files = (tmp_path / "Plugins").rglob("*")
    assert not any(token in file.read_text() for file in files if file.is_file())


def test_a_question_to_another_version_is_noticed(headless: Headless):
    body = """
        tell([Clamp3.mismatch({version: "1", api: 1}, "1"), Clamp3.mismatch({version: "2", api: 1}, "1"),
            Clamp3.mismatch({version: "1", api: 9}, "1")]);
    """

    assert headless(body, scores.plain(1)) == [["", "version", "other"]]


def test_every_word_is_there_in_every_language(headless: Headless):
    body = """
        var gaps = [];
        for (var key in Words.WORDS) {
            for (var i = 0; i < Words.LANGUAGES.length; i++) {
                var word = Words.WORDS[key][i];
                var first = Words.WORDS[key][0];
                if (!word || (word.indexOf("%1") < 0) !== (first.indexOf("%1") < 0)) {
                    gaps.push(key + " " + Words.LANGUAGES[i]);
                }
            }
        }
        tell([gaps, Words.columnOf("ko_KR"), Words.columnOf("pt_BR"), Words.say(1, "bars", "3–5")]);
    """

    told = headless(body, scores.plain(1))

    assert told == [[[], 6, 0, "Takte 3–5"]]
