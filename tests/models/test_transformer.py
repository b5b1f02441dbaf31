"""Our packed encoder against transformers' padded one, with the same random weights."""

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

from clamp3_models.clamp3 import Clamp3, Clamp3Config, SymbolicEncoder, mean_pool
from clamp3_models.transformer import Transformer, TransformerConfig

TOLERANCE = 5e-6  # float32 sums in another order; measured below 1e-6
BERT = TransformerConfig(64, 2, 2, 128, 1, 40, 2, 1e-12)
XLMR = TransformerConfig(64, 2, 4, 128, 50, 42, 1, 1e-5)


def randomize(model: torch.nn.Module, seed: int) -> None:
    """Biases and normalisation too, so that a forgotten one shows."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        noise = torch.randn(parameter.shape, generator=generator) * 0.3
        parameter.data = parameter.data * 0 + (1 + noise if parameter.ndim == 1 else noise)


def their_config(config: TransformerConfig) -> dict:
    return {
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "intermediate_size": config.intermediate_size,
        "max_position_embeddings": config.max_positions,
        "type_vocab_size": config.type_vocab_size,
        "layer_norm_eps": config.layer_norm_eps,
    }


@pytest.fixture(scope="module")
def bert() -> SimpleNamespace:
    theirs = BertModel(BertConfig(**their_config(BERT))).eval()
    ours = Transformer(BERT).eval()
    randomize(theirs, 1)
    ours.load_state_dict(theirs.state_dict())
    return SimpleNamespace(theirs=theirs, ours=ours)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(0, 99))
def test_packed_sequences_give_what_bert_gives_padded_and_masked(bert, lengths, seed):
    longest = max(lengths)
    inputs = torch.randn(len(lengths), longest, 64, generator=torch.Generator().manual_seed(seed))
    real = torch.arange(longest) < torch.tensor(lengths)[:, None]
    positions = torch.arange(longest).expand(len(lengths), longest)

    with torch.inference_mode():
        expected = bert.theirs(inputs_embeds=inputs, attention_mask=real.long()).last_hidden_state
        hidden = bert.ours(inputs[real], positions[real], lengths)

    torch.testing.assert_close(hidden, expected[real], rtol=0, atol=TOLERANCE)


def test_the_text_tower_gives_what_xlm_roberta_gives():
    theirs = XLMRobertaModel(XLMRobertaConfig(**their_config(XLMR), pad_token_id=1)).eval()
    randomize(theirs, 2)
    ours = Clamp3(Clamp3Config("random", 64, XLMR, BERT, None)).eval()
    ours.text_model.load_state_dict(theirs.state_dict())
    texts = [[0, 7, 8, 9, 2], [0, 11, 2], [0, 7, 1, 8, 2]]  # the last holds a <pad> of its own
    padded = torch.tensor([text + [1] * (5 - len(text)) for text in texts])
    real = torch.tensor([[i < len(text) for i in range(5)] for text in texts])

    with torch.inference_mode():
        expected = theirs(padded, attention_mask=real.long()).last_hidden_state
        hidden = ours.text_hidden(padded[real], [len(text) for text in texts])

    torch.testing.assert_close(hidden, expected[real], rtol=0, atol=TOLERANCE)


def test_summed_columns_equal_the_linear_layer_on_one_hot_patches():
    encoder = SymbolicEncoder(BERT)
    patches = torch.randint(0, 128, (5, 64), dtype=torch.uint8)
    one_hot = torch.nn.functional.one_hot(patches.long(), 128).float().flatten(1)

    torch.testing.assert_close(
        encoder.embed(patches), encoder.patch_embedding(one_hot), rtol=0, atol=TOLERANCE
    )


def test_a_mean_is_taken_over_every_sequence_by_itself():
    hidden = torch.tensor([[1.0], [3.0], [10.0]])

    assert mean_pool(hidden, [2, 1]).tolist() == [[2.0], [10.0]]


def test_the_official_sizes_are_those_of_the_published_checkpoint():
    with torch.device("meta"):
        state = Clamp3(Clamp3Config.official("saas")).state_dict()

    assert len(state) == 605
    assert sum(tensor.numel() for tensor in state.values()) == 457_896_960


def test_a_model_without_an_audio_tower_has_none_of_its_weights():
    state = Clamp3(Clamp3Config("mini", 64, XLMR, BERT, None)).state_dict()

    assert not [key for key in state if key.startswith("audio")]


def test_heads_must_divide_the_hidden_size():
    with pytest.raises(ValueError, match="3 heads do not divide 64"):
        TransformerConfig(64, 2, 3, 128, 1, 40, 2, 1e-12)


@pytest.mark.parametrize("audio", [BERT, None], ids=["with audio", "without audio"])
def test_a_configuration_survives_its_file(audio):
    config = Clamp3Config("mine", 64, XLMR, BERT, audio, text_prefix="query: ")

    assert Clamp3Config.from_json(config.to_json()) == config
