"""Articles a second for DistilBERT's shape, 6 layers of 768, with random weights, since the Hub may be out of reach.

Speed depends on the shape alone, so this is distilbert-base-cased's speed but for its vocabulary. [CLS] pooling, 256
tokens at most; otherwise as in `embedding`, on fewer articles. Three minutes on two cores.
"""

import json
import shutil
import tempfile
from pathlib import Path

from benchmarks import peers
from benchmarks.articles import corpus_file, read_articles
from benchmarks.comparison import BF16, COLUMNS, DEFAULTS, TEXTBOOK, as_candidate, compare, prepare, set_ratios
from benchmarks.embedding import ROUNDS
from benchmarks.peers import Peer
from benchmarks.table import Table
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import BUNDLED, fetch, find_encoder

ARTICLES = 200
ARTICLES_ON_GPU = 4000
SAMPLE = 3  # peers embed every third block of 32
DIM = 768


def run(corpus: Path | None, quick: bool) -> Table:
    import torch

    peers.need_sentence_transformers()
    peers.quiet()
    on_gpu = torch.cuda.is_available()
    n_articles = ARTICLES_ON_GPU if on_gpu else ARTICLES
    texts = read_articles(corpus_file(corpus), n_articles // 6 if quick else n_articles)
    table = Table("shape", COLUMNS)
    with tempfile.TemporaryDirectory() as place:
        folder = save_distilbert(Path(place))
        spec = find_encoder(str(folder))
        encoder, precise = Encoder.load(spec), Encoder.load(spec, "fp32")
        setup = prepare(texts, SAMPLE, encoder, precise)
        length, pooling = spec.max_length, spec.pooling
        others = [
            Peer(DEFAULTS, peers.sentence_transformers(folder, length)),
            Peer(BF16, peers.sentence_transformers(folder, length, "bfloat16")),
            Peer(TEXTBOOK, peers.textbook(folder, length, pooling)),
        ]
        found = compare(
            table,
            [*setup.ours, *(as_candidate(peer, setup.sample, setup.same_ids) for peer in others)],
            encoder,
            1 if quick else ROUNDS,
        )
    set_ratios(table, found)
    where = torch.cuda.get_device_name() if on_gpu else "no GPU on this machine, so nothing is said of one"
    table.notes.append(f"Random weights, [CLS] pooling, {encoder.precision}; {where}.")
    return table


def save_distilbert(place: Path) -> Path:
    """Save a DistilBERT with random weights, the bundled encoder's tokenizer and sentence-transformers' settings."""
    import torch
    from transformers import DistilBertConfig, DistilBertModel

    source, folder = fetch(BUNDLED), place / "distilbert-shape"
    torch.manual_seed(0)
    vocabulary = json.loads((source / "config.json").read_text())["vocab_size"]
    DistilBertModel(DistilBertConfig(vocab_size=vocabulary)).save_pretrained(folder)
    for file in (*source.glob("tokenizer*"), source / "vocab.txt", source / "special_tokens_map.json"):
        shutil.copy(file, folder)
    (folder / "1_Pooling").mkdir()
    cls_pooling = {"word_embedding_dimension": DIM, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(cls_pooling))
    modules = [("", "Transformer"), ("1_Pooling", "Pooling")]
    about = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(modules)
    ]
    (folder / "modules.json").write_text(json.dumps(about))
    return folder
