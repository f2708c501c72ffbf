"""Problems of ReLU, and how each of its functions is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from tests.candidate.operators.corpus_a.common import Call, Gradients, leaf, tensor, torch_gradients


def problems() -> Iterator[SimpleNamespace]:
    """Any rank, and exact zeros."""
    rng = np.random.default_rng(8)
    for shape, zeros in (((3, 4), False), ((5,), False), ((2, 2, 3, 2), False), ((4, 5), True)):
        x, dout = rng.normal(size=shape), rng.normal(size=shape)
        if zeros:
            x = rng.integers(-1, 2, shape).astype(float)
        input_ = leaf(x)
        yield SimpleNamespace(
            x=x,
            dout=dout,
            arrays=("x", "dout"),
            gradients=torch_gradients(torch.relu(input_), torch.tensor(dout), dx=input_),
        )


def _cache(m: Any, p: Any) -> Gradients:
    _, cache = m.relu_forward(p.x)
    return {"dx": m.relu_backward(p.dout, cache)}


def _coursera(m: Any, p: Any) -> Gradients:
    _, cache = m.relu(p.x)
    return {"dx": m.relu_backward(p.dout, cache)}


def _layer(name: str, gradient: Callable[[Any, Any], Any] = lambda _, dx: dx) -> Call:
    def call(m: Any, p: Any) -> Gradients:
        layer = getattr(m, name)()
        layer.forward(p.x)
        return {"dx": gradient(layer, layer.backward(p.dout))}

    return call


def _eecs(m: Any, p: Any) -> Gradients:
    _, cache = m.ReLU.forward(torch.from_numpy(p.x))
    # from_numpy shares: a write into dout is a write into the problem
    return {"dx": m.ReLU.backward(torch.from_numpy(p.dout), cache)}


def _torch(m: Any, p: Any) -> Gradients:
    x = tensor(p.x).requires_grad_()
    m.MyReLU.apply(x).backward(torch.from_numpy(p.dout))
    return {"dx": x.grad}


def _minitorch(m: Any, p: Any) -> Gradients:
    ctx = m.Context()
    m.ReLU.forward(ctx, p.x)
    return {"dx": m.ReLU.backward(ctx, p.dout)}


def _sklearn(m: Any, p: Any) -> Gradients:
    """In place by its name: it is given arrays of its own."""
    output, delta = p.x.copy(), p.dout.copy()
    m.inplace_relu(output)
    m.inplace_relu_derivative(output, delta)
    return {"dx": delta}


RELU: dict[str, Call] = {
    "cs231n.py:relu_backward": _cache,
    "cs231n_copy.py:relu_backward": _cache,
    "cs231n_in_place.py:relu_backward": _cache,
    "coursera.py:relu_backward": _coursera,
    "dlfs.py:Relu": _layer("Relu"),
    "dlfs_copy.py:Relu": _layer("Relu"),
    "cmu.py:ReLU": _layer("ReLU"),
    "cmu_older.py:ReLU": _layer("ReLU"),
    "eecs498.py:ReLU": _eecs,
    "torch_function.py:MyReLU": _torch,
    "minitorch_style.py:ReLU": _minitorch,
    "plain.py:relu_backward": lambda m, p: {"dx": m.relu_backward(p.dout, p.x)},
    "loops.py:relu_backward": _cache,
    "numpy_ml_style.py:ReLU": _layer("ReLU"),
    "sklearn_style.py:inplace_relu_derivative": _sklearn,
    "heaviside_dict.py:Relu": _layer("Relu", lambda _, grads: grads["dX"]),
    "nnfs.py:Activation_ReLU": _layer("Activation_ReLU", lambda layer, _: layer.dinputs),
    "needle_style.py:ReLU": lambda m, p: {"dx": m.ReLU().gradient(p.dout, m.Node(p.x))},
    "mask_multiply.py:RectifiedLinear": _layer("RectifiedLinear"),
    "cache_is_mask.py:relu_backward": _cache,
    "input_first.py:relu_backward": lambda m, p: {"dx": m.relu_backward(p.x, p.dout)},
    "single_precision.py:ReLU": _layer("ReLU"),
    "cs231n_tuple.py:relu_backward": _cache,
    "one_matrix.py:relu_bwd": lambda m, p: {"dx": m.relu_bwd(p.dout, m.relu_fwd(p.x))},
}
