import pytest
import torch
from torch import nn

from clamp3_models.clamp3 import Clamp3
from clamp3_models.half_linear import HalfLinear, can_halve, halve
from clamp3_models.weights import load_model, read_config, write_model

pytestmark = pytest.mark.skipif(not can_halve(), reason="this torch has no FBGEMM")


def test_it_gives_what_the_layer_with_rounded_weights_gives():
    torch.manual_seed(0)
    linear = nn.Linear(48, 20)
    rows = torch.randn(7, 48)
    rounded = nn.functional.linear(rows, linear.weight.half().float(), linear.bias)

    with torch.inference_mode():
        found = HalfLinear(linear)(rows)

    assert torch.allclose(found, rounded, atol=1e-5)
    assert not torch.equal(found, linear(rows))


def test_every_linear_layer_below_a_module_is_replaced():
    module = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Sequential(nn.Linear(4, 2)))

    halve(module)

    assert [type(part) for part in module] == [HalfLinear, nn.LayerNorm, nn.Sequential]
    (inner,) = module[2].children()
    assert isinstance(inner, HalfLinear)


@pytest.mark.parametrize("half", [True, False])
def test_only_a_model_that_is_stored_small_is_kept_small(tiny_folder, state, tmp_path, half):
    config = read_config(tiny_folder)
    write_model(tmp_path, config, state, half=half)
    for name in ("sentencepiece.bpe.model", "tokenizer.json"):
        if (tiny_folder / name).exists():
            (tmp_path / name).write_bytes((tiny_folder / name).read_bytes())

    encoder = load_model(tmp_path)

    layers = [type(m) for m in encoder._model.text_model.encoder.modules()]
    assert (HalfLinear in layers) is half
    exact = Clamp3(config)
    exact.load_state_dict({key: t.half().float() if half else t for key, t in state.items()})
    ids = torch.arange(4, 10)
    with torch.inference_mode():
        wanted = exact.eval().text_hidden(ids, [6])
        found = encoder._model.text_hidden(ids, [6])
    assert torch.allclose(found, wanted, atol=1e-5)
