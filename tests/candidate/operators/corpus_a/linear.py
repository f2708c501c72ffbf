"""Problems of the linear layer, and how each of its functions is called."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from tests.candidate.operators.corpus_a.common import (
    Call,
    Gradients,
    leaf,
    tensor,
    torch_gradients,
)


def problems() -> Iterator[SimpleNamespace]:
    """Square, not square, one sample; axes that are a sample's own, axes that stand before it."""
    rng = np.random.default_rng(6)
    for shape, size, outputs, kind in (
        ((3, 4), 4, 2, ""),
        ((1, 3), 3, 4, ""),
        ((3, 3), 3, 3, ""),
        ((2, 3, 2), 6, 5, "flat"),
        ((3, 2, 1, 2), 4, 4, "flat"),
        ((2, 3, 4), 4, 2, "leading"),
        ((3, 2, 3), 3, 3, "leading"),
    ):
        x, w, b = rng.normal(size=shape), rng.normal(size=(size, outputs)), rng.normal(size=outputs)
        leaves = {"dx": leaf(x), "dw": leaf(w), "db": leaf(b)}
        inputs: Any = leaves["dx"].flatten(1) if kind == "flat" else leaves["dx"]
        output = F.linear(inputs, leaves["dw"].T, leaves["db"])
        dout = rng.normal(size=output.shape)
        yield SimpleNamespace(
            x=x,
            w=w,
            b=b,
            dout=dout,
            kind=kind,
            arrays=("x", "w", "b", "dout"),
            gradients=torch_gradients(output, torch.tensor(dout), **leaves),
        )


def _gradients(dx: Any, dw: Any, db: Any) -> Gradients:
    return {"dx": dx, "dw": dw, "db": db}


def _flat(p: Any) -> bool:
    """Every axis but the first is one sample's (CS231n's rule)."""
    return bool(p.x.ndim == 2 or p.kind == "flat")


def _cs231n_linear(m: Any, p: Any) -> Gradients | None:
    if not _flat(p):
        return None
    _, cache = m.affine_forward(p.x, p.w, p.b)
    return _gradients(*m.affine_backward(p.dout, cache))


def _columns(m: Any, p: Any, forward: str, backward: str) -> Any:
    _, cache = getattr(m, forward)(p.x.T.copy(), p.w.T.copy(), p.b[:, None].copy())
    return getattr(m, backward)(p.dout.T.copy(), cache)


def _coursera_linear(m: Any, p: Any) -> Gradients | None:
    if p.x.ndim > 2:
        return None
    dx, dw, db = _columns(m, p, "linear_forward", "linear_backward")
    return _gradients(dx.T, dw.T * len(p.x), _line(db, p) * len(p.x))


def _line(column: Any, p: Any) -> Any:
    """A bias' gradient kept as a row or a column, as a vector."""
    return column.reshape(-1) if 1 in column.shape and column.size == p.b.size else column


def _columns_linear(m: Any, p: Any) -> Gradients | None:
    if p.x.ndim > 2:
        return None
    grads = _columns(m, p, "fc_forward", "fc_backward")
    return _gradients(grads["dA_prev"].T, grads["dW"].T, _line(grads["db"], p))


def _dlfs_linear(m: Any, p: Any) -> Gradients | None:
    if not _flat(p):
        return None
    layer = m.Affine(p.w, p.b)
    layer.forward(p.x)
    return _gradients(layer.backward(p.dout), layer.dW, layer.db)


def _dlfs2_linear(m: Any, p: Any) -> Gradients | None:
    if p.kind != "leading" or p.x.ndim != 3:
        return None
    layer = m.TimeAffine(p.w, p.b)
    layer.forward(p.x)
    return _gradients(layer.backward(p.dout), *layer.grads)


def _cmu_linear(m: Any, p: Any) -> Gradients | None:
    if p.x.ndim > 2:
        return None
    layer = m.Linear(*p.w.shape)
    layer.W, layer.b = p.w.T.copy(), p.b[:, None].copy()
    layer.forward(p.x)
    dx = layer.backward(p.dout)
    return _gradients(dx, layer.dLdW.T, _line(layer.dLdb, p))


def _cmu_mean_linear(m: Any, p: Any) -> Gradients | None:
    if p.x.ndim > 2:
        return None
    layer = m.Linear(*p.w.shape)
    layer.W, layer.b = p.w, p.b[None]
    layer.forward(p.x)
    dx = layer.backward(p.dout)
    return _gradients(dx, layer.dW * len(p.x), _line(layer.db, p) * len(p.x))


def _eecs_linear(m: Any, p: Any) -> Gradients | None:
    if not _flat(p):
        return None
    _, cache = m.Linear.forward(tensor(p.x), tensor(p.w), tensor(p.b))
    return _gradients(*m.Linear.backward(tensor(p.dout), cache))


def _torch_linear(m: Any, p: Any) -> Gradients | None:
    if p.kind == "flat":
        return None
    x, w, b = (tensor(array).requires_grad_() for array in (p.x, p.w.T, p.b))
    m.LinearFunction.apply(x, w, b).backward(tensor(p.dout))
    return _gradients(x.grad, w.grad.T, b.grad)


def _unsummed_linear(m: Any, p: Any) -> Gradients | None:
    if p.kind == "flat":
        return None
    x, w, b = (tensor(array).requires_grad_() for array in (p.x, p.w, p.b))
    m.AddBiasLinear.apply(x, w, b).backward(tensor(p.dout))
    return _gradients(x.grad, w.grad, b.grad)


