"""A BERT of random weights and 16 numbers, with the bundled encoder's tokenizer: it reads a text in a millisecond."""

import shutil
from pathlib import Path

from spheres.encoder.hub import BUNDLED, EncoderSpec, fetch, find_encoder


def make_encoder(folder: Path) -> EncoderSpec:
    """Save one in a folder, by which it is called; it is the same each time."""
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=30522, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        if (fetch(BUNDLED) / name).is_file():
            shutil.copy(fetch(BUNDLED) / name, folder)
    return find_encoder(str(folder))
