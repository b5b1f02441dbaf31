"""A whole evaluation on a real, tiny model: every figure is of what it says."""

import json
from pathlib import Path

import numpy as np
import pytest

from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.evaluation.development import Plan, evaluate, groups_of
from clamp3_models.evaluation.pieces import Pieces, read_pieces
from clamp3_models.evaluation.report import Report, markdown, write
from clamp3_models.evaluation.retrieval import mean_reciprocal_rank, ranks
from clamp3_models.evaluation.space import Form, Space, search
from clamp3_models.evaluation.translations import TableOfConcepts
from tests.models.evaluation.conftest import record

TABLE = TableOfConcepts({("dance", "jig"): {"en": "jig", "fi": "jigi"}})


@pytest.fixture(scope="module")
def measured(tiny: Clamp3Encoder, tunes: Pieces) -> Report:
    return evaluate(tiny, tunes, Plan(languages=("fi", "am"), table=TABLE))[1]


def test_the_main_group_is_what_the_weights_may_learn_from(tunes: Pieces):
    groups = groups_of(tunes.members)

    assert [len(groups.main), len(groups.all)] == [8, 12]
    assert {name: len(members) for name, members in groups.by_class.items()} == {
        "nc": 4, "open": 4, "permission": 4,
    }  # fmt: skip


def test_text_to_score_is_what_the_metrics_say_of_the_embeddings(
    measured: Report, tiny: Clamp3Encoder, tunes: Pieces
):
    main = [piece for piece in tunes.members if piece.licence_class != "nc"]
    texts = tiny.encode_text([piece.text for piece in main])
    scores = tiny.encode_score([piece.score for piece in main])

    row = measured.table("text_to_score").row("open and permission")

    expected = mean_reciprocal_rank(ranks(texts, scores, np.arange(len(main))))
    assert row.estimate("MRR").value == pytest.approx(expected, abs=0.01)
    assert (row.figures["queries"], row.figures["references"]) == (8, 8)


def test_classes_are_ranked_among_all_and_counted_apart(measured: Report):
    table = measured.table("text_to_score")

    counts = [table.row(f"all: {name}").figures["queries"] for name in ("open", "permission", "nc")]
    whole = table.row("all").figures
    parts = [
        table.row(f"all: {name}").estimate("MRR").value for name in ("open", "permission", "nc")
    ]
    assert (counts, whole["references"]) == ([4, 4, 4], 12)
    assert table.row("all").estimate("MRR").value == pytest.approx(np.mean(parts))


def test_the_ceiling_counts_pieces_of_one_text(tiny: Clamp3Encoder):
    twins = read_pieces([record(i, artists=["One"]) for i in (0, 6)])

    report = evaluate(tiny, twins, Plan(languages=()))[1]

    row = report.table("text_to_score").row("open and permission, best possible")
    assert row.figures["MRR"] == 0.75


def test_a_broken_midi_file_is_named_and_left_out(measured: Report):
    assert any(line.startswith("tune11: performance: ") for line in measured.missing)
    assert measured.data["performances made from a score"] == 11


def test_what_there_is_no_data_for_is_named(tiny: Clamp3Encoder):
    few = read_pieces([record(i, abc="") for i in range(2)])

    report = evaluate(tiny, few, Plan(languages=()))[1]

    assert "Text to score: no piece has what it needs" in report.missing
    assert [table.name for table in report.tables] == ["text_to_performance"]


def test_every_language_says_how_much_of_the_texts_it_said(measured: Report):
    table = measured.table("languages_independent_table")

    assert table.row("am").figures["said"] == 0
    assert table.row("fi").figures["said"] == pytest.approx(0.5 / 4)
    assert table.row("en").estimate("to English").value == 1
    assert "said facts only: MRR" not in table.row("am").figures


def test_a_piece_is_embedded_once_in_every_form(tunes: Pieces, tiny: Clamp3Encoder):
    done: list[str] = []
    space = Space(tiny, tunes.members, lambda name, _done, _total: done.append(name))
    everything = np.arange(len(tunes.members))

    first = space.music(Form.SCORE, everything[:5])
    again = space.music(Form.SCORE, everything)
    space.music(Form.SCORE, everything)

    assert done == ["scores", "scores"]
    np.testing.assert_array_equal(first.vectors, again.vectors[:5])


def test_a_search_for_itself_finds_everything_first(tunes: Pieces, tiny: Clamp3Encoder):
    space = Space(tiny, tunes.members, lambda *_: None)
    scores = space.music(Form.SCORE, np.arange(12))

    found = search(scores.among(np.array([3, 7])), scores)

    assert (found.ranks.tolist(), found.members.tolist(), found.references) == ([1, 1], [3, 7], 12)


def test_a_report_is_written_for_people_and_programs(measured: Report, tmp_path: Path):
    write(measured, tmp_path)

    table = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert table["model"] == measured.model
    assert {"low", "value", "high"} == set(table["tables"][0]["rows"][0]["figures"]["MRR"])
    assert (tmp_path / "report.md").read_text("utf-8") == markdown(measured)
    assert "| all: nc | 4 | 12 |" in markdown(measured)
