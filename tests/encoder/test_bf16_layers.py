"""The fast layers: what the library's own model gives, for both kinds; None for every other kind."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from made_up import articles
from test_encoder import fold_into_distilbert
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel, RobertaConfig, RobertaModel

from spheres.encoder.bf16_layers import Layers
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import BUNDLED

TEXTS = [(a["title"], a["abstract"]) for a in articles(24)] + [
    ("Only a title", ""),
    ("", "Only an abstract."),
    ("", ""),
]
SMALL = {"vocab_size": 50}


@pytest.mark.parametrize("length", [1, 2, 31, 32, 33, 256, 512])
def test_hidden_states_are_the_librarys_own(encoder: Encoder, length: int) -> None:
    """Differs by the order in which numbers are added; at 32 tokens no key is padded."""
    ids = torch.from_numpy(np.random.default_rng(length).integers(1000, 30000, (3, length)))
    for model in (encoder.model, fold_into_distilbert(encoder.model)):
        layers = Layers.of(model)
        assert layers is not None
        with torch.inference_mode():
            assert torch.allclose(layers(ids), model(input_ids=ids).last_hidden_state, atol=2e-5)


def test_other_kinds_go_through_the_library() -> None:
    torch.manual_seed(0)
    kinds = [
        RobertaModel(RobertaConfig(**SMALL, num_hidden_layers=1, hidden_size=16, num_attention_heads=2)),
        BertModel(BertConfig(**SMALL, num_hidden_layers=1, hidden_size=16, num_attention_heads=2, hidden_act="relu")),
        DistilBertModel(DistilBertConfig(**SMALL, n_layers=1, n_heads=2, dim=16, activation="relu")),
    ]
    assert [Layers.of(kind.eval()) for kind in kinds] == [None, None, None]


def test_in_bf16_a_vector_is_bit_identical_alone_and_among_others() -> None:
    """In fp32 the order of additions may follow the number of rows, as it does in the library: the last bit or two."""
    encoder = Encoder.load(BUNDLED, "bf16")
    tokens = encoder.tokenize(TEXTS)
    together = encoder.encode(tokens)
    assert (together == np.concatenate([encoder.encode([t]) for t in tokens])).all()
    assert (encoder.encode(tokens * 3) == np.concatenate([together] * 3)).all()


def test_workers_leave_the_number_of_threads_alone(encoder: Encoder) -> None:
    before = torch.get_num_threads()
    seen: list[int] = []
    encoder.encode(encoder.tokenize(TEXTS), seen.append)
    assert torch.get_num_threads() == before
    assert sum(seen) == len(TEXTS)


def test_an_encoder_without_fast_layers_gives_the_same(encoder: Encoder) -> None:
    plain = Encoder(replace(BUNDLED), encoder.model, encoder.tokenizer, encoder.fingerprint)
    plain.layers = None
    tokens = encoder.tokenize(TEXTS)
    assert np.abs(plain.encode(tokens) - encoder.encode(tokens)).max() < 1e-5
