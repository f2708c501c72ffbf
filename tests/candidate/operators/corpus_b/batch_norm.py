"""Batch norm, of vectors and of images."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tests.candidate.operators.corpus_b.common import Call, Draw, Gradients, Problem, gradients, named
from tests.candidate.operators.corpus_b.norm import (
    NORM,
    flat,
    norm_cs231n,
    norm_function,
    norm_problem,
    norm_torch,
)


def reference(p: Problem) -> Gradients:
    axes = [axis for axis in range(p.x.ndim) if axis != 1]
    view = [-1 if axis == 1 else 1 for axis in range(p.x.ndim)]

    def run(x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
        if x.numel() > x.shape[1]:
            return torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True, eps=p.eps)
        # torch has no batch norm of one value a channel
        var, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
        return gamma.view(view) * (x - mean) / torch.sqrt(var + p.eps) + beta.view(view)

    return gradients(run, p.dout, x=p.x, gamma=p.gamma, beta=p.beta)


def problems(rng: Draw) -> list[Problem]:
    vectors = [(7, 3), (4, 5), (3, 3), (2, 4), (1, 3), (5, 1)]
    images = [(2, 3, 4, 5), (1, 2, 3, 2), (3, 2, 1, 4), (2, 2, 2, 2)]
    return [
        norm_problem(rng, shape, shape[1], scale, eps)
        for shape in vectors + images
        for scale, eps in ((2.0, 1e-5), (0.1, 1e-2))
    ]


def bn_dlfs(module: Any, p: Problem) -> Gradients | None:
    if p.x.ndim != 2:
        return None
    layer = module.BatchNormalization(p.gamma, p.beta)
    layer.forward(p.x)
    return named(NORM, (layer.backward(p.dout), layer.dgamma, layer.dbeta))


def bn_cmu(module: Any, p: Problem) -> Gradients | None:
    if p.x.ndim != 2:
        return None
    layer = module.BatchNorm1d(p.gamma.size)
    layer.BW, layer.Bb = p.gamma.reshape(1, -1), p.beta.reshape(1, -1)
    layer.forward(p.x)
    return flat(p, layer.backward(p.dout), layer.dLdBW, layer.dLdBb)


def bn_numpy_ml(module: Any, p: Problem) -> Gradients | None:
    if p.x.ndim != 4:
        return None
    layer = module.BatchNorm2D(epsilon=p.eps)
    layer.in_ch = p.gamma.size
    layer._init_params()
    layer.parameters = {"scaler": p.gamma, "intercept": p.beta}
    layer.forward(p.x.transpose(0, 2, 3, 1))
    dx = layer.backward(p.dout.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    return named(NORM, (dx, layer.gradients["scaler"], layer.gradients["intercept"]))


def bn_params(module: Any, p: Problem) -> Gradients:
    layer = module.BatchNorm(p.gamma, p.beta, p.eps)
    layer.forward(p.x)
    return named(NORM, (layer.backward(p.dout), *layer.grads))


def bn_columns(module: Any, p: Problem) -> Gradients | None:
    if p.x.ndim != 2:
        return None
    column = (-1, 1)
    cache = module.batchnorm_forward(p.x.T, p.gamma.reshape(column), p.beta.reshape(column), p.eps)[1]
    dx, dgamma, dbeta = module.batchnorm_backward(p.dout.T, cache)
    return flat(p, dx.T, dgamma, dbeta)


def bn_plain(module: Any, p: Problem) -> Gradients | None:
    if p.x.ndim != 2:
        return None
    grads = module.batch_norm_backward(p.dout, p.x, p.gamma, p.beta, p.eps)
    return named(NORM, [grads[name] for name in NORM.split()])


def bn_grad(module: Any, p: Problem) -> Gradients | None:
    return None if p.x.ndim != 2 else named(NORM, module.bn_grad(p.x, p.gamma, p.dout, p.eps))


def bn_with_running(module: Any, p: Problem) -> Gradients | None:
    if p.x.ndim != 2:
        return None
    running = np.zeros_like(p.gamma), np.ones_like(p.gamma)
    return named(NORM, module.bn_backward(p.dout, module.bn_forward(p.x, p.gamma, p.beta, running)[1]))


def bn_like_torch(module: Any, p: Problem) -> Gradients | None:
    if p.x.ndim != 4:
        return None
    layer = module.BatchNorm2d(p.gamma.size, p.eps)
    layer.weight, layer.bias = p.gamma, p.beta
    layer.forward(p.x)
    return named(NORM, (layer.backward(p.dout), layer.weight_grad, layer.bias_grad))


def bn_learns(module: Any, p: Problem) -> Gradients | None:
    """Its gradients are what a step of size one takes away."""
    if p.x.ndim != 2:
        return None
    layer = module.BatchNormalization(learning_rate=1)
    layer.initialize(p.gamma.size)
    layer.gamma, layer.beta = p.gamma, p.beta
    layer.forward_pass(p.x)
    return named(NORM, (layer.backward_pass(p.dout), p.gamma - layer.gamma, p.beta - layer.beta))


CALLS: dict[str, Call] = {
    "batch_norm/cs231n_chain.py:batchnorm_backward": norm_cs231n(
        "batchnorm_forward", "batchnorm_backward", 2
    ),
    "batch_norm/cs231n_paper.py:batchnorm_backward": norm_cs231n(
        "batchnorm_forward", "batchnorm_backward", 2
    ),
    "batch_norm/cs231n_paper.py:batchnorm_backward_alt": norm_cs231n(
        "batchnorm_forward", "batchnorm_backward_alt", 2
    ),
    "batch_norm/layers.py:batchnorm_backward": norm_cs231n("batchnorm_forward", "batchnorm_backward", 2),
    "batch_norm/layers.py:batchnorm_backward_alt": norm_cs231n(
        "batchnorm_forward", "batchnorm_backward_alt", 2
    ),
    "batch_norm/layers.py:spatial_batchnorm_backward": norm_cs231n(
        "spatial_batchnorm_forward", "spatial_batchnorm_backward", 4
    ),
    "batch_norm/spatial_direct.py:spatial_batchnorm_backward": norm_cs231n(
        "spatial_batchnorm_forward", "spatial_batchnorm_backward", 4
    ),
    "batch_norm/dlfs.py:BatchNormalization": bn_dlfs,
    "batch_norm/cmu.py:BatchNorm1d": bn_cmu,
    "batch_norm/cmu_short.py:BatchNorm1d": bn_cmu,
    "batch_norm/eecs498.py:BatchNorm.backward": norm_torch("BatchNorm", "backward", 2),
    "batch_norm/eecs498.py:BatchNorm.backward_alt": norm_torch("BatchNorm", "backward_alt", 2),
    "batch_norm/eecs498.py:SpatialBatchNorm.backward": norm_torch("SpatialBatchNorm", "backward", 4),
    "batch_norm/numpy_ml_style.py:BatchNorm2D": bn_numpy_ml,
    "batch_norm/torch_function.py:BatchNormFunction": norm_function("BatchNormFunction"),
    "batch_norm/plain.py:batch_norm_backward": bn_plain,
    "batch_norm/loops.py:batchnorm_backward": norm_cs231n(
        "batchnorm_forward", "batchnorm_backward", 2, param="number"
    ),
    "batch_norm/module_params.py:BatchNorm": bn_params,
    "batch_norm/columns.py:batchnorm_backward": bn_columns,
    "batch_norm/backward_alone.py:bn_grad": bn_grad,
    "batch_norm/wiseman_net.py:bn_backward": bn_with_running,
    "batch_norm/like_torch.py:BatchNorm2d": bn_like_torch,
    "batch_norm/learns_itself.py:BatchNormalization": bn_learns,
    "batch_norm/constants.py:batchnorm_backward": norm_cs231n("batchnorm_forward", "batchnorm_backward", 2),
    "batch_norm/constants.py:BatchNormalization": bn_dlfs,
    "batch_norm/constants.py:FrozenBatchNorm": norm_function("FrozenBatchNorm"),
}

FIXED_EPS = {
    "batch_norm/wiseman_net.py:bn_backward": 1e-8,
    "batch_norm/learns_itself.py:BatchNormalization": 0.01,
    "batch_norm/dlfs.py:BatchNormalization": 10e-7,
    "batch_norm/constants.py:BatchNormalization": 10e-7,
    "batch_norm/cmu.py:BatchNorm1d": 1e-8,
    "batch_norm/cmu_short.py:BatchNorm1d": 1e-8,
}
"""Whose eps is written in the code."""
