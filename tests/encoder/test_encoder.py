"""Vectors: the same alone as in a batch, the same as the library's own, and DistilBERT with real weights."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_up import articles
from transformers import BertModel, DistilBertConfig, DistilBertModel, RobertaConfig, RobertaModel

from spheres.data.text import Text
from spheres.encoder.encoder import Encoder, _computes_in_bf16
from spheres.encoder.hub import BUNDLED, fetch, find_encoder
from spheres.encoder.packing import BATCH_TOKENS, pack
from spheres.errors import SphereError

TEXTS = [Text(a["title"], a["abstract"]) for a in articles(8)] + [Text("Only a title", ""), Text("", "An abstract.")]
BF16_IS_REAL = _computes_in_bf16()


def fold_into_distilbert(bert: BertModel) -> DistilBertModel:
    """BERT's layers as DistilBERT's; the constant token-type vector moves into the position embeddings."""
    c = bert.config
    model = DistilBertModel(
        DistilBertConfig(
            vocab_size=c.vocab_size,
            max_position_embeddings=c.max_position_embeddings,
            n_layers=c.num_hidden_layers,
            n_heads=c.num_attention_heads,
            dim=c.hidden_size,
            hidden_dim=c.intermediate_size,
        )
    )
    old = bert.state_dict()
    new = {
        "embeddings.word_embeddings.weight": old["embeddings.word_embeddings.weight"],
        "embeddings.position_embeddings.weight": old["embeddings.position_embeddings.weight"]
        + old["embeddings.token_type_embeddings.weight"][0],
        "embeddings.LayerNorm.weight": old["embeddings.LayerNorm.weight"],
        "embeddings.LayerNorm.bias": old["embeddings.LayerNorm.bias"],
    }
    names = {
        "attention.q_lin": "attention.self.query",
        "attention.k_lin": "attention.self.key",
        "attention.v_lin": "attention.self.value",
        "attention.out_lin": "attention.output.dense",
        "sa_layer_norm": "attention.output.LayerNorm",
        "ffn.lin1": "intermediate.dense",
        "ffn.lin2": "output.dense",
        "output_layer_norm": "output.LayerNorm",
    }
    for i in range(c.num_hidden_layers):
        for ours, theirs in names.items():
            for kind in ("weight", "bias"):
                new[f"transformer.layer.{i}.{ours}.{kind}"] = old[f"encoder.layer.{i}.{theirs}.{kind}"]
    model.load_state_dict(new)
    return model.eval()


@pytest.fixture(scope="module")
def distilbert_folder(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled encoder's real weights, saved as a DistilBERT."""
    folder = tmp_path_factory.mktemp("encoders") / "folded-distilbert"
    fold_into_distilbert(encoder.model).save_pretrained(folder)
    encoder.tokenizer.save_pretrained(folder)
    return folder


def test_distilbert_with_real_weights_gives_the_bundled_encoders_outputs(
    distilbert_folder: Path, encoder: Encoder
) -> None:
    for pooling in ("cls", "mean"):
        distilbert = Encoder.load(find_encoder(str(distilbert_folder), pooling), precision="fp32")
        assert type(distilbert.model).__name__ == "DistilBertModel"
        bundled = Encoder(replace(BUNDLED, pooling=pooling), encoder.model, encoder.tokenizer, encoder.fingerprint)
        tokens = distilbert.tokenize(TEXTS)
        assert tokens == bundled.tokenize(TEXTS)
        assert np.abs(distilbert.encode(tokens) - bundled.encode(tokens)).max() < 1e-5


def test_a_tiny_distilbert_from_a_folder_reads_cls_by_default(encoder: Encoder, tmp_path: Path) -> None:
    torch.manual_seed(0)
    tiny = DistilBertModel(DistilBertConfig(vocab_size=30522, n_layers=1, n_heads=2, dim=16, hidden_dim=32)).eval()
    folder = tmp_path / "tiny"
    tiny.save_pretrained(folder)
    encoder.tokenizer.save_pretrained(folder)
    loaded = Encoder.load(find_encoder(str(folder)), precision="fp32")
    tokens = loaded.tokenize(TEXTS[:1])
    with torch.inference_mode():
        expected = tiny(torch.tensor([tokens[0].ids])).last_hidden_state[0, 0].numpy()
    assert loaded.dim == 16
    assert np.abs(loaded.encode(tokens)[0] - expected).max() < 1e-6


