"""Key and tempo of recordings: found where they can be heard, left open where they cannot."""

import numpy as np
import pytest

from clamp3_plugin.music import Metadata
from clamp3_plugin.readers.audio.estimates import estimated_key, estimated_tempo, with_estimates
from tests.core.readers.audio.sounds import tone
from tests.core.tunes import played


@pytest.mark.parametrize("tempo", [84, 96, 120, 132])
def test_a_tempo_is_found_but_for_its_octave(tempo):
    found = estimated_tempo(played(3, 20.0, tempo))

    assert found is not None
    assert min(abs(found / tempo / octave - 1) for octave in (0.5, 1, 2)) < 0.03


@pytest.mark.parametrize(("tonic", "keys"), [(60, {"C", "Am"}), (62, {"D", "Bm"})])
def test_a_key_is_found_but_for_its_relative(tonic, keys):
    assert estimated_key(played(1, 20.0, tonic=tonic)) in keys


def test_noise_has_no_pulse_and_a_tone_no_key():
    noise = np.random.default_rng(1).standard_normal(24_000 * 20).astype(np.float32) * 0.1

    assert estimated_tempo(noise) is None
    assert estimated_key(tone(20.0)[:, 0]) == ""


def test_what_the_tags_say_is_not_estimated():
    tags = Metadata(key="F#", tempo=97.0, duration=20.0)

    assert with_estimates(tags, played(1, 20.0)) == tags


def test_an_estimate_says_that_it_is_one():
    found = with_estimates(Metadata(duration=20.0), played(1, 20.0))

    assert found.key_is_estimated
    assert found.tempo_is_estimated


def test_of_a_short_clip_nothing_is_said():
    assert with_estimates(Metadata(duration=3.0), played(1, 3.0)) == Metadata(duration=3.0)
