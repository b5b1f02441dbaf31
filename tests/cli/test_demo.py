"""``clamp3 demo``: the scores are there, and the tour asks what it promises."""

import json

import pytest

from clamp3_cli.demo import FOLDERS, PASSAGE_OF, QUESTIONS, find_corpus, tour
from clamp3_cli.wiring import make_service
from clamp3_plugin.config import Config
from tests.cli.hash_daemon import load

pytest.importorskip("music21")


def test_the_corpus_has_what_the_demo_reads():
    corpus = find_corpus()

    assert [name for name in (*FOLDERS, PASSAGE_OF) if not (corpus / name).exists()] == []


def test_it_asks_in_five_languages_and_with_a_passage(home, capsys):
    corpus = find_corpus()
    service = make_service(home.create(), Config(), load)
    service.load()

    tour(service, corpus, ["essenFolksong/irl.abc"], as_json=True)

    service.close()
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len({question.language for question in QUESTIONS}) == 5
    assert len(answers) == 6
    assert all(len(answer["hits"]) == 5 for answer in answers)
    assert "bwv269" in answers[-1]["question"]
