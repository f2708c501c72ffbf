"""What else stands in a layers.py: affine and ReLU."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tests.candidate.operators.corpus_b.common import Call, Draw, Gradients, Problem, gradients, named


def problems(rng: Draw) -> list[Problem]:
    """Samples of rank 2 to 4, features in and out."""
    return [
        Problem(
            x=rng.normal(size=(n, *rest)),
            w=rng.normal(size=(int(np.prod(rest)), m)),
            b=rng.normal(size=m),
            n=n,
        )
        for n, rest, m in ((3, (4,), 2), (2, (3,), 3), (1, (2, 3), 5), (4, (2, 1, 2), 4))
        for _ in range(2)
    ]


def reference(p: Problem) -> Gradients:
    """Affine, then ReLU, each alone."""
    p.dout = np.cos(np.arange(p.n * p.b.size)).reshape(p.n, -1)
    p.dcut = np.sin(p.x)

    def affine(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return x.reshape(p.n, -1) @ w + b

    cut = gradients(torch.relu, p.dcut, x=p.x)["dx"]
    return {**gradients(affine, p.dout, x=p.x, w=p.w, b=p.b), "dcut": cut}


def layers(module: Any, p: Problem) -> Gradients:
    found = module.affine_backward(p.dout, module.affine_forward(p.x, p.w, p.b)[1])
    cut = module.relu_backward(p.dcut, module.relu_forward(p.x)[1])
    return named("dx dw db dcut", (*found, cut))


def modules(module: Any, p: Problem) -> Gradients | None:
    if p.x.ndim != 2:
        return None
    linear, relu = module.Linear(*p.w.shape), module.ReLU()
    linear.params["weight"]["value"], linear.params["bias"]["value"] = p.w, p.b
    linear.forward(p.x)
    relu.forward(p.x)
    dx, (dw, db) = linear.backward(p.dout), (value["grad"] for value in linear.params.values())
    return named("dx dw db dcut", (dx, dw, db, relu.backward(p.dcut)))


CALLS: dict[str, Call] = {
    "batch_norm/layers.py:affine_backward": layers,
    "batch_norm/layers.py:relu_backward": layers,
    "layer_norm/nn_modules.py:Linear": modules,
    "layer_norm/nn_modules.py:ReLU": modules,
}
FIXED_EPS: dict[str, float] = {}