@pytest.mark.parametrize("id", ["distilbert/distilbert-base-cased", "distilbert-base-cased"])
def test_distilbert_is_found_in_the_hubs_cache_without_a_network(
    id: str, distilbert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under its name of today and under the one it had before; the weights stand in for those of the Hub."""
    repository = tmp_path / f"models--{id.replace('/', '--')}"
    shutil.copytree(distilbert_folder, repository / "snapshots" / "abc123")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc123")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    loaded = Encoder.load(find_encoder("distilbert-base-cased"), precision="fp32")
    assert (loaded.spec.name, loaded.spec.pooling) == ("distilbert-base-cased", "cls")
    assert loaded.encode(loaded.tokenize(TEXTS[:1])).shape == (1, 384)


def test_a_vector_does_not_depend_on_what_else_is_in_the_batch(encoder: Encoder) -> None:
    tokens = encoder.tokenize(TEXTS)
    alone = np.concatenate([encoder.encode([t]) for t in tokens])
    assert np.abs(encoder.encode(tokens) - alone).max() < 1e-5


def test_several_batches_leave_the_number_of_threads_alone_and_are_counted(encoder: Encoder) -> None:
    before = torch.get_num_threads()
    counts: list[int] = []
    encoder.encode(encoder.tokenize(TEXTS), counts.append)
    assert torch.get_num_threads() == before
    assert len(counts) > 1 and sum(counts) == len(TEXTS)


@pytest.mark.skipif(not BF16_IS_REAL, reason="bf16 is emulated here")
def test_bf16_agrees_with_fp32(encoder: Encoder) -> None:
    bf16 = Encoder.load(BUNDLED, precision="bf16")
    tokens = encoder.tokenize(TEXTS)
    a, b = bf16.encode(tokens), encoder.encode(tokens)
    cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert cosine.min() > 0.999
    alone = np.concatenate([bf16.encode([t]) for t in tokens])
    assert np.abs(a - alone).max() < 1e-3


def test_both_poolings_in_one_pass_are_each_of_them_in_a_row(encoder: Encoder) -> None:
    tokens = encoder.tokenize(TEXTS[:4])
    vectors = {
        pooling: Encoder(
            replace(BUNDLED, pooling=pooling), encoder.model, encoder.tokenizer, encoder.fingerprint
        ).encode(tokens)
        for pooling in ("cls", "mean", "cls+mean")
    }
    assert (vectors["cls+mean"] == np.concatenate([vectors["cls"], vectors["mean"]], axis=1)).all()


def test_every_text_is_in_one_batch_and_all_batches_are_equally_full() -> None:
    lengths = [int(n) for n in np.random.default_rng(0).integers(3, 256, 500)]
    found = pack(lengths)
    assert sorted(i for batch in found for i in batch) == list(range(500))
    sizes = [sum(lengths[i] for i in batch) for batch in found]
    assert len(found) % 4 == 0
    assert max(sizes) < BATCH_TOKENS + 256 and min(sizes) > 0.8 * max(sizes)
    assert pack([]) == []


def test_texts_of_many_lengths_in_one_batch_have_the_vectors_of_the_library(encoder: Encoder) -> None:
    texts = encoder.tokenize(TEXTS)
    assert len({len(text.ids) for text in texts}) > 3
    together = encoder._forward([text.ids for text in texts])
    plain = BertModel.from_pretrained(fetch(BUNDLED)).eval()
    with torch.inference_mode():
        for text, vector in zip(texts, together, strict=True):
            own = plain(input_ids=torch.tensor([text.ids])).last_hidden_state[0].mean(dim=0).numpy()
            assert np.abs(vector - own).max() < 1e-5


def test_a_model_that_counts_positions_otherwise_reads_texts_of_one_length_at_a_time(encoder: Encoder) -> None:
    torch.manual_seed(0)
    config = RobertaConfig(vocab_size=30522, num_hidden_layers=1, hidden_size=16, num_attention_heads=2)
    roberta = Encoder(
        replace(BUNDLED, pooling="cls"), RobertaModel(config).eval(), encoder.tokenizer, encoder.fingerprint
    )
    tokens = encoder.tokenize(TEXTS)
    assert not roberta.packs
    with torch.inference_mode():
        own = [roberta.model(input_ids=torch.tensor([t.ids])).last_hidden_state[0, 0].numpy() for t in tokens]
    assert np.abs(roberta.encode(tokens) - np.stack(own)).max() < 1e-5


def test_another_question_waits_for_one_batch_of_a_file_and_not_for_all(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file has eighty batches; a batch for each worker is begun when the question comes, and it is next."""
    begun: list[int] = []
    started = threading.Event()
    file, question = encoder.tokenize(TEXTS[:1]) * 800, encoder.tokenize([Text("Only a title", "")])
    forward = encoder._forward

    def counted(ids: list[tuple[int, ...]]) -> np.ndarray:
        begun.append(len(ids))
        if len(begun) > 2:
            started.set()
        return forward(ids)

    monkeypatch.setattr(encoder, "_forward", counted)
    with ThreadPoolExecutor(1) as visitor:
        running = visitor.submit(encoder.encode, file)
        assert started.wait(30)
        before = len(begun)
        encoder.encode(question)
        waited = len(begun) - before
        assert not running.done()
        monkeypatch.setattr(encoder, "_forward", lambda ids: np.zeros((len(ids), encoder.dim), np.float32))
        running.result(30)
    assert waited <= 2 * torch.get_num_threads() + 1


def test_tampered_weights_are_refused_before_use(tmp_path: Path) -> None:
    shutil.copytree(fetch(BUNDLED), tmp_path / "copy")
    weights = tmp_path / "copy" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    spec = replace(BUNDLED, source=str(tmp_path / "copy"), package="")
    with pytest.raises(SphereError, match="the weights are damaged or not the ones they claim to be"):
        Encoder.load(spec)


def test_a_folder_that_is_no_encoder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(SphereError, match="could not be loaded as an encoder"):
        Encoder.load(find_encoder(str(tmp_path)))


def test_a_window_longer_than_the_encoder_has_positions_is_refused() -> None:
    with pytest.raises(SphereError, match="give --max-length 512 or less"):
        Encoder.load(find_encoder("all-MiniLM-L6-v2", max_length=600))
