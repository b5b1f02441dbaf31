"""Retrieval metrics and feature folders: equal to the reference, and right where it was not."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clamp3_models.evaluation import retrieval
from clamp3_models.evaluation.features import Features, pair, read_embedding, read_features
from clamp3_plugin.errors import BrokenFileError, EmptyContentError, MissingFileError

GOLDEN = Path(__file__).parents[1] / "golden" / "retrieval"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text("utf-8"))


def number(case: str, name: str) -> float:
    """A number that the reference printed."""
    (line,) = [line for line in EXPECTED[case]["stdout"].splitlines() if line.startswith(name)]
    return float(line.rpartition(" ")[2])


def below_cache(path: Path | str) -> str:
    """Path inside the folder of features, as the reference's begin with ``../cache/``."""
    return str(path).partition("cache/")[2]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference's folder of features; not to be written to."""
    return write_cache(tmp_path_factory.mktemp("golden") / "cache")


def write_cache(cache: Path) -> Path:
    with np.load(GOLDEN / "features.npz") as arrays:
        for name, array in arrays.items():
            path = cache / name
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, array)
    return cache


@pytest.fixture(scope="module")
def queries(cache: Path) -> Features:
    return read_features(cache / "txt-q")


@pytest.fixture(scope="module")
def references(cache: Path) -> Features:
    return read_features(cache / "mid-r")


def golden_ranks(queries: Features, references: Features):
    pairing = pair(queries, references)
    return pairing, retrieval.ranks(
        queries.embeddings[pairing.query_index],
        references.embeddings[pairing.reference_index],
        pairing.target_index,
    )


def test_the_metrics_of_retrieval_are_the_reference_s(queries: Features, references: Features):
    pairing, ranks = golden_ranks(queries, references)

    assert pairing.keys == 12
    assert len(ranks) == number("eval", "Total query")
    assert len(pairing.reference_index) == number("eval", "Total reference")
    assert round(retrieval.mean_reciprocal_rank(ranks), 4) == number("eval", "MRR")
    for k in (1, 10, 100):
        assert round(retrieval.hit_rate(ranks, k), 4) == number("eval", f"Hit@{k}:")


def test_every_query_has_the_reference_s_rank(queries: Features, references: Features):
    pairing, ranks = golden_ranks(queries, references)

    targets = pairing.reference_index[pairing.target_index]
    found = {
        (below_cache(queries.paths[q]), below_cache(references.paths[r]), rank)
        for q, r, rank in zip(pairing.query_index, targets, ranks.tolist(), strict=True)
    }
    assert found == {
        (below_cache(line["query"]), below_cache(line["reference"]), line["rank"])
        for line in EXPECTED["eval_jsonl"]
    }


def test_pairwise_similarities_are_the_reference_s(queries: Features, references: Features):
    pairing = pair(queries, references)

    cosines = retrieval.pairwise_similarity(
        queries.embeddings[pairing.query_index],
        references.embeddings[pairing.reference_index[pairing.target_index]],
    )

    found = {
        below_cache(queries.paths[q]): cosine
        for q, cosine in zip(pairing.query_index, cosines.tolist(), strict=True)
    }
    expected = {below_cache(line["query"]): line["similarity"] for line in EXPECTED["score_jsonl"]}
    assert found == pytest.approx(expected, rel=0, abs=1e-6)
    assert round(float(cosines.mean()), 4) == number("score_pair", "Avg.")


def test_group_similarity_is_the_reference_s(queries: Features, references: Features):
    cosine = retrieval.group_similarity(queries.embeddings, references.embeddings)

    assert round(cosine, 4) == number("score_group", "Group")


@pytest.mark.parametrize(("case", "top_k"), [("search", 5), ("search_all", 100)])
def test_search_shows_what_the_reference_shows(cache: Path, case: str, top_k: int):
    folder = read_features(cache / "mid-flat")
    query = read_embedding(cache / "query" / "txt-a.npy")

    rows, cosines = retrieval.nearest(query, folder.embeddings, top_k)

    shown = [
        f"{folder.keys[row]} {round(cosine, 4)}"
        for row, cosine in zip(rows.tolist(), cosines.tolist(), strict=True)
    ]
    assert shown == EXPECTED[case]["stdout"].splitlines()[1:]


def test_search_works_in_nested_folders(cache: Path, references: Features):
    query = read_embedding(cache / "query" / "txt-a.npy")

    rows, _ = retrieval.nearest(query, references.embeddings, 100)

    assert sorted(references.keys[row] for row in rows) == sorted(references.keys)
    assert references.keys[0] == "en/song0"


