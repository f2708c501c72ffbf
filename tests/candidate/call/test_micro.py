"""What people write around a convolution: layers by number, an autograd of their own."""

from __future__ import annotations

import pytest

from convstep import check
from tests.candidate.conftest import Files

NUMBERED = """
import numpy as np

def conv_fwd(x, weights, i, stride=1):
    w, b = weights[KERNEL], weights["b%d" % i]
    kh, kw = w.shape[2:]
    rows, cols = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
    z = np.zeros((len(x), len(w), rows, cols)) + b[:, :, None]
    for r in range(kh):
        for c in range(kw):
            seen = x[:, :, r:r + stride * rows:stride, c:c + stride * cols:stride]
            z += np.einsum("nchw,fc->nfhw", seen, w[:, :, r, c])
    return z, (x, stride)

def conv_bwd(dout, weights, cache, i):
    x, stride = cache
    w = weights[KERNEL]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for r in range(w.shape[2]):
        for c in range(w.shape[3]):
            at = (..., slice(r, r + stride * dout.shape[2], stride), slice(c, c + stride * dout.shape[3], stride))
            dw[:, :, r, c] = np.einsum("nchw,nfhw->fc", x[at], dout)
            dx[at] += np.einsum("nfhw,fc->nchw", dout, w[:, :, r, c])
    return dx, {KERNEL.replace("w", "dw"): dw, f"db{i}": dout.sum((0, 2, 3))[:, None] / SCALE}
"""


@pytest.mark.parametrize(
    ("key", "scale"), [("f'w{i}'", "1"), ("'w_' + str(i)", "1"), ("'w{}'.format(i)", "2")]
)
def test_parameters_with_the_number_of_their_layer_are_called(files: Files, key: str, scale: str) -> None:
    source = NUMBERED.replace("KERNEL", key if "f'" in key else f"({key})").replace("SCALE", scale)
    verdict = check(f"{files.write('mine.py', source)}:conv_bwd")
    assert verdict.ok == (scale == "1")
    assert {"dW", "db", "dA_prev"} == {found.name for r in verdict.swept.results for found in r.grades}
