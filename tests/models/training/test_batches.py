import numpy as np
import pytest

from clamp3_models.training.batches import BatchSettings, Sampler
from clamp3_models.training.truth import Truth
from clamp3_models.training.views import ViewSettings
from tests.models.training.test_bank import make, records  # noqa: F401 - a fixture

VIEWS = ViewSettings(window=16, most_patches=10)


@pytest.fixture
def bank(records, tmp_path):  # noqa: F811 - the fixture
    return make(records, tmp_path / "bank")


def sampler(bank, **settings):
    chosen = BatchSettings(pieces=4, other_texts=6, **settings)
    return Sampler(bank, Truth(bank), chosen, VIEWS, seed=1)


def test_a_batch_depends_on_its_step_alone(bank):
    one, again, other = (sampler(bank).batch(step) for step in (3, 3, 4))

    assert one.texts.equal(again.texts)
    assert one.first.patches.equal(again.first.patches)
    assert not (one.texts.equal(other.texts) and one.first.patches.equal(other.first.patches))


def test_views_are_packed_by_length_and_thinned_unless_they_are_to_be_whole(bank):
    thinned, whole = sampler(bank).batch(0), sampler(bank).batch(0, thinned=False)

    assert list(thinned.first.lengths) == sorted(thinned.first.lengths)
    assert max(thinned.first.lengths) == 10
    assert max(whole.first.lengths) == 16
    assert len(thinned.first.positions) == sum(thinned.first.lengths) == len(thinned.first.patches)


def test_a_piece_in_another_key_is_not_told_to_be_in_the_first_one(bank):
    drawn = [sampler(bank, transposed=1.0).batch(step) for step in range(20)]
    truth = Truth(bank)

    assert any(any(batch.transposed) for batch in drawn)
    for batch in drawn:
        texts = batch.texts[: len(batch.pieces)].numpy()
        assert not (truth.states_key[texts] & np.array(batch.transposed)).any()


def test_a_text_is_true_of_every_piece_that_has_what_it_states(bank):
    truth = Truth(bank)
    texts, pieces = np.arange(len(bank.texts)), np.arange(len(bank.pieces))

    expected = [[facts <= piece.facts for piece in bank.pieces] for facts in bank.text_facts]

    assert truth(texts, pieces).tolist() == expected
    unfit = truth.unfit(texts, pieces, np.ones(len(pieces), bool))
    assert (unfit == (np.array(expected) | truth.states_key[:, None])).all()
