"""Our MERT against transformers' HuBERT with the same random weights, and against the published sizes."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import HubertConfig, HubertModel

from clamp3_models.mert.files import with_old_names
from clamp3_models.mert.network import Mert, MertConfig
from tests.models.test_transformer import randomize

TOLERANCE = 5e-6  # float32 sums in another order
SMALL = MertConfig(
    24, 3, 4, 48, (8,) * 7, position_kernel=16, position_groups=4, layer_norm_eps=1e-3
)


@pytest.fixture(scope="module", params=[16, 15], ids=["even kernel", "odd kernel"])
def pair(request) -> tuple[HubertModel, Mert]:
    """Transformers' network and ours."""
    config = replace(SMALL, position_kernel=request.param)
    names: dict[str, Any] = {k: v for k, v in config.to_json().items() if k != "model_type"}
    theirs = HubertModel(HubertConfig(**names)).eval()
    randomize(theirs, 1)
    ours = Mert(config).eval()
    ours.load_state_dict(with_old_names(theirs.state_dict()))
    return theirs, ours


@pytest.mark.parametrize("samples", [24_000, 24_001, 30_333])
def test_every_hidden_state_is_that_of_hubert(pair, samples: int):
    theirs, ours = pair
    waves = torch.randn(2, samples, generator=torch.Generator().manual_seed(samples))

    with torch.inference_mode():
        expected = theirs(waves, output_hidden_states=True).hidden_states
        found = list(ours.hidden_states(waves))

    assert len(found) == len(expected) == SMALL.num_layers + 1
    for mine, wanted in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, wanted, rtol=0, atol=TOLERANCE)


def test_windows_do_not_hear_each_other(pair):
    _, ours = pair
    waves = torch.randn(3, 24_000, generator=torch.Generator().manual_seed(2))

    with torch.inference_mode():
        together = list(ours.hidden_states(waves))[-1]
        alone = list(ours.hidden_states(waves[1:2]))[-1]

    torch.testing.assert_close(together[1:2], alone, rtol=0, atol=TOLERANCE)


def test_the_published_size_has_the_published_parameters():
    with torch.device("meta"):
        state = Mert(MertConfig()).state_dict()

    assert sum(tensor.numel() for tensor in state.values()) == 94_371_712
    assert len(state) == 211
    assert state["encoder.pos_conv_embed.conv.weight_v"].shape == (768, 48, 128)
    assert state["encoder.pos_conv_embed.conv.weight_g"].shape == (1, 1, 128)
    assert Counter(key.split(".")[0] for key in state) == {
        "encoder": 197, "feature_extractor": 9, "feature_projection": 4, "masked_spec_embed": 1,
    }  # fmt: skip


def test_five_seconds_have_374_frames():
    with torch.device("meta"):
        first = next(Mert(MertConfig()).hidden_states(torch.empty(1, 120_000)))

    assert first.shape == (1, 374, 768)


def test_a_configuration_survives_its_file(golden: Path):
    table = json.loads((golden / "mert" / "mert_tiny_config.json").read_text("utf-8"))

    config = MertConfig.from_json(table)

    assert (config.hidden_size, config.num_layers, config.position_kernel) == (32, 2, 32)
    assert MertConfig.from_json(config.to_json()) == config


CHANGES = [
    {"model_type": "hubert"},
    {"feature_extractor_cqt": True},
    {"deepnorm": True},
    {"do_stable_layer_norm": True},
    {"attention_relax": 32.0},
    {"feat_extract_norm": "layer"},
    {"conv_dim": [512]},
    {"num_attention_heads": 5},
    {"sample_rate": 16_000},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_another_network_is_refused(change):
    with pytest.raises(ValueError, match=r"is|are|have|divide"):
        MertConfig.from_json({**MertConfig().to_json(), **change})
