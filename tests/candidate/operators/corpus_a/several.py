"""How the targets of files that hold several operators are called."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.candidate.operators.corpus_a import linear, pooling, relu, softmax_cross_entropy
from tests.candidate.operators.corpus_a.common import Call, Gradients


def _square(p: Any) -> bool:
    return p.kh == p.kw and p.sh == p.sw and not p.pad


def _affine(m: Any, p: Any) -> Gradients | None:
    if p.x.ndim > 2:
        return None
    layer = m.Affine(p.w, p.b)
    layer.forward(p.x)
    return {"dx": layer.backward(p.dout), "dw": layer.dW, "db": layer.db}


def _framework_linear(m: Any, p: Any) -> Gradients | None:
    if p.kind == "flat":
        return None
    layer = m.Linear(*p.w.shape)
    layer.weight.data, layer.bias.data = p.w.T, p.b
    layer(p.x)
    return {"dx": layer.backward(p.dout), "dw": layer.weight.grad.T, "db": layer.bias.grad}


def _framework_pool(name: str) -> Call:
    def call(m: Any, p: Any) -> Gradients | None:
        if not _square(p):
            return None
        layer = getattr(m, name)(p.kh, p.sh)
        layer.forward(p.x)
        return {"dx": layer.backward(p.dout)}

    return call


def _stride_one(name: str) -> Call:
    def call(m: Any, p: Any) -> Gradients | None:
        if not _square(p) or p.sh != 1:
            return None
        layer = getattr(m, name)(p.kh)
        layer.forward(p.x)
        return {"dx": layer.backward(p.dout)}

    return call


def _framework_embedding(m: Any, p: Any) -> Gradients:
    layer = m.Embedding(*p.table.shape)
    layer.weight.data = p.table
    layer.forward(p.ids)
    layer.backward(p.dout)
    return {"dw": layer.weight.grad}


def _homework_embedding(m: Any, p: Any) -> Gradients:
    layer = m.Embedding(p.table)
    layer.forward(p.ids)
    return {"dw": layer.backward(p.dout)}


def _framework_loss(m: Any, p: Any) -> Gradients:
    layer = m.CrossEntropyLoss()
    loss = layer.forward(p.x, p.y)
    return {"loss": loss, "dx": layer.backward()}


def _one_hot_loss(name: str) -> Call:
    def call(m: Any, p: Any) -> Gradients:
        layer = getattr(m, name)()
        loss = layer.forward(p.x, p.one_hot)
        return {"loss": loss, "dx": layer.backward()}

    return call


def _closure_linear(m: Any, p: Any) -> Gradients | None:
    if p.x.ndim > 2:
        return None
    _, backward = m.linear(p.x, p.w, p.b)
    return dict(zip(("dx", "dw", "db"), backward(p.dout), strict=True))


def _bprop_linear(m: Any, p: Any) -> Gradients | None:
    if p.x.ndim > 2:
        return None
    layer = m.DenseLayer(p.w, p.b)
    dw, db = layer.grads_wrt_params(p.x, p.dout)
    return {"dx": layer.bprop(p.x, layer.fprop(p.x), p.dout), "dw": dw, "db": db}


def _bprop_relu(m: Any, p: Any) -> Gradients:
    layer = m.ReluLayer()
    return {"dx": layer.bprop(p.x, layer.fprop(p.x), p.dout)}


def _bprop_loss(m: Any, p: Any) -> Gradients:
    error = m.CrossEntropySoftmaxError()
    return {"loss": np.asarray(error(p.x, p.one_hot)), "dx": error.grad(p.x, p.one_hot)}


SEVERAL: dict[str, Call] = {
    "cs231n_layers.py:affine_backward": linear.LINEAR["cs231n_affine.py:affine_backward"],
    "cs231n_layers.py:relu_backward": relu.RELU["cs231n.py:relu_backward"],
    "cs231n_layers.py:max_pool_backward_naive": pooling.MAX_POOL["cs231n_naive.py:max_pool_backward_naive"],
    "cs231n_layers.py:softmax_loss": softmax_cross_entropy.SOFTMAX_CROSS_ENTROPY[
        "cs231n_probs.py:softmax_loss"
    ],
    "dlfs_layers.py:Relu": relu.RELU["dlfs.py:Relu"],
    "dlfs_layers.py:Affine": _affine,
    "dlfs_layers.py:SoftmaxWithLoss": _one_hot_loss("SoftmaxWithLoss"),
    "tiny_framework.py:Linear": _framework_linear,
    "tiny_framework.py:ReLU": relu.RELU["cmu.py:ReLU"],
    "tiny_framework.py:MaxPool2d": _framework_pool("MaxPool2d"),
    "tiny_framework.py:AvgPool2d": _framework_pool("AvgPool2d"),
    "tiny_framework.py:Embedding": _framework_embedding,
    "tiny_framework.py:CrossEntropyLoss": _framework_loss,
    "closures.py:linear": _closure_linear,
    "closures.py:relu": lambda m, p: {"dx": m.relu(p.x)[1](p.dout)},
    "closures.py:embed": lambda m, p: {"dw": m.embed(p.ids, p.table)[1](p.dout)},
    "bprop.py:DenseLayer": _bprop_linear,
    "bprop.py:ReluLayer": _bprop_relu,
    "bprop.py:CrossEntropySoftmaxError": _bprop_loss,
    "homework_wrong.py:Linear": linear.LINEAR["cmu_linear.py:Linear"],
    "homework_wrong.py:ReLU": relu.RELU["cmu.py:ReLU"],
    "homework_wrong.py:CrossEntropyLoss": _one_hot_loss("CrossEntropyLoss"),
    "homework_wrong.py:MaxPool2d_stride1": _stride_one("MaxPool2d_stride1"),
    "homework_wrong.py:MeanPool2d_stride1": _stride_one("MeanPool2d_stride1"),
    "homework_wrong.py:Embedding": _homework_embedding,
}
