"""conv1d: x (N, C, L), w (F, C, K), b (F,)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tests.candidate.operators.corpus_b.common import (
    Call,
    Draw,
    Gradients,
    Problem,
    gradients,
    named,
    tensors,
)

NAMES = "dx dw db"
SHAPES = [
    # n, c, length, f, k, stride, pad
    (2, 3, 8, 4, 3, 1, 0),
    (1, 2, 9, 3, 3, 2, 1),  # nothing is left over
    (2, 3, 10, 2, 3, 2, 0),  # one is left over
    (3, 2, 9, 2, 4, 3, 1),
    (2, 2, 7, 2, 2, 3, 0),  # the windows do not touch
    (1, 1, 6, 1, 3, 1, 0),
    (1, 1, 5, 1, 2, 1, 0),
    (1, 1, 9, 1, 4, 1, 0),
    (1, 1, 3, 1, 3, 1, 0),
    (2, 4, 6, 3, 1, 1, 2),
    (3, 1, 11, 2, 5, 3, 2),
    (2, 3, 7, 3, 2, 1, 0),
]


def problems(rng: Draw) -> list[Problem]:
    drawn = []
    for n, c, length, f, k, stride, pad in SHAPES:
        x, w, b = rng.normal(size=(n, c, length)), rng.normal(size=(f, c, k)), rng.normal(size=f)
        dout = rng.normal(size=(n, f, (length + 2 * pad - k) // stride + 1))
        drawn.append(Problem(x=x, w=w, b=b, dout=dout, stride=stride, pad=pad))
    return drawn


def reference(p: Problem) -> Gradients:
    def run(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.conv1d(x, w, b, p.stride, p.pad)

    return gradients(run, p.dout, x=p.x, w=p.w, b=p.b)


def cs231n(module: Any, p: Problem) -> Gradients:
    cache = module.conv1d_forward(p.x, p.w, p.b, {"stride": p.stride, "pad": p.pad})[1]
    return named(NAMES, module.conv1d_backward(p.dout, cache))


def cmu_stride1(module: Any, p: Problem) -> Gradients | None:
    if (p.stride, p.pad) != (1, 0):
        return None
    layer = module.Conv1d_stride1(p.x.shape[1], *p.w.shape[::2], lambda *_: p.w, lambda *_: p.b)
    layer.forward(p.x)
    return named(NAMES, (layer.backward(p.dout), layer.dLdW, layer.dLdb))


def cmu(module: Any, p: Problem) -> Gradients:
    layer = module.Conv1d(p.x.shape[1], *p.w.shape[::2], p.stride, p.pad, lambda *_: p.w, lambda *_: p.b)
    layer.forward(p.x)
    inner = layer.conv1d_stride1
    return named(NAMES, (layer.backward(p.dout), inner.dLdW, inner.dLdb))


def dlfs(module: Any, p: Problem) -> Gradients:
    layer = module.Convolution1D(p.w, p.b, p.stride, p.pad)
    layer.forward(p.x)
    return named(NAMES, (layer.backward(p.dout), layer.dW, layer.db))


def function(module: Any, p: Problem) -> Gradients:
    def run(*leaves: torch.Tensor) -> Any:
        return module.Conv1dFunction.apply(*leaves, p.stride, p.pad)

    return gradients(run, p.dout, x=p.x, w=p.w, b=p.b)


def plain(module: Any, p: Problem) -> Gradients:
    grads = module.conv1d_backward(p.dout, p.x, p.w, p.b, p.stride, p.pad)
    return named(NAMES, [grads[name] for name in NAMES.split()])


def numpy_ml(module: Any, p: Problem) -> Gradients:
    layer = module.Conv1D(p.w.shape[0], p.w.shape[2], p.pad, p.stride)
    layer._init_params(p.x.shape[1])
    layer.parameters = {"W": p.w.transpose(2, 1, 0), "b": p.b.reshape(1, -1)}
    layer.forward(p.x.transpose(0, 2, 1))
    dx = layer.backward(p.dout.transpose(0, 2, 1)).transpose(0, 2, 1)
    assert layer.gradients["b"].shape == (1, p.b.size)
    return named(NAMES, (dx, layer.gradients["W"].transpose(2, 1, 0), layer.gradients["b"][0]))


def eecs498(module: Any, p: Problem) -> Gradients:
    x, w, b, dout = tensors(p.x, p.w, p.b, p.dout)
    cache = module.Conv1d.forward(x, w, b, {"stride": p.stride, "pad": p.pad})[1]
    return named(NAMES, module.Conv1d.backward(dout, cache))


def coursera(module: Any, p: Problem) -> Gradients:
    hparameters = {"stride": p.stride, "pad": p.pad}
    x, w = p.x.transpose(0, 2, 1), p.w.transpose(2, 1, 0)
    cache = module.conv1d_forward(x, w, p.b.reshape(1, 1, -1), hparameters)[1]
    dx, dw, db = module.conv1d_backward(p.dout.transpose(0, 2, 1), cache)
    assert db.shape == (1, 1, p.b.size)
    return named(NAMES, (dx.transpose(0, 2, 1), dw.transpose(2, 1, 0), db[0, 0]))


def layer(module: Any, p: Problem) -> Gradients:
    made = module.Conv1D(p.w, p.b, p.stride, p.pad)
    made.forward(p.x)
    return named(NAMES, (made.backward(p.dout), made.grad_weight, made.grad_bias))


def single(module: Any, p: Problem) -> Gradients | None:
    if (p.x.shape[:2], p.w.shape[:2], p.stride, p.pad) != ((1, 1), (1, 1), 1, 0):
        return None
    cache = module.conv1d_forward(p.x[0, 0], p.w[0, 0], p.b[0])[1]
    dx, dw, db = module.conv1d_backward(p.dout[0, 0], cache)
    return named(NAMES, (dx[None, None], dw[None, None], np.array([db])))


def averaged(module: Any, p: Problem) -> Gradients:
    """The layer's average over the batch taken back."""
    found = layer(module, p)
    return {name: value if name == "dx" else len(p.x) * value for name, value in found.items()}


