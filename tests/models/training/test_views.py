import random

import numpy as np

from clamp3_models.patches import patchify, remove_instrument_info
from clamp3_models.training.views import ViewSettings, view_of, without_headers, without_instruments

SCORE = (
    'L:1/8\nQ:1/4=90\nM:4/4\nK:G\nV:1 treble nm="Flute" snm="Fl."\nV:2 bass snm="Bc."\n'
    + "[V:1]G4 A4|[V:2]G,8|\n" * 40
)
PERFORMANCE = (
    "ticks_per_beat 480\nset_tempo 500000 0\ntime_signature 4 4 24 8 0\n"
    "program_change 0 0 40\nprogram_change 0 1 33\nnote_on 0 0 60 64\nnote_off 480 0 60 0\n"
)
chance = random.Random
PLAIN = ViewSettings(window=30, from_start=1.0, headless=0.0, nameless=0.0)


def test_headers_that_tell_key_metre_and_tempo_are_taken_away():
    blind = without_headers(patchify(SCORE))

    assert (blind == patchify(SCORE.replace("Q:1/4=90\nM:4/4\nK:G\n", ""))).all()
    assert len(without_headers(patchify(PERFORMANCE))) == len(patchify(PERFORMANCE)) - 2


def test_instruments_are_taken_away_as_the_reference_does_it_in_the_text():
    for text in (SCORE, PERFORMANCE):
        expected = patchify(remove_instrument_info(text))
        assert (without_instruments(patchify(text)) == expected).all()


def test_a_thinned_view_keeps_its_beginning_and_says_where_its_patches_stood():
    patches = patchify(SCORE)

    for seed in range(20):
        view = view_of(patches, chance(seed), PLAIN, 20)
        assert len(view.patches) == len(set(view.positions)) == 20
        assert view.positions[:8].tolist() == list(range(8))
        assert view.positions.max() < 30
        assert (np.diff(view.positions) > 0).all()
        assert (view.patches == patches[view.positions]).all()


def test_a_window_that_fits_is_seen_whole():
    view = view_of(patchify(SCORE)[:12], chance(0), PLAIN, 20)

    assert view.positions.tolist() == list(range(12))


def test_windows_lie_anywhere_in_a_long_piece():
    settings = ViewSettings(window=30, from_start=0.0, headless=0.0, nameless=0.0)
    patches = patchify(SCORE)

    starts = {view_of(patches, chance(seed), settings, 30).patches.tobytes() for seed in range(20)}

    assert len(starts) > 1
