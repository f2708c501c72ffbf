"""The author's own line at which a running gradient parts from that of what was read so far."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convstep
from convstep.candidate.operators.own_line import OwnLine, own_line
from convstep.candidate.operators.verdict import OperatorVerdict
from convstep.operators.operator import Array
from convstep.operators.registry import operator_named
from convstep.recording.record import record
from tests.candidate.operators.sweeping import swept
from tests.strategies import SELDOM


def pool_backward(dout: Array, x: Array, size: Any, stride: Any, padding: Any) -> Array:
    *_, H, W = x.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2), constant_values=-np.inf)
    dx_pad = np.zeros_like(x_pad)
    for n, c, i, j in np.ndindex(dout.shape):
        top, left = i * stride[0], j * stride[1]
        window = x_pad[n, c, top : top + size[0], left : left + size[1]]
        a, b = np.unravel_index(window.argmax(), window.shape)
        dx_pad[n, c, top + a, left + b] = dout[n, c, i, j]
    dx = dx_pad[:, :, padding[0] : padding[0] + H, padding[1] : padding[1] + W]
    return dx  # noqa: RET504  # as people write it


def crop_backward(dout: Array, x: Array, size: Any, stride: Any, padding: Any) -> Array:
    *_, H, W = x.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2), constant_values=-np.inf)
    dx_pad = np.zeros_like(x_pad)
    for n, c, i, j in np.ndindex(dout.shape):
        top, left = i * stride[0], j * stride[1]
        window = x_pad[n, c, top : top + size[0], left : left + size[1]]
        a, b = np.unravel_index(window.argmax(), window.shape)
        dx_pad[n, c, top + a, left + b] += dout[n, c, i, j]
    dx = dx_pad[:, :, :H, :W]
    return dx  # noqa: RET504  # as people write it


def line_of(backward: Callable[..., Any], text: str) -> int:
    code = backward.__code__
    with open(code.co_filename, encoding="utf-8") as file:
        lines = file.read().splitlines()
    return next(n for n in range(code.co_firstlineno, len(lines)) if text in lines[n - 1])


def look(backward: Callable[..., Any]) -> OwnLine | None:
    operator = operator_named("max-pool")
    judged = swept(operator, backward).failing
    assert judged is not None
    run = record(backward, *operator.arguments(judged.answer.problem))
    return own_line(run, operator, judged, "dx")


def test_the_line_that_overwrites_is_quoted_with_what_the_cell_should_be() -> None:
    found = look(pool_backward)
    assert found is not None
    assert found.text == "dx_pad[n, c, top + a, left + b] = dout[n, c, i, j]"
    assert found.line == line_of(pool_backward, found.text)
    assert "for the cells of dout read until then" in found.words
    assert found.value != pytest.approx(found.expected)


def test_a_crop_in_the_wrong_place_is_blamed_on_the_line_that_crops() -> None:
    found = look(crop_backward)
    assert found is not None
    assert found.text == "dx = dx_pad[:, :, :H, :W]"
    assert "dx_pad holds the right numbers" in found.words


def test_of_a_loop_that_does_not_add_up_nothing_is_said() -> None:
    def running(dout: Array, x: Array, size: Any, stride: Any, padding: Any) -> Array:
        dx = np.zeros_like(x)
        total = 0.0
        for place in np.ndindex(dout.shape):
            total += float(dout[place])
            dx[place] = total
        return dx

    assert look(running) is None


def test_another_layout_is_held_against_the_same_numbers() -> None:
    operator = operator_named("max-pool")

    def last(name: str, array: Array) -> Array:
        return np.ascontiguousarray(np.moveaxis(array, 1, -1))

    def first(name: str, array: Array) -> Array:
        return np.ascontiguousarray(np.moveaxis(array, -1, 1))

    def backward(dout: Array, x: Array, size: Any, stride: Any) -> Array:
        dx = np.zeros(x.shape)
        for n, i, j, c in np.ndindex(dout.shape):
            top, left = i * stride[0], j * stride[1]
            window = x[n, top : top + size[0], left : left + size[1], c]
            a, b = np.unravel_index(window.argmax(), window.shape)
            dx[n, top + a, left + b, c] = dout[n, i, j, c]
        return dx

    judged = swept(operator, pool_backward).failing
    assert judged is not None
    problem = judged.answer.problem
    upstream, x = last("dout", problem.upstream["dout"]), last("x", problem.arrays["x"])
    run = record(backward, upstream, x, problem.options["size"], problem.options["stride"])
    found = own_line(run, operator, judged, "dx", last, first)
    assert found is not None
    assert found.text == "dx[n, top + a, left + b, c] = dout[n, i, j, c]"
    assert run.total >= found.step > 1


COURSERA = """
import numpy as np

def linear_forward(A, W, b):
    return np.dot(W, A) + b, (A, W, b)

def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = 1.0 / m * np.dot(dZ, A_prev.T)
    db = {db}
    dA_prev = {dx}
    return dA_prev, dW, db
"""


@SELDOM
@pytest.mark.parametrize(("db", "dx", "said"), [
    ("1.0 / m * np.sum(dZ, axis=1, keepdims=True)", "2 * np.dot(W.T, dZ)", "`dA_prev = 2 * np.dot(W.T, dZ)`"),
    ("1.0 / m * np.sum(dZ)", "np.dot(W.T, dZ)", ""),
])  # fmt: skip
def test_what_a_convention_divides_is_not_the_line_that_is_wrong(
    tmp_path: Path, db: str, dx: str, said: str
) -> None:
    (tmp_path / "linear.py").write_text(COURSERA.format(db=db, dx=dx))
    verdict = convstep.check(f"{tmp_path}/linear.py:linear_backward")
    assert isinstance(verdict, OperatorVerdict)
    assert not verdict.ok
    assert "dW = " not in verdict.own
    assert said in verdict.own
    assert bool(verdict.own) == bool(said)


def test_what_is_taken_out_of_the_cache_is_no_gradient_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "linear.py").write_text(
        """
def linear_forward(x, w, b):
    w_bar = w * 1
    return x @ w_bar + b, (x, w_bar, w, b)

def linear_backward(dout, cache):
    x, w_bar, w, b = cache
    return dout @ w_bar.T, 2 * x.T @ dout, dout.sum(0)
"""
    )
    verdict = convstep.check(f"{tmp_path}/linear.py:linear_backward")
    assert isinstance(verdict, OperatorVerdict)
    assert not verdict.ok
    assert "= cache" not in verdict.own


def test_a_line_that_goes_on_is_quoted_whole(tmp_path: Path) -> None:
    (tmp_path / "norm.py").write_text(
        """
import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    std = np.sqrt(x.var(axis=0) + bn_param["eps"])
    xhat = (x - x.mean(axis=0)) / std
    return gamma * xhat + beta, (xhat, gamma, std)

def batchnorm_backward(dout, cache):
    xhat, gamma, std = cache
    dxhat = dout * gamma
    dx = (  # both means
        dxhat
        - dxhat.mean(axis=0)
        + xhat * (dxhat * xhat).mean(axis=0)
    ) / std
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)
"""
    )
    said = " ".join(str(convstep.check(f"{tmp_path}/norm.py:batchnorm_backward")).split())
    assert "line 12: `dx = (dxhat - dxhat.mean(axis=0) + xhat * (dxhat * xhat).mean(axis=0)) / std`" in said
