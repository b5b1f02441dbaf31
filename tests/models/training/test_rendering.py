"""Renderings: who plays what, when, and that they can be had again."""

import random
from pathlib import Path

import numpy as np
import pytest

from clamp3_models.training.records import Record
from clamp3_models.training.rendering import PROGRAMS, Renderer, RenderSettings, _Cast, _instrument
from clamp3_plugin.readers.performance import Performance, read_midi

SOUNDFONTS = sorted(
    Path("/usr/share/sounds").glob("sf[23]/*.sf[23]"), key=lambda p: p.stat().st_size
)


CHOOSE = random.Random(0)  # noqa: S311 - reproducible, not secret


def midi(channels: int) -> bytes:
    track = bytearray()
    for channel in range(channels):
        track += bytes([0, 0x90 | channel, 60 + channel, 90])
    for channel in range(channels):
        track += bytes([0x83, 0x60 if channel == 0 else 0, 0x80 | channel, 60 + channel, 0])
    track += bytes([0, 0xFF, 0x2F, 0])
    head = b"MThd" + (6).to_bytes(4) + (0).to_bytes(2) + (1).to_bytes(2) + (480).to_bytes(2)
    return head + b"MTrk" + len(track).to_bytes(4) + bytes(track)


def record(**fields: object) -> Record:
    return Record("some/piece", "family", "some", dict(fields), Path(), midi(2))


def performance() -> Performance:
    return read_midi(midi(2))[0]


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("Violino Primo.", "violin"), ("Viola", "viola"), ("Violoncello", "cello"),
        ("Clarinetto Primo", "clarinet"), ("Clarino Secondo", "trumpet"), ("Canto.", "soprano"),
        ("Baſſo.", "bass-voice"), ("Cornu 1mo", "horn"), ("Baſso Continuo", "organ"), ("", ""),
    ],
)  # fmt: skip
def test_the_instrument_of_a_voice_is_told_by_its_name(name: str, tag: str) -> None:
    assert _instrument(name) == tag


def test_a_piece_is_played_on_what_its_voices_name() -> None:
    abc = 'V:1 treble nm="Violino"\nV:2 bass nm="Organo"\n'

    cast = _Cast.of(record(abc=abc), performance())

    programs = cast.programs(CHOOSE, faithful=True)
    assert programs[0] in PROGRAMS["violin"]
    assert programs[1] in PROGRAMS["organ"]


def test_the_only_instrument_of_a_piece_plays_everything() -> None:
    cast = _Cast.of(record(instrumentation=["harpsichord"]), performance())

    assert cast.programs(CHOOSE, faithful=True) == {0: 6, 1: 6}


@pytest.mark.skipif(not SOUNDFONTS, reason="no soundfont is installed")
def test_the_same_rendering_can_be_had_again_and_another_copy_differs() -> None:
    renderer = Renderer(SOUNDFONTS[:1], RenderSettings(seconds=3.0))

    first, again, other = (renderer.render(record(), performance(), copy) for copy in (0, 0, 1))

    np.testing.assert_array_equal(first.samples, again.samples)
    assert first.instruments == again.instruments
    assert not np.array_equal(first.samples, other.samples)
    assert np.abs(first.samples).max() > 0.01
