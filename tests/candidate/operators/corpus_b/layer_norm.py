"""Layer norm over the last axis, of any rank."""

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
from tests.candidate.operators.corpus_b.norm import (
    NORM,
    norm_cs231n,
    norm_function,
    norm_problem,
)


def problems(rng: Draw) -> list[Problem]:
    shapes = [(7, 3), (4, 5), (3, 3), (1, 4), (2, 3, 4), (3, 3, 3), (2, 1, 3, 5)]
    return [
        norm_problem(rng, shape, shape[-1], scale, eps)
        for shape in shapes
        for scale, eps in ((2.0, 1e-5), (0.1, 1e-2))
    ]


def reference(p: Problem) -> Gradients:
    def run(x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.layer_norm(x, gamma.shape, gamma, beta, p.eps)

    return gradients(run, p.dout, x=p.x, gamma=p.gamma, beta=p.beta)


def ln_llm_c(module: Any, p: Problem) -> Gradients | None:
    if p.x.ndim != 3:
        return None
    x, gamma, beta, dout = tensors(p.x, p.gamma, p.beta, p.dout)
    return named(NORM, module.LayerNorm.backward(dout, module.LayerNorm.forward(x, gamma, beta)[1]))


def ln_c(module: Any, p: Problem) -> Gradients | None:
    if p.x.ndim != 3:
        return None
    mean, rstd = np.zeros(p.x.shape[:2]), np.zeros(p.x.shape[:2])
    module.layernorm_forward(np.zeros_like(p.x), mean, rstd, p.x, p.gamma, p.beta, *p.x.shape)
    found = np.zeros_like(p.x), np.zeros_like(p.gamma), np.zeros_like(p.beta)
    module.layernorm_backward(*found, p.dout, p.x, p.gamma, mean, rstd, *p.x.shape)
    return named(NORM, found)


def ln_numpy_ml(module: Any, p: Problem) -> Gradients | None:
    if p.x.ndim != 2:
        return None
    layer = module.LayerNorm1D(p.eps)
    layer._init_params(p.gamma.size)
    layer.parameters = {"scaler": p.gamma, "intercept": p.beta}
    layer.forward(p.x)
    return named(NORM, (layer.backward(p.dout), layer.gradients["scaler"], layer.gradients["intercept"]))


def ln_dlfs(module: Any, p: Problem) -> Gradients | None:
    if p.x.ndim != 2:
        return None
    layer = module.LayerNormalization(p.gamma, p.beta)
    layer.forward(p.x)
    return named(NORM, (layer.backward(p.dout), layer.dgamma, layer.dbeta))


def ln_transformer(module: Any, p: Problem) -> Gradients:
    layer = module.LayerNorm(p.gamma.size, p.eps)
    layer.gamma, layer.beta = p.gamma, p.beta
    layer.forward(p.x)
    return named(NORM, (layer.backward(p.dout), layer.grad_gamma, layer.grad_beta))


def ln_plain(module: Any, p: Problem) -> Gradients:
    grads = module.layer_norm_backward(p.dout, p.x, p.gamma, p.beta, p.eps)
    return named(NORM, [grads[name] for name in NORM.split()])


def ln_minigrad(module: Any, p: Problem) -> Gradients:
    ctx = module.Context()
    module.LayerNorm.forward(ctx, p.x, p.gamma, p.beta, p.eps)
    return named(NORM, module.LayerNorm.backward(ctx, p.dout))


def ln_grad(module: Any, p: Problem) -> Gradients:
    return named(NORM, module.layernorm_grad(p.dout, p.x, p.gamma, p.eps))


def ln_module(module: Any, p: Problem) -> Gradients:
    layer = module.LayerNorm(p.gamma.size, p.eps)
    layer.params["gamma"]["value"], layer.params["beta"]["value"] = p.gamma, p.beta
    layer.forward(p.x)
    return named(NORM, (layer.backward(p.dout), *(layer.params[name]["grad"] for name in ("gamma", "beta"))))


def ln_layer(module: Any, p: Problem) -> Gradients:
    layer = module.LayerNormLayer(p.gamma, p.beta, p.eps)
    layer.forward(p.x)
    return named(NORM, (layer.backward(p.dout), layer.dw, layer.db))


CS231N = norm_cs231n("layernorm_forward", "layernorm_backward", 2, param="dict")

CALLS: dict[str, Call] = {
    "batch_norm/layers.py:layernorm_backward": CS231N,
    "layer_norm/cs231n_rows.py:layernorm_backward": CS231N,
    "layer_norm/cs231n_transposed.py:layernorm_backward": CS231N,
    "layer_norm/cs231n_transposed.py:layernorm_backward_alt": norm_cs231n(
        "layernorm_forward", "layernorm_backward_alt", 2, param="dict"
    ),
    "layer_norm/llm_c_doc.py:LayerNorm": ln_llm_c,
    "layer_norm/llm_c_port.py:layernorm_backward": ln_c,
    "layer_norm/numpy_ml_style.py:LayerNorm1D": ln_numpy_ml,
    "layer_norm/torch_function.py:LayerNormFunc": norm_function("LayerNormFunc"),
    "layer_norm/dlfs_style.py:LayerNormalization": ln_dlfs,
    "layer_norm/transformer.py:LayerNorm": ln_transformer,
    "layer_norm/plain.py:layer_norm_backward": ln_plain,
    "layer_norm/loops.py:layernorm_backward": norm_cs231n(
        "layernorm_forward", "layernorm_backward", 2, param="number"
    ),
    "layer_norm/jacobian.py:layernorm_backward": CS231N,
    "layer_norm/minigrad.py:LayerNorm": ln_minigrad,
    "layer_norm/over_the_batch.py:layernorm_backward": CS231N,
    "layer_norm/backward_alone.py:layernorm_grad": ln_grad,
    "layer_norm/names.py:ln_bwd": norm_cs231n("ln_fwd", "ln_bwd", param="number"),
    "layer_norm/names.py:LayerNormLayer": ln_layer,
    "layer_norm/nn_modules.py:LayerNorm": ln_module,
    "layer_norm/over_the_batch.py:LayerNormFunc": norm_function("LayerNormFunc"),
}

FIXED_EPS = {
    "layer_norm/dlfs_style.py:LayerNormalization": 1e-7,
    "layer_norm/llm_c_doc.py:LayerNorm": 1e-5,
    "layer_norm/llm_c_port.py:layernorm_backward": 1e-5,
}
"""Whose eps is written in the code."""
