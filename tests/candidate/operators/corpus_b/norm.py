"""Batch norm and layer norm: the calls that both have."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.candidate.operators.corpus_b.common import (
    Call,
    Draw,
    Gradients,
    Problem,
    gradients,
    named,
    tensors,
)

NORM = "dx dgamma dbeta"


def norm_problem(rng: Draw, shape: tuple[int, ...], features: int, scale: float, eps: float) -> Problem:
    draw = rng.standard_normal
    gamma = draw(features) + 2 * rng.choice([-1, 1], features)
    x = scale * draw(shape) + draw()
    return Problem(x=x, gamma=gamma, beta=draw(features), dout=draw(shape), eps=eps)


def small(p: Problem, eps: float) -> Problem:
    """The problem for somebody whose eps is written in the code: as small as eps where it was before."""
    mean = p.x.mean()
    return Problem(**{**vars(p), "x": (p.x - mean) * np.sqrt(eps / p.eps) + mean, "eps": eps})


def flat(p: Problem, *values: Any) -> Gradients:
    """dx as it is; dgamma and dbeta of somebody who keeps gamma as a row or a column."""
    dx, dgamma, dbeta = values
    assert dgamma.size == dbeta.size == p.gamma.size
    return named(NORM, (dx, dgamma.reshape(-1), dbeta.reshape(-1)))


def norm_cs231n(forward: str, backward: str, rank: int = 0, param: str = "mode") -> Call:
    """`backward(dout, cache)` with the cache of `forward(x, gamma, beta, {...})`."""

    def call(module: Any, p: Problem) -> Gradients | None:
        if rank and p.x.ndim != rank:
            return None
        options = {"mode": "train", "eps": p.eps} if param == "mode" else {"eps": p.eps}
        arguments = (options,) if param in ("mode", "dict") else (p.eps,)
        cache = getattr(module, forward)(p.x, p.gamma, p.beta, *arguments)[1]
        return named(NORM, getattr(module, backward)(p.dout, cache))

    return call


def norm_torch(name: str, backward: str, rank: int) -> Call:
    """EECS 498: static methods over tensors."""

    def call(module: Any, p: Problem) -> Gradients | None:
        if p.x.ndim != rank:
            return None
        x, gamma, beta, dout = tensors(p.x, p.gamma, p.beta, p.dout)
        layer = getattr(module, name)
        cache = layer.forward(x, gamma, beta, {"mode": "train", "eps": p.eps})[1]
        return named(NORM, getattr(layer, backward)(dout, cache))

    return call


def norm_function(name: str) -> Call:
    def call(module: Any, p: Problem) -> Gradients:
        function = getattr(module, name)
        return gradients(
            lambda *leaves: function.apply(*leaves, p.eps), p.dout, x=p.x, gamma=p.gamma, beta=p.beta
        )

    return call
