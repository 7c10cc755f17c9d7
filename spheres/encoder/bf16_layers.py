"""BERT's and DistilBERT's layers, computed the way a processor likes it.

    layers = Layers.of(model)                       # None where the model or the machine is of another kind
    hidden = layers(input_ids)                      # what model(input_ids).last_hidden_state is, up to rounding

`transformers` computes the same in more steps. Here queries, keys and values are one multiplication; bias, GELU and the
sum with a layer's input happen inside the multiplication that they follow (oneDNN's, as `torch.compile` uses it, but
without a compiler); and attention is two batched multiplications of whole texts, where PyTorch's own kernel cuts bf16
into multiplications too small to be fast. Measured on two cores of an EPYC with avx512_bf16: 1.4 times the articles.
"""

import os
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

TOKENS = 1024  # rows that the layout is chosen for; any number of them may come
CACHES = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY")  # oneDNN's own, and PyTorch's of the same
KEPT = "64"  # compiled multiplications: a few lengths of text
KEYS = 32  # attention's rows are as long as a multiple of this: softmax is slow over a remainder


class Linear(NamedTuple):
    weight: "Tensor"  # in oneDNN's own layout
    bias: "Tensor"  # (n_out,)


class Layer(NamedTuple):
    """One layer's parts; norms are torch's modules."""

    qkv: Linear
    out: Linear
    norm: Any
    up: Linear
    down: Linear
    last_norm: Any


class Layers:
    """The whole of a BertModel or a DistilBertModel, from token ids to the last hidden states."""

    def __init__(self, words: "Tensor", positions: "Tensor", norm: Any, layers: list[Layer], n_heads: int) -> None:
        self.words = words  # (n_words, dim)
        self.positions = positions  # (n_positions, dim), token type 0 added
        self.norm = norm
        self.layers = layers
        self.n_heads = n_heads

    @classmethod
    def of(cls, model: Any) -> "Layers | None":
        """The layers of `model`, in its precision; None where it is no such model or this is no such machine."""
        import torch

        c, kind = model.config, type(model).__name__
        if model.device.type != "cpu" or not _has_onednn(model.dtype == torch.bfloat16):
            return None
        if kind == "BertModel" and c.hidden_act == "gelu" and not c.is_decoder:
            layers = [
                Layer(
                    _linear(b.attention.self.query, b.attention.self.key, b.attention.self.value),
                    _linear(b.attention.output.dense),
                    b.attention.output.LayerNorm,
                    _linear(b.intermediate.dense),
                    _linear(b.output.dense),
                    b.output.LayerNorm,
                )
                for b in model.encoder.layer
            ]
        elif kind == "DistilBertModel" and c.activation == "gelu":
            layers = [
                Layer(
                    _linear(b.attention.q_lin, b.attention.k_lin, b.attention.v_lin),
                    _linear(b.attention.out_lin),
                    b.sa_layer_norm,
                    _linear(b.ffn.lin1),
                    _linear(b.ffn.lin2),
                    b.output_layer_norm,
                )
                for b in model.transformer.layer
            ]
        else:
            return None
        e = model.embeddings
        positions = e.position_embeddings.weight
        if kind == "BertModel":
            positions = positions + e.token_type_embeddings.weight[0]
        return cls(e.word_embeddings.weight, positions, e.LayerNorm, layers, c.num_attention_heads)

    def __call__(self, input_ids: "Tensor") -> "Tensor":
        """(n_texts, n_tokens) int64 -> (n_texts, n_tokens, dim), texts of one length, without padding."""
        import torch
        from torch.nn.functional import embedding

        linear: Any = torch.ops.mkldnn._linear_pointwise
        n, length = input_ids.shape
        x: Tensor = self.norm(embedding(input_ids, self.words) + self.positions[:length]).flatten(
            0, 1
        )  # (n * length, dim)
        for layer in self.layers:
            read = self._attention(linear(x, *layer.qkv, "none", [], ""), n)
            x = layer.norm(linear.binary(read, x, *layer.out, "add"))
            x = layer.last_norm(linear.binary(linear(x, *layer.up, "gelu", [], "none"), x, *layer.down, "add"))
        return x.view(n, length, -1)

    def _attention(self, qkv: "Tensor", n: int) -> "Tensor":
        """(n_texts * n_tokens, 3 * dim) -> (n_texts * n_tokens, dim)."""
        import torch
        from torch.nn.functional import pad

        heads = qkv.view(n, -1, 3, self.n_heads, qkv.shape[1] // (3 * self.n_heads)).permute(2, 0, 3, 1, 4)
        q, k, v = heads.flatten(1, 2)  # each (n_texts * n_heads, n_tokens, head_dim)
        length, more = q.shape[1], -q.shape[1] % KEYS
        k, v = pad(k, (0, 0, 0, more)), pad(v, (0, 0, 0, more))
        scores = torch.baddbmm(q.new_zeros(1, 1, 1), q, k.transpose(1, 2), beta=0, alpha=q.shape[2] ** -0.5)
        scores[:, :, length:] = -torch.inf
        read = torch.bmm(scores.softmax(dim=2), v)  # (n_texts * n_heads, n_tokens, head_dim)
        return read.view(n, self.n_heads, length, -1).transpose(1, 2).reshape(n * length, -1)


def bound_caches() -> None:
    """Let oneDNN keep what it compiles (2 MB) for a few lengths of text, not for all that ever came.

    That took 400 MB of a server and more of `embed.py`, and was no faster. It is read before the first multiplication.
    """
    for name in CACHES:
        os.environ.setdefault(name, KEPT)


def _has_onednn(bf16: bool) -> bool:
    """Whether oneDNN is here with what is used of it, in bf16 where asked: that takes AVX-512 or better."""
    import torch

    onednn: Any = torch.backends.mkldnn
    if not onednn.is_available() or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False
    return not bf16 or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _linear(*modules: Any) -> Linear:
    """Linear modules of the same input, as one."""
    import torch

    weight = torch.cat([m.weight for m in modules]) if len(modules) > 1 else modules[0].weight
    return Linear(torch.ops.mkldnn._reorder_linear_weight(weight, TOKENS), torch.cat([m.bias for m in modules]))
