"""P13: trouble with a graphics card is an error, not an end.

Negative control, 2026-11-30: without the ``except`` clauses of ``Places.run`` all 26 failed, with the error
of the card itself.
"""

import numpy as np
import pytest
import torch

from clamp3_models import places
from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.places import Places
from clamp3_plugin.errors import GpuMemoryError

CARD = torch.device("cuda", 0)


class Troubled:
    """Computes the sum of what it is given; fails at some of its calls, on the card or anywhere."""

    def __init__(self, *failing: int, error: type[Exception], everywhere: bool = False) -> None:
        self.failing, self.error, self.everywhere = set(failing), error, everywhere
        self.calls: list[tuple[str, int]] = []

    def __call__(self, model, device: torch.device, at_once: int) -> float:
        self.calls.append((device.type, at_once))
        if len(self.calls) in self.failing and (self.everywhere or device.type != "cpu"):
            raise self.error("CUDA error")
        return float(model.weight.detach().sum())


@pytest.fixture
def layer() -> torch.nn.Module:
    return torch.nn.Linear(3, 2)


@pytest.fixture
def on_card(layer) -> Places:
    return Places(layer, CARD)


@pytest.mark.parametrize("n", range(1, 21))
def test_memory_that_runs_out_at_any_call_costs_no_answer(on_card, layer, n):
    work = Troubled(n, error=torch.OutOfMemoryError)

    answers = {on_card.run(work) for _ in range(20)}

    assert answers == {float(layer.weight.detach().sum())}
    assert work.calls[n] == ("cuda", work.calls[n - 1][1] // 2)


def test_less_is_computed_at_a_time_and_in_the_end_the_cpu_does_it(on_card):
    work = Troubled(*range(1, 9), error=torch.OutOfMemoryError)

    on_card.run(work)

    halves = [("cuda", 65536 >> i) for i in range(8)]
    assert work.calls == [*halves, ("cpu", 2048)]


def test_a_card_that_fails_three_times_in_a_minute_is_left_alone(on_card):
    work = Troubled(1, 3, 5, error=torch.AcceleratorError)

    for _ in range(5):
        on_card.run(work)

    assert [place for place, _ in work.calls] == ["cuda", "cpu"] * 3 + ["cpu", "cpu"]


def test_a_card_that_fails_seldom_is_asked_again(on_card, monkeypatch):
    hours = iter(range(0, 36_000, 3600))
    monkeypatch.setattr("clamp3_models.places.time.monotonic", lambda: float(next(hours)))
    work = Troubled(1, 3, 5, error=torch.AcceleratorError)

    for _ in range(4):
        on_card.run(work)

    assert [place for place, _ in work.calls] == ["cuda", "cpu"] * 3 + ["cuda"]


@pytest.mark.parametrize("device", [CARD, torch.device("cpu")], ids=str)
def test_memory_that_is_nowhere_is_an_error_that_says_what_to_do(layer, device):
    work = Troubled(*range(1, 99), error=torch.OutOfMemoryError, everywhere=True)

    with pytest.raises(GpuMemoryError, match="Close other programs"):
        Places(layer, device).run(work)


def test_an_encoder_gives_the_same_with_less_at_a_time(tiny: Clamp3Encoder, monkeypatch):
    scores = [
        "%%score 1\nL:1/8\nQ:1/4=100\nM:4/4\nK:C\n" + f"[V:1]{note}8|\n" * 40 for note in "CDE"
    ]
    whole = tiny.encode_score(scores)
    hidden, calls = tiny._model.symbolic_hidden, []

    def troubled(patches, lengths):
        calls.append(len(patches))
        if len(patches) > 60:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return hidden(patches, lengths)

    monkeypatch.setattr(tiny._model, "symbolic_hidden", troubled)
    monkeypatch.setattr(tiny, "_places", Places(tiny._model, torch.device("cpu")))
    monkeypatch.setattr(places, "_LEAST_AT_ONCE", 1)

    assert np.abs(tiny.encode_score(scores) - whole).max() < 1e-5
    assert calls[0] > 60 >= calls[-1]
