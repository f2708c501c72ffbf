"""What people write around a convolution: layers by number, an autograd of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convstep import check
from convstep.candidate.call import tape
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
            down, along = (slice(k, k + stride * n, stride) for k, n in zip((r, c), dout.shape[2:]))
            at = (..., down, along)
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


class Node:
    """A corner of micrograd."""

    def __init__(self, data: Any, give: Callable[[Any], None] = lambda grad: None) -> None:
        self.data, self.grad, self.give = data, np.zeros_like(data), give

    def __mul__(self, other: Node) -> Node:
        def give(grad: Any) -> None:
            self.grad = self.grad + other.data * grad
            other.grad = other.grad + self.data * grad

        return type(self)(self.data * other.data, give)

    def backward(self, upstream: Any = None) -> None:
        self.grad = np.ones_like(self.data) if upstream is None else upstream
        self.give(self.grad)


class Beginning(Node):
    def backward(self, retain: bool = False) -> None:
        self.grad = np.ones_like(self.data)
        self.give(self.grad)


class Boxing(Node):
    def backward(self, upstream: Any = None) -> None:
        self.give(1.0)
        if not isinstance(upstream, Node):
            raise TypeError("what was added is taken back")
        self.give(upstream.data - 1)


@pytest.mark.parametrize("kind", [Node, Beginning, Boxing])
def test_a_gradient_goes_back_whatever_backward_begins_with(kind: type[Node]) -> None:
    dZ, a, b = np.random.default_rng(3).standard_normal((3, 4, 5))
    left, right = kind(a), kind(b)
    out = left * right
    found = tape.pulled_back(out, dZ, {"dA_prev": left, "dW": right})
    assert np.allclose(found["dA_prev"], b * dZ)
    assert np.allclose(found["dW"], a * dZ)
    assert type(out) is kind


MICRO = """
import numpy as np

class Value:
    def __init__(self, data, before=()):
        self.data, self.grad, self.before = data, 0, before
        self.step = lambda: None

    def backward(self):
        self.grad = np.ones_like(self.data)
        self.step()

    def correlate(self, kernels, step=1):
        x, w = self.data, kernels.data
        (rows, cols), (kh, kw) = x.shape[2:], w.shape[2:]
        down, along = range(0, rows - kh + 1, step), range(0, cols - kw + 1, step)
        windows = [x[:, :, i:i + kh, j:j + kw] for i in down for j in along]
        z = np.stack([np.tensordot(each, w, ([1, 2, 3], [1, 2, 3])) for each in windows], axis=-1)
        out = Value(z.reshape(len(x), len(w), len(down), len(along)), (self, kernels))

        def back():
            self.grad, kernels.grad = np.zeros_like(x), np.zeros_like(w)
            for (i, j), at in zip([(i, j) for i in down for j in along], np.ndindex(len(down), len(along))):
                dz = out.grad[(..., *at)]
                kernels.grad += np.tensordot(dz, x[:, :, i:i + kh, j:j + kw], (0, 0))
                self.grad[:, :, i:i + kh, j:j + kw] ADD np.tensordot(dz, w, 1)

        out.step = back
        return out
"""


@pytest.mark.parametrize("add", ["+=", "="])
def test_an_operation_of_an_own_autograd_is_called(files: Files, add: str) -> None:
    verdict = check(f"{files.write('mine.py', MICRO.replace('ADD', add))}:Value.correlate", operator="conv2d")
    assert verdict.ok == (add == "+=")
    assert {"dW", "dA_prev"} == {found.name for r in verdict.swept.results for found in r.grades}