def test_files_without_a_partner_are_reported_and_the_others_compared(tmp_path: Path):
    cache = write_cache(tmp_path / "cache")
    moved = cache / "mid-r" / "en" / "song5.npy"
    moved.rename(moved.with_name("other5.npy"))
    queries, references = read_features(cache / "txt-q"), read_features(cache / "mid-r")

    pairing = pair(queries, references)

    assert [
        {"unmatched_query": [f"../cache/{below_cache(path)}" for path in paths]}
        for paths in pairing.unmatched_queries
    ] + [
        {"unmatched_reference": [f"../cache/{below_cache(path)}"]}
        for path in pairing.unmatched_references
    ] == EXPECTED["unmatched_jsonl"]
    cosines = retrieval.pairwise_similarity(
        queries.embeddings[pairing.query_index],
        references.embeddings[pairing.reference_index[pairing.target_index]],
    )
    assert pairing.keys == 11
    assert len(cosines) == number("score_unmatched_y", "Total query")
    assert len(pairing.reference_index) == number("score_unmatched_y", "Total reference")
    assert round(float(cosines.mean()), 4) == number("score_unmatched_y", "Avg.")


def test_a_reference_without_a_query_still_competes():
    queries = Features((Path("q/a.npy"),), ("a",), np.array([[1, 0]], np.float32))
    references = Features(
        (Path("r/a.npy"), Path("r/b.npy")), ("a", "b"), np.array([[1, 1], [1, 0]], np.float32)
    )

    _, ranks = golden_ranks(queries, references)

    assert ranks.tolist() == [2]


def test_of_several_references_of_one_key_the_first_counts():
    queries = Features((Path("q/a.npy"),), ("a",), np.array([[1, 0]], np.float32))
    paths = (Path("r/a.1.npy"), Path("r/a.2.npy"))
    references = Features(paths, ("a", "a"), np.array([[0, 1], [1, 0]], np.float32))

    pairing = pair(queries, references)

    assert pairing.reference_index.tolist() == [0]
    assert pairing.target_index.tolist() == [0]


def test_a_tie_goes_to_the_target():
    reference = np.array([[2.0, 2.0], [1.0, 1.0], [0.0, 1.0]])

    ranks = retrieval.ranks(np.array([[1.0, 1.0]] * 2), reference, np.array([0, 1]))

    assert ranks.tolist() == [1, 1]


@given(copies=st.integers(2, 70), seed=st.integers(0, 2**16))
@settings(max_examples=25, deadline=None)
def test_copies_of_the_target_tie_with_it_wherever_they_stand(copies: int, seed: int):
    generator = np.random.default_rng(seed)
    reference = np.repeat(generator.standard_normal((1, 768)).astype(np.float32), copies, axis=0)
    query = generator.standard_normal((copies, 768)).astype(np.float32)

    ranks = retrieval.ranks(query, reference, np.arange(copies))

    assert ranks.tolist() == [1] * copies


@given(
    queries=st.integers(1, 6),
    references=st.integers(1, 8),
    at_once=st.integers(1, 20),
    seed=st.integers(0, 2**16),
)
@settings(deadline=None)
def test_ranks_are_places_in_the_sorted_list(
    queries: int, references: int, at_once: int, seed: int
):
    generator = np.random.default_rng(seed)
    query = generator.standard_normal((queries, 5))
    reference = generator.standard_normal((references, 5))
    targets = generator.integers(0, references, queries)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrieval, "_AT_ONCE", at_once)  # blocks of any size give the same
        ranks = retrieval.ranks(query, reference, targets)

    assert ranks.shape == (queries,)
    for row, target, rank in zip(query, targets, ranks, strict=True):
        order, _ = retrieval.nearest(row, reference, references)
        assert order.tolist().index(target) + 1 == rank


def test_a_zero_vector_is_similar_to_nothing():
    cosines = retrieval.pairwise_similarity(np.zeros((1, 3)), np.ones((1, 3)))

    assert cosines.tolist() == [0.0]