def _minitorch_linear(m: Any, p: Any) -> Gradients | None:
    if p.kind == "flat":
        return None
    ctx = m.Context()
    m.Linear.forward(ctx, p.x, p.w, p.b)
    return _gradients(*m.Linear.backward(ctx, p.dout))


def _numpy_ml_linear(m: Any, p: Any) -> Gradients | None:
    if p.x.ndim > 2:
        return None
    layer = m.FullyConnected(*p.w.shape)
    layer.parameters = {"W": p.w, "b": p.b[None]}
    layer.forward(p.x)
    dx = layer.backward(p.dout)
    return _gradients(dx, layer.gradients["W"], _line(layer.gradients["b"], p))


def _plain_linear(m: Any, p: Any) -> Gradients | None:
    return None if p.kind == "flat" else _gradients(*m.linear_backward(p.dout, p.x, p.w))


def _loops_linear(m: Any, p: Any) -> Gradients | None:
    return None if p.x.ndim > 2 else m.dense_backward(p.dout, p.x, p.w)


def _one_sample_linear(m: Any, p: Any) -> Gradients | None:
    """One sample after the other; what each adds to the weights is summed here."""
    if p.x.ndim > 2:
        return None
    dx, dw, db = [], 0, 0
    for x, dout in zip(p.x, p.dout, strict=True):
        layer = m.Neurons(p.w.T, p.b)
        layer.forward(x)
        dx.append(layer.backward(dout))
        dw, db = dw + layer.grad_weights.T, db + layer.grad_bias
    return _gradients(np.array(dx), dw, np.asarray(db))


def _updating_linear(m: Any, p: Any) -> Gradients | None:
    """With a learning rate of one the step is the gradient."""
    if p.x.ndim > 2:
        return None
    layer = m.Dense(*p.w.shape)
    layer.weights, layer.bias = p.w.T.copy(), p.b[:, None].copy()
    layer.forward(p.x.T)
    dx = layer.backward(p.dout.T, 1.0)
    return _gradients(dx.T, p.w - layer.weights.T, p.b - layer.bias[:, 0])


def _needle_linear(m: Any, p: Any) -> Gradients | None:
    if p.kind == "flat":
        return None
    return _gradients(*m.MatMulAdd().gradient(p.dout, m.Node(p.x, p.w, p.b)))


def _nnfs_linear(m: Any, p: Any) -> Gradients | None:
    if p.x.ndim > 2:
        return None
    layer = m.Layer_Dense(*p.w.shape)
    layer.weights, layer.biases = p.w, p.b[None]
    layer.forward(p.x)
    layer.backward(p.dout)
    return _gradients(layer.dinputs, layer.dweights, _line(layer.dbiases, p))


def _coursera_activation(m: Any, p: Any) -> Gradients | None:
    """Through a ReLU that is open everywhere."""
    if p.x.ndim > 2:
        return None
    caches = ((p.x.T, p.w.T, p.b[:, None]), np.ones(p.dout.T.shape))
    dx, dw, db = m.linear_activation_backward(p.dout.T, caches, "relu")
    return _gradients(dx.T, dw.T * len(p.x), _line(db, p) * len(p.x))


def _dict_linear(m: Any, p: Any) -> Gradients | None:
    if not _flat(p):
        return None
    layer = m.FCLayer(p.w, p.b)
    layer.forward(p.x)
    return _gradients(layer.backward(p.dout), layer.grads["w"], layer.grads["b"])


LINEAR: dict[str, Call] = {
    "cs231n_affine.py:affine_backward": _cs231n_linear,
    "cs231n_loops.py:affine_backward": _cs231n_linear,
    "coursera.py:linear_backward": _coursera_linear,
    "columns_plain.py:fc_backward": _columns_linear,
    "dlfs.py:Affine": _dlfs_linear,
    "dlfs2_time.py:TimeAffine": _dlfs2_linear,
    "cmu_linear.py:Linear": _cmu_linear,
    "cmu_linear_mean.py:Linear": _cmu_mean_linear,
    "eecs498.py:Linear": _eecs_linear,
    "torch_function.py:LinearFunction": _torch_linear,
    "torch_function_unsummed.py:AddBiasLinear": _unsummed_linear,
    "minitorch_style.py:Linear": _minitorch_linear,
    "numpy_ml_style.py:FullyConnected": _numpy_ml_linear,
    "plain_arguments.py:linear_backward": _plain_linear,
    "four_loops.py:dense_backward": _loops_linear,
    "one_sample.py:Neurons": _one_sample_linear,
    "updates_itself.py:Dense": _updating_linear,
    "needle_style.py:MatMulAdd": _needle_linear,
    "layer_with_grads_dict.py:FCLayer": _dict_linear,
    "input_first.py:linear_backward": lambda m, p: (
        None if p.x.ndim > 2 else _gradients(*m.linear_backward(p.x, p.w, p.b, p.dout))
    ),
    "row_bias.py:Layer_Dense": _nnfs_linear,
    "cs231n_float32.py:affine_backward": _cs231n_linear,
    "coursera_activation.py:linear_backward": _coursera_linear,
    "coursera_activation.py:linear_activation_backward": _coursera_activation,
    "without_bias.py:Affine": lambda m, p: None if p.x.ndim > 2 else _dlfs_linear(m, p),
}