def alone(module: Any, p: Problem) -> Gradients:
    return named(NAMES, module.conv1d_grads(p.dout, p.x, p.w, p.stride, p.pad))


def short(module: Any, p: Problem) -> Gradients:
    return named(NAMES, module.conv1d_bwd(p.dout, module.conv1d_fwd(p.x, p.w, p.b, p.stride, p.pad)[1]))


def like_torch(module: Any, p: Problem) -> Gradients:
    made = module.TemporalConv(p.x.shape[1], *p.w.shape[::2], p.stride, p.pad)
    made.weight, made.bias = p.w, p.b
    made.forward(p.x)
    return named(NAMES, (made.backward(p.dout), made.weight_grad, made.bias_grad))


CALLS: dict[str, Call] = {
    "conv1d/cmu.py:Conv1d_stride1": cmu_stride1,
    "conv1d/cmu.py:Conv1d": cmu,
    "conv1d/cmu_loops.py:Conv1d_stride1": cmu_stride1,
    "conv1d/cs231n_naive.py:conv1d_backward": cs231n,
    "conv1d/cs231n_im2col.py:conv1d_backward": cs231n,
    "conv1d/dlfs_style.py:Convolution1D": dlfs,
    "conv1d/torch_function.py:Conv1dFunction": function,
    "conv1d/plain.py:conv1d_backward": plain,
    "conv1d/numpy_ml_style.py:Conv1D": numpy_ml,
    "conv1d/eecs498_style.py:Conv1d.backward": eecs498,
    "conv1d/coursera_style.py:conv1d_backward": coursera,
    "conv1d/full_correlation.py:Conv1D": layer,
    "conv1d/single_sample.py:conv1d_backward": single,
    "conv1d/crop_minus_pad.py:conv1d_backward": cs231n,
    "conv1d/names.py:conv1d_bwd": short,
    "conv1d/names.py:TemporalConv": like_torch,
    "conv1d/averaged.py:Conv1D": averaged,
    "conv1d/backward_alone.py:conv1d_grads": alone,
}
FIXED_EPS: dict[str, float] = {}