def test_two_thousand_queries_among_two_thousand_take_under_a_second():
    generator = np.random.default_rng(0)
    embeddings = generator.standard_normal((2000, 768)).astype(np.float32)
    shaken = embeddings + generator.standard_normal((2000, 768)).astype(np.float32)

    started = time.process_time()  # of all threads; the clock on the wall is the machine's load
    ranks = retrieval.ranks(shaken, embeddings, np.arange(2000))
    took = time.process_time() - started

    assert retrieval.hit_rate(ranks, 1) == 1.0
    assert took < 1.0  # measured: 0.21 s


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: retrieval.mean_reciprocal_rank(np.array([], int)), "no ranks"),
        (lambda: retrieval.hit_rate(np.array([0, 1]), 1), "from 1 upwards, not 0"),
        (lambda: retrieval.hit_rate(np.array([1]), 0), "from 1 upwards, not 0"),
        (lambda: retrieval.ranks(np.ones((1, 2)), np.ones((1, 3)), np.array([0])), r"\(1, 3\)"),
        (lambda: retrieval.ranks(np.ones((1, 2)), np.ones((1, 2)), np.array([1])), "outside the 1"),
        (lambda: retrieval.ranks(np.ones((1, 2)), np.ones((1, 2)), np.array([-1])), "outside"),
        (lambda: retrieval.ranks(np.ones((2, 2)), np.ones((1, 2)), np.array([0])), r"\(1,\)"),
        (lambda: retrieval.pairwise_similarity(np.ones((2, 2)), np.ones((1, 2))), "do not pair"),
        (lambda: retrieval.group_similarity(np.ones((0, 2)), np.ones((1, 2))), "empty"),
        (lambda: retrieval.nearest(np.full(2, np.nan), np.ones((1, 2)), 1), "not finite"),
        (lambda: retrieval.nearest(np.ones(2), np.ones((1, 2)), 0), "from 1 upwards, not 0"),
    ],
)
def test_a_question_without_sense_is_refused(call, message: str):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_ranks_of_no_query_are_empty():
    assert retrieval.ranks(np.ones((0, 2)), np.ones((3, 2)), np.zeros(0, int)).shape == (0,)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        pytest.param(np.ones((2, 3, 4), np.float32), r"shape \(2, 3, 4\)", id="frames"),
        pytest.param(np.ones((2, 3), np.float32), r"shape \(2, 3\)", id="two-embeddings"),
        pytest.param(np.float32(1.0), r"shape \(\)", id="a-number"),
        pytest.param(np.ones(3, int), "int64", id="integers"),
        pytest.param(np.array([1, np.nan], np.float32), "not finite", id="nan"),
        pytest.param(np.array([object()]), "no array of numbers", id="a-pickle"),
    ],
)
def test_what_is_no_embedding_is_refused(tmp_path: Path, array, message: str):
    np.save(tmp_path / "a.npy", array)

    with pytest.raises(BrokenFileError, match=message) as refusal:
        read_features(tmp_path)

    assert "a.npy" in refusal.value.message


@pytest.mark.parametrize("content", [b"", b"no array", "cut"], ids=["empty", "text", "truncated"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes | str):
    path = tmp_path / "a.npy"
    np.save(path, np.ones((1, 768), np.float32))
    path.write_bytes(path.read_bytes()[:-5] if isinstance(content, str) else content)

    with pytest.raises(BrokenFileError, match=r"a\.npy"):
        read_features(tmp_path)


def test_embeddings_of_two_lengths_are_refused(tmp_path: Path):
    np.save(tmp_path / "a.npy", np.ones((1, 3), np.float32))
    np.save(tmp_path / "b.npy", np.ones((1, 4), np.float32))

    with pytest.raises(BrokenFileError, match=r"b\.npy holds 4 numbers, .*a\.npy 3"):
        read_features(tmp_path)


def test_a_folder_that_is_not_there_or_empty_is_said_to_be_so(tmp_path: Path):
    with pytest.raises(MissingFileError, match="is no folder"):
        read_features(tmp_path / "absent")
    with pytest.raises(EmptyContentError, match=r"no \.npy file"):
        read_features(tmp_path)


def test_folders_with_nothing_in_common_name_an_example_of_each(queries: Features):
    strangers = Features((Path("r/x.npy"),), ("x",), np.ones((1, 8), np.float32))

    with pytest.raises(EmptyContentError, match="'en/song0', the first reference 'x'"):
        pair(queries, strangers)


def test_folders_of_two_models_are_not_compared(queries: Features):
    strangers = Features((Path("r/x.npy"),), ("x",), np.ones((1, 9), np.float32))

    with pytest.raises(BrokenFileError, match=r"8 numbers, .* 9"):
        pair(queries, strangers)
