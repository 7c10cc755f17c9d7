"""The bf16 layers give what transformers' own do, for both kinds of model, and are used only where they are faster."""

import numpy as np
import pytest
import torch
from made_up import articles
from test_encoder import BF16_IS_REAL, fold_into_distilbert
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel, RobertaConfig, RobertaModel

from spheres.data.text import Text
from spheres.encoder.bf16_layers import Bf16Layers
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import BUNDLED

TEXTS = [Text(a["title"], a["abstract"]) for a in articles(6)] + [Text("Only a title", ""), Text("", "An abstract.")]
SMALL = {"vocab_size": 50}


@pytest.fixture(scope="module")
def pairs(encoder: Encoder) -> list[tuple[BertModel | DistilBertModel, Bf16Layers]]:
    """A BERT and a DistilBERT with real weights in fp32, which every machine computes, and these layers of each."""
    models = encoder.model, fold_into_distilbert(encoder.model)
    return [(model, layers) for model in models if (layers := Bf16Layers.from_model(model))]


@pytest.mark.parametrize("length", [1, 32, 33, 100])
def test_hidden_states_are_those_of_transformers_own_layers(
    length: int, pairs: list[tuple[BertModel | DistilBertModel, Bf16Layers]]
) -> None:
    """They differ by the order of additions; at 32 tokens no key is padded."""
    ids = torch.from_numpy(np.random.default_rng(length).integers(1000, 30000, (2, length)))
    positions = torch.arange(length).repeat(2)
    assert len(pairs) == 2
    for model, layers in pairs:
        with torch.inference_mode():
            expected = model(input_ids=ids).last_hidden_state.flatten(0, 1)
            assert torch.allclose(layers(ids.flatten(), positions, [(2, length)]), expected, atol=2e-5)


def test_other_kinds_of_model_keep_their_own_layers() -> None:
    torch.manual_seed(0)
    kinds = [
        RobertaModel(RobertaConfig(**SMALL, num_hidden_layers=1, hidden_size=16, num_attention_heads=2)),
        BertModel(BertConfig(**SMALL, num_hidden_layers=1, hidden_size=16, num_attention_heads=2, hidden_act="relu")),
        DistilBertModel(DistilBertConfig(**SMALL, n_layers=1, n_heads=2, dim=16, activation="relu")),
    ]
    assert [Bf16Layers.from_model(kind.eval()) for kind in kinds] == [None, None, None]


def test_in_fp32_the_models_own_layers_are_used(encoder: Encoder) -> None:
    assert encoder.layers is None


@pytest.mark.parametrize("supported", [True, False])
def test_in_bf16_these_layers_are_used_where_the_processor_supports_it(
    supported: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = BertModel(BertConfig(**SMALL, num_hidden_layers=1, hidden_size=16, num_attention_heads=2)).eval()
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: supported)
    monkeypatch.setattr(Bf16Layers, "from_model", lambda model: model)
    assert (Bf16Layers.for_model(tiny.bfloat16()) is tiny) == supported
    assert Bf16Layers.for_model(tiny.float()) is None


@pytest.mark.skipif(not BF16_IS_REAL, reason="bf16 is emulated here")
def test_in_bf16_a_vector_is_bit_identical_alone_and_among_others() -> None:
    """In fp32 the order of additions may follow the number of rows, as it does in the library: the last bit or two."""
    encoder = Encoder.load(BUNDLED, "bf16")
    tokens = encoder.tokenize(TEXTS)
    together = encoder.encode(tokens)
    assert (together == np.concatenate([encoder.encode([t]) for t in tokens])).all()
    assert (encoder.encode(tokens * 3) == np.concatenate([together] * 3)).all()


def test_an_encoder_gives_the_same_vectors_through_either_layers(encoder: Encoder) -> None:
    other = Encoder(BUNDLED, encoder.model, encoder.tokenizer, encoder.fingerprint)
    other.layers = Bf16Layers.from_model(encoder.model)
    tokens = encoder.tokenize(TEXTS)
    assert np.abs(other.encode(tokens) - encoder.encode(tokens)).max() < 1e-5
