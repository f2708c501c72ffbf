"""Problems of the embedding, and how each of its functions is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from tests.candidate.operators.corpus_a.common import Call, Gradients, leaf, tensor, torch_gradients


def problems() -> Iterator[SimpleNamespace]:
    """Sequences and single words, all different and repeated in a row, in a column and everywhere."""
    rng = np.random.default_rng(9)
    for ids, size, width in (
        ([[0, 3], [2, 4]], 6, 3),
        ([[1, 1, 4], [2, 5, 1]], 6, 2),
        ([[4, 0], [4, 2], [1, 2]], 5, 3),
        ([3, 1, 3, 0, 3], 5, 2),
        ([0, 2, 2], 3, 2),
        ([[2]], 4, 3),
    ):
        indices = np.array(ids)
        table = rng.normal(size=(size, width))
        dout = rng.normal(size=(*indices.shape, width))
        weights = leaf(table)
        yield SimpleNamespace(
            ids=indices,
            table=table,
            dout=dout,
            arrays=("ids", "table", "dout"),
            gradients=torch_gradients(F.embedding(tensor(indices), weights), torch.tensor(dout), dw=weights),
        )


def _cached(forward: Callable[[Any, Any], Any], backward: Callable[[Any], Any], rank: int = 0) -> Call:
    def call(m: Any, p: Any) -> Gradients | None:
        if rank and p.ids.ndim != rank:
            return None
        _, cache = forward(m, p)
        return {"dw": backward(m)(p.dout, cache)}

    return call


def _cs231n(rank: int = 0) -> Call:
    return _cached(
        lambda m, p: m.word_embedding_forward(p.ids, p.table), lambda m: m.word_embedding_backward, rank
    )


def _layer(name: str, gradient: Callable[[Any], Any], rank: int = 0) -> Call:
    def call(m: Any, p: Any) -> Gradients | None:
        if rank and p.ids.ndim != rank:
            return None
        layer = getattr(m, name)(p.table)
        layer.forward(p.ids)
        layer.backward(p.dout)
        return {"dw": gradient(layer)}

    return call


def _eecs(m: Any, p: Any) -> Gradients:
    _, cache = m.WordEmbedding.forward(tensor(p.ids), tensor(p.table))
    return {"dw": m.WordEmbedding.backward(tensor(p.dout), cache)}


def _torch(m: Any, p: Any) -> Gradients:
    weights = leaf(p.table)
    m.EmbeddingFunction.apply(weights, tensor(p.ids)).backward(tensor(p.dout))
    return {"dw": weights.grad}


def _minitorch(m: Any, p: Any) -> Gradients:
    ctx = m.Context()
    m.Embedding.forward(ctx, p.ids, p.table)
    return {"dw": m.Embedding.backward(ctx, p.dout)[1]}


def _numpy_ml(m: Any, p: Any) -> Gradients | None:
    if p.ids.ndim != 2:
        return None
    layer = m.Embedding(p.table.shape[1], len(p.table))
    layer.parameters = {"W": p.table}
    layer.forward(p.ids)
    layer.backward(p.dout)
    return {"dw": layer.gradients["W"]}


def _lookup(m: Any, p: Any) -> Gradients:
    _, cache = m.lookup(p.table, p.ids)
    return {"dw": m.lookup_backward(p.dout, cache)["table"]}


def _accumulating(m: Any, p: Any) -> Gradients | None:
    if p.ids.ndim != 2:
        return None
    dw = np.zeros_like(p.table)
    m.encoder_backward(dw, p.dout, p.ids)
    return {"dw": dw}


EMBEDDING: dict[str, Call] = {
    "cs231n.py:word_embedding_backward": _cs231n(),
    "cs231n_loops.py:word_embedding_backward": _cs231n(rank=2),
    "cs231n_onehot.py:word_embedding_backward": _cs231n(),
    "dlfs2.py:Embedding": _layer("Embedding", lambda layer: layer.grads[0]),
    "dlfs2_loop.py:Embedding": _layer("Embedding", lambda layer: layer.grads[0], rank=1),
    "dlfs2_time.py:TimeEmbedding": _layer("TimeEmbedding", lambda layer: layer.grads[0], rank=2),
    "eecs498.py:WordEmbedding": _eecs,
    "torch_function.py:EmbeddingFunction": _torch,
    "minitorch_style.py:Embedding": _minitorch,
    "numpy_ml_style.py:Embedding": _numpy_ml,
    "plain.py:embedding_backward": lambda m, p: {"dw": m.embedding_backward(p.dout, p.ids, len(p.table))},
    "sorted_segments.py:lookup_backward": _lookup,
    "unique_inverse.py:LookupTable": _layer("LookupTable", lambda layer: layer.grad_weight),
    "per_word.py:WordVectors": _layer("WordVectors", lambda layer: layer.dE),
    "bag_of_words.py:Embedding": _layer("Embedding", lambda layer: layer.dW),
    "llmc_style.py:encoder_backward": _accumulating,
    "ids_first.py:embed_backward": lambda m, p: {"dw": m.embed_backward(p.ids, p.dout, len(p.table))[1]},
    "single_precision.py:Embedding": _layer("Embedding", lambda layer: layer.dW),
    "dict_of_rows.py:embedding_backward": _cached(
        lambda m, p: m.embedding_forward(p.ids, p.table), lambda m: m.embedding_backward
    ),
    "flat_index.py:emb_bwd": _cached(lambda m, p: m.emb_fwd(p.ids, p.table), lambda m: m.emb_bwd),
}
