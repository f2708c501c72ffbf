"""How a candidate is called, where something that it is not told has to be found by trying."""

from __future__ import annotations

from pathlib import Path

import pytest

import convstep
from convstep.candidate.operators.verdict import OperatorVerdict
from tests.strategies import SELDOM


def test_what_it_always_has_is_what_its_own_forward_shows(tmp_path: Path) -> None:
    (tmp_path / "norms.py").write_text(
        """
import numpy as np

class BatchNorm1d:
    def __init__(self, num_features):
        self.eps = 1e-8
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
    def forward(self, x):
        self.var = x.var(axis=0)
        self.x_hat = (x - x.mean(axis=0)) / np.sqrt(self.var + self.eps)
        return self.gamma * self.x_hat + self.beta
    def backward(self, dout):
        self.dgamma, self.dbeta = (dout * self.x_hat).sum(axis=0), dout.sum(axis=0)
        g = dout * self.gamma
        return (g - g.mean(axis=0) - self.x_hat * (g * self.x_hat).mean(axis=0)) / np.sqrt(self.var)
"""
    )
    verdict = convstep.check(f"{tmp_path}/norms.py:BatchNorm1d")
    assert isinstance(verdict, OperatorVerdict)
    assert verdict.swept.options == {"eps": 1e-8}
    assert not any(note.startswith("forward-differs") for note in verdict.notes)
    assert not verdict.ok


CELL = """
import numpy as np

class RNNCell:
    def __init__(self, U, W, c):
        self.U, self.W, self.c = U, W, c

    def forward(self, x, h_prev):
        self.x, self.h_prev = x, h_prev
        self.h = np.tanh(x @ self.U + h_prev @ self.W + self.c)
        return self.h

    def backward(self, dh):
        da = dh * (1 - self.h**2)
        self.dU, self.dW, self.dc = self.x.T @ da, self.h_prev.T @ da, da.sum(0)
        return da @ self.U.T, da @ self.W.T
"""


@SELDOM
def test_a_recurrent_cell_has_the_letters_of_a_textbook(tmp_path: Path) -> None:
    for number, text in enumerate((CELL, CELL.replace("W", "V"))):
        (tmp_path / f"cell{number}.py").write_text(text)
        verdict = convstep.check(f"{tmp_path}/cell{number}.py:RNNCell")
        assert verdict.ok, str(verdict)
        assert verdict.operator == "rnn-step"


@SELDOM
@pytest.mark.parametrize("mistake", ["h, w", "h * stride, w * stride + 1"])
def test_channels_lie_where_the_text_unpacks_them_though_no_number_shows_it(
    tmp_path: Path, mistake: str
) -> None:
    (tmp_path / "pool.py").write_text(
        f"""
import numpy as np

def pool_backward(dA, cache, mode="max"):
    A_prev, hparameters = cache
    stride, f = hparameters["stride"], hparameters["f"]
    m, n_H_prev, n_W_prev, n_C_prev = A_prev.shape
    m, n_H, n_W, n_C = dA.shape
    dA_prev = np.zeros(A_prev.shape)
    for i, h, w, c in np.ndindex(m, n_H, n_W, n_C):
        top, left = {mistake}
        a = A_prev[i, top:top + f, left:left + f, c]
        mask = a == a.max(initial=-1e9)
        dA_prev[i, top:top + f, left:left + f, c] += mask * dA[i, h, w, c]
    return dA_prev
"""
    )
    verdict = convstep.check(f"{tmp_path}/pool.py:pool_backward")
    assert verdict.convention == "NHWC"
    assert ("stride-ignored" in verdict.mistakes) == (mistake == "h, w")


def test_a_gradient_of_zeros_does_not_show_how_many_axes_x_is_meant_to_have(tmp_path: Path) -> None:
    (tmp_path / "relu.py").write_text(
        """
import numpy as np

def relu_backward(dA, cache):
    Z = cache
    dZ = np.array(dA)
    dZ[Z < 0] = 0
    dZ[Z >= 0] = 1
    return dZ
"""
    )
    verdict = convstep.check(f"{tmp_path}/relu.py:relu_backward")
    assert isinstance(verdict, OperatorVerdict)
    assert verdict.mistakes == ("dout-missing",)
    assert not any("so many axes" in note for note in verdict.notes)
