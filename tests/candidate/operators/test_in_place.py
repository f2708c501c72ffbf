"""A forward that writes all it makes into its arguments, as in C, is handed arrays and lengths for it."""

from __future__ import annotations

import numpy as np

import convstep
from convstep.candidate.operators.verdict import OperatorVerdict


def layernorm_forward(out, mean, rstd, inp, weight, bias, B, T, C):  # type: ignore[no-untyped-def]
    for b, t in np.ndindex(B, T):
        mean[b, t] = inp[b, t].sum() / C
        rstd[b, t] = 1 / np.sqrt(((inp[b, t] - mean[b, t]) ** 2).sum() / C + 1e-5)
        out[b, t] = (inp[b, t] - mean[b, t]) * rstd[b, t] * weight + bias


def layernorm_backward(dinp, dweight, dbias, dout, inp, weight, mean, rstd, B, T, C):  # type: ignore[no-untyped-def]
    for b, t in np.ndindex(B, T):
        norm, dnorm = (inp[b, t] - mean[b, t]) * rstd[b, t], weight * dout[b, t]
        dbias += dout[b, t]
        dweight += norm * dout[b, t]
        dinp[b, t] += (dnorm - dnorm.sum() / C - norm * (dnorm * norm).sum() / C) * rstd[b, t]


def layer_norm_forward(out, mean, inp, weight, bias):  # type: ignore[no-untyped-def]
    mean[...] = inp.mean(axis=-1)
    rstd = 1 / np.sqrt(inp.var(axis=-1) + 1e-5)
    out[...] = (inp - mean[..., None]) * rstd[..., None] * weight + bias


def layer_norm_backward(dinp, dweight, dbias, dout, inp, weight, mean):  # type: ignore[no-untyped-def]
    rstd = 1 / np.sqrt(inp.var(axis=-1, keepdims=True) + 1e-5)
    norm, dnorm = (inp - mean[..., None]) * rstd, weight * dout
    axes = tuple(range(inp.ndim - 1))
    dweight += (norm * dout).sum(axis=axes)
    dbias += dout.sum(axis=axes)
    dinp += (dnorm - dnorm.mean(axis=-1, keepdims=True)) * rstd


def test_a_right_one_is_right_and_its_lengths_are_those_of_x() -> None:
    verdict = convstep.check(layernorm_backward)
    assert isinstance(verdict, OperatorVerdict)
    assert verdict.ok
    assert {one.answer.problem.arrays["x"].ndim for one in verdict.swept.results if one.off} == {3}


def test_a_wrong_one_is_named() -> None:
    (finding,) = convstep.check(layer_norm_backward).diagnosis
    assert (finding.id, finding.gradients) == ("variance-path-missing", ("dx",))
