import torch
from torch import nn

from clamp3_models.training.alignment import AlignmentSettings, TextSide, align
from clamp3_models.training.text_tower import TextTower
from clamp3_models.transformer import Transformer, TransformerConfig

CONFIG = TransformerConfig(32, 3, 1, 64, 300, 66, 1, 1e-12, 0.0)


def by_bytes(text):
    return [0, *(3 + byte for byte in text.encode()), 2]


def side():
    torch.manual_seed(0)
    return TextSide(TextTower(Transformer(CONFIG).eval(), by_bytes, "", 48), nn.Linear(32, 16))


def test_languages_come_nearer_and_only_the_top_learns():
    text_side = side()
    before = {key: value.clone() for key, value in text_side.tower.model.state_dict().items()}
    losses = []

    align(
        text_side,
        ["jig\nG major", "waltz"],
        AlignmentSettings(steps=40, layers=1, phrases=12, english_texts=2, learning_rate=3e-3),
        lambda _, loss: losses.append(loss),
    )

    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])
    changed = {k for k, v in text_side.tower.model.state_dict().items() if not v.equal(before[k])}
    assert changed
    assert all(key.startswith("encoder.layer.2.") for key in changed)


def test_texts_are_encoded_in_their_order():
    text_side = side().encode

    together = text_side(["a longer text", "short"])

    torch.testing.assert_close(
        together, torch.cat([text_side(["a longer text"]), text_side(["short"])])
    )
