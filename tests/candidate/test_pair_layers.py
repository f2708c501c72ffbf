"""Layers of no known operator, with parameters of their own, are held against their own forward."""

from __future__ import annotations

from pathlib import Path

import pytest

from convstep.candidate.operators.caller import open_caller
from convstep.candidate.pair import PairVerdict, against_forward

SLOPES = """
class Slopes:
    def __init__(self, channels):
        self.alpha = np.full((1, channels, 1, 1), 0.25)
        self.dalpha = np.zeros_like(self.alpha)
    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * x)
    def backward(self, grad):
        below = self.x <= 0
        self.dalpha += (grad * self.x * below).sum((0, 2, 3), keepdims=True)
        return np.where(below, self.alpha * grad, grad)
"""
GLOBAL = """
class GlobalAvgPool:
    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(2, 3), keepdims=True)
    def backward(self, grad):
        n, c, h, w = self.shape
        return np.ones(self.shape) * grad / (h * w)
"""
SEQUENCE = """
class RNN:
    def __init__(self, Wxh, Whh, bh):
        self.Wxh, self.Whh, self.bh = Wxh, Whh, bh
    def forward(self, xs, h0):
        self.xs, self.hs = xs, [h0]
        for t in range(xs.shape[1]):
            self.hs.append(np.tanh(xs[:, t] @ self.Wxh + self.hs[-1] @ self.Whh + self.bh))
        return np.stack(self.hs[1:], axis=1)
    def backward(self, dhs):
        dxs, carry = np.zeros_like(self.xs), 0
        self.dWxh, self.dWhh, self.dbh = (np.zeros_like(p) for p in (self.Wxh, self.Whh, self.bh))
        for t in reversed(range(dhs.shape[1])):
            dz = (dhs[:, t] + carry) * (1 - self.hs[t + 1] ** 2)
            self.dWxh += self.xs[:, t].T @ dz
            self.dWhh += self.hs[t].T @ dz
            self.dbh += dz.sum(0)
            dxs[:, t] = dz @ self.Wxh.T
            carry = dz @ self.Whh.T
        return dxs, carry
"""
PAIR = """
def prelu_forward(x, a):
    return np.where(x > 0, x, a * x), (x, a)
def prelu_backward(dout, cache):
    x, a = cache
    return np.where(x > 0, dout, a * dout), (dout * x * (x <= 0)).sum(0)
"""
NORM = """
class Standard:
    def __init__(self, channels):
        self.scale = np.ones(channels)
    def forward(self, x):
        self.inv = 1 / np.sqrt(x.var(axis=(1, 2), keepdims=True) + 1e-5)
        self.xh = (x - x.mean(axis=(1, 2), keepdims=True)) * self.inv
        return self.xh * self.scale
    def backward(self, g, retain_grads=True):
        if retain_grads:
            self.dscale = (g * self.xh).sum((0, 1, 2))
        gh = g * self.scale
        m = (gh * self.xh).mean(axis=(1, 2), keepdims=True)
        return self.inv * (gh - gh.mean(axis=(1, 2), keepdims=True) - self.xh * m)
"""
ROWS = [
    (NORM, "Standard", "- self.xh * m)", ")"),
    (SLOPES, "Slopes", "* below", ""),
    (GLOBAL, "GlobalAvgPool", "h * w", "h ** 2"),
    (SEQUENCE, "RNN", "carry = dz @ self.Whh.T", "carry = dz @ self.Whh"),
    (PAIR, "prelu_backward", "a * dout)", "a)"),
]


@pytest.mark.parametrize(("text", "name", "right", "wrong"), ROWS, ids=[row[1] for row in ROWS])
def test_a_layer_is_judged_with_its_parameters(
    tmp_path: Path, text: str, name: str, right: str, wrong: str
) -> None:
    for ok, written in ((True, text), (False, text.replace(right, wrong))):
        (tmp_path / "layer.py").write_text(f"import numpy as np\n{written}")
        with open_caller(f"{tmp_path / 'layer.py'}:{name}") as worker:
            said = against_forward(worker)
        assert isinstance(said, PairVerdict), said
        assert said.ok is ok
