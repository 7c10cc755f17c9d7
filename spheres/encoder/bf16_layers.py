"""BERT's and DistilBERT's layers for processors that compute in bf16, where they are faster than transformers' own.

    layers = Bf16Layers.for_model(model)            # None where the model or the processor is of another kind
    hidden = layers(ids, positions, spans)          # the last hidden states of `spheres.encoder.packing`'s batch

Queries, keys and values are one multiplication here; bias, GELU and the sum with a layer's input happen inside the
multiplication that they follow (oneDNN's, as `torch.compile` uses it, but without a compiler); and attention is two
batched multiplications of whole texts, where PyTorch's own kernel cuts bf16 into multiplications too small to be fast.

Measured end to end against transformers' own layers, on two cores each: 1.4 times the articles in bf16 on an EPYC with
avx512_bf16; but 19.7 to 20.1 articles a second against 22.7 to 26.4 in fp32 on an AVX2 processor. So they are used in
bf16 alone.
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from spheres.encoder.packing import Spans

if TYPE_CHECKING:
    from torch import Tensor

ROWS = 1024  # that the weights' layout is chosen for; any number of them may come
KEY_MULTIPLE = 32  # attention's rows are as long as a multiple of this: softmax is slow over a remainder

PARTS = {  # where each kind of model keeps its layers, and where a layer keeps what `Layer` takes, qkv in three
    "BertModel": (
        "encoder.layer",
        "attention.self.query attention.self.key attention.self.value",
        "attention.output.dense",
        "attention.output.LayerNorm",
        "intermediate.dense",
        "output.dense",
        "output.LayerNorm",
    ),
    "DistilBertModel": (
        "transformer.layer",
        "attention.q_lin attention.k_lin attention.v_lin",
        "attention.out_lin",
        "sa_layer_norm",
        "ffn.lin1",
        "ffn.lin2",
        "output_layer_norm",
    ),
}


class Layer(NamedTuple):
    """One layer's parts, in the order of use: linear maps as (weight in oneDNN's layout, bias), torch's norms."""

    qkv: "tuple[Tensor, Tensor]"
    out: "tuple[Tensor, Tensor]"
    norm: Any
    up: "tuple[Tensor, Tensor]"
    down: "tuple[Tensor, Tensor]"
    last_norm: Any


@dataclass(frozen=True)
class Bf16Layers:
    """The whole of a BertModel or a DistilBertModel, from token ids to the last hidden states."""

    words: "Tensor"  # (n_words, dim) embeddings
    positions: "Tensor"  # (n_positions, dim) embeddings, with those of token type 0 added
    norm: Any  # of the embeddings, torch's module
    layers: list[Layer]
    n_heads: int  # attention heads of each layer

    @classmethod
    def for_model(cls, model: Any) -> "Bf16Layers | None":
        """The layers of a model that computes in bf16 on a processor that can; None where they would not be faster."""
        import torch

        onednn: Any = torch.backends.mkldnn
        if model.device.type != "cpu" or model.dtype != torch.bfloat16 or not onednn.is_available():
            return None
        operators: Any = torch.ops.mkldnn
        fast = hasattr(operators, "_linear_pointwise") and operators._is_mkldnn_bf16_supported()
        return cls.from_model(model) if fast else None

    @classmethod
    def from_model(cls, model: Any) -> "Bf16Layers | None":
        """The layers of a model, in its own precision; None where it is neither BERT nor DistilBERT with GELU."""
        c, kind = model.config, type(model).__name__
        if kind not in PARTS or getattr(c, "is_decoder", False):
            return None
        if (c.hidden_act if kind == "BertModel" else c.activation) != "gelu":
            return None
        embeddings = model.embeddings
        positions = embeddings.position_embeddings.weight
        if kind == "BertModel":
            positions = positions + embeddings.token_type_embeddings.weight[0]
        stack, qkv, *others = PARTS[kind]
        layers = []
        for block in model.get_submodule(stack):
            out, norm, up, down, last_norm = (block.get_submodule(name) for name in others)
            joined = _linear(*(block.get_submodule(name) for name in qkv.split()))
            layers.append(Layer(joined, _linear(out), norm, _linear(up), _linear(down), last_norm))
        return cls(embeddings.word_embeddings.weight, positions, embeddings.LayerNorm, layers, c.num_attention_heads)

    def __call__(self, ids: "Tensor", positions: "Tensor", spans: Spans) -> "Tensor":
        """(n_tokens,) int64 token ids and their positions -> (n_tokens, dim)."""
        import torch
        from torch.nn.functional import embedding

        linear: Any = torch.ops.mkldnn._linear_pointwise
        sizes = [n * length for n, length in spans]
        x: Tensor = self.norm(embedding(ids, self.words) + embedding(positions, self.positions))
        for layer in self.layers:
            parts = linear(x, *layer.qkv, "none", [], "").split(sizes)
            attended = torch.cat([self._attention(part, n) for part, (n, _) in zip(parts, spans, strict=True)])
            x = layer.norm(linear.binary(attended, x, *layer.out, "add"))
            x = layer.last_norm(linear.binary(linear(x, *layer.up, "gelu", [], "none"), x, *layer.down, "add"))
        return x

    def _attention(self, qkv: "Tensor", n: int) -> "Tensor":
        """(n_texts * length, 3 * dim), texts of one length -> (n_texts * length, dim)."""
        import torch
        from torch.nn.functional import pad

        heads = qkv.view(n, -1, 3, self.n_heads, qkv.shape[1] // (3 * self.n_heads)).permute(2, 0, 3, 1, 4)
        q, k, v = heads.flatten(1, 2)  # each (n_texts * n_heads, n_tokens, head_dim)
        length, padding = q.shape[1], -q.shape[1] % KEY_MULTIPLE
        k, v = pad(k, (0, 0, 0, padding)), pad(v, (0, 0, 0, padding))
        scores = torch.baddbmm(q.new_zeros(1, 1, 1), q, k.transpose(1, 2), beta=0, alpha=q.shape[2] ** -0.5)
        scores[:, :, length:] = -torch.inf
        read = torch.bmm(scores.softmax(dim=2), v)  # (n_texts * n_heads, n_tokens, head_dim)
        return read.view(n, self.n_heads, length, -1).transpose(1, 2).reshape(n * length, -1)


def limit_onednn_cache() -> None:
    """Let oneDNN keep what it compiles (2 MB each) for a few lengths of text; call it before the first multiplication.

    All lengths that ever came took 400 MB of a server and more of `embed.py`, and were no faster.
    """
    for name in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):  # oneDNN's own, and PyTorch's of the same
        os.environ.setdefault(name, "64")


def _linear(*modules: Any) -> "tuple[Tensor, Tensor]":
    """Linear modules of the same input, as one."""
    import torch

    weight = torch.cat([m.weight for m in modules]) if len(modules) > 1 else modules[0].weight
    return torch.ops.mkldnn._reorder_linear_weight(weight, ROWS), torch.cat([m.bias for m in modules])
