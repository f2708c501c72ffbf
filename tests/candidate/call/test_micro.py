"""What people write around a convolution: layers by number, an autograd of their own."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convstep import check
from convstep.candidate.call import tape
from tests.candidate.conftest import Files
from tests.strategies import SELDOM

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


@SELDOM
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


@SELDOM
@pytest.mark.parametrize("add", ["+=", "="])
def test_an_operation_of_an_own_autograd_is_called(files: Files, add: str) -> None:
    verdict = check(f"{files.write('mine.py', MICRO.replace('ADD', add))}:Value.correlate", operator="conv2d")
    assert verdict.ok == (add == "+=")
    assert {"dW", "dA_prev"} == {found.name for r in verdict.swept.results for found in r.grades}


KINDS = {
    "depthwise_grad(dy, x, w, s)": """
        kh, kw, _ = w.shape
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for i in range(dy.shape[1]):
            for j in range(dy.shape[2]):
                at = np.s_[:, i * s:i * s + kh, j * s:j * s + kw]
                dw += (x[at] * dy[:, i:i + 1, j:j + 1]).sum(0)
                dx[at] += dy[:, i:i + 1, j:j + 1] * w
        return dx, dw
    """,
    "pointwise_grad(dy, x, w, s)": """
        seen = np.s_[:, :, ::s, ::s]
        dx = np.zeros_like(x)
        dx[seen] = np.einsum("nohw,oc->nchw", dy, w.reshape(w.shape[:2]))
        return dx, np.einsum("nohw,nchw->oc", dy, x[seen]).reshape(w.shape), dy.sum((0, 2, 3))
    """,
    "conv_grad(dy, x, w, margins)": """
        left, right, top, bottom = margins
        xp = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
        dx, dw = np.zeros_like(xp), np.zeros_like(w)
        for i in range(w.shape[2]):
            for j in range(w.shape[3]):
                at = np.s_[:, :, i:i + dy.shape[2], j:j + dy.shape[3]]
                dw[:, :, i, j] = np.einsum("nohw,nchw->oc", dy, xp[at])
                dx[at] += np.einsum("nohw,oc->nchw", dy, w[:, :, i, j])
        return dx[:, :, top:top + x.shape[2], left:left + x.shape[3]], dw
    """,
}


@SELDOM
@pytest.mark.parametrize(
    ("old", "new", "headline"),
    [
        ("top:top + x.shape[2]", "bottom:bottom + x.shape[2]", "when opposite sides have different padding"),
        ("], dw", "], dw, dy.sum((0, 1, 2))", "wrong on"),
    ],
    ids=["cropped by another side", "a bias along another axis"],
)
def test_sides_and_a_row_of_another_length_are_looked_at(
    files: Files, old: str, new: str, headline: str
) -> None:
    body = KINDS["conv_grad(dy, x, w, margins)"].replace(old, new)
    if "dw, " in new:
        body = body.replace("return", "db = dy.sum((0, 1, 2))\n        return").replace(new, "], dw, db")
    path = files.write("mine.py", _function("conv_grad(dy, x, w, margins)", body))
    assert headline in check(f"{path}:conv_grad").headline


def _function(head: str, body: str) -> str:
    return f"import numpy as np\n\ndef {head}:\n{textwrap.indent(textwrap.dedent(body), '    ')}"


@SELDOM
@pytest.mark.parametrize("head", KINDS)
def test_kinds_of_convolution_and_of_padding_are_told_by_name(files: Files, head: str) -> None:
    source = _function(head, KINDS[head])
    verdict = check(f"{files.write('mine.py', source)}:{head.partition('(')[0]}", operator="conv2d")
    assert verdict.ok
    assert {"dW", "dA_prev"} <= {found.name for r in verdict.swept.results for found in r.grades}


FULL = """
import numpy as np

class VolleFaltung:
    # every cell of the output that sees any of the input: a border of K - 1

    def __init__(self, kerne, schwellen):
        self.kerne, self.schwellen = kerne, schwellen

    def vorwaerts(self, bild):
        k, m = self.kerne.shape[2:]
        rows, cols = bild.shape[2] + k - 1, bild.shape[3] + m - 1
        self.bild = np.pad(bild, ((0, 0), (0, 0), (k - 1, BELOW), (m - 1, m - 1)))
        out = np.zeros((len(bild), len(self.kerne), rows - k + 1 + BELOW, cols))
        for i in range(k):
            for j in range(m):
                part = self.bild[:, :, i:i + out.shape[2], j:j + cols]
                out += np.einsum("nchw,oc->nohw", part, self.kerne[:, :, i, j])
        return out + self.schwellen[:, None, None]

    def rueckwaerts(self, fehler):
        k, m = self.kerne.shape[2:]
        d_bild, d_kerne = np.zeros_like(self.bild), np.zeros_like(self.kerne)
        for i in range(k):
            for j in range(m):
                at = np.s_[:, :, i:i + fehler.shape[2], j:j + fehler.shape[3]]
                d_kerne[:, :, i, j] = np.einsum("nchw,nohw->oc", self.bild[at], fehler)
                d_bild[at] += np.einsum("nohw,oc->nchw", fehler, self.kerne[:, :, i, j])
        end = d_bild.shape[2] - BELOW
        return d_bild[:, :, k - 1:end, m - 1:d_bild.shape[3] - m + 1], d_kerne, fehler.sum((0, 2, 3))
"""


@SELDOM
def test_a_layer_in_another_language_may_pad_by_all_but_one_of_its_kernel(files: Files) -> None:
    verdict = check(f"{files.write('mine.py', FULL.replace('BELOW', '(k - 1)'))}:VolleFaltung")
    assert verdict.ok
    assert "VolleFaltung(kerne, schwellen), then vorwaerts(bild) and rueckwaerts(fehler)" in str(verdict)


@SELDOM
def test_a_layer_whose_output_has_another_size_is_not_called_wrong(files: Files) -> None:
    verdict = check(f"{files.write('mine.py', FULL.replace('BELOW', '(k + 2)'))}:VolleFaltung")
    assert (verdict.operator, verdict.ok) == ("own forward", True)


DEPTHWISE = """
import numpy as np

class DWConv:
    def __init__(self, channels, k=3, step=1):
        self.w, self.b = np.random.randn(channels, k, k), np.zeros(channels)
        self.step = step

    def forward(self, x):
        self.x, s, k = x, self.step, self.w.shape[1]
        rows, cols = (x.shape[2] - k) // s + 1, (x.shape[3] - k) // s + 1
        y = np.zeros((*x.shape[:2], rows, cols))
        for i in range(rows):
            for j in range(cols):
                y[:, :, i, j] = (x[:, :, i * s:i * s + k, j * s:j * s + k] * self.w).sum((2, 3))
        return y + self.b[:, None, None]

    def backward(self, dy):
        dx, self.dw, self.db = np.zeros_like(self.x), np.zeros_like(self.w), dy.sum((0, 2, 3))
        s, k = self.step, self.w.shape[1]
        for i in range(dy.shape[2]):
            for j in range(dy.shape[3]):
                at, dz = np.s_[:, :, i * s:i * s + k, j * s:j * s + k], dy[:, :, i, j, None, None]
                self.dw += (self.x[at] * dz).sum(0)
                dx[at] += self.w * dz
        return dx
"""


def test_a_depthwise_layer_is_called(files: Files) -> None:
    verdict = check(f"{files.write('mine.py', DEPTHWISE)}:DWConv")
    assert verdict.ok
    assert {"dW", "db", "dA_prev"} == {found.name for r in verdict.swept.results for found in r.grades}
