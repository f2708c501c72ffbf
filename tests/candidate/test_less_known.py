"""Where less is known, less is said: conventions, functions of nothing known, the likelier of two names."""

from __future__ import annotations

from pathlib import Path

import pytest

from convstep import CannotCall, check
from tests.strategies import SELDOM

LAYER = """
import numpy as np


class Conv2d:
    def __init__(self, in_channels, out_channels, kernel_size):
        self.weight = np.random.randn(out_channels, in_channels, kernel_size, kernel_size)
        self.bias = np.zeros(out_channels)
        self.weight_grad, self.bias_grad = np.zeros(self.weight.shape), np.zeros(self.bias.shape)

    def forward(self, x):
        self.x, k = x, self.weight.shape[2]
        out = np.zeros((len(x), len(self.bias), x.shape[2] - k + 1, x.shape[3] - k + 1))
        for i, j in np.ndindex(out.shape[2:]):
            out[:, :, i, j] = np.einsum("ncij,fcij->nf", x[:, :, i : i + k, j : j + k], self.weight)
        return out + self.bias[:, None, None]

    def backward(self, grad):
        dx, k = np.zeros_like(self.x), self.weight.shape[2]
        for i, j in np.ndindex(grad.shape[2:]):
            at = np.s_[:, :, i : i + k, j : j + k]
            self.weight_grad += np.einsum("nf,ncij->fcij", grad[:, :, i, j], self.x[at])
            dx[at] += np.einsum("nf,fcij->ncij", grad[:, :, i, j], self.weight)
        self.bias_grad += grad.sum(axis=(0, 2, 3))
        return dx
"""
LISTS = """

    def parameters(self):
        return [(self.weight, self.weight_grad), (self.bias, self.bias_grad)]
"""
STEP = """

    def step(self, lr):
        self.weight -= lr * self.weight_grad
        self.bias -= lr * self.bias_grad
"""
OWN_STEP = LAYER.replace(
    "        return dx\n", "        self.weight -= 0.1 * self.weight_grad\n        return dx\n"
)
TRAINER = """

class Trainer:
    def step(self, layer, lr):
        layer.weight = layer.weight - lr * layer.weight_grad
"""
KEPT_DX = LAYER.replace(
    "dx, k = np.zeros_like(self.x), ", "dx, k = vars(self).setdefault('dx', 0 * self.x), "
)


def address(tmp_path: Path, text: str, name: str) -> str:
    (tmp_path / "mine.py").write_text(text)
    return f"{tmp_path / 'mine.py'}:{name}"


@pytest.mark.parametrize("text", [LAYER, LAYER + LISTS], ids=["alone", "handed on"])
def test_gradients_that_add_up_are_a_convention_where_nothing_in_the_file_uses_them(
    tmp_path: Path, text: str
) -> None:
    verdict = check(address(tmp_path, text, "Conv2d"))
    assert verdict.ok
    said = "dW and db add up over calls, and nothing in its file clears them"
    assert any(note.startswith(said) for note in verdict.notes)


@pytest.mark.parametrize(
    "text", [LAYER + STEP, LAYER + TRAINER, KEPT_DX], ids=["in the layer", "in a trainer", "dx as well"]
)
def test_gradients_that_add_up_and_are_used_so_are_a_mistake(tmp_path: Path, text: str) -> None:
    verdict = check(address(tmp_path, text, "Conv2d"))
    assert [one.id for one in verdict.diagnosis] == ["state-kept"]


NOTHING_KNOWN = '''
import numpy as np


def conv_backward(dout, x, w, b, stride=1, pad=0):
    """Of a morphological convolution: the winner gets it all."""
    N, C, H, W = x.shape
    F, _, k, _ = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for n, f, i, j in np.ndindex(dout.shape):
        s = xp[n, :, i * stride : i * stride + k, j * stride : j * stride + k] + w[f]
        c, u, v = np.unravel_index(s.argmax(), s.shape)
        dxp[n, c, i * stride + u, j * stride + v] += dout[n, f, i, j]
        dw[f, c, u, v] += dout[n, f, i, j]
    return dxp[:, :, pad : pad + H, pad : pad + W], dw, dout.sum((0, 2, 3))
'''


@SELDOM
def test_a_function_whose_gradients_are_nothing_of_a_convolution_s_is_not_called_wrong(
    tmp_path: Path,
) -> None:
    with pytest.raises(CannotCall, match="no forward is beside it"):
        check(address(tmp_path, NOTHING_KNOWN, "conv_backward"))


