"""Gradients that are put into a dict, weights that are taken out of one, and arguments by whatever name."""

from __future__ import annotations

import pytest

from convstep import check
from tests.candidate.conftest import Files
from tests.strategies import some

FILLED = """
import numpy as np

def conv_backward(dout, x, params, grads, k, stride=1, pad=0):
    n, c, h, w = x.shape
    f = dout.shape[1]
    wide = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    seen = np.lib.stride_tricks.sliding_window_view(wide, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]
    columns = seen.transpose(1, 4, 5, 0, 2, 3).reshape(c * k * k, -1)
    d = dout.transpose(1, 0, 2, 3).reshape(f, -1)
    grads['W'] = d @ columns.T
    grads['b'] = d.sum(axis=1)
    spread = (params['W'].T @ d).reshape(c, k, k, n, *dout.shape[2:])
    dx = np.zeros_like(wide)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            at = np.s_[:, :, i * stride:i * stride + k, j * stride:j * stride + k]
            dx[at] += spread[:, :, :, :, i, j].transpose(3, 0, 1, 2)
    return dx[:, :, pad:pad + h, pad:pad + w]
"""
NUMBERED = """
import numpy as np

def conv_backward(dout, x, layer, params, grads):
    w = params[f'W{layer}']
    dx, dw, k = np.zeros_like(x), np.zeros_like(w), w.shape[2]
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            part, d = np.s_[:, :, i:i + k, j:j + k], dout[:, :, i, j]
            dw += np.einsum('nf,nchw->fchw', d, x[part])
            dx[part] += np.einsum('nf,fchw->nchw', d, w)
    grads[f'W{layer}'] += dw
    grads[f'b{layer}'] += dout.sum((0, 2, 3))
    return dx
"""
BY_NAME = """
import numpy as np

def conv_backward(grad, **kwargs):
    x, w = kwargs['x'], kwargs['w']
    stride, k = kwargs.get('stride', 1), kwargs['w'].shape[2]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(grad.shape[2]):
        for j in range(grad.shape[3]):
            part = np.s_[:, :, i * stride:i * stride + k, j * stride:j * stride + k]
            dw += np.einsum('nf,nchw->fchw', grad[:, :, i, j], x[part])
            dx[part] += np.einsum('nf,fchw->nchw', grad[:, :, i, j], w)
    return dx, dw, grad.sum((0, 2, 3))
"""
ROWS = [
    (FILLED, ("d.sum(axis=1)", "d.mean(axis=1)")),
    (NUMBERED, ("dw += np", "dw = np")),
    (BY_NAME, ("dx[part] +=", "dx[part] =")),
]


@pytest.mark.parametrize(("text", "wrong"), some(ROWS))
def test_all_gradients_are_found_and_judged(files: Files, text: str, wrong: tuple[str, str]) -> None:
    right = check(f"{files.write('mine.py', text)}:conv_backward")
    assert right.ok, str(right)
    assert "all gradients agree" in right.headline
    assert not check(f"{files.write('wrong.py', text.replace(*wrong))}:conv_backward").ok