@SELDOM
def test_it_is_called_wrong_if_somebody_says_that_it_is_a_convolution_s(tmp_path: Path) -> None:
    assert not check(address(tmp_path, NOTHING_KNOWN, "conv_backward"), operator="conv2d").ok


EMBEDDING = """
import numpy as np


def embedding_forward(idx, table):
    return table[idx], (idx, table.shape)


def embedding_backward(dout, cache):
    idx, shape = cache
    dtable = np.zeros(shape)
    dtable[idx] {sign} dout
    return dtable
"""


@pytest.mark.parametrize(("sign", "first"), [("=", "overwrite"), ("+=", "repeats-lost")])
def test_the_text_tells_which_of_two_mistakes_with_the_same_numbers_it_is(
    tmp_path: Path, sign: str, first: str
) -> None:
    verdict = check(address(tmp_path, EMBEDDING.format(sign=sign), "embedding_backward"))
    assert verdict.mistakes[0] == first
    assert [one.id for one in verdict.diagnosis if not one.alternative] == [first]


def test_an_axis_too_many_is_named_and_not_what_it_hides_for_more_axes(tmp_path: Path) -> None:
    text = """
import numpy as np


def layernorm_forward(x, gamma, beta, eps=1e-5):
    inv = 1 / np.sqrt(x.var(-1, keepdims=True) + eps)
    xh = (x - x.mean(-1, keepdims=True)) * inv
    return gamma * xh + beta, (xh, inv, gamma)


def layernorm_backward(dout, cache):
    xh, inv, gamma = cache
    d = dout * gamma
    dx = inv * (d - d.mean(-1, keepdims=True) - xh * (d * xh).mean(-1, keepdims=True))
    return dx, (dout * xh).sum(0), dout.sum(0, keepdims=True)
"""
    verdict = check(address(tmp_path, text, "layernorm_backward"))
    assert verdict.mistakes == ("wrong-shape",)


def test_what_an_operator_has_no_word_for_is_said_to_keep_its_default(tmp_path: Path) -> None:
    text = EMBEDDING.format(sign="=").replace("dtable[idx] = dout", "np.add.at(dtable, idx, dout)")
    text = text.replace("(idx, table)", "(idx, table, padding_idx=None)")
    verdict = check(address(tmp_path, text, "embedding_backward"))
    assert verdict.ok
    assert "not varied: padding_idx, which kept its default" in verdict.notes


@SELDOM
def test_a_backward_is_right_for_its_own_forward_with_other_borders_than_zeros(tmp_path: Path) -> None:
    text = """
import numpy as np


def conv2d_forward(x, w, b, mode="wrap"):
    p = w.shape[2] // 2
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode=mode)
    out = np.zeros((x.shape[0], w.shape[0], *x.shape[2:]))
    for i, j in np.ndindex(x.shape[2:]):
        out[:, :, i, j] = np.einsum("nckl,fckl->nf", xp[:, :, i : i + 2 * p + 1, j : j + 2 * p + 1], w) + b
    return np.tanh(out), (x, xp, w, out)


def conv2d_backward(dout, cache):
    x, xp, w, out = cache
    p, dxp, dw = w.shape[2] // 2, np.zeros_like(xp), np.zeros_like(w)
    dout = dout * (1 - np.tanh(out) ** 2)
    for i, j in np.ndindex(x.shape[2:]):
        at = np.s_[:, :, i : i + 2 * p + 1, j : j + 2 * p + 1]
        dw += np.einsum("nf,nckl->fckl", dout[:, :, i, j], xp[at])
        dxp[at] += np.einsum("nf,fckl->nckl", dout[:, :, i, j], w)
    dx, (H, W) = np.zeros_like(x), x.shape[2:]
    rows, columns = np.arange(-p, H + p) % H, np.arange(-p, W + p) % W
    np.add.at(dx, np.ix_(range(len(x)), range(x.shape[1]), rows, columns), dxp)
    return dx, dw, dout.sum((0, 2, 3))
"""
    assert check(address(tmp_path, text, "conv2d_backward")).ok
    wrong = text.replace("% H, np", "% (H + 1) % H, np")
    assert not check(address(tmp_path, wrong, "conv2d_backward")).ok
